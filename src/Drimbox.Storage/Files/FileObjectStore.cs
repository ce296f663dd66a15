using System.Security.Cryptography;
using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>
/// Bytes under the name of their SHA-256 (<c>objects/ab/abcd…</c>), mode 0640. An object that was put is durable and
/// never changes. Belongs to the one process that holds the node's folder, unless several share it (docs/adr/0035).
/// </summary>
internal sealed class FileObjectStore : ObjectStore
{
    private readonly Disk _disk;
    private readonly string _root;
    private readonly string _incoming;
    private readonly IIdSource _ids;
    private readonly bool _isShared;

    // One put of a hash at a time: its fault may then unlink the file without harm to another put that counts on it.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    private FileObjectStore(Disk disk, string root, IIdSource ids, bool isShared)
    {
        _isShared = isShared;
        _disk = disk;
        _root = root;
        _incoming = Path.Combine(root, "incoming");
        _ids = ids;
    }

    /// <summary>Opens <c>objects/</c> in the folder of a node, and removes what a crash left unfinished there.</summary>
    /// <param name="isShared">Other processes have the folder too: what is unfinished there may be at work.</param>
    public static FileObjectStore OpenIn(string nodeFolder, Disk disk, IIdSource ids, bool isShared)
    {
        var store = new FileObjectStore(disk, Path.Combine(nodeFolder, "objects"), ids, isShared);
        disk.EnsureDirectory(store._root);
        disk.EnsureDirectory(store._incoming);
        // Without a final name it was never put, so no one was told of it.
        if (!isShared) foreach (var leftover in disk.EnumerateFiles(store._incoming)) disk.Unlink(leftover);
        return store;
    }

    /// <inheritdoc/>
    public override (StoredObject Stored, Task Durable) Put(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var stored = StoredObject.Of(bytes.Span);
        return (stored, Task.Run(
            () => PutAsync(stored, path => Write(path, bytes.Span), cancellationToken), cancellationToken));
    }

    /// <inheritdoc/>
    public override async Task<StoredObject> PutAsync(Stream stream, CancellationToken cancellationToken)
    {
        var path = NewPath();
        try
        {
            StoredObject stored;
            using (var file = _disk.Create(path))
            {
                stored = await CopyAsync(stream, file, cancellationToken);
                file.Sync();
            }

            await PutAsync(stored, name => _disk.Rename(path, name), cancellationToken);
            return stored;
        }
        finally
        {
            // Gone already if it got its final name.
            _disk.TryUnlink(path);
        }
    }

    /// <inheritdoc/>
    public override Stream OpenRead(StoredObject stored)
    {
        var stream = _disk.OpenRead(PathOf(stored));
        if (stream.Length == stored.Length) return stream;
        stream.Dispose();
        throw OtherLength(stored);
    }

    /// <inheritdoc/>
    public override async Task<byte[]> ReadAsync(StoredObject stored, int bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stored.Length, bytesMax);
        await using var stream = OpenRead(stored);
        return await ReadAsync(stored, stream, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<bool> VerifyAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        var path = PathOf(stored);
        if (_disk.FileLength(path) != stored.Length) return false;
        await using var stream = _disk.OpenRead(path);
        var hash = await SHA256.HashDataAsync(stream, cancellationToken);
        return Convert.ToHexStringLower(hash) == stored.Sha256;
    }

    /// <param name="place">Makes the bytes, and that they have the name that it is given, durable.</param>
    private async Task PutAsync(StoredObject stored, Action<string> place, CancellationToken cancellationToken)
    {
        var path = PathOf(stored);
        var folder = Path.GetDirectoryName(path)!;
        var stripe = _stripes[Convert.ToInt32(stored.Sha256[..1], 16)];
        await stripe.WaitAsync(cancellationToken);
        try
        {
            // A copy that rotted is not "already there": the bytes are at hand, so they take its place.
            if (await VerifyAsync(stored, cancellationToken))
            {
                // A process that died before it synced the folder may have left the name undurable.
                _disk.SyncDirectory(folder);
                return;
            }

            _disk.MakeDirectory(folder);
            try
            {
                place(path);
            }
            catch (StorageFaultException)
            {
                // Another process may count on it: a name that is there has whole bytes (see Write).
                if (!_isShared) _disk.TryUnlink(path);
                throw;
            }
        }
        finally
        {
            stripe.Release();
        }
    }

    // Under its name from the start: one commit of the journal makes bytes and name durable, where a rename after the
    // fsync needs a second. What a crash leaves half written is what no row refers to, and the next put mends it.
    private void Write(string path, ReadOnlySpan<byte> bytes)
    {
        if (_isShared || _disk.FileExists(path))
        {
            var whole = NewPath();
            try
            {
                WriteFile(whole, bytes);
                _disk.Rename(whole, path);
            }
            finally
            {
                // Gone already if it got its final name.
                _disk.TryUnlink(whole);
            }
        }
        else
        {
            WriteFile(path, bytes);
            _disk.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    private void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = _disk.Create(path);
        file.Write(bytes);
        file.Sync();
    }

    /// <inheritdoc/>
    public override int SweepIncoming(TimeSpan age) => IncomingFiles.Sweep(_disk, NewPath(), age);

    private string NewPath() => Path.Combine(_incoming, _ids.NewUuid());

    private string PathOf(StoredObject stored)
    {
        var name = NameOf(stored);
        return Path.Combine(_root, name[..2], name);
    }
}
