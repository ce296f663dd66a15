using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

public sealed class ObjectStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly FaultyDisk _disk = new(Disk.Real);
    private readonly ObjectStore _store;

    public ObjectStoreTests() => _store = ObjectStore.Open(_folder.Path, _disk, new CountedIds());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task What_was_put_is_read_back_under_its_hash(int length)
    {
        var bytes = Bytes(length);
        var fromMemory = await _store.PutAsync(bytes, Token);
        var fromStream = await _store.PutAsync(new MemoryStream(bytes), Token);

        Assert.Equal(new StoredObject(Convert.ToHexStringLower(SHA256.HashData(bytes)), length), fromMemory);
        Assert.Equal(fromMemory, fromStream);
        Assert.Equal(bytes, await _store.ReadAsync(fromMemory, 1 << 20, Token));
        Assert.True(await _store.VerifyAsync(fromMemory, Token));
        var file = Assert.Single(Objects());
        Assert.Equal(fromMemory.Sha256, Path.GetFileName(file));
        if (OperatingSystem.IsWindows()) return;
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Many_puts_of_the_same_bytes_at_once_are_one_object()
    {
        var bytes = Bytes(50_000);
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            i % 2 == 0 ? _store.PutAsync(bytes, Token) : _store.PutAsync(new MemoryStream(bytes), Token)));
        Assert.Single(all.Distinct());
        Assert.Single(Objects());
    }

    [Fact]
    public async Task An_object_that_rotted_is_seen_and_mended_by_the_next_put()
    {
        var bytes = Bytes(1000);
        var stored = await _store.PutAsync(bytes, Token);
        var path = Assert.Single(Objects());
        var rotten = (byte[])bytes.Clone();
        rotten[500] ^= 1;
        await File.WriteAllBytesAsync(path, rotten, Token);

        Assert.False(await _store.VerifyAsync(stored, Token));
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => _store.ReadAsync(stored, 1000, Token));
        Assert.Equal(StorageFault.Corrupt, e.Fault);

        await _store.PutAsync(bytes, Token);
        Assert.True(await _store.VerifyAsync(stored, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(600)]
    public async Task What_a_crash_left_half_written_under_its_name_is_made_whole_by_the_next_put(int length)
    {
        var bytes = Bytes(1000);
        var stored = await _store.PutAsync(bytes, Token);
        var path = Assert.Single(Objects());
        await File.WriteAllBytesAsync(path, bytes[..length], Token);

        var again = ObjectStore.Open(_folder.Path, _disk, new CountedIds());
        _disk.Arm(0, DiskFaultKind.NoSpace);
        Assert.Equal(stored, await again.PutAsync(bytes, Token));

        Assert.True(await again.VerifyAsync(stored, Token));
        Assert.Single(Objects());
        // The bytes are durable under another name first: a reader never meets half of them.
        Assert.Equal([DiskCall.Create, DiskCall.Write, DiskCall.Sync, DiskCall.Rename], _disk.Trace.Take(4));
    }

    [Fact]
    public async Task What_lies_unfinished_in_a_shared_folder_for_a_day_is_swept_and_nothing_else()
    {
        var shared = ObjectStore.Open(_folder.Path, _disk, new CountedIds(), isShared: true);
        var stored = await shared.PutAsync(Bytes(10), Token);
        File.SetLastWriteTimeUtc(Assert.Single(Objects()), DateTime.UtcNow.AddYears(-1));
        var incoming = Path.Combine(_folder.Path, "objects", "incoming");
        var ages = new Dictionary<string, TimeSpan>
        {
            ["old"] = TimeSpan.FromHours(25), ["at-work"] = TimeSpan.Zero, ["slow"] = TimeSpan.FromHours(23),
        };
        foreach (var (name, age) in ages)
        {
            var file = Path.Combine(incoming, name);
            await File.WriteAllTextAsync(file, name, Token);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
        }

        // Another process begins: it removes nothing.
        ObjectStore.Open(_folder.Path, _disk, new CountedIds(), isShared: true);
        Assert.Equal(3, Directory.GetFiles(incoming).Length);
        Assert.Equal(1, shared.SweepIncoming(TimeSpan.FromDays(1)));

        Assert.Equal(["at-work", "slow"], Directory.GetFiles(incoming).Select(Path.GetFileName).Order());
        Assert.True(await shared.VerifyAsync(stored, Token));
        Assert.Equal(0, shared.SweepIncoming(TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task An_object_of_another_length_is_not_opened()
    {
        var stored = await _store.PutAsync(Bytes(10), Token);
        Assert.Equal(StorageFault.Corrupt,
            (await Assert.ThrowsAsync<StorageFaultException>(() => ReadAsync(stored with { Length = 11 }))).Fault);
        var absent = stored with { Sha256 = new string('0', 64) };
        Assert.Equal(StorageFault.Absent,
            (await Assert.ThrowsAsync<StorageFaultException>(() => ReadAsync(absent))).Fault);
        Assert.False(await _store.VerifyAsync(absent, Token));
    }

    [Theory]
    [InlineData("../../../../../../../../../../../../../../../../../../etc/passwd.....")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    public Task Only_a_hash_is_a_name(string name) =>
        Assert.ThrowsAsync<InvariantException>(() => ReadAsync(new StoredObject(name, 1)));

    [Theory]
    [InlineData(false, DiskFaultKind.NoSpace)]
    [InlineData(false, DiskFaultKind.DeviceError)]
    [InlineData(false, DiskFaultKind.OverQuota)]
    [InlineData(false, DiskFaultKind.TooManyFiles)]
    [InlineData(true, DiskFaultKind.NoSpace)]
    [InlineData(true, DiskFaultKind.DeviceError)]
    public async Task Each_call_of_a_put_that_fails_fails_the_put_and_leaves_nothing(bool asStream, DiskFaultKind kind)
    {
        var nth = 0;
        while (true)
        {
            nth++;
            var bytes = Bytes(1000 + nth); // A new object each time, now and then in a new folder.
            _disk.Arm(nth, kind);
            var error = await Record.ExceptionAsync(() => PutAsync(bytes, asStream));
            if (!_disk.HasStruck)
            {
                Assert.Null(error);
                break;
            }

            // The unlink after a stream's put is housekeeping: its fault changes nothing.
            if (asStream && error is null) Assert.Equal(_disk.Calls, nth);
            else Assert.IsType<StorageFaultException>(error);
            var name = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (error is not null) Assert.DoesNotContain(Objects(), path => Path.GetFileName(path) == name);

            // The next request after the fault succeeds, without a restart.
            _disk.Arm(0, kind);
            Assert.True(await _store.VerifyAsync(await PutAsync(bytes, asStream), Token));
        }

        Assert.True(nth > 5, $"only {nth} calls were seen");
    }

    [Fact]
    public async Task A_put_syncs_the_bytes_before_the_name_and_the_name_before_it_returns()
    {
        await _store.PutAsync(Bytes(10), Token);
        _disk.Arm(0, DiskFaultKind.NoSpace);
        File.Delete(Assert.Single(Objects()));
        await _store.PutAsync(Bytes(10), Token);
        Assert.Equal(
            [DiskCall.Create, DiskCall.Write, DiskCall.Sync, DiskCall.OpenDirectory, DiskCall.SyncDirectory],
            _disk.Trace);

        // Again the same bytes: the name may be that of a process that died before it synced the folder.
        _disk.Arm(0, DiskFaultKind.NoSpace);
        await _store.PutAsync(Bytes(10), Token);
        Assert.Equal([DiskCall.OpenRead, DiskCall.OpenDirectory, DiskCall.SyncDirectory], _disk.Trace);
    }

    [Theory]
    [InlineData(DiskFaultKind.Interrupted)]
    [InlineData(DiskFaultKind.ShortWrite)]
    public async Task An_interrupted_call_or_a_short_write_is_no_fault(DiskFaultKind kind)
    {
        for (var nth = 1; ; nth++)
        {
            var bytes = Bytes(1000 + nth);
            _disk.Arm(nth, kind);
            Assert.True(await _store.VerifyAsync(await PutAsync(bytes, asStream: nth % 2 == 0), Token));
            if (nth > _disk.Calls) break;
        }
    }

    [Fact]
    public void A_file_that_failed_to_sync_is_never_synced_again()
    {
        using var file = _disk.Create(Path.Combine(_folder.Path, "file"));
        file.Write("x"u8);
        _disk.Arm(1, DiskFaultKind.DeviceError);
        Assert.Throws<StorageFaultException>(file.Sync);
        Assert.Throws<StorageFaultException>(file.Sync);
        Assert.Throws<StorageFaultException>(() => file.Write("y"u8));
        Assert.Equal(1, _disk.Calls);
    }

    [Fact]
    public async Task What_a_crash_left_unfinished_is_swept_at_the_next_start()
    {
        var stored = await _store.PutAsync(Bytes(10), Token);
        var leftover = Path.Combine(_folder.Path, "objects", "incoming", "left");
        await File.WriteAllTextAsync(leftover, "half", Token);

        var again = ObjectStore.Open(_folder.Path, Disk.Real, new CountedIds());

        Assert.False(File.Exists(leftover));
        Assert.True(await again.VerifyAsync(stored, Token));
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private Task<StoredObject> PutAsync(byte[] bytes, bool asStream) =>
        asStream ? _store.PutAsync(new MemoryStream(bytes), Token) : _store.PutAsync(bytes, Token);

    private string[] Objects() =>
        [.. Directory.EnumerateFiles(Path.Combine(_folder.Path, "objects"), "*", SearchOption.AllDirectories)];

    private sealed class CountedIds : IIdSource
    {
        private int _count;

        public Uid NewUid() => Uid.Parse("2.25." + Interlocked.Increment(ref _count));

        public string NewUuid() => $"id-{Interlocked.Increment(ref _count)}";
    }

    private Task<byte[]> ReadAsync(StoredObject stored) => _store.ReadAsync(stored, 1 << 20, Token);
}
