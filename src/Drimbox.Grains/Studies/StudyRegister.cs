using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Studies;

/// <summary>What every study grain of a DRIMbox source node is made of.</summary>
/// <param name="QuietTime">How long a study that changed must be quiet before it is looked at again.</param>
public sealed record StudyGrainParts(
    string Node,
    FlowStore Store,
    SourcePolicy Policy,
    ISubmissionSealer Sealer,
    IAckComposer Acks,
    IIdSource Ids,
    TimeProvider Time,
    TimeSpan QuietTime)
{
    /// <summary>Is told, after its commit, of each alert that opens or is over.</summary>
    public Action<StudyAlertChange>? AlertChanged { get; init; }

    /// <summary>What the audit trail keeps of an alert that opens, in the transaction of its decision; null: nothing.
    /// </summary>
    public Func<StudyAlertChange, InstanceIdentifier?, AuditRecord>? AuditOfAlert { get; init; }

    public IGrainHost Host { get; init; } = EmbeddedGrainHost.Instance;
}

/// <summary>An alert of a study that opens, or is over.</summary>
public sealed record StudyAlertChange(Uid Study, WithheldReason Reason, bool IsOver);

/// <summary>An outbox row that carries a submission of a manifest.</summary>
/// <param name="Target">What the first attempt resolved the target to, frozen for the next ones; null before.</param>
/// <param name="AskFirst">A person has it tried again: what was refused may have taken effect all the same.</param>
public sealed record ManifestSubmissionPayload(
    Uid Study, SealedSubmission Sealed, string? Target = null, bool AskFirst = false);

/// <summary>An outbox row that asks for the PACS to be asked about a study.</summary>
public sealed record ManifestEvaluationPayload(Uid Study);

/// <summary>
/// The studies of a DRIMbox source: turns around <see cref="StudyDecider"/>. A message may concern several studies and
/// documents; all of them change in the transaction that stores the message.
/// </summary>
public sealed partial class StudyRegister
{
    public const string SubmissionKind = "study.submission";
    public const string EvaluationKind = "study.evaluation";

    // A handful of repetitions is a race; hundreds are a bug.
    private const int AttemptsMax = 100;

    private readonly StudyGrainParts _parts;
    private readonly StudyTurn _turn;

    public StudyRegister(StudyGrainParts parts)
    {
        _parts = parts;
        _turn = parts.Host.Studies(parts.Node, (study, command, message, result, audit, cancellation) =>
            RepeatAsync(() => TurnAsync([study], [command], [], message, result, null, audit, cancellation)));
    }

    /// <summary>The start of the id of every study's stream.</summary>
    public string LanePrefix => $"{_parts.Node}/study/";

    private string ManifestKind => $"{_parts.Node}/manifest";

    public string LaneOf(Uid study) => LanePrefix + study;

    /// <summary>A copy of a report, from a RIS. It concerns documents and studies, so no grain has it: the expected versions
    /// decide.</summary>
    public Task<GrainReply> ReceiveAsync(ReportMessage message, InboxDraft draft, CancellationToken cancellation)
    {
        var refusal = StudyAdmission.Check(message, _parts.Policy);
        return RepeatAsync(() => refusal is null
            ? ReceiveOnceAsync(message, draft, cancellation)
            : TurnAsync([], [], [], draft, null, refusal, draft.AuditOf(refusal), cancellation));
    }

    /// <summary>The images of studies may have changed.</summary>
    public Task<GrainReply> NoticeAsync(
        IReadOnlyList<Uid> studies, string origin, InboxDraft? draft, CancellationToken cancellation) =>
        studies is [var study]
            ? _turn(study, new NoticeStudyChange(origin), draft, null, draft?.AuditOf(null) ?? [], cancellation)
            : RepeatAsync(() => TurnAsync(
                studies, [new NoticeStudyChange(origin)], [], draft, null, null, draft?.AuditOf(null) ?? [],
                cancellation));

    /// <summary>A command of a worker or an operator. <paramref name="result"/> finishes the outbox row it came
    /// from, in the same transaction.</summary>
    public Task<GrainReply> ExecuteAsync(
        Uid study, StudyCommand command, OutboxResult? result, CancellationToken cancellation) =>
        ExecuteAsync(study, command, result, [], cancellation);

    /// <inheritdoc cref="ExecuteAsync(Uid, StudyCommand, OutboxResult?, CancellationToken)"/>
    /// <param name="audit">What the audit trail keeps of what led to the command: of the same transaction, so not written
    /// where the reply says that the lease was lost.</param>
    public Task<GrainReply> ExecuteAsync(
        Uid study, StudyCommand command, OutboxResult? result, IReadOnlyList<AuditRecord> audit,
        CancellationToken cancellation) =>
        _turn(study, command, null, result, audit, cancellation);

