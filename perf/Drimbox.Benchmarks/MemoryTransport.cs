using System.Net.Sockets;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Benchmarks;

/// <summary>A peer in memory: it says the same bytes again and again, each receive as many as the buffer takes, and
/// swallows what is sent. It costs one copy, as the kernel does, and nothing waits.</summary>
internal sealed class MemoryTransport() : Transport(new Socket(SocketType.Stream, ProtocolType.Tcp))
{
    private int _position;

    /// <summary>What the peer says from now on.</summary>
    public ReadOnlyMemory<byte> Script
    {
        get;
        set
        {
            field = value;
            _position = 0;
        }
    }

    public long SentBytes { get; private set; }

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = Math.Min(destination.Length, Script.Length - _position);
        Script.Span.Slice(_position, count).CopyTo(destination.Span);
        _position += count;
        if (_position == Script.Length) _position = 0;
        return new ValueTask<int>(count);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        SentBytes += bytes.Length;
        return new ValueTask<int>(bytes.Length);
    }

    public override ValueTask ShutdownSendAsync() => default;
}
