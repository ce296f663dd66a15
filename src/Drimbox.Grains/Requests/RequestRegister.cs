using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Requests;

/// <summary>What is said about one request, in order.</summary>
/// <param name="OrderIsProposed">Its number was not given with it: if it is in use, another is proposed.</param>
public sealed record RequestChange(
    InstanceIdentifier Order, IReadOnlyList<RisRequestCommand> Commands, bool OrderIsProposed = false);

/// <summary>What one user says about a document, its requests and their examinations: all of it or nothing.</summary>
/// <param name="Requests">Each order once. One without commands is only looked at: it must not change meanwhile.
/// </param>
public sealed record RequestFiling(IReadOnlyList<RequestChange> Requests, RequestDocumentCommand? Document = null)
{
    /// <summary>Study Instance UIDs that are proposed for examinations that are planned for requests placed before: if
    /// one is in use, another is proposed.</summary>
    public IReadOnlyList<Uid> NewStudies { get; init; } = [];
}

/// <summary>A request as the register shows it.</summary>
public sealed record RequestRecord(InstanceIdentifier Order, RisRequestState State);

/// <summary>How a filing ended.</summary>
/// <param name="Refusal">Why nothing was done, or null.</param>
/// <param name="Requests">As they are then.</param>
public sealed record FilingReply(Refusal? Refusal, IReadOnlyList<RequestRecord> Requests);

/// <summary>
/// The requests of a RIS with their documents and examinations (DB/RIS.01 to .07). Who has an order number, an accession
/// number or a Study Instance UID is decided by the store (docs/adr/0021): whoever comes second proposes another.
/// </summary>
public sealed class RequestRegister(RequestGrainParts parts)
{
    // A handful of repetitions is a race; hundreds are a bug.
    private const int AttemptsMax = 100;

    private string AccessionKind => $"{parts.Node}/accession";

    private string StudyKind => $"{parts.Node}/study";

    private string ExaminationLinks => $"{parts.Node}/examination-request";

    /// <summary>Files what a plan says, in one transaction.</summary>
    /// <param name="plan">Asked anew for each attempt, with the order and accession numbers that turned out to be in
    /// use.</param>
    public async Task<FilingReply> FileAsync(
        Func<IReadOnlySet<string>, RequestFiling> plan, CancellationToken cancellation)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var filing = plan(taken);
            var turn = await DecideAsync(filing, cancellation);
            if (turn.NumberInUse is { } number)
            {
                taken.Add(number);
                continue;
            }

