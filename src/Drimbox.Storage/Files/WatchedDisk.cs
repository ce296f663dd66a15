using Microsoft.Win32.SafeHandles;

namespace Drimbox.Storage;

/// <summary>A disk that tells when a call finds no space left, while the caller gets its fault as ever.</summary>
/// <param name="full">Called on the thread of the call.</param>
public sealed class WatchedDisk(Disk inner, Action full) : Disk
{
    public override bool FileExists(string path) => inner.FileExists(path);

    public override bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public override long FileLength(string path) => inner.FileLength(path);

    public override IEnumerable<string> EnumerateFiles(string folder) => inner.EnumerateFiles(folder);

    public override IEnumerable<string> EnumerateDirectories(string folder) => inner.EnumerateDirectories(folder);

    public override long FreeBytes(string folder) => inner.FreeBytes(folder);

    public override long TotalBytes(string folder) => inner.TotalBytes(folder);

    public override IDisposable Lock(string path) => inner.Lock(path);

    protected internal override long Invoke(DiskCall call, string path, SafeFileHandle? handle) =>
        Looked(inner.Invoke(call, path, handle));

    protected internal override long InvokeWrite(
        SafeFileHandle handle, string path, ReadOnlySpan<byte> bytes, long offset) =>
        Looked(inner.InvokeWrite(handle, path, bytes, offset));

    protected internal override void BeginWriteback(SafeFileHandle handle, long offset, long length) =>
        inner.BeginWriteback(handle, offset, length);

    protected internal override long InvokeRename(string from, string to) => Looked(inner.InvokeRename(from, to));

    protected internal override long InvokeLink(string from, string to) => Looked(inner.InvokeLink(from, to));

    private long Looked(long value)
    {
        if (value is -Errno.ENOSPC or -Errno.EDQUOT) full();
        return value;
    }
}
