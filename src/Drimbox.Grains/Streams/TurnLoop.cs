using Drimbox.Core;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>What one turn wants to commit.</summary>
public sealed record Turn<TEvent>(IReadOnlyList<TEvent> Events, IReadOnlyList<OutboxRow> Outbox, Refusal? Refusal)
{
    public IReadOnlyList<LinkRow> Links { get; init; } = [];
}

/// <summary>The turn of grains without aliases: load, decide, commit with the expected versions, repeat if somebody
/// else was faster.</summary>
public sealed class TurnLoop(FlowStore store, ITurnQueue turns, IAckComposer acks)
{
    // A handful of repetitions is a race; hundreds are a bug.
    private const int AttemptsMax = 100;

    /// <summary>A turn over the streams that one command or message concerns: all of them change, or none. A message
    /// about several grains takes no place in their queues; the expected versions decide.</summary>
    public Task<GrainReply> RunAsync<TState, TEvent>(
        IReadOnlyList<EventStream<TState, TEvent>> streams,
        Func<int, TState, Turn<TEvent>> decide,
        InboxDraft? draft,
        OutboxResult? result,
        CancellationToken cancellation)
        where TEvent : notnull =>
        streams.Count == 1
            ? turns.RunAsync(
                streams[0].Id.Value, token => RepeatAsync(streams, decide, draft, result, token), cancellation)
            : RepeatAsync(streams, decide, draft, result, cancellation);

    private async Task<GrainReply> RepeatAsync<TState, TEvent>(
        IReadOnlyList<EventStream<TState, TEvent>> streams,
        Func<int, TState, Turn<TEvent>> decide,
        InboxDraft? draft,
        OutboxResult? result,
        CancellationToken cancellation)
        where TEvent : notnull
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var appends = new List<StreamAppend>();
            var rows = new List<OutboxRow>();
            var links = new List<LinkRow>();
            Refusal? refusal = null;
            for (var i = 0; i < streams.Count && refusal is null; i++)
            {
                var turn = decide(i, await streams[i].CatchUpAsync(cancellation));
                refusal = turn.Refusal;
                if (turn.Events.Count > 0) appends.Add(streams[i].Append(turn.Events));
                rows.AddRange(turn.Outbox);
                links.AddRange(turn.Links);
            }

            var row = InboxReply.RowOf(draft, refusal, acks);
            var commit = refusal is null
                ? new FlowCommit
                {
                    Inbox = row, Appends = appends, Outbox = rows, Links = links, Result = result,
                }
                : new FlowCommit { Inbox = row, Result = result };
            switch (await store.CommitAsync(commit, cancellation))
            {
                case CommitResult.Committed:
                    return new GrainReply(refusal, row?.Ack, row?.AckCode);
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
