using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Receivers;

/// <summary>The A-ASSOCIATE PDUs of the comparison: one storage context and Verification, PDUs of 128 KiB.</summary>
internal static class Handshake
{
    private static readonly UserInformation User = new()
    {
        MaximumLength = Limits.PduLengthOffered,
        ImplementationClassUid = Implementation.ClassUid,
        ImplementationVersionName = Implementation.VersionName,
    };

    /// <summary>Of one length for all sets: PS3.8 9.3.2 gives titles 16 bytes, and the storage classes of the sets
    /// have UIDs of one length.</summary>
    public static byte[] Request(ImageSet set, string calledAe) => AssociateEncoder.Encode(new AssociateRequest
    {
        CalledAe = AeTitle.Parse(calledAe),
        CallingAe = AeTitle.Parse("SENDER"),
        Contexts =
        [
            new(StoreMessage.ContextId, set.SopClass, [TransferSyntax.ExplicitVRLittleEndian.Uid]),
            new(StoreMessage.EchoContextId, SopClass.Verification, [TransferSyntax.ImplicitVRLittleEndian.Uid]),
        ],
        User = User,
    });

    /// <summary>The answer of a receiver that does not read the request.</summary>
    public static byte[] CannedAccept() => AssociateEncoder.Encode(new AssociateAccept
    {
        CalledAe = AeTitle.Parse("RECEIVER"),
        CallingAe = AeTitle.Parse("SENDER"),
        Contexts =
        [
            new(
                StoreMessage.ContextId, PresentationContextResult.Acceptance,
                TransferSyntax.ExplicitVRLittleEndian.Uid),
            new(
                StoreMessage.EchoContextId, PresentationContextResult.UserRejection,
                TransferSyntax.ImplicitVRLittleEndian.Uid),
        ],
        User = User,
    });

    /// <returns>The longest body of a P-DATA-TF that the receiver takes, within our own.</returns>
    public static int Associate(Socket socket, ImageSet set, string calledAe)
    {
        socket.Send(Request(set, calledAe));
        var pdu = ReceivePdu(socket, new byte[Limits.AssociateRequestBytesMax]);
        if ((PduType)pdu.Span[0] != PduType.AssociateAc
            || !AssociateDecoder.TryDecodeAccept(pdu.Span[PduHeader.Size..], out var accept, out _)
            || accept!.Contexts[0].Result != PresentationContextResult.Acceptance)
        {
            throw new InvalidDataException("The receiver did not accept the association and its storage context.");
        }

        var peer = accept.User.MaximumLength;
        return peer is 0 or > Limits.PduLengthSendMax ? Limits.PduLengthSendMax : (int)peer & ~1;
    }

    public static void Release(Socket socket)
    {
        socket.Send(FixedPdu.ReleaseRq());
        var pdu = ReceivePdu(socket, new byte[FixedPdu.Size]);
        if ((PduType)pdu.Span[0] != PduType.ReleaseRp)
            throw new InvalidDataException("The receiver did not answer the release.");
    }

    /// <summary>Receives one PDU, header and all.</summary>
    public static Memory<byte> ReceivePdu(Socket socket, byte[] buffer)
    {
        var filled = 0;
        while (filled < PduHeader.Size) filled += Receive(socket, buffer.AsSpan(filled));
        var length = PduHeader.Size + (int)PduHeader.Read(buffer).Length;
        while (filled < length) filled += Receive(socket, buffer.AsSpan(filled));
        return filled == length
            ? buffer.AsMemory(0, length)
            : throw new InvalidDataException("More than one PDU came where one was due.");
    }

    private static int Receive(Socket socket, Span<byte> destination)
    {
        var count = socket.Receive(destination);
        return count > 0 ? count : throw new EndOfStreamException("The receiver closed the connection.");
    }
}
