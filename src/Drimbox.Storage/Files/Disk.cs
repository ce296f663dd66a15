using System.Buffers;
using System.Collections.Concurrent;
using Drimbox.Core;
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
    Link,
}

/// <summary>
/// The one seam to the file system. A name in here is a system call that either happened or throws
/// <see cref="StorageFaultException"/>; EINTR and short writes are taken care of above the seam, so that a fault plan
/// can play them too. A file has its final name from the start or gets it by a durable rename.
/// </summary>
public abstract class Disk
{
    // Folders that were made and whose names are not durable yet: that one exists says nothing about its name.
    private readonly ConcurrentDictionary<string, bool> _undurable = new(StringComparer.Ordinal);

    /// <summary>The file system of this machine.</summary>
    public static Disk Real { get; } = new PosixDisk();

    /// <summary>Creates a file that must not exist yet (O_EXCL), mode 0640, for writing.</summary>
    /// <param name="isSynced">Its owner will wait until it is durable. False: the system need not hurry to write it.</param>
    public DiskFile Create(string path, bool isSynced = true)
    {
        var handle = new SafeFileHandle((nint)Call(DiskCall.Create, path), ownsHandle: true);
        return new DiskFile(this, handle, path, isSynced);
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

    /// <summary>Makes the bytes of a closed file durable that another library wrote.</summary>
    public void SyncFile(string path)
    {
        using var handle = new SafeFileHandle((nint)Call(DiskCall.OpenRead, path), ownsHandle: true);
        Call(DiskCall.Sync, path, handle);
    }

    /// <summary>Gives a file its final name and makes the name durable. Replaces a file of that name.</summary>
    public void Rename(string from, string to)
    {
        Retry(() => InvokeRename(from, to), DiskCall.Rename, to);
        SyncDirectory(Path.GetDirectoryName(to)!);
    }

    /// <summary>Gives a file a second name and makes it durable: the bytes are not copied.</summary>
    /// <returns>False where that cannot be: another file system, or one without links.</returns>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Exists"/>: the name is taken.</exception>
    public bool TryLink(string from, string to)
    {
        long value;
        do value = InvokeLink(from, to);
        while (value == -Errno.EINTR);
        if (value is -Errno.EXDEV or -Errno.EPERM or -Errno.EMLINK or -Errno.EOPNOTSUPP) return false;
        if (value < 0) throw Errno.Fault(DiskCall.Link, to, -value);
        return true;
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
        if (DirectoryExists(folder) && !_undurable.ContainsKey(folder)) return;
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        if (parent is null) return;
        MakeDirectory(parent);
        _undurable[folder] = true;
        try
        {
            Call(DiskCall.MakeDirectory, folder);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Exists)
        {
            // By another thread, or by this one before the fsync of the parent failed.
        }
        catch (StorageFaultException)
        {
            _undurable.TryRemove(folder, out _);
            throw;
        }

        SyncDirectory(parent);
        _undurable.TryRemove(folder, out _);
    }

    /// <summary>Makes a folder whose parent is there, durably.</summary>
    /// <returns>False: it is there already, made by another.</returns>
    public bool TryMakeDirectory(string folder)
    {
        try
        {
            Call(DiskCall.MakeDirectory, folder);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Exists)
        {
            return false;
        }

        SyncDirectory(Path.GetDirectoryName(folder)!);
        return true;
    }

    /// <summary>Makes a folder like <see cref="MakeDirectory"/>, and makes the name of one that is there durable too:
    /// the process that made it may have died before its fsync. For what is opened once.</summary>
    public void EnsureDirectory(string folder)
    {
        MakeDirectory(folder);
        if (Path.GetDirectoryName(Path.GetFullPath(folder)) is { } parent) SyncDirectory(parent);
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

    /// <summary>Bytes of the whole file system of a folder.</summary>
    public virtual long TotalBytes(string folder) => new DriveInfo(folder).TotalSize;

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

    /// <summary>link: 0, or minus its error number. A disk that does not have it says EXDEV, and its caller
    /// copies.</summary>
    protected internal virtual long InvokeLink(string from, string to) => -Errno.EXDEV;

    /// <summary>sync_file_range: the system begins to write a part of a file to the disk, so that less is left to wait for
    /// at its fsync. Promises nothing, so a fault of it is none.</summary>
    protected internal virtual void BeginWriteback(SafeFileHandle handle, long offset, long length)
    {
    }

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

/// <summary>A file that is being written, under its final name or one that will be renamed. Writes end at multiples of
/// <see cref="Limits.FileWriteAlignment"/>, which the page cache takes for less (docs/adr/0015); the rest waits for more, or
/// for <see cref="Sync"/>: what is not synced was not written.</summary>
public sealed class DiskFile : IDisposable
{
    private readonly Disk _disk;
    private readonly SafeFileHandle _handle;
    private readonly bool _isSynced;
    private byte[]? _waiting;
    private int _waitingCount;
    private long _written;
    private long _begun;
    private bool _failed;

    internal DiskFile(Disk disk, SafeFileHandle handle, string path, bool isSynced)
    {
        _disk = disk;
        _handle = handle;
        _isSynced = isSynced;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Bytes given so far, and the gaps between them.</summary>
    public long Length => _written + _waitingCount;

    /// <summary>Appends all of <paramref name="bytes"/>.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        ThrowIfFailed();
        if (_waitingCount > 0)
        {
            var count = Math.Min(Limits.FileWriteAlignment - _waitingCount, bytes.Length);
            Wait(bytes[..count]);
            if (_waitingCount < Limits.FileWriteAlignment) return;
            Flush();
            bytes = bytes[count..];
        }

        var whole = bytes.Length - (bytes.Length % Limits.FileWriteAlignment);
        if (whole > 0) WriteNow(bytes[..whole]);
        if (whole < bytes.Length) Wait(bytes[whole..]);
    }

    /// <summary>Hands to the system what waits here: from then on all bytes can be read.</summary>
    public void Flush()
    {
        ThrowIfFailed();
        if (_waitingCount == 0) return;
        WriteNow(_waiting.AsSpan(0, _waitingCount));
        _waitingCount = 0;
    }

    /// <summary>The next bytes go there: behind a gap, which takes no space, or over what stands there. What waited for more
    /// is forgotten.</summary>
    /// <param name="offset">Bytes from the start of the file.</param>
    public void MoveTo(long offset)
    {
        ThrowIfFailed();
        _waitingCount = 0;
        _written = _begun = offset;
    }

    /// <summary>fsync. After a failure the kernel may have dropped the pages and a second call would lie: the file
    /// refuses everything from then on, and its owner unlinks it (facts on reliability 4, C-STORE step 3).</summary>
    public void Sync()
    {
        ThrowIfFailed();
        Flush();
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

    public void Dispose()
    {
        _handle.Dispose();
        if (_waiting is not null) ArrayPool<byte>.Shared.Return(_waiting);
        _waiting = null;
    }

    private void Wait(ReadOnlySpan<byte> bytes)
    {
        _waiting ??= ArrayPool<byte>.Shared.Rent(Limits.FileWriteAlignment);
        bytes.CopyTo(_waiting.AsSpan(_waitingCount));
        _waitingCount += bytes.Length;
    }

    private void WriteNow(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _disk.WriteAll(_handle, Path, bytes, _written);
            _written += bytes.Length;
            if (!_isSynced || _written - _begun < Limits.WritebackBytes) return;
            _disk.BeginWriteback(_handle, _begun, _written - _begun);
            _begun = _written;
        }
        catch (StorageFaultException)
        {
            _failed = true;
            throw;
        }
    }

    private void ThrowIfFailed()
    {
        if (_failed) throw new StorageFaultException(StorageFault.Io, "The file failed before; it is not written again.");
    }
}
