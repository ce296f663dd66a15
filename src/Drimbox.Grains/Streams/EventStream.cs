using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>The state of one stream, brought up to date before each turn. Whatever else happened to the stream,
/// the expected version of the append decides (docs/adr/0003), so a stale copy costs a retry and nothing else.</summary>
/// <param name="start">What the stream begins with: nothing, or a state that was read before with its version.</param>
public sealed class EventStream<TState, TEvent>(
    FlowStore store, StreamId id, TState start, Func<TState, TEvent, TState> evolve, long version = 0)
    where TEvent : notnull
{
    public StreamId Id { get; } = id;

    public TState State { get; private set; } = start;

    public long Version { get; private set; } = version;

    public async Task<TState> CatchUpAsync(CancellationToken cancellation)
    {
        foreach (var row in await store.LoadAsync(Id, Version, cancellation))
        {
            State = evolve(State, EventCodec.FromRow<TEvent>(row));
            Version = row.Version;
        }

        return State;
    }

    public StreamAppend Append(IReadOnlyList<TEvent> events) =>
        new(Id, Version, events.Select(e => EventCodec.ToRow(e)).ToList());

    /// <summary>After the commit, and only then: the state moves on.</summary>
    public void Committed(IReadOnlyList<TEvent> events)
    {
        State = events.Aggregate(State, evolve);
        Version += events.Count;
    }
}
