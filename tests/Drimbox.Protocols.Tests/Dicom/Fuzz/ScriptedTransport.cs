using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>A connection whose peer has sent all it will send and then closes: no socket is read or written, so a whole
/// session runs within one call.</summary>
/// <param name="fragmentMax">Each receive brings 1 to so many bytes.</param>
/// <param name="sendMax">After so many bytes the peer takes no more, and the connection is lost.</param>
internal sealed class ScriptedTransport(ReadOnlyMemory<byte> script, Random random, int fragmentMax, int sendMax)
    : Transport(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
{
    private readonly ArrayBufferWriter<byte> _sent = new(256);
    private ReadOnlyMemory<byte> _script = script;

    /// <summary>What the acceptor sent.</summary>
    public ReadOnlySpan<byte> Sent => _sent.WrittenSpan;

    public override EndPoint RemoteEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 1024);

    public long Receives { get; private set; }

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        Receives++;
        ObjectDisposedException.ThrowIf(Socket.SafeHandle.IsClosed, this);
        Assert.False(destination.IsEmpty, "A receive into no room would look like the end of the connection.");
        var count = Math.Min(Math.Min(_script.Length, destination.Length), random.Next(1, fragmentMax + 1));
        _script.Span[..count].CopyTo(destination.Span);
        _script = _script[count..];
        return ValueTask.FromResult(count);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Socket.SafeHandle.IsClosed, this);
        if (_sent.WrittenCount + bytes.Length > sendMax) throw new SocketException((int)SocketError.ConnectionReset);
        _sent.Write(bytes.Span);
        return ValueTask.FromResult(bytes.Length);
    }

    public override ValueTask ShutdownSendAsync()
    {
        ObjectDisposedException.ThrowIf(Socket.SafeHandle.IsClosed, this);
        return default;
    }
}
