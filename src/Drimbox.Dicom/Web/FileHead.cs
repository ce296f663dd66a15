using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Part10;

namespace Drimbox.Dicom.Web;

/// <summary>Takes the start of a DICOM file that arrives in pieces: preamble, prefix and file meta information, up to
/// the data set. Source: PS3.10 7.1.</summary>
public sealed class FileHead
{
    // Preamble, prefix, and the group length with its value.
    private const int LengthKnownAt = DicomFile.PreambleLength + 4 + 12;

    private readonly ArrayBufferWriter<byte> _head = new(1024);

    /// <summary>Media Storage SOP Class UID; the default value where there is none.</summary>
    public Uid SopClassUid { get; private set; }

    /// <summary>Media Storage SOP Instance UID; the default value where there is none.</summary>
    public Uid SopInstanceUid { get; private set; }

    /// <summary>Null: not known to this library.</summary>
    public TransferSyntax? TransferSyntax { get; private set; }

    /// <summary>Takes the next bytes.</summary>
    /// <param name="isLast">No more come.</param>
    /// <param name="rest">What of them and of those before belongs to the data set. Valid until the next call.</param>
    /// <param name="refusal">Why this is no DICOM file.</param>
    /// <returns>True once the head is whole; then no more is to be fed.</returns>
    public bool TryTake(
        ReadOnlySpan<byte> bytes,
        bool isLast,
        out ReadOnlyMemory<byte> rest,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        rest = default;
        // What comes after the longest head is looked at once, by the caller.
        _head.Write(bytes);
        refusal = null;
        if (!isLast && _head.WrittenCount < Math.Min(Expected(), FileMeta.BytesMax))
        {
            refusal = NeedMore;
            return false;
        }

        var known = _head.WrittenMemory[..Math.Min(_head.WrittenCount, FileMeta.BytesMax)];
        if (!FileMeta.TryRead(known, isKept: false, out var meta))
        {
            refusal = meta.Refusal ?? new Refusal(RefusalReason.Malformed, "Not a DICOM file.");
            return false;
        }

        var group = meta.Group!;
        SopClassUid = group.GetUid(Tag.MediaStorageSOPClassUID);
        SopInstanceUid = group.GetUid(Tag.MediaStorageSOPInstanceUID);
        TransferSyntax = TransferSyntax.TryFind(group.GetUid(Tag.TransferSyntaxUID), out var syntax) ? syntax : null;
        rest = _head.WrittenMemory[meta.End..];
        return true;
    }

    /// <summary>The refusal that says that the head is not whole yet.</summary>
    public static Refusal NeedMore { get; } = new(RefusalReason.Malformed, "The file meta information is not whole.");

    // Behind the group one tag more, by which its end is seen.
    private int Expected()
    {
        var head = _head.WrittenSpan;
        if (head.Length < LengthKnownAt) return LengthKnownAt;
        if (!head[(LengthKnownAt - 12)..].StartsWith((ReadOnlySpan<byte>)[2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0]))
            return FileMeta.BytesMax;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head[(LengthKnownAt - 4)..]);
        return length > Limits.FileMetaBytesMax ? FileMeta.BytesMax : LengthKnownAt + (int)length + 8;
    }
}
