using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The transport connection under an association. Source: PS3.8 9.1. One task receives and one sends at a
/// time; the members that end something may be called from any task.</summary>
/// <remarks>Receiving and sending fail with <see cref="SocketException"/>, <see cref="IOException"/> or
/// <see cref="ObjectDisposedException"/> once the connection is gone.</remarks>
internal abstract class Transport : IDisposable
{
    private readonly EndPoint? _remoteEndPoint;

    protected Transport(Socket socket)
    {
        Socket = socket;
        Socket.NoDelay = true;
        _remoteEndPoint = AddressOf(socket);
    }

    /// <summary>The address of the other side; null if it was gone before it could be asked for.</summary>
    public virtual EndPoint? RemoteEndPoint => _remoteEndPoint;

    protected Socket Socket { get; }

    /// <summary>What TLS negotiated; null without TLS. Only once it is open.</summary>
    public virtual TlsSession? Session => null;

    /// <summary>Does what the transport needs before the first PDU: with TLS, the handshake.</summary>
    /// <exception cref="IOException">It is not open; the message says why.</exception>
    public virtual ValueTask OpenAsync(CancellationToken cancellationToken) => default;

    /// <returns>How many bytes came, at least one; 0 at the end of what the peer sends.</returns>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <returns>How many of <paramref name="bytes"/> were taken, at least one.</returns>
    public abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>True if <see cref="SendAsync(IList{ArraySegment{byte}})"/> takes the pieces from where they lie.</summary>
    public virtual bool CanGather => false;

    /// <summary>Sends from several places with one system call, where the transport can.</summary>
    /// <returns>How many bytes were taken, at least one.</returns>
    public virtual ValueTask<int> SendAsync(IList<ArraySegment<byte>> pieces) =>
        SendAsync(pieces[0].AsMemory(), CancellationToken.None);

    /// <summary>Tells the peer that this side sends nothing more. Waits for no answer.</summary>
    public abstract ValueTask ShutdownSendAsync();

    // Asked for once: after a reset the system no longer knows it, and what is to be told is why the peer left.
    private static EndPoint? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>True where a receive would not wait: something has come, or the connection has ended.</summary>
    public bool HasInput()
    {
        try
        {
            return Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>A receive that waits, and each that follows, ends with 0 bytes; sending goes on.</summary>
    public void ShutdownReceive() => Socket.Shutdown(SocketShutdown.Receive);

    /// <summary>Ends both directions at once; whatever waits on them fails.</summary>
    public void Close() => Socket.Close();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing) Close();
    }
}

/// <summary>TCP without TLS. Source: PS3.8 9.1.</summary>
internal sealed class SocketTransport : Transport
{
    // How long the thread of a lone association looks for input again before it sleeps: about what sleeping and being
    // woken costs. Where there are several, the others have the processor instead.
    private static readonly TimeSpan Looking = TimeSpan.FromMicroseconds(50);

    public SocketTransport(Socket socket) : base(socket) => Socket.Blocking = false;

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        SessionThread.IsCurrent && !cancellationToken.CanBeCanceled
            ? new ValueTask<int>(Receive(destination.Span))
            : Socket.ReceiveAsync(destination, SocketFlags.None, cancellationToken);

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        Socket.SendAsync(bytes, SocketFlags.None, cancellationToken);

    public override bool CanGather => true;

    public override ValueTask<int> SendAsync(IList<ArraySegment<byte>> pieces) =>
        new(Socket.SendAsync(pieces, SocketFlags.None));

    public override ValueTask ShutdownSendAsync()
    {
        Socket.Shutdown(SocketShutdown.Send);
        return default;
    }

    /// <summary>Takes what has come, without waiting for it.</summary>
    /// <returns>How many bytes, 0 at the end of what the peer sends; null where nothing has come yet.</returns>
    public int? TryReceive(Span<byte> destination)
    {
        var since = Stopwatch.GetTimestamp();
        do
        {
            var count = Socket.Receive(destination, SocketFlags.None, out var error);
            if (error == SocketError.Success) return count;
            if (error != SocketError.WouldBlock) throw new SocketException((int)error);
        }
        while (SessionThread.IsAlone && Stopwatch.GetElapsedTime(since) < Looking);

        return null;
    }

    // An asynchronous receive that waits even once has the runtime watch the socket from then on, which wakes a second
    // thread for each packet. So this waits by poll(2), on the thread that wants the bytes (docs/adr/0015).
    /// <summary>Blocks this thread until something has come or the connection has ended.</summary>
    public void AwaitInput() => Socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);

    private int Receive(Span<byte> destination)
    {
        while (true)
        {
            if (TryReceive(destination) is { } count) return count;
            AwaitInput();
        }
    }
}
