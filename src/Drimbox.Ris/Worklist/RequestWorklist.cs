using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Grains.Streams;
using Drimbox.Ris.ProcedureSteps;
using Drimbox.Storage;

namespace Drimbox.Ris.Worklist;

/// <summary>The requests that are still to be carried out, as a worklist: a view of the events of requests and procedure
/// steps that is brought up to date for each query, and holds the open ones alone. Source: PS3.4 annex K.</summary>
internal sealed class RequestWorklist(FlowStore store, RisOptions options) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<StreamId, OpenRequest> _open = [];
    private readonly Dictionary<Uid, StreamId> _studies = [];
    private readonly Uid _source = Uid.Parse(options.SourceId);
    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);
    private long _requestsTo;
    private long _stepsTo;

    /// <summary>The worklist as it is now.</summary>
    /// <exception cref="StorageFaultException">The store cannot be read.</exception>
    public async IAsyncEnumerable<DataSet> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<OpenRequest> open;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await CatchUpAsync(cancellationToken);
            open = [.. _open.Values.Where(o => o.State.Status is RequestStatus.Placed or RequestStatus.Accepted)];
        }
        finally
        {
            _turn.Release();
        }

        foreach (var one in open)
        {
            var request = one.State.Request!;
            yield return WorklistItem.For(
                request, one.Identifiers, StationsFor(request.Modality.Value), one.PlacedAt, one.IsStarted);
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        // Requests first: a step is always of one that was placed before.
        while (await store.ListEventsAsync(
            $"{options.Node}/request/", _requestsTo, Limits.EventsPerPage, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var placed in page) Apply(placed);
            _requestsTo = page[^1].Position;
        }

        while (await store.ListEventsAsync(
            FlowProcedureSteps.PrefixOf(options.Node), _stepsTo, Limits.EventsPerPage, cancellationToken)
            is { Count: > 0 } page)
        {
            foreach (var placed in page) Apply(EventCodec.FromRow<ProcedureStepRecorded>(placed.Event));
            _stepsTo = page[^1].Position;
        }
    }

    private void Apply(PlacedEvent placed)
    {
        var e = EventCodec.FromRow<RisRequestEvent>(placed.Event);
        if (e is RequestPlaced first)
        {
            var identifiers = WorklistIdentifiers.For(first.Request.PlacerOrderNumber, _source);
            _open[placed.Stream] = new OpenRequest(
                RisRequestState.Empty, identifiers, TimeZoneInfo.ConvertTime(first.At, _zone));
            _studies[identifiers.StudyInstanceUid] = placed.Stream;
        }

        if (!_open.TryGetValue(placed.Stream, out var open)) return;
        open.State = RisRequestDecider.Evolve(open.State, e);
        // From these no request comes back.
        if (open.State.Status is RequestStatus.Cancelled or RequestStatus.Examined) Close(placed.Stream, open);
    }

    private void Apply(ProcedureStepRecorded step)
    {
        foreach (var study in step.Studies)
        {
            if (!_studies.TryGetValue(study, out var stream)) continue;
            var open = _open[stream];
            // What was broken off is to be made again, unless the RIS takes it back.
            open.IsStarted = step.Status == ProcedureStepRules.InProgress;
            if (step.Status == ProcedureStepRules.Completed) Close(stream, open);
        }
    }

    private void Close(StreamId stream, OpenRequest open)
    {
        _open.Remove(stream);
        _studies.Remove(open.Identifiers.StudyInstanceUid);
    }

    private List<AeTitle> StationsFor(string modality)
    {
        var dicom = options.Dicom!;
        List<AeTitle> stations =
            [.. dicom.Stations.Where(s => s.Modality == modality).Select(s => AeTitle.Parse(s.AeTitle)).Distinct()];
        return stations.Count > 0
            ? stations
            : [.. dicom.Callers.Select(c => AeTitle.Parse(c.AeTitle)).DefaultIfEmpty(AeTitle.Parse("ANY")).Distinct()];
    }

    private sealed class OpenRequest(RisRequestState state, WorklistIdentifiers identifiers, DateTimeOffset placedAt)
    {
        public RisRequestState State { get; set; } = state;

        public WorklistIdentifiers Identifiers => identifiers;

        public DateTimeOffset PlacedAt => placedAt;

        public bool IsStarted { get; set; }
    }
}
