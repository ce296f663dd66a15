using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Requests;

/// <summary>A document that the platform wrote and sent to the RIS. What its messages repeat of the request is frozen
/// with it: they say the same at every attempt, whatever the RIS tells of the request in between.</summary>
/// <param name="SetId">The same for every version of the report.</param>
/// <param name="VersionNumber">CDA versionNumber.</param>
/// <param name="File">The CDA, byte for byte.</param>
/// <param name="Patient">For whom it was written.</param>
/// <param name="Structure">The organisation that answers for it.</param>
public sealed record PlatformDocument(
    InstanceIdentifier DocumentId,
    InstanceIdentifier SetId,
    InstanceIdentifier? Replaces,
    int VersionNumber,
    StoredObject File,
    StatedPatient Patient,
    PatientVisit Visit,
    Organization Structure,
    bool Withdrawn = false)
{
    /// <summary>What its template asks for its publication; the RIS takes it as the initial choices.</summary>
    public PublicationChoices Choices { get; init; } = PublicationChoices.Default;
}

/// <summary>What happened to a request on the teleradiology platform.</summary>
[JsonDerivedType(typeof(RequestReceived), nameof(RequestReceived))]
[JsonDerivedType(typeof(CancellationReceived), nameof(CancellationReceived))]
[JsonDerivedType(typeof(RequestAnswered), nameof(RequestAnswered))]
[JsonDerivedType(typeof(PostExaminationReceived), nameof(PostExaminationReceived))]
[JsonDerivedType(typeof(StudyFetched), nameof(StudyFetched))]
[JsonDerivedType(typeof(ReportDrafted), nameof(ReportDrafted))]
[JsonDerivedType(typeof(ReportSent), nameof(ReportSent))]
[JsonDerivedType(typeof(ReportDeletionSent), nameof(ReportDeletionSent))]
[JsonDerivedType(typeof(AttachmentReceived), nameof(AttachmentReceived))]
[JsonDerivedType(typeof(AttachmentDeletionReceived), nameof(AttachmentDeletionReceived))]
public abstract record PlatformRequestEvent;

public sealed record RequestReceived(ImagingRequest Request, DateTimeOffset At) : PlatformRequestEvent;

public sealed record CancellationReceived(RequestCancellation Cancellation, DateTimeOffset At) : PlatformRequestEvent;

