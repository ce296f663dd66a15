using System.Collections.Immutable;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <param name="Outgoing">The event whose message must leave for the RIS, or null.</param>
/// <param name="Fetch">The studies that must be fetched.</param>
public sealed record PlatformRequestDecision(
    IReadOnlyList<PlatformRequestEvent> Events,
    PlatformRequestEvent? Outgoing,
    IReadOnlyList<Uid> Fetch,
    Refusal? Refusal);

/// <summary>One study of a request.</summary>
/// <param name="Complement">What flux 4 said of it last.</param>
/// <param name="InstancesFetched">0 until the whole study is here.</param>
public sealed record PerformedExamination(PostExamination Complement, int InstancesFetched)
{
    public Uid StudyInstanceUid => Complement.StudyInstanceUid;
}

/// <summary>A request on the platform that reads its images.</summary>
/// <param name="Examinations">Its studies, in the order in which they were told of.</param>
public sealed record PlatformRequestState(
    RequestStatus Status,
    ImagingRequest? Request,
    RequestResponse? Response,
    ImmutableList<PerformedExamination> Examinations,
    ImmutableList<PlatformDocument> Documents)
{
    public static PlatformRequestState Empty { get; } = new(RequestStatus.Unknown, null, null, [], []);

    /// <summary>The newest complement: what it says of the patient and of the visit holds. Null before the first.
    /// </summary>
    public PostExamination? LastComplement { get; init; }

    /// <summary>When the RIS placed it.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Since when it waits for what it waits for (<see cref="DeskTasks"/>).</summary>
    public DateTimeOffset WaitsSince { get; init; }

    /// <summary>The documents of the request, each version of each.</summary>
    public RequestAttachments Attachments { get; init; } = RequestAttachments.None;

    /// <summary>What was written and not signed, or null.</summary>
    public ReportDrafted? Draft { get; init; }

    public PlatformDocument? LastDocument => Documents.IsEmpty ? null : Documents[^1];

    /// <summary>The instances of all studies; 0 until each of them is here.</summary>
    public int InstancesFetched => Examinations.TrueForAll(e => e.InstancesFetched > 0)
        ? Examinations.Sum(e => e.InstancesFetched)
        : 0;

    /// <summary>What was asked for and, once it is known, what was made: each once, in the order of the studies.
    /// </summary>
    public IReadOnlyList<Code> Modalities => Examinations.IsEmpty
        ? [Request!.Modality]
        : [.. Examinations.Select(e => e.Complement.Modality ?? Request!.Modality).DistinctBy(code => code.Value)];

    /// <inheritdoc cref="Modalities"/>
    public IReadOnlyList<AnatomicRegion> Regions => Examinations.IsEmpty
        ? [Request!.Region]
        : [.. Examinations.Select(e => e.Complement.Region ?? Request!.Region).Distinct()];

    /// <summary>There are images that no report is about: it has none, it was withdrawn, or a study came after it.
    /// </summary>
    public bool AwaitsReport => Status == RequestStatus.Examined
        && (LastDocument is not { Withdrawn: false } last
            || (last.Studies is { } named && Examinations.Exists(e => !named.Contains(e.StudyInstanceUid))));
}

/// <summary>The life of a request, seen by the platform. It has no way to publish: it sends to the RIS.</summary>
public static class PlatformRequestDecider
{
    private const string NotExamined = "The examination has not been made yet.";

