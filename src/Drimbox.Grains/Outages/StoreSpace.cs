using Drimbox.Core;
using Drimbox.Core.Outages;
using Drimbox.Storage;

namespace Drimbox.Grains.Outages;

/// <summary>Whether the disk of a node has room for more messages. A write that found no space says so at once. While it has
/// none, what was acknowledged before has the rest to itself.</summary>
public sealed class StoreSpace : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Disk _disk;
    private readonly string _folder;
    private readonly OutageWatch _outages;
    private readonly SpaceLook _space;
    private readonly bool _holdsStore;
    private volatile bool _hasRoom = true;

    /// <param name="folder">Of the node's store.</param>
    /// <param name="outages">Is told.</param>
    /// <param name="holdsStore">False: the store is on a server, and a full one is no matter of this disk.</param>
    public StoreSpace(Disk disk, string folder, OutageWatch outages, TimeProvider time, bool holdsStore = true)
    {
        (_disk, _folder, _outages, _holdsStore) = (disk, folder, outages, holdsStore);
        _space = new SpaceLook(disk, folder, time, (free, _) => Seen(free));
    }

    public bool HasRoom => _hasRoom;

    /// <summary>Looks for the first time. After the start of what is told.</summary>
    public void Start()
    {
        // What the process before this one told of it may be over.
        _hasRoom = !_outages.Open.Any(open => open.Peer == Outage.Disk);
        _space.Start();
    }

    /// <summary>A write to the store failed.</summary>
    public void Met(StorageFault fault)
    {
        if (fault == StorageFault.Full && _holdsStore) MetFull();
    }

    /// <summary>A file found no space.</summary>
    public void MetFull()
    {
        lock (_gate) Set(hasRoom: false);
    }

    public void Dispose() => _space.Dispose();

    private void Seen(long free)
    {
        lock (_gate)
            Set(_hasRoom ? free >= Limits.FlowFreeBytesMin : free >= Limits.FlowFreeBytesResume && TakesFiles());
    }

    private void Set(bool hasRoom)
    {
        _hasRoom = hasRoom;
        _outages.Notice(Outage.Disk, isAway: !hasRoom);
    }

    // Free bytes say nothing of inodes and quotas.
    private bool TakesFiles()
    {
        var probe = Path.Combine(_folder, "space-probe");
        try
        {
            _disk.Unlink(probe);
            using var file = _disk.Create(probe);
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
            _disk.TryUnlink(probe);
        }
    }
}
