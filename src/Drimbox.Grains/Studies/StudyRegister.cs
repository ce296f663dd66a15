using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Studies;

/// <summary>What every study grain of a DRIMbox source node is made of.</summary>
/// <param name="QuietTime">How long a study must be quiet before its manifest is rebuilt.</param>
public sealed record StudyGrainParts(
    string Node,
    FlowStore Store,
    SourcePolicy Policy,
    ISubmissionSealer Sealer,
    IAckComposer Acks,
    IIdSource Ids,
    TimeProvider Time,
    TimeSpan QuietTime);

/// <summary>An outbox row that carries a submission of a manifest.</summary>
public sealed record ManifestSubmissionPayload(Uid Study, SealedSubmission Sealed);

/// <summary>An outbox row that asks for the PACS to be asked about a study.</summary>
public sealed record ManifestEvaluationPayload(Uid Study);

/// <summary>
/// The studies of a DRIMbox source: turns around <see cref="StudyDecider"/>. A report copy may concern several
/// studies; all of them change in the transaction that stores the message.
/// </summary>
public sealed class StudyRegister(StudyGrainParts parts)
{
    public const string SubmissionKind = "study.submission";
    public const string EvaluationKind = "study.evaluation";

    private const int AttemptsMax = 100;

    private string DocumentKind => $"{parts.Node}/document-study";

    private string DeletedKind => $"{parts.Node}/deleted-document";

    public string LaneOf(Uid study) => $"{parts.Node}/study/{study}";

    /// <summary>A copy of a report, from a RIS.</summary>
    public async Task<GrainReply> ReceiveAsync(
        ReportMessage message, InboxDraft draft, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var studies = await StudiesOfAsync(message, cancellation);
            var refusal = StudyAdmission.Check(message, parts.Policy);
            if (refusal is not null) studies = [];
            var commands = new List<StudyCommand> { new ReceiveReportCopy(message) };
            if (message.Action != ReportAction.Delete && await WasDeletedAsync(message, cancellation))
                commands.Add(new ReceiveReportCopy(message with { Action = ReportAction.Delete }));
            var reply = await TurnAsync(
                studies, commands, draft, null, refusal, refusal is null ? LinksOf(message, studies) : [],
                cancellation);
            if (reply is not null) return reply;
        }

