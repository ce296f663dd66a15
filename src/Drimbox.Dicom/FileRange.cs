using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom;

/// <summary>A long value left where it is: a part of a file. The file must stay as it is while the value is in use.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">The first byte of the value, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record FileRange(string Path, long Offset, long Length)
{
    /// <summary>2, 4 or 8 if the file has the value in words of that many bytes, big endian: they are turned round as
    /// they are read. Else 1.</summary>
    public int SwappedWordSize { get; init; } = 1;

    /// <summary>Reads bytes of the value from <paramref name="position"/> on. A file that became shorter is a fault.
    /// </summary>
    /// <exception cref="EndOfStreamException">The file no longer holds the value.</exception>
    public void Read(long position, Span<byte> destination)
    {
        using var handle = Open();
        Read(handle, position, destination);
    }

    internal SafeFileHandle Open() => File.OpenHandle(Path);

    internal void Read(SafeFileHandle handle, long position, Span<byte> destination)
    {
        var (before, after) = (position % SwappedWordSize, (position + destination.Length) % SwappedWordSize);
        if (before == 0 && (after == 0 || position + destination.Length == Length))
        {
            ReadAsItIs(handle, position, destination);
            DataSetReader.Swap(destination, SwappedWordSize);
            return;
        }

        // A part that does not begin or end with a word: the words around it.
        var start = position - before;
        var end = Math.Min(Length, position + destination.Length + (SwappedWordSize - after));
        var words = ArrayPool<byte>.Shared.Rent((int)(end - start));
        ReadAsItIs(handle, start, words.AsSpan(0, (int)(end - start)));
        DataSetReader.Swap(words.AsSpan(0, (int)(end - start)), SwappedWordSize);
        words.AsSpan((int)before, destination.Length).CopyTo(destination);
        ArrayPool<byte>.Shared.Return(words);
    }

    private void ReadAsItIs(SafeFileHandle handle, long position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(handle, destination, Offset + position);
            if (count == 0) throw new EndOfStreamException("The file that holds a value became shorter.");
            position += count;
            destination = destination[count..];
        }
    }
}
