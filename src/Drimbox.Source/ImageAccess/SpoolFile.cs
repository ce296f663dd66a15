using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Source.ImageAccess;

/// <summary>A file that images are appended to, one after the other. Those that are kept are ranges of it, and stay as they
/// are. It is not synced: after a crash nobody waits for it, and the PACS has the images still.</summary>
/// <exception cref="StorageFaultException">From each call that writes: the disk is full, or failed.</exception>
internal sealed class SpoolFile(Disk disk, string path) : IDisposable
{
    private readonly DiskFile _file = disk.Create(path, isSynced: false);

    // Of the image that is being written.
    private long _start;

    public string Path => path;

    /// <summary>A write did not succeed. Nothing more is appended; what was kept before can be read.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>No image is kept in it.</summary>
    public bool IsEmpty => _start == 0;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Write(bytes);
        }
        catch (StorageFaultException)
        {
            HasFailed = true;
            throw;
        }
    }

    /// <summary>The image has ended: all of it can be read from now on. <see cref="Keep"/> or <see cref="TakeBack"/>
    /// follows.</summary>
    /// <returns>Where it is, in bytes from the start of the file.</returns>
    public (long Offset, long Length) End()
    {
        try
        {
            _file.Flush();
        }
        catch (StorageFaultException)
        {
            HasFailed = true;
            throw;
        }

        return (_start, _file.Length - _start);
    }

    /// <summary>The next image goes behind this one.</summary>
    public void Keep()
    {
        // Where the page cache takes it for less (docs/adr/0015). The gap has no blocks on the disk.
        const long Alignment = Limits.FileWriteAlignment;
        _start = (_file.Length + Alignment - 1) / Alignment * Alignment;
        _file.MoveTo(_start);
    }

    /// <summary>The next image goes over what there is of this one. Does not throw.</summary>
    public void TakeBack()
    {
        if (!HasFailed) _file.MoveTo(_start);
    }

    public void Dispose() => _file.Dispose();
}
