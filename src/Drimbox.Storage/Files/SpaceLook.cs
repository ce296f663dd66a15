using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>Looks at the free space of a file system once a second and when it is told to, and never for what is stored: its
/// owner keeps what followed from the last look.</summary>
/// <param name="seen">Called with the free bytes and all bytes, one call at a time; not where the file system cannot say:
/// the writes will tell.</param>
public sealed class SpaceLook(Disk disk, string folder, TimeProvider time, Action<long, long> seen) : IDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _timer;

    /// <summary>Looks for the first time.</summary>
    public void Start()
    {
        Look();
        _timer = time.CreateTimer(_ => LookAgain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Looks now.</summary>
    public void Look()
    {
        lock (_gate)
        {
            long free, total;
            try
            {
                free = disk.FreeBytes(folder);
                total = disk.TotalBytes(folder);
            }
            catch (IOException)
            {
                return;
            }

            seen(free, total);
        }
    }

    public void Dispose() => _timer?.Dispose();

    // Not by its period: a look that hangs has no others queue behind it.
    private void LookAgain()
    {
        Look();
        _timer!.Change(Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }
}
