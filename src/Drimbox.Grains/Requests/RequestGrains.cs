using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Requests;

/// <summary>What every request grain of a node is made of.</summary>
/// <param name="Destination">The outbox lane of the peer that the messages of requests go to.</param>
public sealed record RequestGrainParts(
    string Node, FlowStore Store, TurnLoop Turns, IIdSource Ids, TimeProvider Time, string Destination)
{
    /// <summary>What the streams of all requests of the node begin with; the placer order number follows.</summary>
    public string StreamPrefix => $"{Node}/request/";

    public IGrainHost Host { get; init; } = EmbeddedGrainHost.Instance;

    public StreamId StreamOf(InstanceIdentifier placerOrderNumber) => new($"{StreamPrefix}{placerOrderNumber}");

    /// <summary>The reverse of <see cref="StreamOf"/>.</summary>
    public InstanceIdentifier OrderOf(StreamId stream) => InstanceIdentifier.Parse(stream.Value[StreamPrefix.Length..]);

    public DecisionContext Context => new(Time.GetUtcNow(), Ids);
}

/// <summary>Requests in the RIS that placed them, keyed by placer order number. The outbox row carries the event that
/// its message is made of.</summary>
public sealed class RisRequestGrain
{
    public const string MessageKind = "request.message";

    private readonly RequestGrainParts _parts;
    private readonly RequestTurn<RisRequestCommand> _turn;

    public RisRequestGrain(RequestGrainParts parts)
    {
        _parts = parts;
        _turn = parts.Host.Requests<RisRequestCommand>(
            parts.Node, (order, command, message, _, cancellation) => RunAsync([(order, command)], message, cancellation));
    }

    /// <param name="commands">What one message or user says, about one or more orders: all of it or nothing.</param>
    public Task<GrainReply> ExecuteAsync(
        IReadOnlyList<(InstanceIdentifier Order, RisRequestCommand Command)> commands,
        InboxDraft? message,
        CancellationToken cancellation) =>
        commands is [var (order, command)]
            ? _turn(order, command, message, null, cancellation)
            : RunAsync(commands, message, cancellation);

    public Task<RisRequestState> GetAsync(InstanceIdentifier order, CancellationToken cancellation) =>
        StreamOf(order).CatchUpAsync(cancellation);

    private Task<GrainReply> RunAsync(
        IReadOnlyList<(InstanceIdentifier Order, RisRequestCommand Command)> commands,
        InboxDraft? message,
        CancellationToken cancellation) =>
        _parts.Turns.RunAsync(
            commands.Select(c => StreamOf(c.Order)).ToList(),
            (i, state) =>
            {
                var context = _parts.Context;
                var decision = RisRequestDecider.Decide(state, commands[i].Command, context);
                return new Turn<RisRequestEvent>(
                    decision.Events,
                    decision.Outgoing is { } e
                        ? [new OutboxRow(_parts.Destination, MessageKind, EventCodec.Write(e), context.Now)]
                        : [],
                    decision.Refusal);
            },
            message, null, cancellation);

    private EventStream<RisRequestState, RisRequestEvent> StreamOf(InstanceIdentifier order) =>
        new(_parts.Store, _parts.StreamOf(order), RisRequestState.Empty, RisRequestDecider.Evolve);
}

/// <summary>The study that the platform must fetch.</summary>
public sealed record FetchPayload(InstanceIdentifier Order, Uid Study);

/// <summary>An outbox row of the platform: the request it belongs to, and the event that its message is made of.</summary>
public sealed record PlatformMessagePayload(InstanceIdentifier Order, PlatformRequestEvent Event);

/// <summary>Requests on the teleradiology platform, keyed by placer order number.</summary>
public sealed class PlatformRequestGrain
{
    public const string MessageKind = "request.message";
    public const string FetchKind = "study.fetch";

    private readonly RequestGrainParts _parts;
    private readonly RequestTurn<PlatformRequestCommand> _turn;

    public PlatformRequestGrain(RequestGrainParts parts)
    {
        _parts = parts;
        _turn = parts.Host.Requests<PlatformRequestCommand>(
            parts.Node,
            (order, command, message, result, cancellation) => RunAsync([(order, command)], message, result, cancellation));
    }

    /// <inheritdoc cref="RisRequestGrain.ExecuteAsync"/>
    /// <param name="result">The end of the outbox row that led here, or null.</param>
    public Task<GrainReply> ExecuteAsync(
        IReadOnlyList<(InstanceIdentifier Order, PlatformRequestCommand Command)> commands,
        InboxDraft? message,
        OutboxResult? result,
        CancellationToken cancellation) =>
        commands is [var (order, command)]
            ? _turn(order, command, message, result, cancellation)
            : RunAsync(commands, message, result, cancellation);

    public Task<PlatformRequestState> GetAsync(InstanceIdentifier order, CancellationToken cancellation) =>
        StreamOf(order).CatchUpAsync(cancellation);

    private Task<GrainReply> RunAsync(
        IReadOnlyList<(InstanceIdentifier Order, PlatformRequestCommand Command)> commands,
        InboxDraft? message,
        OutboxResult? result,
        CancellationToken cancellation) =>
        _parts.Turns.RunAsync(
            commands.Select(c => StreamOf(c.Order)).ToList(),
            (i, state) =>
            {
                var decision = PlatformRequestDecider.Decide(state, commands[i].Command, _parts.Context);
                return new Turn<PlatformRequestEvent>(
                    decision.Events, RowsOf(commands[i].Order, decision), decision.Refusal);
            },
            message, result, cancellation);

    private List<OutboxRow> RowsOf(InstanceIdentifier order, PlatformRequestDecision decision)
    {
        var rows = new List<OutboxRow>();
        var now = _parts.Context.Now;
        if (decision.Outgoing is { } e)
        {
            var payload = new PlatformMessagePayload(order, e);
            rows.Add(new OutboxRow(_parts.Destination, MessageKind, EventCodec.Write(payload), now));
        }

        rows.AddRange(decision.Fetch.Select(study => new OutboxRow(
            $"{_parts.Node}/fetch/{study}", FetchKind, EventCodec.Write(new FetchPayload(order, study)), now)));
        return rows;
    }

    private EventStream<PlatformRequestState, PlatformRequestEvent> StreamOf(InstanceIdentifier order) =>
        new(_parts.Store, _parts.StreamOf(order), PlatformRequestState.Empty, PlatformRequestDecider.Evolve);
}
