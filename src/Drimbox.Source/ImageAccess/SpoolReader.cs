using System.Buffers;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Source.ImageAccess;

/// <summary>Reads the images of a retrieval for one of those who asked for them. It opens a file once for all images that
/// follow each other in it, and has no more than one open.</summary>
internal sealed class SpoolReader : IDisposable
{
    private string _path = "";
    private SafeFileHandle? _file;
    private byte[] _buffer = [];

    /// <summary>An image to be sent on before the next one is read.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public InstanceSource SourceOf(ArrivedImage image) => image.Length <= Limits.ImageInMemoryBytesMax
        ? InstanceSource.FromMemory(Read(image), image.SopClassUid, image.SopInstanceUid, image.TransferSyntaxUid)
        : InstanceSource.FromFile(
            image.Path, image.Offset, image.Length, image.SopClassUid, image.SopInstanceUid, image.TransferSyntaxUid);

    /// <summary>The data set of an image, which is valid until the next one is read.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ReadOnlyMemory<byte> Read(ArrivedImage image)
    {
        if (image.Path != _path)
        {
            _file?.Dispose();
            _file = File.OpenHandle(image.Path);
            _path = image.Path;
        }

        var length = checked((int)image.Length);
        if (_buffer.Length < length)
        {
            Return();
            _buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        for (var read = 0; read < length;)
        {
            var count = RandomAccess.Read(_file!, _buffer.AsSpan(read, length - read), image.Offset + read);
            if (count == 0) throw new EndOfStreamException("A spool file became shorter.");
            read += count;
        }

        return _buffer.AsMemory(0, length);
    }

    public void Dispose()
    {
        _file?.Dispose();
        Return();
    }

    private void Return()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
