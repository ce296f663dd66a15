namespace Drimbox.Storage;

/// <summary>Error numbers of Linux (the same on x86-64 and arm64).</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOSPC = 28;
    public const int EMLINK = 31;
    public const int EOPNOTSUPP = 95;
    public const int EDQUOT = 122;

    public static StorageFaultException Fault(DiskCall call, string path, long errno)
    {
        var fault = errno switch
        {
            ENOSPC or EDQUOT => StorageFault.Full,
            EIO => StorageFault.Io,
            EMFILE or ENFILE => StorageFault.TooManyFiles,
            EEXIST => StorageFault.Exists,
            ENOENT => StorageFault.Absent,
            _ => StorageFault.Other,
        };
        return new StorageFaultException(fault, $"{call} of '{Path.GetFileName(path)}' failed: error {errno}.");
    }
}
