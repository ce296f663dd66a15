using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom;

/// <content>What a data set is read from, all of it at once.</content>
public sealed partial class DataSetReader
{
    /// <summary>Reads a complete data set; values stay slices of <paramref name="bytes"/>.</summary>
    public static DataSet? TryRead(
        ReadOnlyMemory<byte> bytes, TransferSyntax syntax, out StructureError error, Tag? stopAt = null)
    {
        var reader = ReadMemory(bytes, syntax, stopAt);
        error = reader.Error;
        return reader.Status == ReadStatus.Done ? reader.DataSet : null;
    }

    /// <summary>As <see cref="TryRead"/>, with what was read before an error.</summary>
    public static DataSetReader ReadMemory(
        ReadOnlyMemory<byte> bytes, TransferSyntax syntax, Tag? stopAt = null) =>
        ReadMemory(bytes, syntax, stopAt, null);

    internal static DataSetReader ReadMemory(
        ReadOnlyMemory<byte> bytes, TransferSyntax syntax, Tag? stopAt, DataSetReader? before)
    {
        var reader = new DataSetReader(syntax, stopAt, bytes.Length, before);
        if (MemoryMarshal.TryGetArray(bytes, out var segment))
        {
            reader._memory = segment.Array;
            reader._memoryStart = segment.Offset;
        }

        reader.Feed(bytes.Span);
        reader.Complete();
        return reader;
    }

    /// <summary>Reads the data set that starts at <paramref name="start"/> of a file; long values stay there.</summary>
    public static DataSetReader ReadFile(string path, long start, TransferSyntax syntax, Tag? stopAt = null)
    {
        using var handle = File.OpenHandle(path);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var reader = ReadFile(handle, path, start, syntax, stopAt, buffer, 0, 0, null);
        ArrayPool<byte>.Shared.Return(buffer);
        return reader;
    }

    /// <summary>As above, of an open file.</summary>
    /// <param name="buffer">To read into; its bytes between the two indices are the first of the data set.</param>
    /// <param name="before">The reader of what stands before, from which nothing is asked any more.</param>
    internal static DataSetReader ReadFile(
        SafeFileHandle handle,
        string path,
        long start,
        TransferSyntax syntax,
        Tag? stopAt,
        byte[] buffer,
        int from,
        int to,
        DataSetReader? before)
    {
        var total = Math.Max(0, RandomAccess.GetLength(handle) - start);
        var reader = new DataSetReader(syntax, stopAt, total, before) { _path = path, _fileStart = start };
        if (from < to) reader.Feed(buffer.AsSpan(from, to - from));
        while (reader.Status == ReadStatus.NeedMore)
        {
            // Position may have jumped over a value that stays in the file.
            var position = reader._tokenizer.InputPosition;
            var count = position < total ? RandomAccess.Read(handle, buffer, start + position) : 0;
            if (count == 0) reader.Complete();
            else reader.Feed(buffer.AsSpan(0, count));
        }

        return reader;
    }

    /// <summary>Reads what stands at the start of <paramref name="bytes"/>; values are copied.</summary>
    internal static DataSetReader CopyOf(ReadOnlySpan<byte> bytes, TransferSyntax syntax, Tag? stopAt)
    {
        var reader = new DataSetReader(syntax, stopAt, bytes.Length);
        reader.Feed(bytes);
        reader.Complete();
        return reader;
    }

    /// <summary>Reads a stream to its end; all values are copied.</summary>
    public static DataSetReader ReadStream(Stream stream, TransferSyntax syntax, Tag? stopAt = null)
    {
        var reader = new DataSetReader(syntax, stopAt);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        while (reader.Status == ReadStatus.NeedMore)
        {
            var count = stream.Read(buffer);
            if (count == 0) reader.Complete();
            else reader.Feed(buffer.AsSpan(0, count));
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return reader;
    }
}
