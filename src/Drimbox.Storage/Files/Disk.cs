using Microsoft.Win32.SafeHandles;

namespace Drimbox.Storage;

/// <summary>The system calls behind <see cref="Disk"/>, as a fault plan names them.</summary>
public enum DiskCall
{
    Create,
    OpenRead,
    OpenDirectory,
    Write,
    Sync,
    SyncDirectory,
    Rename,
    Unlink,
    MakeDirectory,
}

/// <summary>
/// The one seam to the file system. A name in here is a system call that either happened or throws
/// <see cref="StorageFaultException"/>; EINTR and short writes are taken care of above the seam, so that a fault plan
/// can play them too. A file has its final name from the start or gets it by a durable rename.
/// </summary>
public abstract class Disk
{
    /// <summary>The file system of this machine.</summary>
    public static Disk Real { get; } = new PosixDisk();

    /// <summary>Creates a file that must not exist yet (O_EXCL), mode 0640, for writing.</summary>
    public DiskFile Create(string path)
    {
        var handle = new SafeFileHandle((nint)Call(DiskCall.Create, path), ownsHandle: true);
        return new DiskFile(this, handle, path);
    }

    /// <summary>Opens a file for reading; the caller disposes the stream.</summary>
    public Stream OpenRead(string path)
    {
        var handle = new SafeFileHandle((nint)Call(DiskCall.OpenRead, path), ownsHandle: true);
        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Makes the entries of a folder durable: a created or renamed file is not, before its folder is.</summary>
    public void SyncDirectory(string folder)
    {
        using var handle = new SafeFileHandle((nint)Call(DiskCall.OpenDirectory, folder), ownsHandle: true);
        Call(DiskCall.SyncDirectory, folder, handle);
    }

    /// <summary>Gives a file its final name and makes the name durable. Replaces a file of that name.</summary>
    public void Rename(string from, string to)
    {
        Retry(() => InvokeRename(from, to), DiskCall.Rename, to);
        SyncDirectory(Path.GetDirectoryName(to)!);
    }

    /// <summary>Removes a name. That it is absent already is no fault.</summary>
    public void Unlink(string path)
    {
        try
        {
            Call(DiskCall.Unlink, path);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Absent)
        {
            // The wanted state.
        }
    }

    /// <summary>Removes a name on the way out of a fault, where a second fault must not hide the first. What stays
    /// behind has no row and goes with the start-up sweep.</summary>
    public void TryUnlink(string path)
    {
        try
        {
            Unlink(path);
        }
        catch (StorageFaultException)
        {
            // See above.
        }
    }

    /// <summary>Makes a folder (mode 0750) and its missing parents, durably; one that exists is left alone.</summary>
    public void MakeDirectory(string folder)
    {
        if (DirectoryExists(folder)) return;
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        if (parent is null) return;
        MakeDirectory(parent);
        try
        {
            Call(DiskCall.MakeDirectory, folder);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Exists)
        {
            // Another thread was faster.
        }

        SyncDirectory(parent);
    }

    public abstract bool FileExists(string path);

    public abstract bool DirectoryExists(string path);

    /// <summary>Length in bytes, or -1 if there is no such file.</summary>
    public abstract long FileLength(string path);

    /// <summary>When a file was last written, as its file system says.</summary>
    public virtual DateTimeOffset LastWrite(string path) => new(File.GetLastWriteTimeUtc(path), TimeSpan.Zero);

    /// <summary>The full paths of the files in a folder (not below it), in no order.</summary>
    public abstract IEnumerable<string> EnumerateFiles(string folder);

    /// <summary>The full paths of the folders in a folder, in no order.</summary>
    public abstract IEnumerable<string> EnumerateDirectories(string folder);

    /// <summary>Free bytes for an unprivileged process on the file system of a folder.</summary>
    public abstract long FreeBytes(string folder);

    /// <summary>Holds a file as the mark that this process uses a folder.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: another holder lives.</exception>
    public abstract IDisposable Lock(string path);

    /// <summary>One system call: its value, or minus its error number.</summary>
    protected internal abstract long Invoke(DiskCall call, string path, SafeFileHandle? handle);

    /// <summary>pwrite: how many bytes were taken, or minus its error number.</summary>
    protected internal abstract long InvokeWrite(
        SafeFileHandle handle, string path, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>rename: 0, or minus its error number.</summary>
    protected internal abstract long InvokeRename(string from, string to);

    internal void WriteAll(SafeFileHandle handle, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var written = InvokeWrite(handle, path, bytes, offset);
            if (written == -Errno.EINTR) continue;
            if (written < 0) throw Errno.Fault(DiskCall.Write, path, -written);
            bytes = bytes[(int)written..];
            offset += written;
        }
    }

    internal long Call(DiskCall call, string path, SafeFileHandle? handle = null) =>
        Retry(() => Invoke(call, path, handle), call, path);

    private static long Retry(Func<long> invoke, DiskCall call, string path)
    {
        while (true)
        {
            var value = invoke();
            if (value >= 0) return value;
            // EINTR says that nothing was done yet; it is not the verdict of an fsync.
            if (value != -Errno.EINTR) throw Errno.Fault(call, path, -value);
        }
    }
}

/// <summary>A file that is being written, under its final name or one that will be renamed.</summary>
public sealed class DiskFile : IDisposable
{
    private readonly Disk _disk;
    private readonly SafeFileHandle _handle;
    private bool _failed;

    internal DiskFile(Disk disk, SafeFileHandle handle, string path)
    {
        _disk = disk;
        _handle = handle;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>Appends all of <paramref name="bytes"/>.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        ThrowIfFailed();
        try
        {
            _disk.WriteAll(_handle, Path, bytes, Length);
            Length += bytes.Length;
        }
        catch (StorageFaultException)
        {
            _failed = true;
            throw;
        }
    }

    /// <summary>fsync. After a failure the kernel may have dropped the pages and a second call would lie: the file
    /// refuses everything from then on, and its owner unlinks it (facts on reliability 4, C-STORE step 3).</summary>
    public void Sync()
    {
        ThrowIfFailed();
        try
        {
            _disk.Call(DiskCall.Sync, Path, _handle);
        }
        catch (StorageFaultException)
        {
            _failed = true;
            throw;
        }
    }

    public void Dispose() => _handle.Dispose();

    private void ThrowIfFailed()
    {
        if (_failed) throw new StorageFaultException(StorageFault.Io, "The file failed before; it is not written again.");
    }
}
