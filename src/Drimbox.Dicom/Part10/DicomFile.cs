using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using Drimbox.Core;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Part10;

/// <summary>A DICOM file that was read. Source: PS3.10 section 7.</summary>
public sealed class DicomFile
{
    internal const int PreambleLength = 128;

    // The header of an ordinary image is shorter, so one system call reads all of it.
    private const int HeaderBytesExpected = 16 * 1024;

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

    /// <summary>Where and why the data set ends to be readable; none if all of it was read. Its offset counts from the
    /// start of the data set: <see cref="DataSetOffset"/>.</summary>
    public StructureError Error { get; private init; }

    /// <summary>Reads a file; values over <see cref="Limits.ValueBytesByReferenceMin"/> stay in it.</summary>
    /// <param name="file">The file. Where only a part of it is readable, that part, together with a refusal that
    /// says where it ends; null if it is not a DICOM file at all.</param>
    /// <param name="refusal">Why the file is not, or not wholly, readable.</param>
    /// <param name="stopAt">The first top-level tag not to be read, or null.</param>
    /// <returns>True if all of it was read.</returns>
    /// <exception cref="IOException">The file system failed.</exception>
    public static bool TryRead(string path, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null)
    {
        using var handle = File.OpenHandle(path);
        var buffer = ArrayPool<byte>.Shared.Rent(HeaderBytesExpected);
        try
        {
            var count = RandomAccess.Read(handle, buffer, 0);
            if (!FileMeta.TryRead(buffer.AsMemory(0, count), isKept: false, out var meta) && count == buffer.Length)
            {
                // Longer than any ordinary one; or not one at all, which the second attempt says again.
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = ArrayPool<byte>.Shared.Rent(FileMeta.BytesMax);
                count = ReadUpTo(handle, buffer.AsSpan(0, FileMeta.BytesMax));
                FileMeta.TryRead(buffer.AsMemory(0, count), isKept: false, out meta);
            }

            if (!TryFindSyntax(meta, out file, out var syntax, out refusal)) return false;
            if (!syntax.IsDeflated)
            {
                return IsWhole(
                    DataSetReader.ReadFile(
                        handle, path, meta.End, syntax, stopAt, buffer, meta.End, count, meta.Reader),
                    meta, syntax, out file, out refusal);
            }

            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            stream.Position = meta.End;
            var inflated = Inflate(new JoinedStream(default, stream), syntax, stopAt);
            return IsWhole(inflated, meta, syntax, out file, out refusal);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a stream to its end; all values are copied.</summary>
    /// <inheritdoc cref="TryRead(string, out DicomFile?, out Refusal?, Tag?)"/>
    public static bool TryRead(Stream stream, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null)
    {
        var head = new byte[FileMeta.BytesMax];
        var count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        FileMeta.TryRead(head.AsMemory(0, count), isKept: false, out var meta);
        if (!TryFindSyntax(meta, out file, out var syntax, out refusal)) return false;
        // What was read ahead, then the rest of the stream.
        var rest = new JoinedStream(head.AsMemory(meta.End, count - meta.End), stream);
        var reader = syntax.IsDeflated
            ? Inflate(rest, syntax, stopAt)
            : DataSetReader.ReadStream(rest, syntax, stopAt);
        return IsWhole(reader, meta, syntax, out file, out refusal);
    }

    /// <summary>Reads a file that is in memory; values stay there.</summary>
    /// <inheritdoc cref="TryRead(string, out DicomFile?, out Refusal?, Tag?)"/>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, out DicomFile? file, out Refusal? refusal, Tag? stopAt = null)
    {
        FileMeta.TryRead(bytes[..Math.Min(bytes.Length, FileMeta.BytesMax)], isKept: true, out var meta);
        if (!TryFindSyntax(meta, out file, out var syntax, out refusal)) return false;
        var reader = syntax.IsDeflated
            ? Inflate(new JoinedStream(bytes[meta.End..], null), syntax, stopAt)
            : DataSetReader.ReadMemory(bytes[meta.End..], syntax, stopAt, meta.Reader);
        return IsWhole(reader, meta, syntax, out file, out refusal);
    }

    private static bool TryFindSyntax(
        in FileMeta meta,
        out DicomFile? file,
        [NotNullWhen(true)] out TransferSyntax? syntax,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        file = null;
        syntax = null;
        refusal = meta.Refusal;
        if (refusal is not null) return false;
        if (TransferSyntax.TryFind(meta.Group!.GetUid(Tag.TransferSyntaxUID), out syntax)) return true;
        refusal = new Refusal(
            RefusalReason.TableValue, "The transfer syntax of the file is absent or not known.",
            Tag.TransferSyntaxUID.ToString());
        return false;
    }

    private static bool IsWhole(
        DataSetReader reader, in FileMeta meta, TransferSyntax syntax, out DicomFile? file, out Refusal? refusal)
    {
        file = new DicomFile(meta.Group!, reader.DataSet, syntax, meta.End) { Error = reader.Error };
        refusal = reader.Status == ReadStatus.Done ? null : Partial(reader, meta.End);
        return refusal is null;
    }

    private static int ReadUpTo(SafeFileHandle handle, Span<byte> buffer)
    {
        var count = 0;
        while (count < buffer.Length)
        {
            var more = RandomAccess.Read(handle, buffer[count..], count);
            if (more == 0) break;
            count += more;
        }

        return count;
    }

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