    public async Task<StudyState> GetAsync(Uid study, CancellationToken cancellation) =>
        await StreamOf(study).CatchUpAsync(cancellation);

    /// <summary>The studies, also those of which nothing counts any more, in the order of their UIDs.</summary>
    /// <param name="after">Continue after this one; null from the first.</param>
    public async Task<IReadOnlyList<Uid>> ListAsync(Uid? after, int max, CancellationToken cancellation) =>
        [.. (await _parts.Store.ListStreamsAsync(
            LanePrefix, after is { } last ? new StreamId(LaneOf(last)) : null, max, cancellation))
            .Select(entry => Uid.Parse(entry.Stream.Value[LanePrefix.Length..]))];

    /// <summary>The study of a manifest that was ever built, or null (DB.SO.38).</summary>
    public async Task<Uid?> FindManifestAsync(Uid kosUid, CancellationToken cancellation) =>
        await _parts.Store.FindAliasAsync(ManifestKind, kosUid.ToString(), cancellation) is { } study
            ? Uid.Parse(study)
            : null;

    private static IEnumerable<ManifestVersion> VersionsIn(IEnumerable<StudyEvent> events) => events
        .Select(e => e switch
        {
            ManifestBuilt built => built.Version,
            ManifestReissued reissued => reissued.Version,
            _ => null,
        }).OfType<ManifestVersion>();

