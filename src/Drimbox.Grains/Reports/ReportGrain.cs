using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Mail;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Reports;

/// <summary>What every report grain of a RIS node is made of.</summary>
/// <param name="Node">The node id: the first part of every stream, lane and alias.</param>
/// <param name="CopyDestination">The outbox lane of the DRIMbox that gets the copies, or null for none.</param>
public sealed record ReportGrainParts(
    string Node,
    FlowStore Store,
    RisPolicy Policy,
    ISubmissionSealer Sealer,
    IAckComposer Acks,
    IIdSource Ids,
    TimeProvider Time,
    string? CopyDestination)
{
    /// <summary>Of each decision from now on: a person may change it while the node runs.</summary>
    public RisPolicy Policy { get; set; } = Policy;

    /// <summary>The local base of patients, or null for none: then nobody is known and nobody opposes.</summary>
    public PatientRegister? Patients { get; init; }

    /// <summary>The outbox lane of the creator that gets business acknowledgements, or null for none.</summary>
    public string? AckDestination { get; init; }

    public IGrainHost Host { get; init; } = EmbeddedGrainHost.Instance;
}

/// <summary>An outbox row that carries a submission. The lane is the report: versions leave in order.</summary>
/// <param name="Target">What the first attempt resolved the target to, frozen for the next ones; null before.</param>
/// <param name="AskFirst">A person has it tried again: what was refused may have taken effect all the same.</param>
public sealed record ReportSubmissionPayload(
    ReportId Report, SealedSubmission Sealed, string? Target = null, bool AskFirst = false);

/// <summary>An outbox row that carries a copy for the DRIMbox: all that the message is made of, so that every
/// attempt sends the same bytes.</summary>
public sealed record ReportCopyPayload(
    ReportId Report,
    InstanceIdentifier DocumentId,
    ReportAction Action,
    PublicationChoices Choices,
    string ControlId,
    DateTimeOffset MessageTime);

/// <summary>An outbox row that carries the business acknowledgement of a publication (ZAM^Z01).</summary>
/// <param name="Carrier">MSH-10 of the message that brought the document.</param>
/// <param name="Detail">Why it was refused: codes and our own words.</param>
public sealed record DmpReceiptPayload(
    string Carrier, bool Succeeded, string? Detail, string ControlId, DateTimeOffset MessageTime);

/// <summary>
/// A report of the RIS: a turn around <see cref="ReportDecider"/>. Load, decide, append events and outbox rows in
/// one transaction with the expected version, then swap the state.
/// </summary>
public sealed class ReportGrain(ReportId id, ReportGrainParts parts)
{
    public const string SubmissionKind = "report.submission";
    public const string CopyKind = "report.copy";
    public const string ReceiptKind = "report.receipt";

    private readonly EventStream<ReportState, ReportEvent> _stream = StreamOf(id, parts);

    public static string LaneOf(string node, ReportId id) => LanePrefix(node) + id;

    /// <summary>What the streams and lanes of all reports of a node begin with.</summary>
    public static string LanePrefix(string node) => $"{node}/report/";

    public Task<ReportState> GetAsync(CancellationToken cancellation) => _stream.CatchUpAsync(cancellation);

    /// <summary>One turn. Null: another process moved the stream or took an alias; resolve again and repeat.</summary>
    /// <param name="joined">A report that this command joins to this one (its grain's turn is not running: the
    /// expected version of its stream guards the join).</param>
    public async Task<GrainReply?> ExecuteAsync(
        ReportCommand command,
        InboxDraft? message,
        OutboxResult? result,
        ReportId? joined,
        CancellationToken cancellation)
    {
        var state = await _stream.CatchUpAsync(cancellation);
        var joinEvents = new List<ReportEvent>();
        StreamAppend? joinedAppend = null;
        IReadOnlyList<AliasRow> moves = [];
        if (joined is { } otherId)
        {
            var other = StreamOf(otherId, parts);
            var otherState = await other.CatchUpAsync(cancellation);
            joinEvents.AddRange(ReportDecider.Join(otherId, otherState));
            joinedAppend = other.Append([new ReportMergedInto(id)]);
            moves = ReportAliases.Of(parts.Node, otherState, id);
        }

        var (asked, guards, links) = await WithPatientAsync(command, state, cancellation);
        command = asked;
        var context = new DecisionContext(parts.Time.GetUtcNow(), parts.Ids);
        var before = joinEvents.Aggregate(state, ReportDecider.Evolve);
        var decision = ReportDecider.Decide(before, command, parts.Policy, context);
        var events = new List<ReportEvent>([.. joinEvents, .. decision.Events]);
        var aliases = new List<AliasRow>();
        if (decision.Refusal is null) aliases.AddRange(await NewAliasesAsync(command, moves, events, cancellation));
        var row = InboxReply.RowOf(message, decision.Refusal, parts.Acks);
        var appends = new List<StreamAppend>();
        if (events.Count > 0) appends.Add(_stream.Append(events));
        if (joinedAppend is not null) appends.Add(joinedAppend);
        appends.AddRange(guards);
        var resentBy = command switch
        {
            RetryPublication retry => retry.Actor,
            CorrectMetadata correct => correct.Actor,
            _ => null,
        };
        var outbox = RowsOf(decision, askFirst: resentBy is not null, context, aliases);
        outbox.AddRange(AcksOf(state, command, context));
        outbox.AddRange(ReportMail.RowsOf(parts, id, decision, context, aliases));
        outbox.AddRange(ReportMail.AcksOf(parts, before, decision, context));

        var committed = await parts.Store.CommitAsync(
            new FlowCommit
            {
                Inbox = row,
                Appends = appends,
                Aliases = aliases,
                AliasMoves = moves,
                Outbox = outbox,
                Links = decision.Refusal is null ? links : [],
                Publications = PublicationRows.Of(decision.Submission, LaneOf(parts.Node, id)),
                PublicationEnd = command is EndSubmission end
                    ? PublicationRows.EndOf(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)
                    : null,
                Result = result,
                Resent = resentBy is not null && decision.Submission is not null
                    ? new DeadLettersResent(LaneOf(parts.Node, id), SubmissionKind, resentBy)
                    : null,
            },
            cancellation);
        switch (committed)
        {
            case CommitResult.Committed:
                _stream.Committed(events);
                return new GrainReply(decision.Refusal, row?.Ack, row?.AckCode);
            case CommitResult.DuplicateMessage known:
                Invariant.Holds(message is not null);
                return InboxReply.Repeated(known, message, parts.Acks);
            case CommitResult.LeaseLost:
                return new GrainReply(null, LeaseLost: true);
            default:
                return null;
        }
    }

