using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>Where a request stands.</summary>
public enum RequestStatus
{
    Unknown,

    /// <summary>Placed by the RIS (flux 1).</summary>
    Placed,

    /// <summary>Accepted with a protocol (flux 3, ORC-1 OK).</summary>
    Accepted,

    /// <summary>Refused (flux 3, ORC-1 OC).</summary>
    Refused,

    /// <summary>Cancelled by the RIS (flux 2).</summary>
    Cancelled,

    /// <summary>An examination was made and its complement was sent (flux 4).</summary>
    Examined,
}

/// <summary>What happened to a request in the RIS.</summary>
[JsonDerivedType(typeof(RequestPlaced), nameof(RequestPlaced))]
[JsonDerivedType(typeof(RequestWithdrawn), nameof(RequestWithdrawn))]
[JsonDerivedType(typeof(ResponseReceived), nameof(ResponseReceived))]
[JsonDerivedType(typeof(PostExaminationSent), nameof(PostExaminationSent))]
[JsonDerivedType(typeof(ExaminationPlanned), nameof(ExaminationPlanned))]
[JsonDerivedType(typeof(ExaminationWithdrawn), nameof(ExaminationWithdrawn))]
[JsonDerivedType(typeof(DocumentAttached), nameof(DocumentAttached))]
[JsonDerivedType(typeof(DocumentDetached), nameof(DocumentDetached))]
public abstract record RisRequestEvent;

public sealed record RequestPlaced(ImagingRequest Request, string ControlId, DateTimeOffset At) : RisRequestEvent
{
    /// <summary>Null in events of before the RIS recorded its numbers: then they follow from the order number.
    /// </summary>
    public InstanceIdentifier? AccessionNumber { get; init; }

    /// <summary>At least one where <see cref="AccessionNumber"/> is there.</summary>
    public IReadOnlyList<PlannedExamination> Examinations { get; init; } = [];
}

