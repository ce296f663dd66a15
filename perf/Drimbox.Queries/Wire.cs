using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Queries;

/// <summary>One association over a blocking socket: messages are made before the clock starts and sent by one system
/// call, and of a response no more is decoded than its command. The same for every archive.</summary>
internal sealed class Wire : IDisposable
{
    private const byte ContextId = 1;
    private const int Headers = PduHeader.Size + PdvHeader.Size;

    private readonly Socket _socket;
    private readonly Uid _abstractSyntax;
    private readonly int _sendLengthMax;
    private readonly byte[] _buffer = new byte[1024 * 1024];
    private int _from;
    private int _to;

    public Wire(int port, string calledAe, Uid abstractSyntax, Uid transferSyntax)
    {
        _abstractSyntax = abstractSyntax;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect("127.0.0.1", port);
        _socket.Send(AssociateEncoder.Encode(new AssociateRequest
        {
            CalledAe = AeTitle.Parse(calledAe),
            CallingAe = AeTitle.Parse("QUERIES"),
            Contexts = [new(ContextId, abstractSyntax, [transferSyntax])],
            User = new UserInformation
            {
                MaximumLength = Limits.PduLengthOffered,
                ImplementationClassUid = Implementation.ClassUid,
                ImplementationVersionName = Implementation.VersionName,
            },
        }));
        var pdu = NextPdu();
        if ((PduType)pdu[0] != PduType.AssociateAc
            || !AssociateDecoder.TryDecodeAccept(pdu[PduHeader.Size..], out var accept, out _)
            || accept!.Contexts[0].Result != PresentationContextResult.Acceptance)
        {
            throw new InvalidDataException("The archive did not accept the association and its context.");
        }

        var max = accept.User.MaximumLength;
        _sendLengthMax = max is 0 or > Limits.PduLengthSendMax ? Limits.PduLengthSendMax : (int)max & ~1;
    }

    /// <summary>A message as it goes over the wire.</summary>
    public byte[] Message(CommandSet command, byte[] dataSet)
    {
        command.AffectedSopClassUid = _abstractSyntax;
        command.Priority = DimsePriority.Medium;
        command.DataSetType = CommandSet.WithDataSet;
        var encoded = new byte[512];
        var length = CommandSetCodec.Encode(command, encoded);
        var message = new List<byte>();
        Append(encoded.AsSpan(0, length), isCommand: true, isLast: true);
        for (var at = 0; at < dataSet.Length; at += _sendLengthMax - PdvHeader.Size)
        {
            var count = Math.Min(dataSet.Length - at, _sendLengthMax - PdvHeader.Size);
            Append(dataSet.AsSpan(at, count), isCommand: false, isLast: at + count == dataSet.Length);
        }

        return [.. message];

        void Append(ReadOnlySpan<byte> fragment, bool isCommand, bool isLast)
        {
            Span<byte> headers = stackalloc byte[Headers];
            PduHeader.Write(headers, PduType.PDataTf, PdvHeader.Size + fragment.Length);
            PdvHeader.Write(headers[PduHeader.Size..], fragment.Length, ContextId, isCommand, isLast);
            message.AddRange(headers);
            message.AddRange(fragment);
        }
    }

    /// <summary>A C-CANCEL-RQ for a request (PS3.7 9.3.2.3).</summary>
    public static byte[] CancelOf(ushort messageId)
    {
        var command = new CommandSet { CommandField = CommandField.CCancelRq, MessageIdBeingRespondedTo = messageId };
        var message = new byte[Headers + 512];
        var length = CommandSetCodec.Encode(command, message.AsSpan(Headers));
        PduHeader.Write(message, PduType.PDataTf, PdvHeader.Size + length);
        PdvHeader.Write(message.AsSpan(PduHeader.Size), length, ContextId, isCommand: true, isLast: true);
        return message[..(Headers + length)];
    }

    public void Send(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty) message = message[_socket.Send(message)..];
    }

    /// <summary>The status of the next response; its data set is taken with the response after it.</summary>
    public ushort NextStatus()
    {
        while (true)
        {
            var pdu = NextPdu();
            if ((PduType)pdu[0] != PduType.PDataTf)
                throw new InvalidDataException("The archive ended the association.");
            // PS3.8 9.3.5: a PDU has one item or more.
            for (var rest = pdu[PduHeader.Size..]; !rest.IsEmpty;)
            {
                if (!PdvHeader.TryRead(rest, rest.Length, out var item)) throw new InvalidDataException("Bad PDV.");
                var fragment = rest.Slice(PdvHeader.Size, item.Length);
                if (item.IsCommand && CommandSetCodec.TryDecode(fragment, _abstractSyntax, out var command)
                    && command.Status is { } status)
                {
                    return status.Code;
                }

                rest = rest[(PdvHeader.Size + item.Length)..];
            }
        }
    }

    public void Dispose()
    {
        _socket.Send(FixedPdu.ReleaseRq());
        NextPdu();
        _socket.Dispose();
    }

    private ReadOnlySpan<byte> NextPdu()
    {
        Fill(PduHeader.Size);
        var length = PduHeader.Size + (int)PduHeader.Read(_buffer.AsSpan(_from)).Length;
        Fill(length);
        var pdu = _buffer.AsSpan(_from, length);
        _from += length;
        return pdu;
    }

    private void Fill(int count)
    {
        if (_to - _from >= count) return;
        if (_buffer.Length - _from < Math.Max(count, _buffer.Length / 4))
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        while (_to - _from < count)
        {
            var received = _socket.Receive(_buffer.AsSpan(_to));
            if (received == 0) throw new InvalidDataException("The archive closed the connection.");
            _to += received;
        }
    }
}