        throw new TimeoutException("The study kept changing while a message was decided.");
    }

    /// <summary>The images of a study may have changed.</summary>
    public Task<GrainReply> NoticeAsync(
        Uid study, string origin, InboxDraft? draft, CancellationToken cancellation) =>
        RepeatAsync(
            () => TurnAsync([study], [new NoticeStudyChange(origin)], draft, null, null, [], cancellation));

    /// <summary>A command of a worker or an operator. <paramref name="result"/> finishes the outbox row it came
    /// from, in the same transaction.</summary>
    public Task<GrainReply> ExecuteAsync(
        Uid study, StudyCommand command, OutboxResult? result, CancellationToken cancellation) =>
        RepeatAsync(() => TurnAsync([study], [command], null, result, null, [], cancellation));

    public async Task<StudyState> GetAsync(Uid study, CancellationToken cancellation) =>
        await StreamOf(study).CatchUpAsync(cancellation);

    private static async Task<GrainReply> RepeatAsync(Func<Task<GrainReply?>> turn)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (await turn() is { } reply) return reply;
        }

        throw new TimeoutException("The study kept changing while a command was decided.");
    }

    private async Task<GrainReply?> TurnAsync(
        IReadOnlyList<Uid> studies,
        IReadOnlyList<StudyCommand> commands,
        InboxDraft? draft,
        OutboxResult? result,
        Refusal? refusal,
        IReadOnlyList<LinkRow> links,
        CancellationToken cancellation)
    {
        var context = new DecisionContext(parts.Time.GetUtcNow(), parts.Ids);
        var appends = new List<StreamAppend>();
        var rows = new List<OutboxRow>();
        WithheldReason? alert = null;
        foreach (var study in studies)
        {
            var stream = StreamOf(study);
            var state = await stream.CatchUpAsync(cancellation);
            var events = new List<StudyEvent>();
            foreach (var command in commands)
            {
                var decision = StudyDecider.Decide(study, state, command, parts.Policy, context);
                events.AddRange(decision.Events);
                state = decision.Events.Aggregate(state, StudyDecider.Evolve);
                rows.AddRange(RowsOf(study, decision, context.Now));
                alert ??= decision.Alert;
            }

            if (events.Count > 0) appends.Add(stream.Append(events));
        }

        var row = InboxReply.RowOf(draft, refusal, parts.Acks);
        var committed = await parts.Store.CommitAsync(
            new FlowCommit { Inbox = row, Appends = appends, Links = links, Outbox = rows, Result = result },
            cancellation);
        return committed switch
        {
            CommitResult.Committed => new GrainReply(refusal, row?.Ack, row?.AckCode, Alert: alert?.ToString()),
            CommitResult.DuplicateMessage known => InboxReply.Repeated(known, draft!, parts.Acks),
            CommitResult.LeaseLost => new GrainReply(null, LeaseLost: true),
            _ => null,
        };
    }

    private List<OutboxRow> RowsOf(Uid study, StudyDecision decision, DateTimeOffset now)
    {
        var rows = new List<OutboxRow>();
        if (decision.Submission is { } submission)
        {
            var payload = new ManifestSubmissionPayload(study, parts.Sealer.Seal(submission));
            var priority = submission.Kind == Core.Publications.SubmissionKind.Delete ? 1 : 0;
            rows.Add(new OutboxRow(LaneOf(study), SubmissionKind, EventCodec.Write(payload), now, priority));
        }

        if (decision.Evaluate)
        {
            // Changes of a study coalesce: the row that waits is put off, within its longest delay.
            var lane = $"{parts.Node}/evaluation/{study}";
            rows.Add(new OutboxRow(
                lane, EvaluationKind, EventCodec.Write(new ManifestEvaluationPayload(study)), now + parts.QuietTime,
                CoalesceKey: lane));
        }

        return rows;
    }

    /// <summary>The studies of the message, and those of the documents it replaces or deletes: a correction may
    /// take a study away from a report.</summary>
    private async Task<IReadOnlyList<Uid>> StudiesOfAsync(ReportMessage message, CancellationToken cancellation)
    {
        var studies = new List<Uid>(message.Cda?.StudyInstanceUids ?? []);
        foreach (var document in DocumentsOf(message))
        {
            foreach (var study in await parts.Store.FindLinksAsync(
                DocumentKind, DocumentKey.Of(document), cancellation))
            {
                studies.Add(Uid.Parse(study));
            }
        }

        return studies.Distinct().ToList();
    }

    private async Task<bool> WasDeletedAsync(ReportMessage message, CancellationToken cancellation) =>
        (await parts.Store.FindLinksAsync(DeletedKind, DocumentKey.Of(message.DocumentId), cancellation)).Count > 0;

    private List<LinkRow> LinksOf(ReportMessage message, IReadOnlyList<Uid> studies)
    {
        if (message.Action == ReportAction.Delete)
            return [new LinkRow(DeletedKind, DocumentKey.Of(message.DocumentId), "deleted")];
        return studies.Select(s => new LinkRow(DocumentKind, DocumentKey.Of(message.DocumentId), s.ToString())).ToList();
    }

    private static IEnumerable<InstanceIdentifier> DocumentsOf(ReportMessage message) =>
        message.Parent is { } parent ? [message.DocumentId, parent] : [message.DocumentId];

    private EventStream<StudyState, StudyEvent> StreamOf(Uid study) => new(
        parts.Store, new StreamId(LaneOf(study)), StudyState.Empty, StudyDecider.Evolve);
}
