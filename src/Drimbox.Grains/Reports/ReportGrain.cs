using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
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
    string? CopyDestination);

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

/// <summary>
/// A report of the RIS: a turn around <see cref="ReportDecider"/>. Load, decide, append events and outbox rows in
/// one transaction with the expected version, then swap the state.
/// </summary>
public sealed class ReportGrain(ReportId id, ReportGrainParts parts)
{
    public const string SubmissionKind = "report.submission";
    public const string CopyKind = "report.copy";

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

        var context = new DecisionContext(parts.Time.GetUtcNow(), parts.Ids);
        var decision = ReportDecider.Decide(
            joinEvents.Aggregate(state, ReportDecider.Evolve), command, parts.Policy, context);
        var events = new List<ReportEvent>([.. joinEvents, .. decision.Events]);
        var aliases = new List<AliasRow>();
        if (decision.Refusal is null) aliases.AddRange(await NewAliasesAsync(command, moves, events, cancellation));
        var row = InboxReply.RowOf(message, decision.Refusal, parts.Acks);
        var appends = new List<StreamAppend>();
        if (events.Count > 0) appends.Add(_stream.Append(events));
        if (joinedAppend is not null) appends.Add(joinedAppend);

        var committed = await parts.Store.CommitAsync(
            new FlowCommit
            {
                Inbox = row,
                Appends = appends,
                Aliases = aliases,
                AliasMoves = moves,
                Outbox = RowsOf(decision, command is RetryPublication, context),
                Publications = PublicationRows.Of(decision.Submission, LaneOf(parts.Node, id)),
                PublicationEnd = command is EndSubmission end
                    ? PublicationRows.EndOf(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)
                    : null,
                Result = result,
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

    private List<OutboxRow> RowsOf(ReportDecision decision, bool askFirst, DecisionContext context)
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
        }

        return rows;
    }

    private static EventStream<ReportState, ReportEvent> StreamOf(ReportId id, ReportGrainParts parts) => new(
        parts.Store, new StreamId(LaneOf(parts.Node, id)), ReportState.Empty, ReportDecider.Evolve);
}
