using System.Net;
using System.Net.Sockets;

namespace Drimbox.Tests.Source;

/// <summary>Something at a port that takes every call and never answers.</summary>
internal sealed class SilentPeer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _waiting;
    private int _calls;
    private bool _isOver;

    public SilentPeer(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Callers that have asked something and wait for the answer.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Resets whoever waits.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isOver) return;
        _isOver = true;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var holding = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                holding.Add(HoldAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The end, or a caller that gave up before it was taken.
            }
        }

        await Task.WhenAll(holding);
    }

    private async Task HoldAsync(Socket caller)
    {
        using var socket = caller;
        socket.LingerState = new LingerOption(true, 0);
        var buffer = new byte[4096];
        var hasAsked = false;
        try
        {
            while (await socket.ReceiveAsync(buffer, _stop.Token) > 0)
            {
                if (hasAsked) continue;
                hasAsked = true;
                Interlocked.Increment(ref _calls);
                Interlocked.Increment(ref _waiting);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // It gave up, or so do we.
        }

        if (hasAsked) Interlocked.Decrement(ref _waiting);
    }
}
