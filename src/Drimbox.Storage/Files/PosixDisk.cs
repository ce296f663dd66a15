using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Storage;

/// <summary>The real file system, by the system calls themselves: .NET has no fsync of a directory, and its flush of
/// a file swallows some errors.</summary>
internal sealed class PosixDisk : Disk
{
    // The values of Linux, the same on x86-64 and arm64 (O_DIRECTORY is not, so it is not used).
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int CreateExclusive = 0x40 | 0x80;
    private const int CloseOnExec = 0x80000;
    private const uint SyncFileRangeWrite = 2;
    private const int FileMode0640 = 0b110_100_000;
    private const int FolderMode0750 = 0b111_101_000;

    public override bool FileExists(string path) => File.Exists(path);

    public override bool DirectoryExists(string path) => Directory.Exists(path);

    public override long FileLength(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : -1;
    }

    public override IEnumerable<string> EnumerateFiles(string folder) => Directory.EnumerateFiles(folder);

    public override IEnumerable<string> EnumerateDirectories(string folder) => Directory.EnumerateDirectories(folder);

    public override long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    public override IDisposable Lock(string path)
    {
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Unix: it ends with the process, whatever ends it.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new StorageFaultException(
                StorageFault.InUse, $"'{path}' is held: another process uses this store.", e);
        }
    }

    protected internal override long Invoke(DiskCall call, string path, SafeFileHandle? handle) => call switch
    {
        DiskCall.Create => Result(open(Bytes(path), WriteOnly | CreateExclusive | CloseOnExec, FileMode0640)),
        DiskCall.OpenRead or DiskCall.OpenDirectory => Result(open(Bytes(path), ReadOnly | CloseOnExec, 0)),
        DiskCall.Sync or DiskCall.SyncDirectory => Result(fsync(handle!)),
        DiskCall.Unlink => Result(unlink(Bytes(path))),
        DiskCall.MakeDirectory => Result(mkdir(Bytes(path), FolderMode0750)),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    protected internal override long InvokeWrite(
        SafeFileHandle handle, string path, ReadOnlySpan<byte> bytes, long offset) =>
        Result(pwrite(handle, ref MemoryMarshal.GetReference(bytes), bytes.Length, offset));

    protected internal override void BeginWriteback(SafeFileHandle handle, long offset, long length) =>
        _ = sync_file_range(handle, offset, length, SyncFileRangeWrite);

    protected internal override long InvokeRename(string from, string to) => Result(rename(Bytes(from), Bytes(to)));

    protected internal override long InvokeLink(string from, string to) => Result(link(Bytes(from), Bytes(to)));

    private static long Result(long value) => value >= 0 ? value : -Marshal.GetLastPInvokeError();

    private static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(byte[] path, int flags, int mode);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(SafeFileHandle handle);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sync_file_range(SafeFileHandle handle, long offset, long length, uint flags);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint pwrite(SafeFileHandle handle, ref byte bytes, nint count, long offset);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int unlink(byte[] path);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mkdir(byte[] path, int mode);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int rename(byte[] from, byte[] to);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int link(byte[] from, byte[] to);
}
