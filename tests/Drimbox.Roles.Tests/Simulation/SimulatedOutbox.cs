using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Simulation;

/// <summary>A row of the simulated outbox, with what <c>OutboxTable</c> keeps of it.</summary>
internal sealed class SimulatedRow<TPayload>(long id, string lane, TPayload payload, int priority, long dueAt)
{
    public long Id { get; } = id;

    public string Lane { get; } = lane;

    public TPayload Payload { get; set; } = payload;

    public int Priority { get; } = priority;

    public long DueAt { get; set; } = dueAt;

    public long CreatedAt { get; } = dueAt;

    public OutboxState State { get; set; } = OutboxState.Pending;

    public bool IsOpen { get; set; } = true;

    /// <summary>In flight or ambiguous.</summary>
    public bool IsUnsettled { get; set; }

    public int Attempts { get; set; }

    public int Faults { get; set; }

    public long Epoch { get; set; }

    public long? LeaseUntil { get; set; }

    public DispatchOutcome? LastOutcome { get; set; }

    /// <summary>When it may be claimed.</summary>
    public long ReadyAt => LeaseUntil ?? DueAt;
}

/// <summary>The rules of <c>OutboxTable</c> in memory, times in milliseconds. A test compares the two on random
/// histories, so that the simulation is about the outbox that the product has.</summary>
internal sealed class SimulatedOutbox<TPayload>(SimulationRules rules)
{
    private readonly List<SimulatedRow<TPayload>> _rows = [];

    public IReadOnlyList<SimulatedRow<TPayload>> Rows => _rows;

    public SimulatedRow<TPayload> Insert(string lane, TPayload payload, int priority, long dueAt)
    {
        var row = new SimulatedRow<TPayload>(_rows.Count + 1, lane, payload, priority, dueAt);
        _rows.Add(row);
        return row;
    }

    public List<SimulatedRow<TPayload>> Claim(long now, long lease, int max)
    {
        var ready = Heads().Where(row => row.ReadyAt <= now && (rules.LeasesEnd || row.LeaseUntil is null))
            .OrderByDescending(row => rules.HonoursPriority ? row.Priority : 0).ThenBy(row => row.ReadyAt)
            .ThenBy(row => row.Lane, StringComparer.Ordinal).Take(max).ToList();
        foreach (var row in ready)
        {
            row.Attempts++;
            if (rules.MovesEpoch) row.Epoch++;
            row.IsUnsettled = true;
            if (row.LeaseUntil is not null)
            {
                if (rules.CountsFaults) row.Faults++;
                if (rules.LostLeaseIsAmbiguous) row.LastOutcome = DispatchOutcome.Ambiguous;
            }

            row.LeaseUntil = now + lease;
        }

        return ready;
    }

    /// <summary>False: the lease was lost, nothing is recorded.</summary>
    public bool IsLeased(long id, long epoch)
    {
        var row = _rows[(int)id - 1];
        return !rules.FencesResults || (row.Epoch == epoch && row.LeaseUntil is not null);
    }

    public bool Complete(
        long id, long epoch, DispatchOutcome outcome, long now, long? retryAt, TPayload? payload, int? faults)
    {
        if (!IsLeased(id, epoch)) return false;
        var row = _rows[(int)id - 1];
        row.LeaseUntil = null;
        row.State = outcome switch
        {
            DispatchOutcome.Done => OutboxState.Done,
            DispatchOutcome.Stale => OutboxState.Stale,
            DispatchOutcome.Quarantine => OutboxState.Quarantined,
            _ => OutboxState.Pending,
        };
        row.IsOpen = row.State == OutboxState.Pending;
        row.IsUnsettled = outcome == DispatchOutcome.Ambiguous;
        row.DueAt = retryAt ?? now;
        row.LastOutcome = outcome;
        row.Payload = payload ?? row.Payload;
        row.Faults = faults ?? row.Faults;
        return true;
    }

    /// <summary>The one process that holds the store has started again.</summary>
    public void VoidLeases(long now)
    {
        foreach (var row in _rows.Where(row => row is { IsOpen: true, LeaseUntil: not null }))
        {
            row.LeaseUntil = null;
            if (rules.MovesEpoch) row.Epoch++;
            row.DueAt = now;
            if (rules.CountsFaults) row.Faults++;
            if (rules.LostLeaseIsAmbiguous) row.LastOutcome = DispatchOutcome.Ambiguous;
        }
    }

    public long? NextDue()
    {
        var ready = Heads().Where(row => rules.LeasesEnd || row.LeaseUntil is null).ToList();
        return ready.Count == 0 ? null : ready.Min(row => row.ReadyAt);
    }

    /// <summary>What waits and could be claimed now.</summary>
    public IEnumerable<SimulatedRow<TPayload>> Heads() =>
        _rows.Where(row => row.IsOpen).GroupBy(row => row.Lane, StringComparer.Ordinal)
            .Select(lane => lane.OrderByDescending(row => row.IsUnsettled).ThenByDescending(row => row.Priority)
                .ThenBy(row => row.Id).First());
}
