using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>That a folder exists says nothing about its name: until the folder above it is synced a power cut may take
/// it, with every synced file in it.</summary>
public sealed class DurableFolderTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly FaultyDisk _disk = new(Disk.Real);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_whose_name_did_not_become_durable_is_synced_by_whoever_makes_it_next()
    {
        var path = Path.Combine(_folder.Path, "a");
        _disk.Arm(1, DiskFaultKind.DeviceError, DiskCall.SyncDirectory);
        Assert.Equal(StorageFault.Io, Assert.Throws<StorageFaultException>(() => _disk.MakeDirectory(path)).Fault);
        Assert.True(Directory.Exists(path));

        _disk.Arm(0, DiskFaultKind.DeviceError);
        _disk.MakeDirectory(path);
        Assert.Equal([DiskCall.MakeDirectory, DiskCall.OpenDirectory, DiskCall.SyncDirectory], _disk.Trace);

        _disk.Arm(0, DiskFaultKind.DeviceError);
        _disk.MakeDirectory(path);
        Assert.Empty(_disk.Trace);
    }

    [Fact]
    public void A_store_that_is_opened_syncs_the_name_of_a_folder_that_another_process_made()
    {
        var path = Path.Combine(_folder.Path, "a");
        Directory.CreateDirectory(path);
        _disk.Arm(0, DiskFaultKind.DeviceError);
        _disk.EnsureDirectory(path);
        Assert.Equal([DiskCall.OpenDirectory, DiskCall.SyncDirectory], _disk.Trace);
    }
}
