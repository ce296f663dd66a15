using System.Buffers.Binary;
using System.IO.Compression;
using Drimbox.Core;

namespace Drimbox.Dicom.Part10;

/// <summary>A DICOM file that was read. Source: PS3.10 section 7.</summary>
public sealed class DicomFile
{
    internal const int PreambleLength = 128;

    private DicomFile(DataSet meta, DataSet dataSet, TransferSyntax syntax, long dataSetOffset)
    {
        Meta = meta;
        DataSet = dataSet;
        TransferSyntax = syntax;
        DataSetOffset = dataSetOffset;
    }

    /// <summary>The file meta information: group 0002, apart from the data set.</summary>
    public DataSet Meta { get; }

    public DataSet DataSet { get; }

    public TransferSyntax TransferSyntax { get; }

    /// <summary>The byte of the file at which the data set starts.</summary>
    public long DataSetOffset { get; }

    internal static ReadOnlySpan<byte> Prefix => "DICM"u8;

    /// <summary>Reads a file; values over <see cref="Limits.ValueBytesByReferenceMin"/> stay in it.</summary>
    /// <param name="file">The file. Where only a part of it is readable, that part, together with a refusal that
    /// says where it ends; null if it is not a DICOM file at all.</param>
    /// <param name="refusal">Why the file is not, or not wholly, readable.</param>
    /// <param name="stopAt">The first top-level tag not to be read, or null.</param>
    /// <returns>True if all of it was read.</returns>
    /// <exception cref="IOException">The file system failed.</exception>
    public static bool TryRead(string path, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return TryRead(stream, path, default, out file, out refusal, stopAt);
    }

    /// <summary>Reads a stream to its end; all values are copied.</summary>
    public static bool TryRead(Stream stream, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null) =>
        TryRead(stream, null, default, out file, out refusal, stopAt);

    /// <summary>Reads a file that is in memory; values stay there.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null) =>
        TryRead(null, null, bytes, out file, out refusal, stopAt);

    private static bool TryRead(
        Stream? stream,
        string? path,
        ReadOnlyMemory<byte> bytes,
        out DicomFile? file,
        out Refusal? refusal,
        Tag? stopAt)
    {
        file = null;
        var head = stream is null
            ? bytes
            : ReadUpTo(stream, PreambleLength + Prefix.Length + 12 + Limits.FileMetaBytesMax);
        if (!TryReadMeta(head, out var meta, out var start, out refusal)) return false;
        if (!TransferSyntax.TryFind(meta.GetUid(Tag.TransferSyntaxUID), out var syntax))
        {
            refusal = new Refusal(
                RefusalReason.TableValue, "The transfer syntax of the file is absent or not known.",
                Tag.TransferSyntaxUID.ToString());
            return false;
        }

        DataSetReader reader;
        if (syntax.IsDeflated)
            reader = Inflate(Rest(stream, head, start), syntax, stopAt);
        else if (stream is null)
            reader = DataSetReader.ReadMemory(bytes[start..], syntax, stopAt);
        else if (path is not null)
            reader = DataSetReader.ReadFile(path, start, syntax, stopAt);
        else
            reader = DataSetReader.ReadStream(Rest(stream, head, start), syntax, stopAt);

        file = new DicomFile(meta, reader.DataSet, syntax, start);
        refusal = reader.Status == ReadStatus.Done ? null : Partial(reader, start);
        return refusal is null;
    }

    private static bool TryReadMeta(ReadOnlyMemory<byte> head, out DataSet meta, out int start, out Refusal? refusal)
    {
        meta = new DataSet();
        start = PreambleLength + Prefix.Length;
        if (head.Length < start || !head.Span[PreambleLength..start].SequenceEqual(Prefix))
        {
            refusal = new Refusal(
                RefusalReason.Malformed, "Not a DICOM file: no 'DICM' at byte 128 (PS3.10 7.1).", "byte 128");
            return false;
        }

        // PS3.10 7.1: (0002,0000) UL says where the group ends. It is not trusted beyond the group: a wrong one
        // must not hide or invent elements, so the first tag after group 0002 ends it in any case.
        var available = head[start..];
        if (available.Length >= 12 && available.Span.StartsWith((ReadOnlySpan<byte>)[2, 0, 0, 0, 0x55, 0x4C, 4, 0]))
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(available.Span[8..]);
            if (length <= Limits.FileMetaBytesMax && available.Length >= 12 + length)
            {
                var declared = ReadGroup(available[..(12 + (int)length)]);
                var isWhole = !available.Span[(12 + (int)length)..].StartsWith((ReadOnlySpan<byte>)[2, 0]);
                if (isWhole && declared.Status == ReadStatus.Done && declared.Position == 12 + length)
                {
                    meta = declared.DataSet;
                    start += (int)declared.Position;
                    refusal = null;
                    return true;
                }
            }
        }

        var reader = ReadGroup(available);
        start += (int)reader.Position;
        meta = reader.DataSet;
        refusal = reader.Status == ReadStatus.Done
            ? null
            : new Refusal(
                RefusalReason.Malformed,
                $"The file meta information is not readable: {reader.Error.Reason} at byte "
                + $"{PreambleLength + Prefix.Length + reader.Error.Offset} of the file.",
                reader.Error.Tag.ToString());
        return refusal is null;
    }

    private static DataSetReader ReadGroup(ReadOnlyMemory<byte> bytes) =>
        DataSetReader.ReadMemory(bytes, TransferSyntax.ExplicitVRLittleEndian, new Tag(0x0003_0000));

    private static Refusal Partial(DataSetReader reader, long start)
    {
        var count = reader.DataSet.Count;
        var last = count == 0 ? "nothing" : $"{count} elements, the last {reader.DataSet[count - 1].Tag},";
        var refusal = reader.Error.ToRefusal();
        return refusal with
        {
            Detail = $"{refusal.Detail} Of the file, {last} could be read; the error is at byte "
                + $"{start + reader.Error.Offset}.",
        };
    }

    private static ReadOnlyMemory<byte> ReadUpTo(Stream stream, int count)
    {
        var buffer = new byte[count];
        var length = stream.ReadAtLeast(buffer, count, throwOnEndOfStream: false);
        return buffer.AsMemory(0, length);
    }

    // What was read ahead, then the rest of the stream.
    private static JoinedStream Rest(Stream? stream, ReadOnlyMemory<byte> head, int start) =>
        new JoinedStream(head[start..], stream);

    // PS3.5 A.5: raw deflate (RFC 1951). Bounded in size and in ratio, attack A6.
    private static DataSetReader Inflate(JoinedStream deflated, TransferSyntax syntax, Tag? stopAt)
    {
        using var inflater = new DeflateStream(deflated, CompressionMode.Decompress);
        var reader = new DataSetReader(syntax, stopAt);
        var buffer = new byte[64 * 1024];
        long total = 0;
        while (reader.Status == ReadStatus.NeedMore)
        {
            int count;
            try
            {
                count = inflater.Read(buffer);
            }
            catch (InvalidDataException)
            {
                reader.Refuse(StructureErrorReason.Deflate);
                break;
            }

            total += count;
            // The ratio counts from 1 MiB on: a small header full of zeros deflates well and harms no one.
            if (total > Limits.InflatedBytesMax
                || (total > 1024 * 1024 && total > deflated.Consumed * Limits.InflationRatioMax))
                reader.Refuse(StructureErrorReason.Deflate);
            else if (count == 0) reader.Complete();
            else reader.Feed(buffer.AsSpan(0, count));
        }

        return reader;
    }
}
