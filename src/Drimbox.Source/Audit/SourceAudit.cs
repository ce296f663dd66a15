using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Audit;

/// <summary>The audit trail of a source, from its start to its end: who begins and ends it, what goes to collectors,
/// and what goes after its time.</summary>
internal sealed class SourceAudit
{
    private readonly AuditOptions _options;
    private readonly FlowStore _store;
    private readonly List<AuditForwarder> _forwarders;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private Task _running = Task.CompletedTask;

    public SourceAudit(SourceOptions options, AeTitle ae, FlowStore store, NodeSurroundings surroundings)
    {
        (_options, _store, _time) = (options.Audit, store, surroundings.Time);
        _log = surroundings.Loggers.CreateLogger<SourceAudit>();
        // RFC 5424 6.2.4: printable ASCII; a machine has no other name.
        var host = new string([.. Environment.MachineName.Where(c => c is > ' ' and <= '~')]);
        var node = new AuditNode(
            $"{options.Node}@{options.RetrieveHost}", options.SourceId, host, Environment.ProcessId, ae);
        Trail = new AuditTrail(store, node, surroundings.Time);
        Desk = new AuditDesk(store, Trail, "/api/source/audit");
        _forwarders = [.. _options.Forward.Select(
            target => new AuditForwarder(store, target, host.Length > 0 ? host : "-", surroundings, _log))];
    }

    public AuditTrail Trail { get; }

    public AuditDesk Desk { get; }

    /// <summary>Before the first door opens.</summary>
    /// <exception cref="StorageFaultException">The start could not be recorded: nothing may be done.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        await Trail.RecordAsync(AuditEvents.ApplicationStarted(Trail.Node, Trail.Now), stop);
        await TellReachedAsync();
        _running = Task.WhenAll([.. _forwarders.Select(f => RunAsync(f.RunAsync, stop)), RunAsync(PruneAsync, stop)]);
    }

    /// <summary>After the last door is closed, with the token of <see cref="StartAsync"/> cancelled.</summary>
    public async Task StopAsync()
    {
        await _running;
        try
        {
            await Trail.RecordAsync(AuditEvents.ApplicationStopped(Trail.Node, Trail.Now), CancellationToken.None);
            await TellReachedAsync();
        }
        catch (StorageFaultException e)
        {
            // A stop that cannot be recorded is a stop all the same.
            AuditLog.EndNotRecorded(_log, e.Message);
        }
    }

    private async Task TellReachedAsync()
    {
        foreach (var (_, _, last) in await _store.ListAuditTrailsAsync(CancellationToken.None))
            if (last.Sha256.Length > 0) AuditLog.Reached(_log, last.Id, last.Sha256);
    }

    private async Task PruneAsync(CancellationToken stop)
    {
        var targets = _options.Forward.Select(f => f.Name).ToList();
        while (true)
        {
            var removed = await _store.HasDutyAsync("audit retention", stop)
                ? await _store.PruneAuditAsync(
                    _time.GetUtcNow() - TimeSpan.FromDays(_options.RetentionDays), targets, stop)
                : 0;
            if (removed > 0) AuditLog.Pruned(_log, removed, _options.RetentionDays);
            await TellReachedAsync();
            await Task.Delay(Limits.AuditPruneInterval, _time, stop);
        }
    }

    // A store that fails is waited for: forwarding and pruning are no reason to end.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a worker loop: the operator is told by the log, and the loop goes on.")]
    private async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await work(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                AuditLog.WorkFailed(_log, e.GetType().Name);
                await WaitAsync(stop);
            }
        }
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Limits.RetryDelayMax, _time, stop);
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }
}
