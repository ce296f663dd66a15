using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Scp;

/// <summary>An instance that is being sent by a retrieve.</summary>
internal sealed class RetrievedInstance(InstanceSource source)
{
    public InstanceSource Source => source;

    /// <summary>Associations that ended before the answer.</summary>
    public int Losses { get; set; }
}

/// <summary>The sub-operations of one retrieve: gives them out, one after the other, and counts how they end. Used by
/// several tasks at once.</summary>
internal sealed class RetrieveProgress(RetrieveAnswer answer) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<InstanceSource> _rest = answer.Instances.GetAsyncEnumerator();
    private readonly Queue<RetrievedInstance> _givenBack = [];
    private readonly SemaphoreSlim _taking = new(1);
    private readonly List<Uid> _failedInstances = [];
    private int _count = answer.Count;
    private int _taken;
    private int _completed;
    private int _warning;
    private int _failed;
    private Exception? _fault;

    /// <summary>Held by the one sub-operation that is being counted, so that the counters of pending responses never run
    /// backwards.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    public int Remaining => _count - _completed - _warning - _failed;

    /// <summary>Whether some wait that were given back.</summary>
    public bool HasGivenBack => _givenBack.Count > 0;

    /// <summary>Those that failed, as far as it is known which.</summary>
    public IReadOnlyList<Uid> FailedInstances => _failedInstances;

    // PS3.4 C.4.2.3.1: B000 where some failed, A702 where nothing at all could be sent.
    public DimseStatus FinalStatus
    {
        get
        {
            if (_failed == 0 && _warning == 0) return DimseStatus.Success;
            return _failed == _count
                ? DimseStatus.OutOfResourcesSubOperations
                : DimseStatus.SubOperationsCompleteWithFailures;
        }
    }

    /// <summary>The next one, first of all one that was given back; null if there is none.</summary>
    /// <exception cref="IOException">The SCP cannot say what comes next.</exception>
    public async ValueTask<RetrievedInstance?> TakeAsync(CancellationToken cancellationToken)
    {
        await _taking.WaitAsync(cancellationToken);
        try
        {
            if (_givenBack.TryDequeue(out var again)) return again;
            if (_fault is not null) throw new IOException("The rest of the instances cannot be read.", _fault);
            if (_taken < _count && await MoveNextAsync())
            {
                _taken++;
                return new RetrievedInstance(_rest.Current);
            }

            // What disappeared since it was counted is no sub-operation any more.
            _count = _taken;
            return null;
        }
        finally
        {
            _taking.Release();
        }
    }

    /// <summary>It was not answered: the next task that asks gets it again.</summary>
    public async ValueTask GiveBackAsync(RetrievedInstance instance)
    {
        await _taking.WaitAsync(CancellationToken.None);
        _givenBack.Enqueue(instance);
        _taking.Release();
    }

    public void Count(RetrievedInstance instance, DimseStatus status)
    {
        if (status.Category == StatusCategory.Success) _completed++;
        else if (status.Category == StatusCategory.Warning) _warning++;
        else Fail(instance.Source.SopInstanceUid);
    }

    /// <summary>Those that are left, once nobody sends any more.</summary>
    public async ValueTask FailRestAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await TakeAsync(cancellationToken) is { } left) Fail(left.Source.SopInstanceUid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Which they are is not known, how many is.
            _failed += Remaining;
        }
    }

    public SubOperations ToCounters(bool withRemaining) => new(
        withRemaining ? (ushort)Remaining : null, (ushort)_completed, (ushort)_failed, (ushort)_warning);

    public ValueTask DisposeAsync() => _rest.DisposeAsync();

    private async ValueTask<bool> MoveNextAsync()
    {
        try
        {
            return await _rest.MoveNextAsync();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An enumerator that has thrown says next time that it has come to its end.
            _fault = e;
            throw;
        }
    }

    private void Fail(Uid sopInstanceUid)
    {
        _failed++;
        _failedInstances.Add(sopInstanceUid);
    }
}
