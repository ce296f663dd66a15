using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Publications;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Audit;

/// <summary>Sends every record to one collector, in order, and again where it is not known that the collector has it
/// (docs/adr/0028). The trails are the spool: a place in each is all that is kept for a collector.</summary>
internal sealed class AuditForwarder(
    FlowStore store, AuditForwardOptions target, string hostName, NodeSurroundings surroundings, ILogger log)
{
    private readonly TimeProvider _time = surroundings.Time;
    private readonly Random _random = surroundings.NewRandom();
    private readonly WorkSignal _written = store.WatchAudit();
    private int _failures;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                // One process for the trails of all: what one that is gone has left needs nobody of its own.
                if (!await store.HasDutyAsync($"audit to {target.Name}", stop))
                    await Task.Delay(Limits.SharedLookInterval, _time, stop);
                else if (!await ForwardAsync(stop))
                    await _written.WaitAsync(null, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was not sent is sent after the next start.
        }
    }

    /// <summary>The next records of each trail.</summary>
    /// <returns>False: there are none.</returns>
    private async Task<bool> ForwardAsync(CancellationToken stop)
    {
        var isMore = false;
        foreach (var (trail, _, _) in await store.ListAuditTrailsAsync(stop))
        {
            var sent = await store.AuditSentAsync(target.Name, trail, stop);
            var page = await store.ReadAuditAsync(sent, Limits.AuditPage, stop);
            if (page.Count == 0) continue;
            isMore = true;
            if (await SendAsync(page, stop) is not { } why)
            {
                _failures = 0;
                await store.MarkAuditSentAsync(target.Name, page[^1].Link.Id, stop);
                AuditLog.Sent(log, target.Name, page[^1].Link.Id);
                continue;
            }

            var delay = DispatchRules.RetryDelay(
                ++_failures, surroundings.RetryDelayMin, surroundings.RetryDelayMax, _random.NextDouble());
            var waiting = Task.Delay(delay, _time, stop);
            AuditLog.NotSent(log, target.Name, sent, _time.GetUtcNow() + delay, why);
            await waiting;
        }

        return isMore;
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
