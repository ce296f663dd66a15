using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom;

/// <summary>A long value left where it is: a part of a file. The file must stay as it is while the value is in use.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">The first byte of the value, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record FileRange(string Path, long Offset, long Length)
{
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
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(handle, destination, Offset + position);
            if (count == 0) throw new EndOfStreamException("The file that holds a value became shorter.");
            position += count;
            destination = destination[count..];
        }
    }
}
