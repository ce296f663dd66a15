using Microsoft.Win32.SafeHandles;

namespace Drimbox.Storage;

/// <summary>What a fault plan does to a call.</summary>
public enum DiskFaultKind
{
    NoSpace,
    DeviceError,
    OverQuota,
    TooManyFiles,

    /// <summary>EINTR, once: nothing was done, and the caller asks again.</summary>
    Interrupted,

    /// <summary>A write takes half of its bytes: legal, and the caller goes on with the rest.</summary>
    ShortWrite,
}

/// <summary>A disk whose nth call meets a fault (campaign D4). It counts the calls that pass the seam and fails the
/// one it is armed for; what follows works again, or fails too until it is armed anew.</summary>
public sealed class FaultyDisk(Disk inner) : Disk
{
    private readonly Lock _lock = new();
    private readonly List<DiskCall> _trace = [];
    private int _armedFor;
    private DiskFaultKind _kind;
    private DiskCall? _only;
    private bool _isLasting;

    /// <summary>Calls counted since the last <see cref="Arm"/>.</summary>
    public int Calls
    {
        get
        {
            lock (_lock) return _trace.Count;
        }
    }

    /// <summary>Those calls in order: what a path does, and that it syncs before it tells.</summary>
    public IReadOnlyList<DiskCall> Trace
    {
        get
        {
            lock (_lock) return [.. _trace];
        }
    }

    /// <summary>What the file system says of its space; null: the truth.</summary>
    public (long Free, long Total)? Space { get; set; }

    /// <summary>Called with each call once its fate is decided, and before it is done: a test holds it there.</summary>
    public Action<DiskCall>? Passing { get; set; }

    /// <summary>True once the armed fault was played.</summary>
    public bool HasStruck { get; private set; }

    /// <summary>Counts from now, and fails call number <paramref name="nth"/> (1 is the first; 0 is none).</summary>
    /// <param name="only">Counts calls of this name alone.</param>
    /// <param name="isLasting">Fails those after it as well.</param>
    public void Arm(int nth, DiskFaultKind kind, DiskCall? only = null, bool isLasting = false)
    {
        lock (_lock)
        {
            (_armedFor, _kind, _only, _isLasting) = (nth, kind, only, isLasting);
            _trace.Clear();
            HasStruck = false;
        }
    }

    public override bool FileExists(string path) => inner.FileExists(path);

    public override bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public override long FileLength(string path) => inner.FileLength(path);

    public override IEnumerable<string> EnumerateFiles(string folder) => inner.EnumerateFiles(folder);

    public override IEnumerable<string> EnumerateDirectories(string folder) => inner.EnumerateDirectories(folder);

    public override long FreeBytes(string folder) => Space?.Free ?? inner.FreeBytes(folder);

    public override long TotalBytes(string folder) => Space?.Total ?? inner.TotalBytes(folder);

    public override IDisposable Lock(string path) => inner.Lock(path);

    protected internal override long Invoke(DiskCall call, string path, SafeFileHandle? handle) =>
        Strikes(call) is { } errno ? -errno : inner.Invoke(call, path, handle);

    protected internal override long InvokeWrite(
        SafeFileHandle handle, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Strikes(DiskCall.Write) is not { } errno) return inner.InvokeWrite(handle, path, bytes, offset);
        // A full disk takes what still fits before it refuses, as the real one does.
        var half = bytes[..(bytes.Length / 2)];
        var taken = half.IsEmpty ? 0 : inner.InvokeWrite(handle, path, half, offset);
        if (errno == 0) return taken > 0 ? taken : inner.InvokeWrite(handle, path, bytes, offset);
        return -errno;
    }

    protected internal override long InvokeRename(string from, string to) =>
        Strikes(DiskCall.Rename) is { } errno ? -errno : inner.InvokeRename(from, to);

    protected internal override long InvokeLink(string from, string to) =>
        Strikes(DiskCall.Link) is { } errno ? -errno : inner.InvokeLink(from, to);

    /// <summary>The error number to play, 0 for a short write, null for a call that is let through.</summary>
    private int? Strikes(DiskCall call)
    {
        var errno = Decide(call);
        Passing?.Invoke(call);
        return errno;
    }

    private int? Decide(DiskCall call)
    {
        lock (_lock)
        {
            if (_only is { } only && only != call) return null;
            _trace.Add(call);
            if (_armedFor == 0 || _trace.Count < _armedFor) return null;
            if (_trace.Count > _armedFor && !_isLasting) return null;
            if (_kind == DiskFaultKind.ShortWrite && call != DiskCall.Write) return null;
            HasStruck = true;
            return _kind switch
            {
                DiskFaultKind.NoSpace => Errno.ENOSPC,
                DiskFaultKind.DeviceError => Errno.EIO,
                DiskFaultKind.OverQuota => Errno.EDQUOT,
                DiskFaultKind.TooManyFiles => Errno.EMFILE,
                DiskFaultKind.Interrupted => Errno.EINTR,
                _ => 0,
            };
        }
    }
}