    private static async Task<GrainReply> RepeatAsync(Func<Task<GrainReply?>> turn)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (await turn() is { } reply) return reply;
        }

        throw new TimeoutException("The study kept changing while a command was decided.");
    }

    private async Task<GrainReply?> ReceiveOnceAsync(
        ReportMessage message, InboxDraft draft, CancellationToken cancellation)
    {
        // The studies of the message, and those of the document it acts on or replaces: a correction may take a study
        // away from a report, and it may arrive before what it corrects.
        var document = DocumentOf(message.DocumentId);
        var known = await document.CatchUpAsync(cancellation);
        var studies = new HashSet<Uid>(message.Cda?.StudyInstanceUids ?? []);
        studies.UnionWith(known.Studies);
        var commands = new List<StudyCommand> { new ReceiveReportCopy(message) };
        var appends = new List<StreamAppend>();
        if (message.Parent is { } replaced && StudyReports.KeyOf(replaced) != StudyReports.KeyOf(message.DocumentId))
        {
            var parent = DocumentOf(replaced);
            var knownParent = await parent.CatchUpAsync(cancellation);
            studies.UnionWith(knownParent.Studies);
            appends.Add(parent.Append(knownParent.IsReplaced ? [] : [new DocumentReplaced()]));

            // A deletion is no document of the lineage: that its parent is replaced must be said apart.
            if (message.Action == ReportAction.Delete) commands.Add(new MarkReportReplaced(replaced));
        }

        var happened = new List<DocumentEvent>();
        if (studies.Except(known.Studies).ToList() is { Count: > 0 } added) happened.Add(new DocumentLinked(added));
        if (message.Action == ReportAction.Delete)
        {
            if (!known.IsDeleted) happened.Add(new DocumentDeleted());
        }
        else if (known.IsDeleted)
        {
            commands.Add(new ReceiveReportCopy(message with { Action = ReportAction.Delete }));
        }

        if (known.IsReplaced) commands.Add(new MarkReportReplaced(message.DocumentId));

        // Without events too: the expected version makes sure that nothing was told of the document meanwhile.
        appends.Add(document.Append(happened));
        return await TurnAsync(
            [.. studies], commands, appends, draft, null, null, draft.AuditOf(null), cancellation);
    }

    private async Task<GrainReply?> TurnAsync(
        IReadOnlyList<Uid> studies,
        IReadOnlyList<StudyCommand> commands,
        IReadOnlyList<StreamAppend> documents,
        InboxDraft? draft,
        OutboxResult? result,
        Refusal? refusal,
        IReadOnlyList<AuditRecord> audit,
        CancellationToken cancellation)
    {
        var context = new DecisionContext(_parts.Time.GetUtcNow(), _parts.Ids);
        var appends = new List<StreamAppend>(documents);
        var rows = new List<OutboxRow>();
        var publications = new List<PublicationRow>();
        var aliases = new List<AliasRow>();
        var links = new List<LinkRow>();
        var alerts = new List<StudyAlertChange>();
        var records = new List<AuditRecord>(audit);
        Core.Publications.SubmissionKind? decided = null;
        WithheldReason? withheld = null;
        foreach (var study in studies)
        {
            var stream = StreamOf(study);
            var state = await stream.CatchUpAsync(cancellation);
            var events = new List<StudyEvent>();
            // A report of a study that is quiet is followed at once. Images come one by one, so their notices wait.
            var wait = commands is [NoticeStudyChange] || context.Now - state.ChangedAt < _parts.QuietTime
                ? _parts.QuietTime
                : TimeSpan.Zero;
            foreach (var command in commands)
            {
                var decision = StudyDecider.Decide(study, state, command, _parts.Policy, context);
                events.AddRange(decision.Events);
                state = decision.Events.Aggregate(state, StudyDecider.Evolve);
                rows.AddRange(RowsOf(study, decision, command is RetryManifestPublication, wait, context.Now));
                publications.AddRange(PublicationRows.Of(decision.Submission, LaneOf(study)));
                decided ??= decision.Submission?.Kind;
                if (decision.AlertOver is { } over) alerts.Add(new StudyAlertChange(study, over, IsOver: true));
                if (decision.Alert is not { } reason) continue;
                var opened = new StudyAlertChange(study, reason, IsOver: false);
                alerts.Add(opened);
                var patient = state.ActiveReports(study) is [.., var last] ? last.Patient.Ins : null;
                if (_parts.AuditOfAlert is { } record) records.Add(record(opened, patient));
            }

            withheld ??= state.Withheld?.Reason;
            if (events.Count > 0) appends.Add(stream.Append(events));
            aliases.AddRange(VersionsIn(events).Select(
                version => new AliasRow(ManifestKind, version.SopInstanceUid.ToString(), study.ToString())));
            links.AddRange(DaysIn(study, events));
        }

        var row = InboxReply.RowOf(draft, refusal, _parts.Acks);
        var committed = await _parts.Store.CommitAsync(
            new FlowCommit
            {
                Inbox = row,
                Appends = appends,
                Aliases = aliases,
                Links = links,
                Outbox = rows,
                Publications = publications,
                PublicationEnd = commands is [EndManifestSubmission end]
                    ? PublicationRows.EndOf(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)
                    : null,
                Audit = records,
                Result = result,
                Resent = commands is [RetryManifestPublication retry] && publications.Count > 0
                    ? new DeadLettersResent(LaneOf(studies[0]), SubmissionKind, retry.Actor)
                    : null,
            },
            cancellation);
        if (committed is CommitResult.Committed && _parts.AlertChanged is { } tell) alerts.ForEach(tell);
        return committed switch
        {
            CommitResult.Committed => new GrainReply(refusal, row?.Ack, row?.AckCode)
            {
                Decided = decided,
                Withheld = withheld,
            },
            CommitResult.DuplicateMessage known => InboxReply.Repeated(known, draft!, _parts.Acks),
            CommitResult.LeaseLost => new GrainReply(null, LeaseLost: true),
            _ => null,
        };
    }

    private List<OutboxRow> RowsOf(
        Uid study, StudyDecision decision, bool askFirst, TimeSpan wait, DateTimeOffset now)
    {
        var rows = new List<OutboxRow>();
        if (decision.Submission is { } submission)
        {
            var payload = new ManifestSubmissionPayload(
                study, _parts.Sealer.Seal(submission), AskFirst: askFirst);
            var priority = submission.Kind == Core.Publications.SubmissionKind.Delete ? 1 : 0;
            rows.Add(new OutboxRow(LaneOf(study), SubmissionKind, EventCodec.Write(payload), now, priority));
        }

        if (decision.Evaluate)
        {
            // Changes of a study coalesce: the row that waits is put off, within its longest delay.
            var lane = $"{_parts.Node}/evaluation/{study}";
            rows.Add(new OutboxRow(
                lane, EvaluationKind, EventCodec.Write(new ManifestEvaluationPayload(study)), now + wait,
                CoalesceKey: lane));
        }

        return rows;
    }

    private EventStream<StudyState, StudyEvent> StreamOf(Uid study) => new(
        _parts.Store, new StreamId(LaneOf(study)), StudyState.Empty, StudyDecider.Evolve);

    private EventStream<ReportDocument, DocumentEvent> DocumentOf(InstanceIdentifier document) => new(
        _parts.Store, new StreamId($"{_parts.Node}/document/{DocumentKey.Of(document)}"), ReportDocument.Unknown,
        ReportDocument.Evolve);
}
