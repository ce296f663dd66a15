using Drimbox.Core;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>What one turn wants to commit.</summary>
public sealed record Turn<TEvent>(
    IReadOnlyList<TEvent> Events, IReadOnlyList<OutboxRow> Outbox, Refusal? Refusal, string? Alert = null);

/// <summary>The turn of a grain with one stream: load, decide, commit with the expected version, repeat if somebody
/// else was faster.</summary>
public sealed class TurnLoop(FlowStore store, ITurnQueue turns, IAckComposer acks)
{
    // A handful of repetitions is a race; hundreds are a bug.
    private const int AttemptsMax = 100;

    public Task<GrainReply> RunAsync<TState, TEvent>(
        EventStream<TState, TEvent> stream,
        Func<TState, Turn<TEvent>> decide,
        InboxDraft? draft,
        OutboxResult? result,
        CancellationToken cancellation)
        where TEvent : notnull =>
        turns.RunAsync(stream.Id.Value, token => TakeAsync(stream, decide, draft, result, token), cancellation);

    private async Task<GrainReply> TakeAsync<TState, TEvent>(
        EventStream<TState, TEvent> stream,
        Func<TState, Turn<TEvent>> decide,
        InboxDraft? draft,
        OutboxResult? result,
        CancellationToken cancellation)
        where TEvent : notnull
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var turn = decide(await stream.CatchUpAsync(cancellation));
            var row = InboxReply.RowOf(draft, turn.Refusal, acks);
            var committed = await store.CommitAsync(
                new FlowCommit
                {
                    Inbox = row,
                    Appends = turn.Events.Count > 0 ? [stream.Append(turn.Events)] : [],
                    Outbox = turn.Outbox,
                    Result = result,
                },
                cancellation);
            switch (committed)
            {
                case CommitResult.Committed:
                    return new GrainReply(turn.Refusal, row?.Ack, row?.AckCode, Alert: turn.Alert);
                case CommitResult.DuplicateMessage known:
                    Invariant.Holds(draft is not null);
                    return InboxReply.Repeated(known, draft, acks);
                case CommitResult.LeaseLost:
                    return new GrainReply(null, LeaseLost: true);
            }
        }

        throw new TimeoutException("The stream kept changing while a command was decided.");
    }
}
