using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Grains.Tracing;
using Drimbox.Storage;

namespace Drimbox.Archive.Completeness;

/// <summary>A study that is complete by what this process knows.</summary>
/// <param name="LastArrival">Of an image here; the earliest time there is where it is not known.</param>
internal readonly record struct CompleteStudy(Uid Study, CompletenessReason Reason, DateTimeOffset LastArrival);

/// <summary>The studies that are on their way, in memory: who is sending, since when it is quiet, what is still awaited.
/// The index knows of each that it is not complete; after a start the rest is taken to be broken off.</summary>
internal sealed class StudyTransfers(TimeProvider time, WorkSignal work)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Uid, Transfer> _transfers = [];

    // Announced before the first image came.
    private readonly Dictionary<Uid, HashSet<Uid>> _announced = [];

    // For spans; empty while nobody listens.
    private readonly Dictionary<AssociationPeer, Dictionary<Uid, Arrivals>> _arrivals = new(ReferenceEqualityComparer.Instance);

    private sealed record Arrivals(DateTimeOffset Begun, DateTimeOffset Ended, long Instances);

    /// <summary>An image is in the index.</summary>
    /// <param name="receivedAt">When its first byte came.</param>
    public void Note(Uid study, Uid sopInstance, AssociationPeer sender, DateTimeOffset receivedAt)
    {
        lock (_gate)
        {
            if (StudyTrace.IsOn) Count(study, sender, receivedAt);
            var isNew = !_transfers.TryGetValue(study, out var transfer);
            if (isNew) _transfers[study] = transfer = new Transfer();
            transfer!.LastArrival = time.GetUtcNow();
            transfer.Senders.Add(sender);
            // What the worker has to know: a new study, or the last image that a step promised. Others can only put its
            // time off.
            var isLast = IsLastAwaited(study, sopInstance);
            if (!isNew && !isLast) return;
        }

        work.Set();
    }

    /// <summary>An administrator changed what the study has: nobody is sending, and no more is to come.</summary>
    public void Changed(Uid study)
    {
        lock (_gate)
        {
            if (!_transfers.TryGetValue(study, out var transfer))
                _transfers[study] = transfer = new Transfer { LastSenderReleased = true };
            transfer.LastArrival = time.GetUtcNow();
        }

        work.Set();
    }

    /// <summary>An association is over.</summary>
    public void End(AssociationPeer sender, bool released)
    {
        var isSender = false;
        Dictionary<Uid, Arrivals>? arrivals;
        lock (_gate)
        {
            _arrivals.Remove(sender, out arrivals);
            foreach (var transfer in _transfers.Values)
            {
                if (!transfer.Senders.Remove(sender)) continue;
                transfer.LastSenderReleased = released;
                isSender = true;
            }
        }

        foreach (var (study, came) in arrivals ?? []) Trace(study, came, released);

        if (isSender) work.Set();
    }

    /// <summary>As the index has it, unless more is known.</summary>
    public void Restore(ReceivingStudy study)
    {
        lock (_gate) _transfers.TryAdd(study.StudyInstanceUid, new Transfer { LastArrival = study.LastArrival });
    }

    /// <summary>Whether something of the study came here.</summary>
    public bool IsUnderWay(Uid study)
    {
        lock (_gate) return _transfers.ContainsKey(study);
    }

    /// <summary>Forgets what was announced of all studies but these: another process has seen them complete.</summary>
    public void KeepAnnounced(IReadOnlySet<Uid> studies)
    {
        lock (_gate)
        {
            foreach (var study in _announced.Keys.Where(study => !studies.Contains(study)).ToList())
                _announced.Remove(study);
        }
    }

    /// <summary>A procedure step made these instances; those that are here are reported by <see cref="Found"/>.</summary>
    public void Announce(AnnouncedStudy study)
    {
        lock (_gate) _announced[study.StudyInstanceUid] = [.. study.SopInstanceUids];
    }

    /// <summary>An announced instance is here.</summary>
    public void Found(Uid study, Uid sopInstance)
    {
        lock (_gate)
        {
            if (!IsLastAwaited(study, sopInstance)) return;
        }

        work.Set();
    }

    public void CommitmentAsked(Uid study)
    {
        lock (_gate)
        {
            if (!_transfers.TryGetValue(study, out var transfer)) return;
            transfer.CommitmentAsked = true;
        }

        work.Set();
    }

    /// <summary>What is complete by now.</summary>
    /// <param name="next">When there will be more, unless something happens before.</param>
    public IReadOnlyList<CompleteStudy> TakeComplete(CompletenessPolicy policy, out DateTimeOffset? next)
    {
        var complete = new List<CompleteStudy>();
        var now = time.GetUtcNow();
        next = null;
        lock (_gate)
        {
            foreach (var (study, transfer) in _transfers)
            {
                var state = new StudyTransfer(
                    transfer.LastArrival, transfer.Senders.Count, transfer.LastSenderReleased,
                    _announced.TryGetValue(study, out var awaited) ? awaited.Count : null, transfer.CommitmentAsked);
                if (state.Decide(policy, now, out var again) is { } reason)
                    complete.Add(new CompleteStudy(study, reason, transfer.LastArrival));
                else if (next is null || again < next) next = again;
            }

            // What a step made of a study that was complete before the step was reported.
            foreach (var (study, awaited) in _announced)
            {
                if (awaited.Count == 0 && !_transfers.ContainsKey(study))
                    complete.Add(new CompleteStudy(study, CompletenessReason.ProcedureStep, DateTimeOffset.MinValue));
            }

            foreach (var (study, _, _) in complete)
            {
                _transfers.Remove(study);
                _announced.Remove(study);
            }
        }

        return complete;
    }

    /// <summary>Its end could not be recorded: it is taken again the next time.</summary>
    public void PutBack(Uid study)
    {
        lock (_gate) _transfers.TryAdd(study, new Transfer { LastArrival = DateTimeOffset.MinValue });
    }

    private void Count(Uid study, AssociationPeer sender, DateTimeOffset receivedAt)
    {
        if (!_arrivals.TryGetValue(sender, out var ofSender)) _arrivals[sender] = ofSender = [];
        var former = ofSender.GetValueOrDefault(study);
        ofSender[study] = new Arrivals(former?.Begun ?? receivedAt, time.GetUtcNow(), (former?.Instances ?? 0) + 1);
    }

    private void Trace(Uid study, Arrivals came, bool released)
    {
        StudyTrace.Record("archive.store", study, came.Begun, came.Ended, "stored", instances: came.Instances);
        StudyTrace.Record(
            "archive.association", study, came.Begun, time.GetUtcNow(), released ? "released" : "aborted", !released);
    }

    private bool IsLastAwaited(Uid study, Uid sopInstance) =>
        _announced.TryGetValue(study, out var awaited) && awaited.Remove(sopInstance) && awaited.Count == 0;

    private sealed class Transfer
    {
        public DateTimeOffset LastArrival { get; set; }

        /// <summary>By reference: two associations of one peer are two.</summary>
        public HashSet<AssociationPeer> Senders { get; } = new(ReferenceEqualityComparer.Instance);

        public bool LastSenderReleased { get; set; }

        public bool CommitmentAsked { get; set; }
    }
}
