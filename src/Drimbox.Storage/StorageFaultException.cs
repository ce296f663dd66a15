namespace Drimbox.Storage;

/// <summary>What kind of fault a disk or database met.</summary>
public enum StorageFault
{
    /// <summary>No space, no inode or no quota left (ENOSPC, EDQUOT, SQLITE_FULL): reading goes on.</summary>
    Full,

    /// <summary>The device failed (EIO, SQLITE_IOERR).</summary>
    Io,

    /// <summary>No file descriptor left (EMFILE, ENFILE).</summary>
    TooManyFiles,

    /// <summary>A file that must not be there is there (EEXIST).</summary>
    Exists,

    /// <summary>A file that must be there is not (ENOENT).</summary>
    Absent,

    /// <summary>Another process uses the store.</summary>
    InUse,

    /// <summary>The database ended this write because another waited for what it had (40P01): the same may be done
    /// again.</summary>
    Deadlock,

    /// <summary>Whether the write is there is not known, or it came so late that the file that it names may be gone: that
    /// file is left to whoever sweeps those without a row.</summary>
    Unresolved,

    /// <summary>The bytes are not those that were written: a hash, a length or the database says so.</summary>
    Corrupt,

    /// <summary>The store was written by a newer version of the program.</summary>
    NewerSchema,

    /// <summary>Anything else; the message has the number of the system or of the database.</summary>
    Other,
}

/// <summary>A disk or database failed. Nothing of the operation may be taken as done, and nothing was acknowledged.
/// The message holds our own names and numbers only.</summary>
public sealed class StorageFaultException : IOException
{
    public StorageFaultException(StorageFault fault, string message, Exception? inner = null) : base(message, inner) =>
        Fault = fault;

    public StorageFault Fault { get; }

    /// <summary>True if the same may succeed a little later: a disk with no room, a database that is away or busy, or that has
    /// not said whether it was done.</summary>
    public bool IsPassing => Fault is StorageFault.Full or StorageFault.Io or StorageFault.TooManyFiles
        or StorageFault.InUse or StorageFault.Deadlock or StorageFault.Unresolved;
}
