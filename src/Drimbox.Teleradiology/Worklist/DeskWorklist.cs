using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Drimbox.Teleradiology.Reports;

namespace Drimbox.Teleradiology.Worklist;

/// <summary>The requests that wait for something: a view of their events that is brought up to date for each query, and
/// holds the open ones alone.</summary>
internal sealed class DeskWorklist(FlowStore store, RequestGrainParts parts, DeskPolicy policy) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<StreamId, EventStream<PlatformRequestState, PlatformRequestEvent>> _open = [];
    private long _to;

    /// <summary>The open requests that the filter names; first what is due first, then what waits for others.</summary>
    /// <param name="max">At most so many.</param>
    /// <exception cref="StorageFaultException">The store cannot be read.</exception>
    public async Task<IReadOnlyList<WorklistEntry>> ListAsync(
        WorklistFilter filter, int max, CancellationToken cancellationToken)
    {
        List<(InstanceIdentifier Order, PlatformRequestState State)> open;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await CatchUpAsync(cancellationToken);
            open = [.. _open.Select(o => (parts.OrderOf(o.Key), o.Value.State))];
        }
        finally
        {
            _turn.Release();
        }

        var now = parts.Time.GetUtcNow();
        return open
            .Select(o => EntryOf(o.Order, o.State, now))
            .Where(entry => Matches(entry, filter, now))
            .OrderBy(entry => entry.DueAt ?? DateTimeOffset.MaxValue)
            .ThenBy(entry => entry.Since)
            .ThenBy(entry => entry.Order.ToString(), StringComparer.Ordinal)
            .Take(max)
            .ToList();
    }

    public void Dispose() => _turn.Dispose();

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        while (await store.ListEventsAsync(
            parts.StreamPrefix, _to, Limits.EventsPerPage, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var stream in page.Select(placed => placed.Stream).Distinct())
                await RefreshAsync(stream, cancellationToken);
            _to = page[^1].Position;
        }
    }

    // The whole stream, not the one event: a withdrawn report opens a request again that was closed.
    private async Task RefreshAsync(StreamId id, CancellationToken cancellationToken)
    {
        if (!_open.TryGetValue(id, out var stream))
            stream = new(store, id, PlatformRequestState.Empty, PlatformRequestDecider.Evolve);
        var state = await stream.CatchUpAsync(cancellationToken);
        if (DeskTasks.Of(state, policy).Task == DeskTask.Nothing) _open.Remove(id);
        else _open[id] = stream;
    }

    private WorklistEntry EntryOf(InstanceIdentifier order, PlatformRequestState state, DateTimeOffset now)
    {
        var request = state.Request!;
        var wait = DeskTasks.Of(state, policy);
        return new WorklistEntry(
            order, state.Status, wait.Task, state.ReceivedAt, wait.Since, wait.DueAt, wait.IsLate(now),
            request.Visit.PatientClass == "E", string.Join(' ', state.Modalities.Select(modality => modality.Value)),
            string.Join(", ", state.Regions.Select(region => ReportNames.Of(region.Region))), state.InstancesFetched,
            state.Draft is not null, state.LastDocument is { Withdrawn: true });
    }

    private static bool Matches(WorklistEntry entry, WorklistFilter filter, DateTimeOffset now) =>
        (filter.Statuses is null || filter.Statuses.Contains(entry.Status))
        && (filter.OlderThan is null || now - entry.ReceivedAt >= filter.OlderThan)
        && (filter.Modality is null || entry.Modality.Split(' ').Contains(filter.Modality))
        && (!filter.OnlyLate || entry.IsLate);
}
