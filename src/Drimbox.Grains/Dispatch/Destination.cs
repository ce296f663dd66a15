using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Grains.Dispatch;

/// <summary>A peer, as the dispatcher sees it: the kinds of rows that go there, how many are on their way, and its
/// circuit breaker.</summary>
/// <param name="seen">See <see cref="DispatcherOptions.PeerSeen"/>.</param>
internal sealed class Destination(
    string name, IReadOnlyList<string> kinds, int inFlightMax, Action<string, bool>? seen = null)
{
    private readonly Lock _lock = new();
    private int _inFlight;
    private Circuit _circuit = Circuit.Closed;

    public string Name { get; } = name;

    public IReadOnlyList<string> Kinds { get; } = kinds;

    public bool IsOpen
    {
        get
        {
            lock (_lock) return _circuit.IsOpen;
        }
    }

    /// <summary>What may be claimed now; null for nothing.</summary>
    public ClaimDemand? Demand(DateTimeOffset now)
    {
        lock (_lock)
        {
            var room = _circuit.Admits(inFlightMax - _inFlight, now);
            return room > 0 ? new ClaimDemand(Kinds, room) : null;
        }
    }

    /// <summary>When the circuit admits a probe; null: it does not wait for the time.</summary>
    public DateTimeOffset? ProbeAt
    {
        get
        {
            lock (_lock) return _circuit.IsProbing ? null : _circuit.OpenUntil;
        }
    }

    /// <summary>It is known to be away: a probe goes first.</summary>
    public void BeginAway(DateTimeOffset now)
    {
        lock (_lock) _circuit = Circuit.KnownAway(now);
    }

    /// <returns>True: the attempt is a probe.</returns>
    public bool Begin()
    {
        lock (_lock)
        {
            _inFlight++;
            _circuit = _circuit.Began();
            return _circuit.IsOpen;
        }
    }

    /// <param name="reached">Null: the attempt says nothing about the peer.</param>
    /// <returns>True: the circuit has opened or closed.</returns>
    public bool End(bool? reached, bool wasProbe, DateTimeOffset now)
    {
        lock (_lock)
        {
            _inFlight--;
            var before = _circuit.IsOpen;
            _circuit = reached is { } known ? _circuit.Ended(known, wasProbe, now) : _circuit.Withdrawn(wasProbe);
            // Inside of the lock: of two attempts that end at once the later one is told later.
            if (_circuit.IsOpen) seen?.Invoke(Name, false);
            else if (reached is true) seen?.Invoke(Name, true);
            return _circuit.IsOpen != before;
        }
    }

    public static IReadOnlyList<Destination> Of(
        IReadOnlyDictionary<string, OutboxHandling> handlers, int inFlightMax, Action<string, bool>? seen = null) =>
        [.. handlers.GroupBy(h => h.Value.Destination ?? h.Key, h => h.Key, StringComparer.Ordinal)
            .Select(kinds => new Destination(kinds.Key, [.. kinds], inFlightMax, seen))];
}
