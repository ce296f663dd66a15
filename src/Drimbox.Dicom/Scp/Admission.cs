using System.Net;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>Counts connections and associations and says who comes in. A connection that has not sent its
/// A-ASSOCIATE-RQ, or that only waits to be closed, is <i>pending</i>: it takes no association's place, and the
/// oldest gives way to a new one (attack A11).</summary>
internal sealed class Admission(AcceptorOptions options)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<AssociationSession> _pending = [];
    private readonly Dictionary<IPAddress, int> _associationsByAddress = [];
    private DescriptorShare _share = DescriptorShare.Whole(options);
    private TaskCompletionSource _associationEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>For the data sets that all associations together hold whole.</summary>
    public DataSetBudget Budget { get; } = new(Limits.DataSetBytesHeldMax);

    public bool IsDraining { get; private set; }

    public int AssociationCount { get; private set; }

    /// <summary>Takes no more than so many, from now on.</summary>
    public void LimitTo(DescriptorShare share)
    {
        lock (_gate) _share = share;
    }

    public void Drain()
    {
        lock (_gate) IsDraining = true;
    }

    public void Enter(AssociationSession session)
    {
        AssociationSession? oldest = null;
        lock (_gate)
        {
            session.Place = _pending.AddLast(session);
            if (_pending.Count > _share.Pending)
            {
                oldest = _pending.First!.Value;
                Leave(oldest);
            }
        }

        oldest?.Drop();
    }

    /// <summary>The session has an acceptable request: may it have an association?</summary>
    public AssociateRejection? TryEstablish(AssociationSession session)
    {
        lock (_gate)
        {
            if (IsDraining) return AssociateRejection.TemporaryCongestion;
            var sameAddress = _associationsByAddress.GetValueOrDefault(session.Address);
            if (AssociationCount >= _share.Associations || sameAddress >= options.AssociationsPerPeerMax)
                return AssociateRejection.LocalLimitExceeded;
            Leave(session);
            _associationsByAddress[session.Address] = sameAddress + 1;
            AssociationCount++;
            session.HasAssociation = true;
            return null;
        }
    }

    /// <summary>The association is over; its connection may still wait to be closed by the peer.</summary>
    public void EndAssociation(AssociationSession session)
    {
        lock (_gate)
        {
            if (!session.HasAssociation) return;
            session.HasAssociation = false;
            AssociationCount--;
            var left = _associationsByAddress[session.Address] - 1;
            if (left == 0) _associationsByAddress.Remove(session.Address);
            else _associationsByAddress[session.Address] = left;
            session.Place = _pending.AddLast(session);
            _associationEnded.TrySetResult();
            _associationEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Exit(AssociationSession session)
    {
        EndAssociation(session);
        lock (_gate) Leave(session);
    }

    public Task WhenAssociationEndsAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return AssociationCount == 0 ? Task.CompletedTask : _associationEnded.Task.WaitAsync(cancellationToken);
        }
    }

    private void Leave(AssociationSession session)
    {
        if (session.Place is { } place) _pending.Remove(place);
        session.Place = null;
    }
}