/// <param name="Actor">The user who answered.</param>
public sealed record RequestAnswered(RequestResponse Response, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

public sealed record PostExaminationReceived(PostExamination PostExamination, DateTimeOffset At)
    : PlatformRequestEvent;

/// <summary>The images of the study are here.</summary>
public sealed record StudyFetched(Uid StudyInstanceUid, int Instances, DateTimeOffset At) : PlatformRequestEvent;

/// <summary>A text was kept that somebody has still to sign; the one before it is no longer the draft.</summary>
/// <param name="Text">What was written, as the desk writes it.</param>
/// <param name="Actor">The user who wrote.</param>
public sealed record ReportDrafted(StoredObject Text, string Actor, DateTimeOffset At) : PlatformRequestEvent;

public sealed record ReportSent(PlatformDocument Document, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

/// <param name="Document">The document that is withdrawn: the message carries it.</param>
public sealed record ReportDeletionSent(PlatformDocument Document, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

public sealed record AttachmentReceived(RequestAttachment Attachment, DateTimeOffset At) : PlatformRequestEvent;

public sealed record AttachmentDeletionReceived(InstanceIdentifier DocumentId, DateTimeOffset At)
    : PlatformRequestEvent;

public abstract record PlatformRequestCommand;

public sealed record ReceiveRequest(ImagingRequest Request) : PlatformRequestCommand;

public sealed record ReceiveCancellation(RequestCancellation Cancellation) : PlatformRequestCommand;

/// <param name="Actor">The user who answers.</param>
public sealed record AnswerRequest(RequestResponse Response, string Actor) : PlatformRequestCommand;

public sealed record ReceivePostExamination(PostExamination PostExamination) : PlatformRequestCommand;

public sealed record RecordStudyFetched(Uid StudyInstanceUid, int Instances) : PlatformRequestCommand;

/// <summary>A text to be signed later is kept.</summary>
public sealed record SaveDraft(StoredObject Text, string Actor) : PlatformRequestCommand;

/// <summary>The radiologist signs a report, the first or a correction.</summary>
public sealed record SendReport(PlatformDocument Document, string Actor) : PlatformRequestCommand;

/// <summary>The radiologist takes the newest report back.</summary>
public sealed record DeleteReport(InstanceIdentifier DocumentId, string Actor) : PlatformRequestCommand;

/// <summary>A document that belongs to the request, before or after the request itself.</summary>
public sealed record ReceiveAttachment(RequestAttachment Attachment) : PlatformRequestCommand;

/// <summary>The RIS takes such a document back.</summary>
public sealed record ReceiveAttachmentDeletion(InstanceIdentifier DocumentId) : PlatformRequestCommand;

/// <param name="Outgoing">The event whose message must leave for the RIS, or null.</param>
/// <param name="Fetch">The study must be fetched.</param>
public sealed record PlatformRequestDecision(
    IReadOnlyList<PlatformRequestEvent> Events, PlatformRequestEvent? Outgoing, bool Fetch, Refusal? Refusal);

/// <summary>A request on the platform that reads its images.</summary>
public sealed record PlatformRequestState(
    RequestStatus Status,
    ImagingRequest? Request,
    RequestResponse? Response,
    PostExamination? PostExamination,
    int InstancesFetched,
    ImmutableList<PlatformDocument> Documents)
{
    public static PlatformRequestState Empty { get; } = new(RequestStatus.Unknown, null, null, null, 0, []);

    /// <summary>When the RIS placed it.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Since when it waits for what it waits for (<see cref="DeskTasks"/>).</summary>
    public DateTimeOffset WaitsSince { get; init; }

    /// <summary>The documents of the request, each version of each.</summary>
    public RequestAttachments Attachments { get; init; } = RequestAttachments.None;

    /// <summary>What was written and not signed, or null.</summary>
    public ReportDrafted? Draft { get; init; }

    public PlatformDocument? LastDocument => Documents.IsEmpty ? null : Documents[^1];
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
            ReceivePostExamination receive => PostExamined(state, receive, context),
            ReceiveAttachment receive => Attach(state, receive.Attachment, context),
            // Taken in whatever order they come: a deletion before its document leaves nothing to read.
            ReceiveAttachmentDeletion delete => state.Attachments.Deleted.Contains(delete.DocumentId)
                ? new PlatformRequestDecision([], null, false, null)
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
        PostExaminationReceived received => state with
        {
            Status = RequestStatus.Examined,
            PostExamination = received.PostExamination,
            // A later complement does not make the report due later.
            WaitsSince = state.Status == RequestStatus.Examined ? state.WaitsSince : received.At,
        },
        AttachmentReceived received => state with { Attachments = state.Attachments.Add(received.Attachment) },
        AttachmentDeletionReceived deleted => state with { Attachments = state.Attachments.Delete(deleted.DocumentId) },
        StudyFetched fetched => state with { InstancesFetched = fetched.Instances },
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
                new PlatformRequestDecision([], null, false, null),
            _ => Refuse(RefusalReason.IdentifierReused, "Another document has this identifier.", "TXA^1^12"),
        };
    }

    private static PlatformRequestDecision PostExamined(
        PlatformRequestState state, ReceivePostExamination receive, DecisionContext context) => state.Status switch
        {
            RequestStatus.Unknown =>
                Refuse(RefusalReason.UnknownTarget, "No request has this placer order number.", "ORC^1^2"),
            RequestStatus.Cancelled or RequestStatus.Refused =>
                Refuse(RefusalReason.WrongState, "The request is closed.", "ORC^1^2"),
            _ when IsOfAnother(state, receive.PostExamination.Patient) => RefusePatient(),
            _ => new PlatformRequestDecision(
                [new PostExaminationReceived(receive.PostExamination, context.Now)], null, true, null),
        };

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

    private static PlatformRequestDecision Record(PlatformRequestEvent e) => new([e], null, false, null);

    private static PlatformRequestDecision Send(PlatformRequestEvent e) => new([e], e, false, null);

    private static PlatformRequestDecision Refuse(RefusalReason reason, string detail, string? location = null) =>
        new([], null, false, new Refusal(reason, detail, location));
}
