using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Publications;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Audit;

/// <summary>Sends every record to one collector, in order, and again where it is not known that the collector has it
/// (docs/adr/0028). The trail is the spool: a place in it is all that is kept for a collector.</summary>
internal sealed class AuditForwarder(
    FlowStore store, AuditForwardOptions target, string hostName, NodeSurroundings surroundings, ILogger log)
{
    private readonly TimeProvider _time = surroundings.Time;
    private readonly Random _random = surroundings.NewRandom();
    private readonly WorkSignal _written = store.WatchAudit();

    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                var sent = await store.AuditSentAsync(target.Name, stop);
                var page = await store.ReadAuditAsync(sent, Limits.AuditPage, stop);
                if (page.Count == 0)
                {
                    await _written.WaitAsync(null, stop);
                    continue;
                }

                if (await SendAsync(page, stop) is not { } why)
                {
                    failures = 0;
                    await store.MarkAuditSentAsync(target.Name, page[^1].Link.Id, stop);
                    AuditLog.Sent(log, target.Name, page[^1].Link.Id);
                    continue;
                }

                var delay = DispatchRules.RetryDelay(
                    ++failures, surroundings.RetryDelayMin, surroundings.RetryDelayMax, _random.NextDouble());
                var waiting = Task.Delay(delay, _time, stop);
                AuditLog.NotSent(log, target.Name, sent, _time.GetUtcNow() + delay, why);
                await waiting;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was not sent is sent after the next start.
        }
    }

    /// <returns>Null: the collector has all of it; else why that is not known.</returns>
    private async Task<string?> SendAsync(IReadOnlyList<AuditRow> page, CancellationToken stop)
    {
        using var connecting = new CancellationTokenSource(Limits.AuditConnectTimeout, _time);
        using var sending = new CancellationTokenSource(Limits.AuditSendTimeout, _time);
        using var first = CancellationTokenSource.CreateLinkedTokenSource(connecting.Token, stop);
        using var then = CancellationTokenSource.CreateLinkedTokenSource(sending.Token, stop);
        try
        {
            await using var connection = await SyslogConnection.OpenAsync(target, _time, first.Token);
            foreach (var row in page)
                await connection.WriteAsync(SyslogFrame.Write(row.Record, hostName), then.Token);
            return await connection.EndAsync(then.Token) ? null : "It ended the connection before us.";
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return "It did not answer in time.";
        }
        catch (IOException e) when (e is not StorageFaultException)
        {
            return e.Message;
        }
    }
}