public sealed record RequestWithdrawn(RequestCancellation Cancellation, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

public sealed record ResponseReceived(RequestResponse Response, DateTimeOffset At) : RisRequestEvent;

public sealed record PostExaminationSent(PostExamination PostExamination, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

/// <param name="Actor">The user who planned it.</param>
/// <param name="IsMade">Its images were made for another request.</param>
public sealed record ExaminationPlanned(
    PlannedExamination Examination, bool IsMade, string Actor, DateTimeOffset At) : RisRequestEvent;

/// <summary>An examination that was planned will not be made.</summary>
public sealed record ExaminationWithdrawn(Uid StudyInstanceUid, string Actor, DateTimeOffset At) : RisRequestEvent;

/// <summary>A document as the message about it needs it. What that repeats of the request is frozen here.</summary>
public sealed record DocumentDelivery(
    RequestDocument Document, InstanceIdentifier PlacerOrderNumber, StatedPatient Patient, PatientVisit Visit);

/// <summary>A document belongs to the request from now on.</summary>
/// <param name="Actor">The user who attached it.</param>
public sealed record DocumentAttached(DocumentDelivery Delivery, string Actor, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

/// <summary>It does not after all.</summary>
public sealed record DocumentDetached(DocumentDelivery Delivery, string Actor, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

public abstract record RisRequestCommand;

public sealed record PlaceRequest(
    ImagingRequest Request, InstanceIdentifier AccessionNumber, IReadOnlyList<PlannedExamination> Examinations)
    : RisRequestCommand;

public sealed record CancelRequest(RequestCancellation Cancellation) : RisRequestCommand;

public sealed record ReceiveResponse(RequestResponse Response) : RisRequestCommand;

/// <param name="PostExamination">Its accession number and Study Instance UID may be empty: then they are those of the
/// request, if it has one examination that is still to be made.</param>
/// <param name="ViewerHost">Where the images are shown, for a partial URL that is not given; null for none.</param>
public sealed record SendPostExamination(PostExamination PostExamination, string? ViewerHost = null)
    : RisRequestCommand;

/// <param name="IsMade">Its images were made for another request.</param>
public sealed record PlanExamination(PlannedExamination Examination, string Actor, bool IsMade = false)
    : RisRequestCommand;

public sealed record WithdrawExamination(Uid StudyInstanceUid, string Actor) : RisRequestCommand;

public sealed record AttachDocument(RequestDocument Document, string Actor) : RisRequestCommand;

public sealed record DetachDocument(InstanceIdentifier DocumentId, string Actor) : RisRequestCommand;

/// <param name="Outgoing">The event whose message must leave for the teleradiology platform, or null.</param>
public sealed record RisRequestDecision(
    IReadOnlyList<RisRequestEvent> Events, RisRequestEvent? Outgoing, Refusal? Refusal);

/// <summary>A request in the RIS that placed it.</summary>
public sealed record RisRequestState(
    RequestStatus Status, ImagingRequest? Request, RequestResponse? Response, PostExamination? PostExamination)
{
    public static RisRequestState Empty { get; } = new(RequestStatus.Unknown, null, null, null);

    /// <summary>The one that its images have, or are to have.</summary>
    public InstanceIdentifier? AccessionNumber { get; init; }

    /// <summary>What it is carried out by, in the order of planning.</summary>
    public ImmutableList<PlannedExamination> Examinations { get; init; } = [];

    public ImmutableList<RequestDocument> Documents { get; init; } = [];

    /// <summary>Documents that were taken back. The platform was told so for good: they do not come again.</summary>
    public ImmutableList<InstanceIdentifier> Detached { get; init; } = [];

    /// <summary>Neither refused nor taken back.</summary>
    [JsonIgnore]
    public bool IsOpen => Status is RequestStatus.Placed or RequestStatus.Accepted or RequestStatus.Examined;
}

/// <summary>The life of a request, seen by the RIS (CI-SIS teleradiology, flux 1 to 4).</summary>
public static class RisRequestDecider
{
    public static RisRequestDecision Decide(
        RisRequestState state, RisRequestCommand command, DecisionContext context) => command switch
        {
            PlaceRequest place => Place(state, place, context),
            CancelRequest cancel => state.Status is RequestStatus.Placed or RequestStatus.Accepted
                ? Send(new RequestWithdrawn(cancel.Cancellation, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.WrongState, "Only a request that waits or is accepted can be cancelled."),
            ReceiveResponse receive => Respond(state, receive, context),
            SendPostExamination send => Examine(state, send, context),
            PlanExamination plan => Plan(state, plan, context),
            WithdrawExamination withdraw => Withdraw(state, withdraw, context),
            AttachDocument attach => Attach(state, attach, context),
            DetachDocument detach => state.Documents.Find(d => d.Id == detach.DocumentId) is { } document
                ? Send(new DocumentDetached(
                    DeliveryOf(state, document), detach.Actor, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.UnknownTarget, "The request has no document with this identifier."),
            _ => throw Invariant.Unreachable(command),
        };

    public static RisRequestState Evolve(RisRequestState state, RisRequestEvent e) => e switch
    {
        RequestPlaced placed => state with
        {
            Status = RequestStatus.Placed,
            Request = placed.Request,
            AccessionNumber = placed.AccessionNumber,
            Examinations = [.. placed.Examinations],
        },
        RequestWithdrawn => state with { Status = RequestStatus.Cancelled },
        ResponseReceived received => state with
        {
            Response = received.Response,
            Status = received.Response.Accepted ? RequestStatus.Accepted : RequestStatus.Refused,
        },
        PostExaminationSent sent => state with
        {
            Status = RequestStatus.Examined,
            PostExamination = sent.PostExamination,
            AccessionNumber = sent.PostExamination.AccessionNumber,
            Examinations = Performed(state, sent.PostExamination),
        },
        ExaminationPlanned planned => state with { Examinations = state.Examinations.Add(planned.Examination) },
        ExaminationWithdrawn withdrawn => state with
        {
            Examinations = state.Examinations.RemoveAll(e => e.StudyInstanceUid == withdrawn.StudyInstanceUid),
        },
        DocumentAttached { Delivery.Document: var attached } =>
            state with { Documents = state.Documents.Add(attached) },
        DocumentDetached { Delivery.Document.Id: var detached } => state with
        {
            Documents = state.Documents.RemoveAll(d => d.Id == detached),
            Detached = state.Detached.Add(detached),
        },
        _ => throw Invariant.Unreachable(e),
    };

    private static RisRequestDecision Place(RisRequestState state, PlaceRequest place, DecisionContext context)
    {
        if (state.Status != RequestStatus.Unknown)
            return Refuse(RefusalReason.IdentifierReused, "This placer order number is in use.");
        if (place.Examinations.Count > Limits.ExaminationsPerRequestMax) return TooMany();
        return Send(new RequestPlaced(place.Request, context.Ids.NewControlId(), context.Now)
        {
            AccessionNumber = place.AccessionNumber,
            Examinations = place.Examinations,
        });
    }

    private static RisRequestDecision Respond(
        RisRequestState state, ReceiveResponse receive, DecisionContext context) => state.Status switch
        {
            RequestStatus.Unknown => Refuse(RefusalReason.UnknownTarget, "No request has this placer order number."),
            // The platform answered before it saw the cancellation: taken, and without effect.
            RequestStatus.Cancelled => new RisRequestDecision([], null, null),
            RequestStatus.Examined => Refuse(RefusalReason.WrongState, "The examination was made already."),
            _ => new RisRequestDecision([new ResponseReceived(receive.Response, context.Now)], null, null),
        };

    private static RisRequestDecision Examine(
        RisRequestState state, SendPostExamination send, DecisionContext context)
    {
        if (!state.IsOpen) return NotOpen(state);
        var exam = send.PostExamination;
        if (exam.AccessionNumber.IsEmpty)
        {
            if (state.AccessionNumber is not { } own)
                return Refuse(RefusalReason.RequiredFieldMissing, "The request has no accession number of the RIS.");
            exam = exam with { AccessionNumber = own };
        }

        if (exam.StudyInstanceUid.IsEmpty)
        {
            var waiting = state.Examinations.FindAll(e => !e.IsPerformed);
            if (waiting.Count != 1)
            {
                return Refuse(
                    RefusalReason.RequiredFieldMissing,
                    $"The request has {waiting.Count} examinations to be made: name one by its Study Instance UID.");
            }

            exam = exam with { StudyInstanceUid = waiting[0].StudyInstanceUid };
        }

        if (exam.PartialViewerUrl is null && send.ViewerHost is { } host)
        {
            exam = exam with
            {
                PartialViewerUrl = ViewerAddress.Partial(host, exam.StudyInstanceUid, exam.AccessionNumber),
            };
        }

        return Send(new PostExaminationSent(exam, context.Ids.NewControlId(), context.Now));
    }

    private static RisRequestDecision Plan(RisRequestState state, PlanExamination plan, DecisionContext context)
    {
        if (!state.IsOpen) return NotOpen(state);
        if (state.Examinations.Exists(e => e.StudyInstanceUid == plan.Examination.StudyInstanceUid)) return Nothing();
        return state.Examinations.Count < Limits.ExaminationsPerRequestMax
            ? new RisRequestDecision(
                [
                    new ExaminationPlanned(
                        // The platform is told for each request, by a complement of its own.
                        plan.Examination with { IsPerformed = false }, plan.IsMade, plan.Actor, context.Now),
                ],
                null, null)
            : TooMany();
    }

    private static RisRequestDecision Withdraw(
        RisRequestState state, WithdrawExamination withdraw, DecisionContext context)
    {
        if (!state.IsOpen) return NotOpen(state);
        if (state.Examinations.Find(e => e.StudyInstanceUid == withdraw.StudyInstanceUid) is not { } examination)
            return Refuse(RefusalReason.UnknownTarget, "The request has no such examination.");
        if (examination.IsPerformed) return Refuse(RefusalReason.WrongState, "The examination was made already.");
        return state.Examinations.Count > 1
            ? new RisRequestDecision(
                [new ExaminationWithdrawn(withdraw.StudyInstanceUid, withdraw.Actor, context.Now)], null, null)
            : Refuse(RefusalReason.WrongState, "It is the only examination of the request: cancel the request.");
    }

    private static DocumentDelivery DeliveryOf(RisRequestState state, RequestDocument document) =>
        new(document, state.Request!.PlacerOrderNumber, state.Request.Patient, state.Request.Visit);

    private static RisRequestDecision Attach(RisRequestState state, AttachDocument attach, DecisionContext context)
    {
        if (!state.IsOpen) return NotOpen(state);
        if (state.Documents.Exists(d => d.Id == attach.Document.Id)) return Nothing();
        if (state.Detached.Contains(attach.Document.Id))
            return Refuse(RefusalReason.WrongState, "This document was taken back: it needs another identifier.");
        return state.Documents.Count < Limits.DocumentsPerRequestMax
            ? Send(new DocumentAttached(
                DeliveryOf(state, attach.Document), attach.Actor, context.Ids.NewControlId(), context.Now))
            : Refuse(RefusalReason.OverLimit, $"A request has at most {Limits.DocumentsPerRequestMax} documents.");
    }

    private static ImmutableList<PlannedExamination> Performed(RisRequestState state, PostExamination exam)
    {
        var all = state.Examinations;
        var index = all.FindIndex(e => e.StudyInstanceUid == exam.StudyInstanceUid);
        // Made without the worklist, under a UID of the modality: the only one that waits is meant.
        if (index < 0 && all.Count(e => !e.IsPerformed) == 1) index = all.FindIndex(e => !e.IsPerformed);
        return index < 0
            ? all.Add(new PlannedExamination(
                exam.StudyInstanceUid, "", exam.Modality ?? state.Request!.Modality,
                exam.Region ?? state.Request!.Region, exam.Act, IsPerformed: true))
            : all.SetItem(
                index, all[index] with { StudyInstanceUid = exam.StudyInstanceUid, IsPerformed = true });
    }

    private static RisRequestDecision Nothing() => new([], null, null);

    private static RisRequestDecision Send(RisRequestEvent e) => new([e], e, null);

    private static RisRequestDecision NotOpen(RisRequestState state) => state.Status == RequestStatus.Unknown
        ? Refuse(RefusalReason.UnknownTarget, "No request has this placer order number.")
        : Refuse(RefusalReason.WrongState, "The request is not open.");

    private static RisRequestDecision TooMany() => Refuse(
        RefusalReason.OverLimit, $"A request has at most {Limits.ExaminationsPerRequestMax} examinations.");

    private static RisRequestDecision Refuse(RefusalReason reason, string detail) =>
        new([], null, new Refusal(reason, detail, reason == RefusalReason.UnknownTarget ? "ORC^1^2" : null));
}
