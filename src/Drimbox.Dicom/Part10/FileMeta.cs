using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom.Part10;

/// <summary>The start of a DICOM file: preamble, prefix and file meta information. Source: PS3.10 7.1.</summary>
/// <param name="Group">Null if there is none.</param>
/// <param name="Reader">Which read the group, and may read on.</param>
/// <param name="End">Bytes up to the data set.</param>
/// <param name="Refusal">Why it is not readable, or null.</param>
internal readonly record struct FileMeta(DataSet? Group, DataSetReader? Reader, int End, Refusal? Refusal)
{
    private const int Start = DicomFile.PreambleLength + 4;

    // (0002,0000) UL, 4 bytes: PS3.10 7.1 begins the group with its length.
    private const int GroupLengthBytes = 12;

    /// <summary>As many bytes of a file as are looked at.</summary>
    internal const int BytesMax = Start + GroupLengthBytes + Limits.FileMetaBytesMax;

    /// <summary>Reads it.</summary>
    /// <param name="head">The first <see cref="BytesMax"/> bytes of the file, or all of it.</param>
    /// <param name="isKept">Values may stay slices of <paramref name="head"/>; else they are copied.</param>
    internal static bool TryRead(ReadOnlyMemory<byte> head, bool isKept, out FileMeta meta)
    {
        if (head.Length < Start || !head.Span[DicomFile.PreambleLength..Start].SequenceEqual(DicomFile.Prefix))
        {
            meta = new FileMeta(null, null, 0, new Refusal(
                RefusalReason.Malformed, "Not a DICOM file: no 'DICM' at byte 128 (PS3.10 7.1).", "byte 128"));
            return false;
        }

        // (0002,0000) says where the group ends. It is not trusted beyond the group: a wrong one must not hide or
        // invent elements, so the first tag after group 0002 ends it in any case.
        var available = head[Start..];
        if (available.Length >= GroupLengthBytes
            && available.Span.StartsWith((ReadOnlySpan<byte>)[2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0]))
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(available.Span[8..]);
            if (length <= Limits.FileMetaBytesMax && available.Length >= GroupLengthBytes + length)
            {
                var end = GroupLengthBytes + (int)length;
                var isWhole = !available.Span[end..].StartsWith((ReadOnlySpan<byte>)[2, 0]);
                var declared = ReadGroup(available[..end], isKept);
                if (isWhole && declared.Status == ReadStatus.Done && declared.Position == end)
                {
                    meta = new FileMeta(declared.DataSet, declared, Start + end, null);
                    return true;
                }
            }
        }

        var reader = ReadGroup(available, isKept);
        meta = new FileMeta(
            reader.DataSet, reader, Start + (int)reader.Position, reader.Status == ReadStatus.Done ? null : Refused(reader.Error));
        return meta.Refusal is null;
    }

    private static DataSetReader ReadGroup(ReadOnlyMemory<byte> bytes, bool isKept) => DataSetReader.ReadMemory(
        isKept ? bytes : bytes.ToArray(), TransferSyntax.ExplicitVRLittleEndian, new Tag(0x0003_0000));

    private static Refusal Refused(StructureError error) => new(
        RefusalReason.Malformed,
        $"The file meta information is not readable: {error.Reason} at byte {Start + error.Offset} of the file.",
        error.Tag.ToString());
}
