using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>Objects in a bucket (docs/adr/0042), over the wire.</summary>
public sealed class BucketObjectStoreTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private BucketDouble _service = null!;
    private ObjectBucket _bucket = null!;
    private ObjectStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await BucketDouble.StartAsync();
        _bucket = new ObjectBucket(_service.Options());
        _store = _bucket.Open(_folder.Path, Disk.Real, new SequentialIds());
    }

    public async ValueTask DisposeAsync()
    {
        _bucket.Dispose();
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task What_was_put_is_read_back_under_its_hash_and_nothing_stays_here(int length)
    {
        var bytes = Bytes(length);
        var fromMemory = await _store.PutAsync(bytes, Token);
        var fromStream = await _store.PutAsync(new MemoryStream(bytes), Token);

        Assert.Equal(new StoredObject(Convert.ToHexStringLower(SHA256.HashData(bytes)), length), fromMemory);
        Assert.Equal(fromMemory, fromStream);
        Assert.Equal(bytes, await _store.ReadAsync(fromMemory, 1 << 20, Token));
        Assert.True(await _store.VerifyAsync(fromMemory, Token));
        await using (var stream = _store.OpenRead(fromMemory))
        {
            var read = new byte[length];
            await stream.ReadExactlyAsync(read, Token);
            Assert.Equal(bytes, read);
            Assert.Equal(-1, stream.ReadByte());
        }

        Assert.Equal([$"ris/objects/{fromMemory.Sha256}"], _service.Objects.Keys);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(BucketFault.SlowDown)]
    [InlineData(BucketFault.Reset)]
    [InlineData(BucketFault.AnswerLost)]
    internal async Task A_put_that_fails_or_whose_answer_is_lost_is_repeated(BucketFault fault)
    {
        _service.Fail(fault);
        var stored = await _store.PutAsync(Bytes(1000), Token);

        Assert.Equal(2, _service.Calls);
        Assert.Equal(Bytes(1000), await _store.ReadAsync(stored, 1000, Token));
    }

    [Theory]
    [InlineData(BucketFault.SlowDown, "Bucket: answered 503 SlowDown.")]
    [InlineData(BucketFault.Reset, "Bucket: the service did not answer.")]
    [InlineData(BucketFault.AnswerLost, "Bucket: the service did not answer.")]
    internal async Task A_put_that_is_not_answered_is_a_fault(BucketFault fault, string message)
    {
        _service.Always = fault;
        foreach (var put in (Func<Task>[])
            [() => _store.PutAsync(Bytes(1000), Token), () => _store.PutAsync(new MemoryStream(Bytes(1000)), Token)])
        {
            var e = await Assert.ThrowsAsync<StorageFaultException>(put);
            Assert.Equal((StorageFault.Io, message), (e.Fault, e.Message));
        }

        Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Half_an_answer_is_a_fault()
    {
        var stored = await _store.PutAsync(Bytes(1_000_000), Token);
        _service.Always = BucketFault.HalfAnswer;

        var e = await Assert.ThrowsAsync<StorageFaultException>(() => _store.ReadAsync(stored, 1 << 20, Token));
        Assert.Equal(StorageFault.Io, e.Fault);
        await Assert.ThrowsAsync<StorageFaultException>(() => _store.VerifyAsync(stored, Token));
    }

    [Fact]
    public async Task An_object_that_rotted_is_seen_and_mended_by_the_next_put()
    {
        var stored = await _store.PutAsync(Bytes(1000), Token);
        _service.Objects.Values.Single()[500] ^= 1;

        Assert.False(await _store.VerifyAsync(stored, Token));
        Assert.Equal(StorageFault.Corrupt, await FaultOfAsync(stored));
        Assert.Equal(StorageFault.Corrupt, Assert.Throws<StorageFaultException>(() => _store.OpenRead(stored)).Fault);

        await _store.PutAsync(Bytes(1000), Token);
        Assert.True(await _store.VerifyAsync(stored, Token));
    }

    [Fact]
    public async Task An_object_of_another_length_and_one_that_is_not_there_are_not_read()
    {
        var stored = await _store.PutAsync(Bytes(10), Token);
        Assert.Equal(StorageFault.Corrupt, await FaultOfAsync(stored with { Length = 11 }));
        var absent = stored with { Sha256 = new string('0', 64) };
        Assert.Equal(StorageFault.Absent, await FaultOfAsync(absent));
        Assert.False(await _store.VerifyAsync(absent, Token));
    }

    [Fact]
    public async Task So_many_calls_are_made_at_once_and_no_more()
    {
        _service.Delay = TimeSpan.FromMilliseconds(20);
        await Task.WhenAll(Enumerable.Range(0, 4 * Limits.BucketCallsMax).Select(i => _store.PutAsync(Bytes(i), Token)));

        Assert.Equal(4 * Limits.BucketCallsMax, _service.Objects.Count);
        Assert.InRange(_service.MostAtOnce, 2, Limits.BucketCallsMax);
    }

    [Fact]
    public async Task What_a_crash_left_in_the_spool_is_removed_at_the_start()
    {
        var left = Path.Combine(_folder.Path, "spool", "left");
        await File.WriteAllTextAsync(left, "half", Token);

        _bucket.Open(_folder.Path, Disk.Real, new SequentialIds());
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Another_key_and_another_bucket_are_told_without_the_secret()
    {
        var keys = Path.Combine(_folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "OTHERKEY\nanother-secret\n", Token);
        using var other = new ObjectBucket(_service.Options() with { KeyFile = keys });
        var e = await Assert.ThrowsAsync<StorageFaultException>(
            () => other.Open(_folder.Path, Disk.Real, new SequentialIds()).PutAsync(Bytes(10), Token));
        Assert.Equal("Bucket: answered 403 InvalidAccessKeyId.", e.Message);

        using var absent = new ObjectBucket(_service.Options() with { Name = "other" });
        e = await Assert.ThrowsAsync<StorageFaultException>(
            () => absent.Open(_folder.Path, Disk.Real, new SequentialIds()).PutAsync(Bytes(10), Token));
        Assert.Equal("Bucket: answered 404 NoSuchBucket.", e.Message);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private async Task<StorageFault> FaultOfAsync(StoredObject stored) =>
        (await Assert.ThrowsAsync<StorageFaultException>(() => _store.ReadAsync(stored, 1 << 20, Token))).Fault;
}
