using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Drimbox.Core;

namespace Drimbox.Storage.Bucket;

/// <summary>Objects in a bucket, for processes that share a flow and no folder (docs/adr/0042). An object is put once the
/// service has answered for it; nothing of it stays on this machine.</summary>
internal sealed class BucketObjectStore : ObjectStore
{
    private readonly BucketService _service;
    private readonly Disk _disk;
    private readonly IIdSource _ids;
    private readonly string _spool;

    /// <param name="nodeFolder">Of this process alone: streams are spooled in <c>spool/</c>, which is emptied.</param>
    public BucketObjectStore(BucketService service, string nodeFolder, Disk disk, IIdSource ids)
    {
        (_service, _disk, _ids) = (service, disk, ids);
        _spool = Path.Combine(nodeFolder, "spool");
        disk.EnsureDirectory(_spool);
        foreach (var leftover in disk.EnumerateFiles(_spool)) disk.Unlink(leftover);
    }

    /// <inheritdoc/>
    public override (StoredObject Stored, Task Durable) Put(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var stored = StoredObject.Of(bytes.Span);
        return (stored, Task.Run(
            async () =>
            {
                using var content = StreamOf(bytes);
                await PutAsync(stored, content, cancellationToken);
            },
            cancellationToken));
    }

    /// <inheritdoc/>
    public override async Task<StoredObject> PutAsync(Stream stream, CancellationToken cancellationToken)
    {
        // Its name is its hash, which is known at its end; and a call that is repeated reads it again.
        var (stored, spooled) = await SpoolAsync(stream, cancellationToken);
        await using (spooled) await PutAsync(stored, spooled, cancellationToken);
        return stored;
    }

    /// <inheritdoc/>
    /// <remarks>Who seals a submission reads its documents in a turn, which waits for nothing: the thread is held
    /// meanwhile.</remarks>
    [SuppressMessage("Usage", "VSTHRD002", Justification = "The call is made by another thread, and waits for none.")]
    public override Stream OpenRead(StoredObject stored) => Task.Run(() => _service.GetAsync(
        PathOf(stored),
        async (stream, length) =>
        {
            if (length != stored.Length) throw OtherLength(stored);
            var (found, spooled) = await SpoolAsync(stream, default);
            if (found == stored) return spooled;
            await spooled.DisposeAsync();
            throw OtherBytes(stored);
        },
        default)).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override Task<byte[]> ReadAsync(StoredObject stored, int bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stored.Length, bytesMax);
        return _service.GetAsync(
            PathOf(stored),
            (stream, length) =>
                length == stored.Length ? ReadAsync(stored, stream, cancellationToken) : throw OtherLength(stored),
            cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<bool> VerifyAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        try
        {
            return await _service.GetAsync(
                PathOf(stored),
                async (stream, length) => length == stored.Length
                    && Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) == stored.Sha256,
                cancellationToken);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Absent)
        {
            return false;
        }
    }

    // What is there already is written again: to look first costs as much, and one that rotted is mended.
    private Task PutAsync(StoredObject stored, Stream content, CancellationToken cancellationToken) =>
        _service.PutAsync(PathOf(stored), content, Convert.FromHexString(stored.Sha256), cancellationToken);

    /// <returns>What came, and a stream of it; its file has no name any more.</returns>
    private async Task<(StoredObject Stored, Stream Spooled)> SpoolAsync(Stream stream, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_spool, _ids.NewUuid());
        try
        {
            StoredObject stored;
            using (var file = _disk.Create(path))
            {
                stored = await CopyAsync(stream, file, cancellationToken);
                file.Flush();
            }

            return (stored, _disk.OpenRead(path));
        }
        finally
        {
            _disk.TryUnlink(path);
        }
    }

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);

    private static string PathOf(StoredObject stored) => "objects/" + NameOf(stored);
}
