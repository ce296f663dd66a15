using Drimbox.Core;
using Drimbox.Core.Outages;
using Drimbox.Storage;

namespace Drimbox.Grains.Outages;

/// <summary>Whether the disk of a node has room for more messages. It looks once a second, never for a message, and a
/// write that found no space says so at once. While it has none, what was acknowledged before has the rest to
/// itself.</summary>
/// <param name="folder">Of the node's store.</param>
/// <param name="outages">Is told.</param>
/// <param name="holdsStore">False: the store is on a server, and a full one is no matter of this disk.</param>
public sealed class StoreSpace(
    Disk disk, string folder, OutageWatch outages, TimeProvider time, bool holdsStore = true) : IDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private volatile bool _hasRoom = true;

    public bool HasRoom => _hasRoom;

    /// <summary>Looks for the first time. After the start of what is told.</summary>
    public void Start()
    {
        // What the process before this one told of it may be over.
        _hasRoom = !outages.Open.Any(open => open.Peer == Outage.Disk);
        Look();
        _timer = time.CreateTimer(_ => LookAgain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A write to the store failed.</summary>
    public void Met(StorageFault fault)
    {
        if (fault == StorageFault.Full && holdsStore) MetFull();
    }

    /// <summary>A file found no space.</summary>
    public void MetFull()
    {
        lock (_gate) Set(hasRoom: false);
    }

    public void Dispose() => _timer?.Dispose();

    private void LookAgain()
    {
        Look();
        _timer!.Change(Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        lock (_gate)
        {
            long free;
            try
            {
                free = disk.FreeBytes(folder);
            }
            catch (IOException)
            {
                // A file system that cannot say: the writes will tell.
                return;
            }

            Set(_hasRoom ? free >= Limits.FlowFreeBytesMin : free >= Limits.FlowFreeBytesResume && TakesFiles());
        }
    }

    private void Set(bool hasRoom)
    {
        _hasRoom = hasRoom;
        outages.Notice(Outage.Disk, isAway: !hasRoom);
    }

    // Free bytes say nothing of inodes and quotas.
    private bool TakesFiles()
    {
        var probe = Path.Combine(folder, "space-probe");
        try
        {
            disk.Unlink(probe);
            using var file = disk.Create(probe);
            file.Write(new byte[Limits.SpaceProbeBytes]);
            file.Sync();
            return true;
        }
        catch (StorageFaultException)
        {
            return false;
        }
        finally
        {
            disk.TryUnlink(probe);
        }
    }
}
