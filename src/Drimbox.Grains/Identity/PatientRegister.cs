using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Identity;

/// <summary>An outbox row that has the reports of a patient looked at again, after the patient's answer changed.
/// </summary>
/// <param name="Keys">The identifiers of the patient.</param>
public sealed record PatientReviewPayload(IReadOnlyList<InstanceIdentifier> Keys);

/// <summary>A record with the identifier that it is filed under.</summary>
public sealed record PatientRecord(InstanceIdentifier Key, PatientState State);

/// <summary>What the local base says of the patient of a report.</summary>
/// <param name="Guards">Take them along in the commit that rests on the standing: it fails if a statement came
/// between (docs/adr/0003).</param>
public sealed record GuardedStanding(PatientStanding Standing, IReadOnlyList<StreamAppend> Guards);

/// <summary>
/// The patients that the site's own systems told of: identity, and the answer about the DMP. A patient has a record
/// under each identifier; a statement writes all of them in one transaction.
/// </summary>
public sealed class PatientRegister(string node, FlowStore store, TurnLoop turns, TimeProvider time)
{
    public const string ReviewKind = "patient.review";

    // What a list shows at most, as the register of reports.
    private const int ListMax = 1000;

    // A warning says "many" as well with a hundred; no sender can make each message dearer than the one before.
    private const int DuplicatesMax = 100;

    // Records that were read are read on from there; dropping all of them costs reading again.
    private const int KnownMax = 10_000;

    private readonly ConcurrentDictionary<InstanceIdentifier, (PatientState State, long Version)> _known = new();

    /// <summary>The kind of the links that lead from a patient to the reports.</summary>
    public string ReportLinks { get; } = $"{node}/patient-report";

    private string TraitLinks => $"{node}/patient-traits";

    private string StreamPrefix => $"{node}/patient/";

    /// <summary>One message, or one request of the site, says who a patient is.</summary>
    /// <returns>The answer; a statement about nobody (no usable identifier) is taken and leaves no trace.</returns>
    public async Task<GrainReply> StateAsync(
        PatientStatement statement, InboxDraft? message, CancellationToken cancellation)
    {
        var keys = statement.Keys;
        var now = time.GetUtcNow();
        var streams = keys.Select(StreamOf).ToList();
        var reply = await turns.RunAsync(
            streams,
            (i, state) =>
            {
                var decision = PatientDecider.Decide(state, statement, now);
                return new Turn<PatientEvent>(
                    decision.Events,
                    // One lane: the name of a lane is shown to operators, so it holds no identifier.
                    decision.FeedingChanged
                        ? [new OutboxRow(
                            $"{node}/patients", ReviewKind, EventCodec.Write(new PatientReviewPayload([keys[i]])), now)]
                        : [],
                    null)
                {
                    Links = StrictTraits.Fold(statement.Patient) is { } traits && decision.Events.Count > 0
                        ? [new LinkRow(TraitLinks, traits, keys[i].ToString())]
                        : [],
                };
            },
            message, null, cancellation);
        for (var i = 0; i < keys.Count; i++) Remember(keys[i], streams[i]);
        return reply;
    }

    public async Task<GuardedStanding> StandingAsync(Patient patient, CancellationToken cancellation)
    {
        var records = new List<(InstanceIdentifier, PatientState)>();
        var guards = new List<StreamAppend>();
        foreach (var key in PatientKeys.Of(patient))
        {
            var stream = StreamOf(key);
            records.Add((key, await ReadAsync(key, stream, cancellation)));
            guards.Add(stream.Append([]));
        }

        return new GuardedStanding(PatientStanding.Of(records), guards);
    }

    /// <summary>The links that lead from the patient to a report.</summary>
    public IReadOnlyList<LinkRow> LinksTo(string report, Patient patient) =>
        [.. PatientKeys.Of(patient).Select(key => new LinkRow(ReportLinks, key.ToString(), report))];

    /// <summary>The reports of a patient, by all the identifiers that are given.</summary>
    public async Task<IReadOnlyList<string>> ReportsOfAsync(
        IReadOnlyList<InstanceIdentifier> keys, CancellationToken cancellation)
    {
        var reports = new List<string>();
        foreach (var key in keys)
            reports.AddRange(await store.FindLinksAsync(ReportLinks, key.ToString(), int.MaxValue, cancellation));
        return [.. reports.Distinct()];
    }

    public Task<PatientState> GetAsync(InstanceIdentifier key, CancellationToken cancellation) =>
        ReadAsync(key, StreamOf(key), cancellation);

    /// <summary>The records that have the five traits of <paramref name="patient"/> under another identifier of the
    /// same authority (IEPS 8).</summary>
    public async Task<IReadOnlyList<InstanceIdentifier>> DuplicatesOfAsync(
        Patient patient, CancellationToken cancellation)
    {
        if (StrictTraits.Fold(patient) is not { } traits) return [];
        var same = new List<InstanceIdentifier>();
        foreach (var target in await store.FindLinksAsync(TraitLinks, traits, DuplicatesMax, cancellation))
        {
            var key = InstanceIdentifier.Parse(target);
            // A link stays when the traits of a record are corrected.
            if ((await GetAsync(key, cancellation)).Identity is { } identity && StrictTraits.Fold(identity) == traits)
                same.Add(key);
        }

        return PatientDuplicates.Of(PatientKeys.Of(patient), same);
    }

    /// <summary>The records, in the order of their identifiers.</summary>
    public async Task<IReadOnlyList<PatientRecord>> ListAsync(CancellationToken cancellation)
    {
        var records = new List<PatientRecord>();
        foreach (var entry in await store.ListStreamsAsync(StreamPrefix, null, ListMax, cancellation))
        {
            var key = InstanceIdentifier.Parse(entry.Stream.Value[StreamPrefix.Length..]);
            records.Add(new PatientRecord(key, await GetAsync(key, cancellation)));
        }

        return records;
    }

    private async Task<PatientState> ReadAsync(
        InstanceIdentifier key, EventStream<PatientState, PatientEvent> stream, CancellationToken cancellation)
    {
        await stream.CatchUpAsync(cancellation);
        Remember(key, stream);
        return stream.State;
    }

    // Of two that read at once either may remain: a record is read on from its version, whichever that is.
    private void Remember(InstanceIdentifier key, EventStream<PatientState, PatientEvent> stream)
    {
        if (stream.Version == 0) return;
        if (_known.Count >= KnownMax) _known.Clear();
        _known[key] = (stream.State, stream.Version);
    }

    private EventStream<PatientState, PatientEvent> StreamOf(InstanceIdentifier key)
    {
        var (state, version) = _known.GetValueOrDefault(key, (PatientState.Empty, 0));
        return new(store, new StreamId(StreamPrefix + key), state, PatientDecider.Evolve, version);
    }
}
