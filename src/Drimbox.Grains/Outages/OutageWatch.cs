using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Outages;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Outages;

/// <summary>
/// Tells once when something that a node needs is away, and once when it is back (docs/adr/0032): in the log and in
/// <see cref="Open"/> at once, in the stream <c>NODE/outages</c> as soon as the store takes it. A restart tells nothing
/// anew.
/// </summary>
/// <param name="auditOf">What the audit trail keeps of an event, in its transaction; null: nothing.</param>
public sealed class OutageWatch(
    string node, FlowStore store, TimeProvider time, ILogger logger, Func<OutageEvent, AuditRecord?>? auditOf = null)
    : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly EventStream<OpenOutages, OutageEvent> _stream =
        new(store, new StreamId($"{node}/outages"), OpenOutages.None, OpenOutages.Evolve);

    // Few: who cannot write finds out nothing new about peers either, since no attempt begins without a write.
    private readonly List<OutageEvent> _unwritten = [];
    private readonly WorkSignal _changed = new(time);
    private readonly CancellationTokenSource _stopping = new();
    private OpenOutages _open = OpenOutages.None;
    private Task _writing = Task.CompletedTask;

    /// <summary>What is away now, by name.</summary>
    public IReadOnlyList<Outage> Open
    {
        get
        {
            lock (_gate) return _open.List;
        }
    }

    /// <summary>The names of what is away now.</summary>
    public IReadOnlyList<string> Away => [.. Open.Select(outage => outage.Peer)];

    /// <summary>Before anything is noticed.</summary>
    /// <exception cref="StorageFaultException">The store failed.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _open = await _stream.CatchUpAsync(cancellationToken);
        _writing = WriteAsync();
    }

    /// <summary>Something is away, or is there; most calls say what is known. Never waits.</summary>
    public void Notice(string peer, bool isAway)
    {
        lock (_gate)
        {
            if (_open.Decide(peer, isAway, time.GetUtcNow()) is not { } happened) return;
            var outage = new Outage(peer, happened.At);
            if (happened is OutageBegan) OutageLog.Began(logger, node, outage.Text);
            else OutageLog.Ended(logger, node, outage.EndText, happened.At - _open.Since[peer]);
            _open = OpenOutages.Evolve(_open, happened);
            _unwritten.Add(happened);
        }

        _changed.Set();
    }

    /// <summary>After all that notices. What was told last is written, if the store takes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _writing;
        _stopping.Dispose();
    }

    /// <summary>What was told by others is so too; of what this one has to tell, what they have not.</summary>
    private void Merge(OpenOutages told)
    {
        lock (_gate)
        {
            var mine = new List<OutageEvent>();
            foreach (var e in _unwritten)
            {
                if (told.Decide(e.Peer, e is OutageBegan, e.At) is null) continue;
                mine.Add(e);
                told = OpenOutages.Evolve(told, e);
            }

            _unwritten.Clear();
            _unwritten.AddRange(mine);
            _open = told;
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(store.IsShared ? time.GetUtcNow() + Limits.SharedLookInterval : null, _stopping.Token);
                if (store.IsShared) await TryFollowAsync();
                while (!await TryWriteAsync()) await Task.Delay(Limits.StoreRetryDelayMax, time, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }

        await TryWriteAsync();
    }

    // What others told, whether this process has to tell anything or not.
    private async Task TryFollowAsync()
    {
        try
        {
            Merge(await _stream.CatchUpAsync(_stopping.Token));
        }
        catch (StorageFaultException)
        {
            // The next look sees.
        }
    }

    private async Task<bool> TryWriteAsync()
    {
        List<OutageEvent> events;
        try
        {
            while (true)
            {
                lock (_gate) events = [.. _unwritten];
                if (events.Count == 0) return true;
                var committed = await store.CommitAsync(
                    new FlowCommit
                    {
                        Appends = [_stream.Append(events)],
                        Audit = [.. events.Select(e => auditOf?.Invoke(e)).OfType<AuditRecord>()],
                    },
                    CancellationToken.None);
                if (committed is CommitResult.Committed) break;
                // Another process of the node has told something.
                Merge(await _stream.CatchUpAsync(CancellationToken.None));
            }
        }
        catch (StorageFaultException e)
        {
            OutageLog.NotWritten(logger, node, e.Fault.ToString());
            return false;
        }

        _stream.Committed(events);
        lock (_gate) _unwritten.RemoveRange(0, events.Count);
        return true;
    }
}
