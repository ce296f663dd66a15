using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Grains.Streams;
using Drimbox.Ris.ProcedureSteps;
using Drimbox.Storage;

namespace Drimbox.Ris.Worklist;

/// <summary>The examinations that are still to be made, as a worklist: a view of the events of requests and procedure
/// steps that is brought up to date for each query, and holds the open ones alone. An examination that several requests
/// share is an item for each of them, under one Study Instance UID: a modality tells what it makes for whom by the
/// items that it takes. Source: PS3.4 annex K.</summary>
internal sealed class RequestWorklist(FlowStore store, RisOptions options) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private volatile IReadOnlyList<CallerSection> _callers = options.Dicom!.Callers;
    private readonly Dictionary<StreamId, OpenRequest> _open = [];

    // The requests that wait for a study, and those of the studies that modalities are at work on.
    private readonly Dictionary<Uid, HashSet<StreamId>> _waiting = [];
    private readonly HashSet<Uid> _started = [];
    private readonly Uid _source = Uid.Parse(options.SourceId);
    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);
    private long _requestsTo;
    private long _stepsTo;

    /// <summary>Whose an examination is where no station is configured for its modality.</summary>
    public void ChangeCallers(IReadOnlyList<CallerSection> callers) => _callers = callers;

    /// <summary>The worklist as it is now.</summary>
    /// <exception cref="StorageFaultException">The store cannot be read.</exception>
    public async IAsyncEnumerable<DataSet> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<(OpenRequest Request, PlannedExamination Examination, bool IsStarted)> items;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await CatchUpAsync(cancellationToken);
            items =
            [
                .. _open.Values.Where(request => request.State.IsOpen)
                    .SelectMany(request => request.Waiting.Select(
                        examination => (request, examination, _started.Contains(examination.StudyInstanceUid)))),
            ];
        }
        finally
        {
            _turn.Release();
        }

        foreach (var (request, examination, isStarted) in items)
        {
            yield return WorklistItem.For(
                request.State.Request!, request.State.AccessionNumber!.Value, examination,
                StationsFor(examination.Modality.Value), request.PlacedAt, isStarted);
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        // Requests first: a step is always of one that was placed before.
        while (await store.ListEventsAsync(
            $"{options.Node}/request/", _requestsTo, Limits.EventsPerPage, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var placed in page) await ApplyAsync(placed, cancellationToken);
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

    private async Task ApplyAsync(PlacedEvent placed, CancellationToken cancellationToken)
    {
        var e = EventCodec.FromRow<RisRequestEvent>(placed.Event);
        if (e is RequestPlaced first) _open[placed.Stream] = new OpenRequest(InZone(first.At));
        if (_open.TryGetValue(placed.Stream, out var open)) open.State = Evolve(open.State, e);
        else if (e is ExaminationPlanned planned) open = await ReopenAsync(placed, planned, cancellationToken);
        if (open is not null)
        {
            if (e is ExaminationPlanned { IsMade: true, Examination.StudyInstanceUid: var elsewhere })
                open.Made.Add(elsewhere);
            Index(placed.Stream, open);
        }

        // What was made for one request is made for all that share it.
        if (e is PostExaminationSent { PostExamination.StudyInstanceUid: var made }) Made(made);
    }

    // Everything that it waited for before was made, or it would still be here.
    private async Task<OpenRequest> ReopenAsync(
        PlacedEvent placed, ExaminationPlanned planned, CancellationToken cancellationToken)
    {
        var events = (await store.LoadAsync(placed.Stream, 0, cancellationToken))
            .Where(row => row.Version <= placed.Event.Version).Select(EventCodec.FromRow<RisRequestEvent>).ToList();
        var open = new OpenRequest(InZone(events.OfType<RequestPlaced>().First().At))
        {
            State = events.Aggregate(RisRequestState.Empty, Evolve),
        };
        open.Made.UnionWith(open.State.Examinations.Select(e => e.StudyInstanceUid));
        open.Made.Remove(planned.Examination.StudyInstanceUid);
        _open[placed.Stream] = open;
        return open;
    }

    private RisRequestState Evolve(RisRequestState state, RisRequestEvent e) => RisRequestDecider.Evolve(
        state, e is RequestPlaced placed ? WorklistIdentifiers.Complete(placed, _source) : e);

    private DateTimeOffset InZone(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _zone);

    private void Apply(ProcedureStepRecorded step)
    {
        foreach (var study in step.Studies.Where(_waiting.ContainsKey))
        {
            // What was broken off is to be made again, unless the RIS takes it back.
            if (step.Status == ProcedureStepRules.InProgress) _started.Add(study);
            else _started.Remove(study);
            if (step.Status == ProcedureStepRules.Completed) Made(study);
        }
    }

    private void Made(Uid study)
    {
        if (!_waiting.TryGetValue(study, out var streams)) return;
        foreach (var stream in streams.ToList())
        {
            var open = _open[stream];
            open.Made.Add(study);
            Index(stream, open);
        }
    }

    /// <summary>Brings up to date what waits for what, and forgets a request that waits for nothing, or was taken back.
    /// A refused one can be accepted after all.</summary>
    private void Index(StreamId stream, OpenRequest open)
    {
        HashSet<Uid> waiting = open.State.Status == RequestStatus.Cancelled
            ? []
            : [.. open.Waiting.Select(e => e.StudyInstanceUid)];
        foreach (var study in open.Indexed.Except(waiting))
        {
            var streams = _waiting[study];
            streams.Remove(stream);
            if (streams.Count > 0) continue;
            _waiting.Remove(study);
            _started.Remove(study);
        }

        foreach (var study in waiting)
        {
            if (!_waiting.TryGetValue(study, out var streams)) _waiting[study] = streams = [];
            streams.Add(stream);
        }

        open.Indexed = waiting;
        if (waiting.Count == 0) _open.Remove(stream);
    }

    private List<AeTitle> StationsFor(string modality)
    {
        var dicom = options.Dicom!;
        List<AeTitle> stations =
            [.. dicom.Stations.Where(s => s.Modality == modality).Select(s => AeTitle.Parse(s.AeTitle)).Distinct()];
        return stations.Count > 0
            ? stations
            : [.. _callers.Select(c => AeTitle.Parse(c.AeTitle)).DefaultIfEmpty(AeTitle.Parse("ANY")).Distinct()];
    }
}
