using Drimbox.Core;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Load.Targets;

/// <summary>One association with a peer after the other: opened when it is needed, released after a number of
/// operations, opened again after a failure. Safe for concurrent use by the users that share its window.</summary>
internal sealed class AssociationLane(
    AssociationOptions options, int? perAssociation, Action<TimeSpan> opened) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectDelayMin = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Lock _counts = new();
    private OpenAssociation? _open;
    private TimeSpan _delay;
    private int _served;
    private int _inUse;
    private TaskCompletionSource? _unused;

    /// <summary>Whom it leads to, for a person.</summary>
    public string Peer => new DicomAddress(options.CalledAe, new HostPort(options.Host, options.Port)).ToString();

    /// <summary>The association to use; call <see cref="Leave"/> afterwards.</summary>
    /// <exception cref="IOException">The peer refused it, or it ended while it was being opened.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No connection.</exception>
    /// <exception cref="TimeoutException">No connection in time.</exception>
    public async ValueTask<OpenAssociation> EnterAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_open is { IsBroken: true } || (_open is not null && _served >= perAssociation))
            {
                await AwaitUnusedAsync();
                await CloseAsync();
            }

            _open ??= await OpenAsync(cancellationToken);
            _served++;
            lock (_counts) _inUse++;
            return _open;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Opens the association before it is used.</summary>
    /// <inheritdoc cref="EnterAsync" path="/exception"/>
    public async Task<Association> ConnectAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _open ??= await OpenAsync(cancellationToken);
            return _open.Association;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <param name="isBroken">The association has failed: the next user opens another.</param>
    public void Leave(OpenAssociation open, bool isBroken)
    {
        if (isBroken) open.IsBroken = true;
        lock (_counts)
        {
            if (--_inUse == 0) _unused?.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _gate.Dispose();
    }

    private async Task<OpenAssociation> OpenAsync(CancellationToken cancellationToken)
    {
        if (_delay > TimeSpan.Zero) await Task.Delay(_delay, options.Time, cancellationToken);
        // Until it has succeeded it has failed.
        var delay = _delay * 2;
        _delay = delay < ReconnectDelayMin ? ReconnectDelayMin : delay;
        if (_delay > Limits.LoadReconnectDelayMax) _delay = Limits.LoadReconnectDelayMax;
        var begun = options.Time.GetTimestamp();
        var association = await Association.RequestAsync(options, cancellationToken);
        opened(options.Time.GetElapsedTime(begun));
        _delay = TimeSpan.Zero;
        _served = 0;
        return new OpenAssociation(association);
    }

    private Task AwaitUnusedAsync()
    {
        lock (_counts)
        {
            if (_inUse == 0) return Task.CompletedTask;
            _unused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _unused.Task;
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_open is not { } open) return;
        _open = null;
        using (open.Stores)
        await using (open.Association)
        {
            if (open.IsBroken) return;
            try
            {
                await open.Association.ReleaseAsync(CancellationToken.None);
            }
            catch (AssociationAbortedException)
            {
                // Its work is done and was answered; how it ends changes nothing.
            }
        }
    }
}

/// <summary>An association and the role of it that many users share.</summary>
internal sealed class OpenAssociation(Association association)
{
    public Association Association => association;

    public CStoreScu Store { get; } = new(association);

    public CStoreWindow Stores { get; } = new(association);

    public CEchoScu Echo { get; } = new(association);

    public CFindScu Find { get; } = new(association);

    public CMoveScu Move { get; } = new(association);

    public bool IsBroken { get; set; }
}