    public static PlatformRequestDecision Decide(
        PlatformRequestState state, PlatformRequestCommand command, DecisionContext context) => command switch
        {
            ReceiveRequest receive => state.Status == RequestStatus.Unknown
                ? Record(new RequestReceived(receive.Request, context.Now))
                : Refuse(RefusalReason.IdentifierReused, "A request has this placer order number.", "ORC^1^2"),
            ReceiveCancellation cancel => Cancel(state, cancel, context),
            AnswerRequest answer => state.Status is RequestStatus.Placed or RequestStatus.Accepted
                ? Send(new RequestAnswered(answer.Response, answer.Actor, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.WrongState, "The request does not wait for an answer."),
            ReceivePostExaminations receive => PostExamined(state, receive.Examinations, context),
            ReceiveAttachment receive => Attach(state, receive.Attachment, context),
            // Taken in whatever order they come: a deletion before its document leaves nothing to read.
            ReceiveAttachmentDeletion delete => state.Attachments.Deleted.Contains(delete.DocumentId)
                ? Nothing()
                : Record(new AttachmentDeletionReceived(delete.DocumentId, context.Now)),
            RecordStudyFetched fetched => Record(
                new StudyFetched(fetched.StudyInstanceUid, fetched.Instances, context.Now)),
            SaveDraft save => state.Status == RequestStatus.Examined
                ? Record(new ReportDrafted(save.Text, save.Actor, context.Now))
                : Refuse(RefusalReason.WrongState, NotExamined),
            SendReport send => Report(state, send, context),
            DeleteReport delete => state.LastDocument is { Withdrawn: false } last && last.DocumentId == delete.DocumentId
                ? Send(new ReportDeletionSent(last, delete.Actor, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.WrongState, "Only the newest report can be withdrawn, once."),
            _ => throw Invariant.Unreachable(command),
        };

    public static PlatformRequestState Evolve(PlatformRequestState state, PlatformRequestEvent e) => e switch
    {
        RequestReceived received => state with
        {
            Status = RequestStatus.Placed,
            Request = received.Request,
            ReceivedAt = received.At,
            WaitsSince = received.At,
            // A document that came first was for whom it says: what is of another patient is not of this request.
            Attachments = state.Attachments.OfPatient(received.Request.Patient.Identity),
        },
        CancellationReceived => state with { Status = RequestStatus.Cancelled },
        RequestAnswered answered => state with
        {
            Response = answered.Response,
            Status = answered.Response.Accepted ? RequestStatus.Accepted : RequestStatus.Refused,
            WaitsSince = answered.At,
        },
        PostExaminationReceived received => Examined(state, received),
        AttachmentReceived received => state with { Attachments = state.Attachments.Add(received.Attachment) },
        AttachmentDeletionReceived deleted => state with { Attachments = state.Attachments.Delete(deleted.DocumentId) },
        StudyFetched fetched => state with
        {
            Examinations = state.Examinations.ConvertAll(examination =>
                examination.StudyInstanceUid == fetched.StudyInstanceUid
                    ? examination with { InstancesFetched = fetched.Instances }
                    : examination),
        },
        ReportDrafted drafted => state with { Draft = drafted },
        ReportSent sent => state with { Documents = state.Documents.Add(sent.Document), Draft = null },
        ReportDeletionSent deleted => state with
        {
            Documents = state.Documents.ConvertAll(
                d => d.DocumentId == deleted.Document.DocumentId ? d with { Withdrawn = true } : d),
            WaitsSince = deleted.At,
        },
        _ => throw Invariant.Unreachable(e),
    };

    private static PlatformRequestDecision Cancel(
        PlatformRequestState state, ReceiveCancellation cancel, DecisionContext context) => state.Status switch
        {
            RequestStatus.Unknown =>
                Refuse(RefusalReason.UnknownTarget, "No request has this placer order number.", "ORC^1^2"),
            // Its images wait for a report, or have one: that is taken back by withdrawing the report.
            RequestStatus.Examined =>
                Refuse(RefusalReason.WrongState, "The examination was made already.", "ORC^1^2"),
            _ when IsOfAnother(state, cancel.Cancellation.Patient) => RefusePatient(),
            _ => Record(new CancellationReceived(cancel.Cancellation, context.Now)),
        };

    private static PlatformRequestDecision Attach(
        PlatformRequestState state, RequestAttachment attachment, DecisionContext context)
    {
        if (state.Request is { } request && !attachment.IsOf(request.Patient.Identity)) return RefusePatient();
        return state.Attachments.Find(attachment.DocumentId) switch
        {
            null => Record(new AttachmentReceived(attachment, context.Now)),
            { } known when known.File.Sha256 == attachment.File.Sha256 =>
                Nothing(),
            _ => Refuse(RefusalReason.IdentifierReused, "Another document has this identifier.", "TXA^1^12"),
        };
    }

    private static PlatformRequestDecision PostExamined(
        PlatformRequestState state, IReadOnlyList<PostExamination> told, DecisionContext context)
    {
        var studies = told.Select(e => e.StudyInstanceUid).Distinct().ToList();
        return state.Status switch
        {
            RequestStatus.Unknown =>
                Refuse(RefusalReason.UnknownTarget, "No request has this placer order number.", "ORC^1^2"),
            RequestStatus.Cancelled or RequestStatus.Refused =>
                Refuse(RefusalReason.WrongState, "The request is closed.", "ORC^1^2"),
            _ when told.Any(e => IsOfAnother(state, e.Patient)) => RefusePatient(),
            _ when studies.Count < told.Count =>
                Refuse(RefusalReason.Cardinality, "Two groups of the message are about one study.", "IPC^2^3"),
            _ when state.Examinations.Select(e => e.StudyInstanceUid).Union(studies).Count()
                > Limits.ExaminationsPerRequestMax => Refuse(
                    RefusalReason.OverLimit, $"A request has at most {Limits.ExaminationsPerRequestMax} examinations.",
                    "IPC^1^3"),
            _ => new PlatformRequestDecision(
                [.. told.Select(e => new PostExaminationReceived(e, context.Now))], null, studies, null),
        };
    }

    private static PlatformRequestState Examined(PlatformRequestState state, PostExaminationReceived received)
    {
        var told = received.PostExamination;
        var known = state.Examinations.FindIndex(e => e.StudyInstanceUid == told.StudyInstanceUid);
        var after = state with
        {
            Status = RequestStatus.Examined,
            LastComplement = told,
            Examinations = known < 0
                ? state.Examinations.Add(new PerformedExamination(told, 0))
                : state.Examinations.SetItem(known, state.Examinations[known] with { Complement = told }),
        };
        // What is told again does not make the report due later.
        return after.AwaitsReport && !state.AwaitsReport ? after with { WaitsSince = received.At } : after;
    }

    private static PlatformRequestDecision Report(
        PlatformRequestState state, SendReport send, DecisionContext context)
    {
        if (state.Status != RequestStatus.Examined)
            return Refuse(RefusalReason.WrongState, NotExamined);
        var expected = state.LastDocument?.DocumentId;
        return send.Document.Replaces == expected
            ? Send(new ReportSent(send.Document, send.Actor, context.Ids.NewControlId(), context.Now))
            : Refuse(RefusalReason.StaleDocumentVersion, "A correction replaces the newest report.");
    }

    // A report must never go from one patient to another.
    private static bool IsOfAnother(PlatformRequestState state, StatedPatient patient) =>
        RequestAttachment.AreOthers(state.Request?.Patient.Identity.Ins, patient.Identity.Ins);

    private static PlatformRequestDecision RefusePatient() =>
        Refuse(RefusalReason.PatientMismatch, "The request is for another patient.", "PID^1^3");

    private static PlatformRequestDecision Nothing() => new([], null, [], null);

    private static PlatformRequestDecision Record(PlatformRequestEvent e) => new([e], null, [], null);

    private static PlatformRequestDecision Send(PlatformRequestEvent e) => new([e], e, [], null);

    private static PlatformRequestDecision Refuse(RefusalReason reason, string detail, string? location = null) =>
        new([], null, [], new Refusal(reason, detail, location));
}