            if (turn.Refusal is { } refusal) return new FilingReply(refusal, []);
            switch (await parts.Store.CommitAsync(turn.Commit, cancellation))
            {
                case CommitResult.Committed:
                    return new FilingReply(null, turn.Requests);
                case CommitResult.AliasTaken { Existing: var existing }:
                    // The number that images were made with cannot be another.
                    if (existing.Kind == AccessionKind && turn.GivenAccessions.Contains(existing.Key))
                        return new FilingReply(AccessionOfAnother, []);
                    taken.Add(existing.Key);
                    break;
            }
        }

        throw new TimeoutException("The requests kept changing while they were filed.");
    }

    public Task<RequestDocumentState> GetDocumentAsync(InstanceIdentifier document, CancellationToken cancellation) =>
        DocumentStreamOf(document).CatchUpAsync(cancellation);

    /// <summary>The requests that an examination serves, in ordinal order.</summary>
    /// <remarks>Also those that it was withdrawn from: their state says so.</remarks>
    public async Task<IReadOnlyList<InstanceIdentifier>> OrdersOfExaminationAsync(
        Uid studyInstanceUid, CancellationToken cancellation) =>
    [
        .. (await parts.Store.FindLinksAsync(ExaminationLinks, studyInstanceUid.ToString(), int.MaxValue, cancellation))
            .Select(order => InstanceIdentifier.Parse(order)),
    ];

    /// <summary>The request that has an accession number, or null.</summary>
    public async Task<InstanceIdentifier?> FindAccessionAsync(string number, CancellationToken cancellation) =>
        await parts.Store.FindAliasAsync(AccessionKind, number, cancellation) is { } order
            ? InstanceIdentifier.Parse(order)
            : null;

    public Task<RisRequestState> GetAsync(InstanceIdentifier order, CancellationToken cancellation) =>
        StreamOf(order).CatchUpAsync(cancellation);

    /// <summary>The requests in the order of their numbers.</summary>
    /// <param name="after">Continue after this one; null from the first.</param>
    public async Task<IReadOnlyList<RequestRecord>> ListAsync(
        InstanceIdentifier? after, int max, CancellationToken cancellation)
    {
        var from = after is { } last ? parts.StreamOf(last) : (StreamId?)null;
        var found = new List<RequestRecord>();
        foreach (var stream in await parts.Store.ListStreamsAsync(
            parts.StreamPrefix, from, Math.Min(max, Limits.RequestsListedMax), cancellation))
        {
            var order = parts.OrderOf(stream.Stream);
            found.Add(new RequestRecord(order, await GetAsync(order, cancellation)));
        }

        return found;
    }

    private static Refusal AccessionOfAnother { get; } = new(
        RefusalReason.IdentifierReused, "Another request has this accession number.");

    private async Task<FilingTurn> DecideAsync(RequestFiling filing, CancellationToken cancellation)
    {
        var context = parts.Context;
        var appends = new List<StreamAppend>();
        var outbox = new List<OutboxRow>();
        var aliases = new List<AliasRow>();
        var links = new List<LinkRow>();
        var requests = new List<RequestRecord>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in filing.Requests)
        {
            var stream = StreamOf(change.Order);
            var state = await stream.CatchUpAsync(cancellation);
            var events = new List<RisRequestEvent>();
            foreach (var command in change.Commands)
            {
                var decision = RisRequestDecider.Decide(state, command, context);
                if (decision.Refusal is { } refusal)
                {
                    return refusal.Reason == RefusalReason.IdentifierReused && change.OrderIsProposed
                        ? FilingTurn.Taken(change.Order.ToString())
                        : FilingTurn.No(refusal);
                }

                state = decision.Events.Aggregate(state, RisRequestDecider.Evolve);
                events.AddRange(decision.Events);
                if (decision.Outgoing is { } e)
                {
                    outbox.Add(new OutboxRow(
                        parts.Destination, RisRequestGrain.MessageKind, EventCodec.Write(e), context.Now));
                }
            }

            // Also without events: the commit fails if somebody else changed what this one rests on.
            appends.Add(stream.Append(events));
            foreach (var e in events) Index(change.Order, e, aliases, links);
            foreach (var sent in events.OfType<PostExaminationSent>())
                given.Add(RisNumbers.KeyOf(sent.PostExamination.AccessionNumber));
            requests.Add(new RequestRecord(change.Order, state));
        }

        aliases.AddRange(filing.NewStudies.Select(study => AliasOf(study, filing.Requests[0].Order)));
        if (RequestFilingRules.Check(requests.Select(r => r.State)) is { } mixed) return FilingTurn.No(mixed);
        if (filing.Document is { } document)
        {
            var stream = DocumentStreamOf(document.DocumentId);
            var decision = RequestDocumentDecider.Decide(await stream.CatchUpAsync(cancellation), document, context);
            if (decision.Refusal is { } refusal) return FilingTurn.No(refusal);
            appends.Add(stream.Append(decision.Events));
        }

        return new FilingTurn(
            new FlowCommit { Appends = appends, Outbox = outbox, Aliases = aliases, Links = links }, requests, given);
    }

    private void Index(InstanceIdentifier order, RisRequestEvent e, List<AliasRow> aliases, List<LinkRow> links)
    {
        switch (e)
        {
            case RequestPlaced { AccessionNumber: { } accession } placed:
                aliases.Add(AliasOf(accession, order));
                aliases.AddRange(placed.Examinations.Select(x => AliasOf(x.StudyInstanceUid, order)));
                links.AddRange(placed.Examinations.Select(x => LinkOf(x.StudyInstanceUid, order)));
                break;
            case PostExaminationSent { PostExamination: var exam }:
                aliases.Add(AliasOf(exam.AccessionNumber, order));
                links.Add(LinkOf(exam.StudyInstanceUid, order));
                break;
            case ExaminationPlanned { Examination: var examination }:
                links.Add(LinkOf(examination.StudyInstanceUid, order));
                break;
        }
    }

    private AliasRow AliasOf(InstanceIdentifier accession, InstanceIdentifier order) =>
        new(AccessionKind, RisNumbers.KeyOf(accession), order.ToString());

    private AliasRow AliasOf(Uid study, InstanceIdentifier order) => new(StudyKind, study.ToString(), order.ToString());

    private LinkRow LinkOf(Uid study, InstanceIdentifier order) =>
        new(ExaminationLinks, study.ToString(), order.ToString());

    private EventStream<RisRequestState, RisRequestEvent> StreamOf(InstanceIdentifier order) =>
        new(parts.Store, parts.StreamOf(order), RisRequestState.Empty, RisRequestDecider.Evolve);

    private EventStream<RequestDocumentState, RequestDocumentEvent> DocumentStreamOf(InstanceIdentifier document) =>
        new(
            parts.Store, new StreamId($"{parts.Node}/request-document/{DocumentKey.Of(document)}"),
            RequestDocumentState.Empty, RequestDocumentDecider.Evolve);

    /// <param name="GivenAccessions">Accession numbers that nobody may change.</param>
    /// <param name="NumberInUse">A number that was proposed and is somebody else's: propose another.</param>
    private sealed record FilingTurn(
        FlowCommit Commit,
        IReadOnlyList<RequestRecord> Requests,
        IReadOnlySet<string> GivenAccessions,
        Refusal? Refusal = null,
        string? NumberInUse = null)
    {
        public static FilingTurn No(Refusal refusal) => new(new FlowCommit(), [], new HashSet<string>(), refusal);

        public static FilingTurn Taken(string number) =>
            new(new FlowCommit(), [], new HashSet<string>(), NumberInUse: number);
    }
}
