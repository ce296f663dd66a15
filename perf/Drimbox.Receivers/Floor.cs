using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Receivers;

/// <summary>What a floor does with the bytes of an instance.</summary>
internal interface IFloorTarget : IDisposable
{
    void Begin(ReadOnlySpan<byte> uid, int length);

    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when the response may be sent.</summary>
    void End();
}

/// <summary>
/// What no receiver can go below: the bytes of an instance are received and written, and the response is sent. It
/// parses no DICOM: the association is answered from a canned A-ASSOCIATE-AC, the end of a message is found by
/// counting, since all messages of a set have one length, and the message id and UID of the response are copied from
/// where the sender is known to put them. One blocking thread an association.
/// </summary>
internal sealed class Floor
{
    // 128 KiB a receive, and so a write: a single write of 512 KiB was seen to cost twice the processor time of four,
    // since the page cache then takes its memory in large pieces that are seldom free and warm (docs/adr/0015).
    private const int ReceiveBytes = 128 * 1024;

    private readonly byte[] _accept = Handshake.CannedAccept();
    private readonly int _requestLength;
    private readonly StoreMessage _known;
    private readonly byte[] _response;
    private readonly int _idInResponse;
    private readonly int _uidInResponse;

    private Floor(ImageSet set)
    {
        const int Headers = PduHeader.Size + PdvHeader.Size;
        _requestLength = Handshake.Request(set, "RECEIVER").Length;
        _known = new StoreMessage(set, 0, 0, Limits.PduLengthOffered);
        var response = new byte[Headers + 512];
        var length = CommandSetCodec.Encode(_known.Request.Respond(DimseStatus.Success), response.AsSpan(Headers));
        PduHeader.Write(response, PduType.PDataTf, PdvHeader.Size + length);
        PdvHeader.Write(response.AsSpan(PduHeader.Size), length, StoreMessage.ContextId, true, true);
        _response = response[..(Headers + length)];
        _idInResponse = Headers + StoreMessage.ValueOf(0x0120, _response.AsSpan(Headers));
        _uidInResponse = Headers + StoreMessage.ValueOf(0x1000, _response.AsSpan(Headers));
    }

    /// <summary>Listens until the process is ended.</summary>
    public static void Serve(int port, ImageSet set, Func<IFloorTarget> newTarget)
    {
        var floor = new Floor(set);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(64);
        Console.WriteLine("ready");
        while (true)
        {
            var socket = listener.Accept();
            var thread = new Thread(() => floor.Receive(socket, newTarget)) { IsBackground = true };
            thread.Start();
        }
    }

    private void Receive(Socket socket, Func<IFloorTarget> newTarget)
    {
        using var connection = socket;
        using var target = newTarget();
        socket.NoDelay = true;
        var buffer = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);
        if (!Fill(socket, buffer, 0, _requestLength)) return;
        socket.Send(_accept);
        var response = _response.ToArray();
        while (true)
        {
            // The release is as long as a header: what starts a message tells it apart.
            var received = socket.Receive(buffer);
            if (received == 0) return;
            if (buffer[0] == (byte)PduType.ReleaseRq)
            {
                socket.Send(FixedPdu.ReleaseRp());
                continue;
            }

            if (received < _known.HeadLength && !Fill(socket, buffer, received, _known.HeadLength)) return;
            received = Math.Max(received, _known.HeadLength);
            buffer.AsSpan(_known.MessageIdOffset, 2).CopyTo(response.AsSpan(_idInResponse));
            buffer.AsSpan(_known.UidOffset, _known.UidLength).CopyTo(response.AsSpan(_uidInResponse));
            target.Begin(response.AsSpan(_uidInResponse, _known.UidLength), _known.Bytes.Length);
            target.Write(buffer.AsSpan(0, received));
            for (var remaining = _known.Bytes.Length - received; remaining > 0; remaining -= received)
            {
                received = socket.Receive(buffer);
                if (received == 0) return;
                target.Write(buffer.AsSpan(0, received));
            }

            target.End();
            socket.Send(response);
        }
    }

    private static bool Fill(Socket socket, byte[] buffer, int from, int to)
    {
        while (from < to)
        {
            var count = socket.Receive(buffer.AsSpan(from..to));
            if (count == 0) return false;
            from += count;
        }

        return true;
    }
}
