using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom;

/// <summary>PDUs for scripted peers.</summary>
internal static class Pdus
{
    public static AssociateRequest EchoRequest(string called, string calling) =>
        Request(called, calling, (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid));

    public static AssociateRequest Request(
        string called, string calling, params (Uid Abstract, Uid Transfer)[] contexts) => new()
    {
        CalledAe = AeTitle.Parse(called),
        CallingAe = AeTitle.Parse(calling),
        Contexts = contexts
            .Select((c, i) => new PresentationContextProposal((byte)((i * 2) + 1), c.Abstract, [c.Transfer]))
            .ToList(),
        User = new UserInformation
        {
            MaximumLength = Limits.PduLengthOffered,
            ImplementationClassUid = Uid.Parse("1.2.3"),
        },
    };

    /// <summary>A P-DATA-TF with one PDV.</summary>
    public static byte[] PData(byte context, bool isCommand, bool isLast, ReadOnlySpan<byte> fragment)
    {
        var pdu = new byte[PduHeader.Size + PdvHeader.Size + fragment.Length];
        PduHeader.Write(pdu, PduType.PDataTf, PdvHeader.Size + fragment.Length);
        PdvHeader.Write(pdu.AsSpan(PduHeader.Size), fragment.Length, context, isCommand, isLast);
        fragment.CopyTo(pdu.AsSpan(PduHeader.Size + PdvHeader.Size));
        return pdu;
    }

    public static byte[] Command(byte context, CommandSet command) => PData(context, true, true, Encode(command));

    public static byte[] Encode(CommandSet command)
    {
        var bytes = new byte[CommandSetCodec.EncodedBytesMax];
        return bytes[..CommandSetCodec.Encode(command, bytes)];
    }

    public static CommandSet EchoRq(ushort messageId) => new()
    {
        CommandField = CommandField.CEchoRq,
        MessageId = messageId,
        AffectedSopClassUid = SopClass.Verification,
    };

    public static CommandSet StoreRq(ushort messageId, string instance) => new()
    {
        CommandField = CommandField.CStoreRq,
        MessageId = messageId,
        AffectedSopClassUid = SopClass.CTImageStorage,
        AffectedSopInstanceUid = Uid.Parse(instance),
        Priority = DimsePriority.Medium,
        DataSetType = CommandSet.WithDataSet,
    };

    public static byte[] Abort(byte source, byte reason) => [0x07, 0, 0, 0, 0, 4, 0, 0, source, reason];

    public static byte[] Reject(byte result, byte source, byte reason) =>
        [0x03, 0, 0, 0, 0, 4, 0, result, source, reason];
}
