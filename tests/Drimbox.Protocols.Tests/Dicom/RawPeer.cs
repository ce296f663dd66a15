using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom;

/// <summary>A scripted peer: bytes out, bytes in, no opinion of its own. Every read has a deadline of 10 s, so that a
/// silent server fails the test and does not hang it.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket;

    private RawPeer(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = 10_000;
    }

    /// <param name="from">The address that it has itself: any of 127.0.0.0/8, or null for the usual one.</param>
    public static RawPeer Connect(IPEndPoint endPoint, string? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (from is not null) socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(new IPEndPoint(IPAddress.Loopback, endPoint.Port));
        return new RawPeer(socket);
    }

    public static RawPeer Accept(TcpListener listener) => new(listener.AcceptSocket());

    /// <summary>Connects and negotiates; the answer must be an A-ASSOCIATE-AC.</summary>
    public static RawPeer Associate(IPEndPoint endPoint, AssociateRequest request, string? from = null)
    {
        var peer = Connect(endPoint, from);
        peer.Send(AssociateEncoder.Encode(request));
        Assert.Equal(0x02, peer.ReadPdu()[0]);
        return peer;
    }

    public void Send(params ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[_socket.Send(bytes)..];
    }

    public byte[] ReadPdu()
    {
        var header = ReadExactly(PduHeader.Size);
        return [.. header, .. ReadExactly((int)PduHeader.Read(header).Length)];
    }

    /// <summary>Reads a P-DATA-TF that holds one whole command.</summary>
    public CommandSet ReadCommand()
    {
        var pdu = ReadPdu();
        Assert.Equal(0x04, pdu[0]);
        Assert.True(CommandSetCodec.TryDecode(pdu.AsSpan(12), default, out var command));
        return command;
    }

    /// <summary>The server says nothing more and closes.</summary>
    public void ExpectClosed()
    {
        try
        {
            Assert.Equal(0, _socket.Receive(new byte[1]));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Bytes that the server left unread make it a reset; closed all the same.
        }
    }

    public bool HasData(TimeSpan within) => _socket.Poll(within, SelectMode.SelectRead);

    /// <summary>Fills <paramref name="destination"/>, without garbage.</summary>
    public void ReadInto(Span<byte> destination)
    {
        while (!destination.IsEmpty) destination = destination[_socket.Receive(destination)..];
    }

    /// <summary>Says that it sends nothing more, and takes all that still comes.</summary>
    public void ReadToEnd()
    {
        _socket.Shutdown(SocketShutdown.Send);
        var buffer = new byte[4096];
        while (_socket.Receive(buffer) > 0)
        {
        }
    }

    public void Dispose() => _socket.Dispose();

    private byte[] ReadExactly(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var n = _socket.Receive(bytes.AsSpan(done));
            if (n == 0) throw new EndOfStreamException($"The server closed after {done} of {count} bytes.");
            done += n;
        }

        return bytes;
    }
}
