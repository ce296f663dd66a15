using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>The associations of one requestor with one acceptor: opens up to a number of them, lends each to one user
/// at a time, and keeps what comes back for the next user. Where the acceptor has no place for one more
/// (A-ASSOCIATE-RJ with a transient result, PS3.8 9.3.4), it waits for one that comes back, or asks again
/// later.</summary>
public sealed class AssociationRequestor : IAsyncDisposable
{
    private readonly AssociationOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Stack<Idle> _idle = [];
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _sweeping;
    private TaskCompletionSource _returned = NewSignal();
    private bool _isClosed;

    /// <param name="options">How each is requested; all have the same presentation contexts.</param>
    /// <param name="associationsMax">How many may be open at once, at least 1.</param>
    public AssociationRequestor(AssociationOptions options, int associationsMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(associationsMax, 1);
        _options = options;
        _time = options.Time;
        _places = new SemaphoreSlim(associationsMax);
        // It counts from now on, whenever the sweep gets a thread.
        var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        _sweeping = Task.Run(() => SweepAsync(timer));
    }

    /// <summary>How long an association is kept without a user. Default: 10 s.</summary>
    public TimeSpan IdleTime { get; init; } = Limits.AssociationReuseTime;

    /// <summary>Told of each transient rejection, with the time until the next request; for a log or a
    /// display.</summary>
    public Action<AssociateRejection, TimeSpan>? Rejected { get; init; }

    /// <summary>Associations that are open and have no user.</summary>
    public int IdleCount
    {
        get
        {
            lock (_gate) return _idle.Count;
        }
    }

    /// <summary>An association of one's own until the loan is disposed of; waits while all are lent.</summary>
    /// <exception cref="AssociationRejectedException">Refused for good, or transiently more often than
    /// <see cref="Limits.RejectionsMax"/> times in a row.</exception>
    /// <inheritdoc cref="Association.RequestAsync" path="/exception"/>
    /// <exception cref="ObjectDisposedException">This requestor is closed.</exception>
    public async Task<AssociationLoan> BorrowAsync(CancellationToken cancellationToken = default)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return new AssociationLoan(this, TakeIdle() ?? await OpenAsync(cancellationToken));
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    /// <summary>Releases what is idle; what is lent is released when it comes back.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
        }

        await _closing.CancelAsync();
        await _sweeping;
        while (TakeIdle() is { } association) await ReleaseAsync(association);
        _closing.Dispose();
    }

    internal async ValueTask ReturnAsync(Association association)
    {
        var isKept = false;
        if (association.IsReusable)
        {
            lock (_gate)
            {
                isKept = !_isClosed;
                if (isKept)
                {
                    _idle.Push(new Idle(association, _time.GetTimestamp()));
                    _returned.TrySetResult();
                    _returned = NewSignal();
                }
            }
        }

        if (!isKept) await ReleaseAsync(association);
        _places.Release();
    }

    private async Task<Association> OpenAsync(CancellationToken cancellationToken)
    {
        var delay = Limits.RejectionDelayMin;
        for (var rejections = 1; ; rejections++)
        {
            Task returned;
            lock (_gate) returned = _returned.Task;
            try
            {
                return await Association.RequestAsync(_options, cancellationToken);
            }
            catch (AssociationRejectedException e)
                when (e.Rejection.Result == RejectResult.Transient && rejections < Limits.RejectionsMax)
            {
                Rejected?.Invoke(e.Rejection, delay);
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(returned, Task.Delay(delay, _time, waiting.Token));
            await waiting.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (TakeIdle() is { } association) return association;
            delay = delay * 2 < Limits.RejectionDelayMax ? delay * 2 : Limits.RejectionDelayMax;
        }
    }

    // The acceptor may have ended it meanwhile.
    private Association? TakeIdle()
    {
        while (true)
        {
            Idle one;
            lock (_gate)
            {
                if (!_idle.TryPop(out one)) return null;
            }

            if (one.Association.IsReusable) return one.Association;
            one.Association.Drop();
        }
    }

    private async Task SweepAsync(PeriodicTimer owned)
    {
        using var timer = owned;
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                foreach (var association in TakeExpired()) await ReleaseAsync(association);
            }
        }
        catch (OperationCanceledException)
        {
            // Closed.
        }
    }

    private List<Association> TakeExpired()
    {
        lock (_gate)
        {
            List<Association> expired = [];
            var kept = new List<Idle>();
            foreach (var one in _idle)
            {
                if (_time.GetElapsedTime(one.Since) >= IdleTime) expired.Add(one.Association);
                else kept.Add(one);
            }

            if (expired.Count == 0) return expired;
            _idle.Clear();
            for (var i = kept.Count - 1; i >= 0; i--) _idle.Push(kept[i]);
            return expired;
        }
    }

    private async Task ReleaseAsync(Association association)
    {
        using var deadline = new CancellationTokenSource(Limits.FarewellTimeout, _time);
        try
        {
            if (association.IsReusable) await association.ReleaseAsync(deadline.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // It ends otherwise; nothing is under way on it.
        }

        await association.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly record struct Idle(Association Association, long Since);
}

/// <summary>An association that belongs to its user until it is disposed of. One that has failed is not lent
/// again.</summary>
public sealed class AssociationLoan : IAsyncDisposable
{
    private readonly AssociationRequestor _owner;
    private bool _isOver;

    internal AssociationLoan(AssociationRequestor owner, Association association) =>
        (_owner, Association) = (owner, association);

    public Association Association { get; }

    /// <summary>Gives it back.</summary>
    public ValueTask DisposeAsync()
    {
        if (_isOver) return default;
        _isOver = true;
        return _owner.ReturnAsync(Association);
    }
}
