using Drimbox.Core.Publications;

namespace Drimbox.Source.Studies;

/// <summary>A circuit breaker for each PACS: one that hangs costs a call now and then, and the studies of the others
/// keep the places for their own.</summary>
internal sealed class PacsCircuits(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<KnownPacs, Circuit> _circuits = [];

    /// <summary>May it be asked now?</summary>
    /// <param name="isProbe">Its answer closes the circuit.</param>
    public bool TryBegin(KnownPacs pacs, out bool isProbe)
    {
        lock (_gate)
        {
            var circuit = _circuits.GetValueOrDefault(pacs, Circuit.Closed);
            isProbe = circuit.IsOpen;
            if (circuit.Admits(1, time.GetUtcNow()) == 0) return false;
            _circuits[pacs] = circuit.Began();
            return true;
        }
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
        }
    }
}
