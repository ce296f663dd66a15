using System.Buffers;
using System.Runtime.InteropServices;
using Drimbox.Core;
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
        var reader = After(before, syntax, stopAt, bytes.Length);
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
    /// <param name="length">Bytes of the data set; null: it ends where the file does.</param>
    public static DataSetReader ReadFile(
        string path, long start, TransferSyntax syntax, Tag? stopAt = null, long? length = null)
    {
        using var handle = File.OpenHandle(path);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var reader = ReadFile(handle, path, start, syntax, stopAt, buffer, 0, 0, null, length);
        ArrayPool<byte>.Shared.Return(buffer);
        return reader;
    }

    /// <summary>As above, of an open file.</summary>
    /// <param name="buffer">To read into; its bytes between the two indices are the first of the data set.</param>
    /// <param name="before">The reader of what stands before, which reads this too; null: none.</param>
    internal static DataSetReader ReadFile(
        SafeFileHandle handle,
        string path,
        long start,
        TransferSyntax syntax,
        Tag? stopAt,
        byte[] buffer,
        int from,
        int to,
        DataSetReader? before,
        long? length = null)
    {
        var total = length ?? Math.Max(0, RandomAccess.GetLength(handle) - start);
        var reader = After(before, syntax, stopAt, total);
        (reader._path, reader._fileStart) = (path, start);
        if (from < to) reader.FeedWindow(buffer, from, to);
        while (reader.Status == ReadStatus.NeedMore)
        {
            // Position may have jumped over a value that stays in the file.
            var position = reader.Tokenizer.InputPosition;
            var wanted = (int)Math.Min(buffer.Length, total - position);
            var count = wanted > 0 ? RandomAccess.Read(handle, buffer.AsSpan(0, wanted), start + position) : 0;
            if (count == 0) reader.Complete();
            else reader.Feed(buffer.AsSpan(0, count));
        }

        return reader;
    }

    private static DataSetReader After(DataSetReader? before, TransferSyntax syntax, Tag? stopAt, long totalLength)
    {
        if (before is null) return new DataSetReader(syntax, stopAt, totalLength);
        before.BeginAgain(syntax, stopAt, totalLength);
        return before;
    }

    // The start of a file, which nearly always has the whole header in it: while it is read values are slices of the
    // buffer, then all of them move into one array that is as long as they are.
    private void FeedWindow(byte[] buffer, int from, int to)
    {
        _memory = buffer;
        _memoryStart = from;
        _isWindow = true;
        Feed(buffer.AsSpan(from, to - from));
        _isWindow = false;
        _memory = null;
        if (_windowBytes == 0) return;
        var values = new byte[_windowBytes];
        var used = 0;
        DataSet.MoveValues(buffer, values, ref used);
        Invariant.Holds(used == values.Length);
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