    /// <summary>The aliases that the command brings and nobody has. A setId that leads to another report is a
    /// contradiction: relatedDocument wins, and the fact is recorded.</summary>
    private async Task<IReadOnlyList<AliasRow>> NewAliasesAsync(
        ReportCommand command, IReadOnlyList<AliasRow> moves, List<ReportEvent> events, CancellationToken cancellation)
    {
        var rows = new List<AliasRow>();
        foreach (var alias in ReportAliases.Of(parts.Node, command, id))
        {
            if (moves.Any(m => m.Kind == alias.Kind && m.Key == alias.Key)) continue;
            var holder = await parts.Store.FindAliasAsync(alias.Kind, alias.Key, cancellation);
            if (holder is null) rows.Add(alias);
            else if (holder != alias.Target && command is ReceiveReport received)
                events.Add(new LineageContradicted(received.Message.DocumentId, "setId names another report."));
        }

        return rows;
    }

    /// <summary>The command with what the local base says of its patient, and what keeps that true until the
    /// commit.</summary>
    private async Task<(ReportCommand Command, IReadOnlyList<StreamAppend> Guards, IReadOnlyList<LinkRow> Links)>
        WithPatientAsync(ReportCommand command, ReportState state, CancellationToken cancellation)
    {
        if (parts.Patients is not { } patients) return (command, [], []);
        switch (command)
        {
            case ReceiveReport { Message: { Action: not ReportAction.Delete, Patient: var patient } } receive:
                var received = await patients.StandingAsync(patient, cancellation);
                return (
                    receive with { Patient = received.Standing }, received.Guards,
                    patients.LinksTo(id.ToString(), patient));
            case ReviewOpposition review when state.HeadVersion is { Patient: var patient }:
                var reviewed = await patients.StandingAsync(patient, cancellation);
                return (review with { Patient = reviewed.Standing }, reviewed.Guards, []);
            default:
                return (command, [], []);
        }
    }

    /// <summary>ZAM^Z01 for the creator of a report that asked for a receipt (ACK_RECEPTION), once the DMP has
    /// answered for good.</summary>
    private List<OutboxRow> AcksOf(ReportState state, ReportCommand command, DecisionContext context)
    {
        if (parts.AckDestination is not { } lane) return [];
        if (command is not EndSubmission { Outcome: DispatchOutcome.Done or DispatchOutcome.Quarantine } end) return [];
        var flight = state.Publication.InFlight.Find(f => f.SubmissionSetUniqueId == end.SubmissionSetUniqueId);
        if (flight?.Step is not { Document: { } document }) return [];
        if (state.Find(document) is not { Choices.WantsReceipt: true, ControlId: { } carrier }) return [];
        var payload = new DmpReceiptPayload(
            carrier, end.Outcome == DispatchOutcome.Done, end.Detail, parts.Ids.NewControlId(), context.Now);
        return [new OutboxRow(lane, ReceiptKind, EventCodec.Write(payload), context.Now)];
    }

    /// <param name="aliases">Gets the control ids of the copies: business acknowledgements name them.</param>
    private List<OutboxRow> RowsOf(
        ReportDecision decision, bool askFirst, DecisionContext context, List<AliasRow> aliases)
    {
        var rows = new List<OutboxRow>();
        if (decision.Submission is { } submission)
        {
            var payload = new ReportSubmissionPayload(id, parts.Sealer.Seal(submission), AskFirst: askFirst);
            // A withdrawal goes before whatever else waits in the lane of the report.
            var priority = submission.Kind == Core.Publications.SubmissionKind.Delete ? 1 : 0;
            rows.Add(new OutboxRow(
                LaneOf(parts.Node, id), SubmissionKind, EventCodec.Write(payload), context.Now, priority));
        }

        if (parts.CopyDestination is not { } lane) return rows;
        foreach (var copy in decision.Copies)
        {
            var payload = new ReportCopyPayload(
                id, copy.Version.DocumentId, copy.Action, copy.Choices, parts.Ids.NewControlId(), context.Now);
            rows.Add(new OutboxRow(lane, CopyKind, EventCodec.Write(payload), context.Now));
            aliases.Add(new AliasRow(ReportAliases.SentKind(parts.Node), payload.ControlId, id.ToString()));
        }

        return rows;
    }

    private static EventStream<ReportState, ReportEvent> StreamOf(ReportId id, ReportGrainParts parts) => new(
        parts.Store, new StreamId(LaneOf(parts.Node, id)), ReportState.Empty, ReportDecider.Evolve);
}
