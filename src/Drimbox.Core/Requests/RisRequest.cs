using System.Text.Json.Serialization;

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

    /// <summary>The examination was made and its complement was sent (flux 4).</summary>
    Examined,
}

/// <summary>What happened to a request in the RIS.</summary>
[JsonDerivedType(typeof(RequestPlaced), nameof(RequestPlaced))]
[JsonDerivedType(typeof(RequestWithdrawn), nameof(RequestWithdrawn))]
[JsonDerivedType(typeof(ResponseReceived), nameof(ResponseReceived))]
[JsonDerivedType(typeof(PostExaminationSent), nameof(PostExaminationSent))]
public abstract record RisRequestEvent;

public sealed record RequestPlaced(ImagingRequest Request, string ControlId, DateTimeOffset At) : RisRequestEvent;

public sealed record RequestWithdrawn(RequestCancellation Cancellation, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

public sealed record ResponseReceived(RequestResponse Response, DateTimeOffset At) : RisRequestEvent;

public sealed record PostExaminationSent(PostExamination PostExamination, string ControlId, DateTimeOffset At)
    : RisRequestEvent;

public abstract record RisRequestCommand;

public sealed record PlaceRequest(ImagingRequest Request) : RisRequestCommand;

public sealed record CancelRequest(RequestCancellation Cancellation) : RisRequestCommand;

public sealed record ReceiveResponse(RequestResponse Response) : RisRequestCommand;

public sealed record SendPostExamination(PostExamination PostExamination) : RisRequestCommand;

/// <param name="Outgoing">The event whose message must leave for the teleradiology platform, or null.</param>
public sealed record RisRequestDecision(
    IReadOnlyList<RisRequestEvent> Events, RisRequestEvent? Outgoing, Refusal? Refusal);

/// <summary>A request in the RIS that placed it.</summary>
public sealed record RisRequestState(
    RequestStatus Status, ImagingRequest? Request, RequestResponse? Response, PostExamination? PostExamination)
{
    public static RisRequestState Empty { get; } = new(RequestStatus.Unknown, null, null, null);
}

/// <summary>The life of a request, seen by the RIS (CI-SIS teleradiology, flux 1 to 4).</summary>
public static class RisRequestDecider
{
    public static RisRequestDecision Decide(
        RisRequestState state, RisRequestCommand command, DecisionContext context) => command switch
        {
            PlaceRequest place => state.Status == RequestStatus.Unknown
                ? Send(new RequestPlaced(place.Request, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.IdentifierReused, "This placer order number is in use."),
            CancelRequest cancel => state.Status is RequestStatus.Placed or RequestStatus.Accepted
                ? Send(new RequestWithdrawn(cancel.Cancellation, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.WrongState, "Only a request that waits or is accepted can be cancelled."),
            ReceiveResponse receive => Respond(state, receive, context),
            SendPostExamination send => state.Status is RequestStatus.Placed or RequestStatus.Accepted
                or RequestStatus.Examined
                ? Send(new PostExaminationSent(send.PostExamination, context.Ids.NewControlId(), context.Now))
                : Refuse(RefusalReason.WrongState, "The request is not open."),
            _ => throw Invariant.Unreachable(command),
        };

    public static RisRequestState Evolve(RisRequestState state, RisRequestEvent e) => e switch
    {
        RequestPlaced placed => state with { Status = RequestStatus.Placed, Request = placed.Request },
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
        },
        _ => throw Invariant.Unreachable(e),
    };

    private static RisRequestDecision Respond(
        RisRequestState state, ReceiveResponse receive, DecisionContext context) => state.Status switch
        {
            RequestStatus.Unknown => Refuse(RefusalReason.UnknownTarget, "No request has this placer order number."),
            // The platform answered before it saw the cancellation: taken, and without effect.
            RequestStatus.Cancelled => new RisRequestDecision([], null, null),
            RequestStatus.Examined => Refuse(RefusalReason.WrongState, "The examination was made already."),
            _ => new RisRequestDecision([new ResponseReceived(receive.Response, context.Now)], null, null),
        };

    private static RisRequestDecision Send(RisRequestEvent e) => new([e], e, null);

    private static RisRequestDecision Refuse(RefusalReason reason, string detail) =>
        new([], null, new Refusal(reason, detail, reason == RefusalReason.UnknownTarget ? "ORC^1^2" : null));
}
