using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Microsoft.Extensions.Logging;

namespace Drimbox.Hl7.Mllp;

/// <summary>Listens for MLLP connections and gives each frame to a handler, frame by frame, connection by connection.
/// When all places are taken, the connection that has waited longest for a frame gives way to the new one.</summary>
public sealed class MllpListener : IAsyncDisposable
{
    private readonly MllpListenerOptions _options;
    private readonly MllpHandler _handler;
    private readonly MllpFrameRefused _refuse;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<MllpConnection, Task> _connections = new();
    private readonly SemaphoreSlim _largeFrames = new(Limits.MllpLargeFramesMax);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly Socket _socket;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Binds; <see cref="Start"/> begins to accept.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public MllpListener(
        MllpListenerOptions options,
        MllpHandler handler,
        MllpFrameRefused refuse,
        TimeProvider time,
        ILogger<MllpListener> logger)
    {
        _options = options;
        _handler = handler;
        _refuse = refuse;
        _time = time;
        _logger = logger;
        _socket = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(new IPEndPoint(options.Address, options.Port));
            _socket.Listen();
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new SocketException(e.ErrorCode, $"{options.Address}:{options.Port} (MLLP): {e.Message}.");
        }

        LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    /// <summary>The address and port that are really bound.</summary>
    public IPEndPoint LocalEndPoint { get; }

    public int ConnectionCount => _connections.Count;

    /// <summary>The connections that wait for a frame to begin.</summary>
    public int WaitingCount => _connections.Keys.Count(c => c.WaitingSince is not null);

    public void Start()
    {
        Hl7Log.Listening(_logger, LocalEndPoint);
        _accepting = AcceptAsync();
    }

    /// <summary>Accepts nothing more, lets every frame that has begun be answered, then closes.</summary>
    /// <param name="cancellationToken">When it fires, open work is aborted instead.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _accepting;
        var open = Task.WhenAll(_connections.Values);
        try
        {
            await open.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await _aborting.CancelAsync();
            foreach (var connection in _connections.Keys) connection.Dispose();
            await open;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _largeFrames.Dispose();
        _stopping.Dispose();
        _aborting.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _socket.AcceptAsync(_stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // No descriptor is free, or the peer left before we took it: wait a moment instead of spinning.
                Hl7Log.AcceptFailed(_logger, e.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time, CancellationToken.None);
                continue;
            }

            Take(socket);
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The loop of the connection disposes it.")]
    private void Take(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        var connection = new MllpConnection(
            socket, _options, _handler, _refuse, _largeFrames, _time, _logger);
        if (_connections.Keys.Count(c => c.Peer.Address.Equals(connection.Peer.Address))
            >= _options.ConnectionsPerPeerMax)
        {
            Refuse(connection);
            return;
        }

        if (_connections.Count >= _options.ConnectionsMax)
        {
            var oldest = _connections.Keys.Where(c => c.WaitingSince is not null).MinBy(c => c.WaitingSince);
            if (oldest is null)
            {
                Refuse(connection);
                return;
            }

            _connections.TryRemove(oldest, out _);
            oldest.Dispose();
        }

        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = RunAsync(connection, started.Task);
        started.SetResult();
    }

    private async Task RunAsync(MllpConnection connection, Task registered)
    {
        await registered;
        await connection.RunAsync(_stopping.Token, _aborting.Token);
        _connections.TryRemove(connection, out _);
    }

    private void Refuse(MllpConnection connection)
    {
        Hl7Log.ConnectionRefused(_logger, connection.Peer.Address);
        connection.Dispose();
    }
}
