using System.Buffers.Binary;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Source: PS3.8 9.3.1, the seven protocol data units.</summary>
public enum PduType : byte
{
    AssociateRq = 0x01,
    AssociateAc = 0x02,
    AssociateRj = 0x03,
    PDataTf = 0x04,
    ReleaseRq = 0x05,
    ReleaseRp = 0x06,
    Abort = 0x07,
}

/// <summary>The first six bytes of every PDU: type, a reserved byte, and the length of what follows.</summary>
/// <param name="Type">As read; a hostile peer may send a value that <see cref="PduType"/> does not define.</param>
/// <param name="Length">Bytes after these six, as claimed by the peer: compare with a limit before trusting it.</param>
public readonly record struct PduHeader(PduType Type, uint Length)
{
    public const int Size = 6;

    /// <param name="bytes">At least <see cref="Size"/> bytes.</param>
    public static PduHeader Read(ReadOnlySpan<byte> bytes) =>
        new((PduType)bytes[0], BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    public static void Write(Span<byte> destination, PduType type, int length)
    {
        destination[0] = (byte)type;
        destination[1] = 0;
        BinaryPrimitives.WriteInt32BigEndian(destination[2..], length);
    }
}

/// <summary>The header of a presentation data value. Source: PS3.8 9.3.5.1 and E.2.</summary>
/// <param name="Length">Bytes of the fragment itself, without the context id and the control byte.</param>
public readonly record struct PdvHeader(int Length, byte ContextId, bool IsCommand, bool IsLast)
{
    /// <summary>Item length (4), presentation context id (1), message control header (1).</summary>
    public const int Size = 6;

    private const byte CommandBit = 0x01;
    private const byte LastBit = 0x02;

    /// <summary>Reads a PDV header out of a P-DATA-TF of which <paramref name="pduRemaining"/> bytes are
    /// left.</summary>
    /// <returns>False where the item length does not fit its PDU or the fragment is odd (PS3.8 E.1: each fragment is
    /// of even length).</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int pduRemaining, out PdvHeader header)
    {
        header = default;
        var itemLength = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (itemLength < 2 || itemLength > pduRemaining - 4 || (itemLength & 1) != 0) return false;
        var control = bytes[5];
        header = new PdvHeader((int)itemLength - 2, bytes[4], (control & CommandBit) != 0, (control & LastBit) != 0);
        return true;
    }

    public static void Write(Span<byte> destination, int fragmentLength, byte contextId, bool isCommand, bool isLast)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, fragmentLength + 2);
        destination[4] = contextId;
        destination[5] = (byte)((isCommand ? CommandBit : 0) | (isLast ? LastBit : 0));
    }
}

/// <summary>The PDUs of fixed content.</summary>
public static class FixedPdu
{
    private const int BodyLength = 4;

    public const int Size = PduHeader.Size + BodyLength;

    /// <summary>True for the four types whose length field can only be 4 (PS3.8 9.3.4, 9.3.6, 9.3.7, 9.3.8).</summary>
    public static bool IsFixed(PduType type) =>
        type is PduType.AssociateRj or PduType.ReleaseRq or PduType.ReleaseRp or PduType.Abort;

    public static bool IsLengthRight(uint length) => length == BodyLength;

    public static byte[] ReleaseRq() => Encode(PduType.ReleaseRq, 0, 0, 0);

    public static byte[] ReleaseRp() => Encode(PduType.ReleaseRp, 0, 0, 0);

    public static byte[] Encode(AssociationAbort abort) =>
        Encode(PduType.Abort, 0, (byte)abort.Source, (byte)abort.Reason);

    public static byte[] Encode(AssociateRejection rejection) =>
        Encode(PduType.AssociateRj, (byte)rejection.Result, (byte)rejection.Source, rejection.Reason);

    /// <param name="body">The four bytes after the PDU header.</param>
    public static AssociationAbort DecodeAbort(ReadOnlySpan<byte> body) =>
        new((AbortSource)body[2], (AbortReason)body[3]);

    /// <param name="body">The four bytes after the PDU header.</param>
    public static AssociateRejection DecodeRejection(ReadOnlySpan<byte> body) =>
        new((RejectResult)body[1], (RejectSource)body[2], body[3]);

    private static byte[] Encode(PduType type, byte second, byte third, byte fourth) =>
        [(byte)type, 0, 0, 0, 0, BodyLength, 0, second, third, fourth];
}
