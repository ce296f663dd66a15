using Drimbox.Core.Publications;
using Drimbox.Grains.Outages;

namespace Drimbox.Source.Studies;

/// <summary>A circuit breaker for each PACS: one that hangs costs a call now and then, and the studies of the others
/// keep the places for their own.</summary>
/// <param name="outages">Knows what was away before the start, and is told of what is; null: nobody is.</param>
internal sealed class PacsCircuits(TimeProvider time, OutageWatch? outages = null)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<KnownPacs, Circuit> _circuits = [];

    /// <summary>May it be asked now?</summary>
    /// <param name="isProbe">Its answer closes the circuit.</param>
    public bool TryBegin(KnownPacs pacs, out bool isProbe)
    {
        lock (_gate)
        {
            var circuit = Of(pacs);
            isProbe = circuit.IsOpen;
            if (circuit.Admits(1, time.GetUtcNow()) == 0) return false;
            _circuits[pacs] = circuit.Began();
            return true;
        }
    }

    /// <summary>It has not answered anybody lately.</summary>
    public bool IsOpen(KnownPacs pacs)
    {
        lock (_gate) return Of(pacs).IsOpen;
    }

    /// <param name="reached">It answered, whatever it said; null: that was not found out.</param>
    public void End(KnownPacs pacs, bool? reached, bool wasProbe)
    {
        lock (_gate)
        {
            var circuit = _circuits[pacs];
            _circuits[pacs] = reached is { } known
                ? circuit.Ended(known, wasProbe, time.GetUtcNow())
                : circuit.Withdrawn(wasProbe);
            if (_circuits[pacs].IsOpen) outages?.Notice(PeerOf(pacs), isAway: true);
            else if (reached is true) outages?.Notice(PeerOf(pacs), isAway: false);
        }
    }

    private static string PeerOf(KnownPacs pacs) => pacs.Name is null ? "pacs" : $"pacs {pacs.Name}";

    private Circuit Of(KnownPacs pacs)
    {
        if (_circuits.TryGetValue(pacs, out var known)) return known;
        var isAway = outages?.Away.Contains(PeerOf(pacs)) ?? false;
        return _circuits[pacs] = isAway ? Circuit.KnownAway(time.GetUtcNow()) : Circuit.Closed;
    }
}
