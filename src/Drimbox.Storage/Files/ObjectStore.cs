using System.Security.Cryptography;
using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>
/// Bytes under the name of their SHA-256 (<c>objects/ab/abcd…</c>), mode 0640. An object that was put is durable and
/// never changes; the same bytes again are the same object. Belongs to the one process that holds the node's folder, unless
/// several share it (docs/adr/0035).
/// </summary>
public sealed class ObjectStore
{
    private const int CopyBytes = 128 * 1024;

    private readonly Disk _disk;
    private readonly string _root;
    private readonly string _incoming;
    private readonly IIdSource _ids;
    private readonly bool _isShared;

    // One put of a hash at a time: its fault may then unlink the file without harm to another put that counts on it.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    private ObjectStore(Disk disk, string root, IIdSource ids, bool isShared)
    {
        _isShared = isShared;
        _disk = disk;
        _root = root;
        _incoming = Path.Combine(root, "incoming");
        _ids = ids;
    }

    /// <summary>Opens <c>objects/</c> in the folder of a node, and removes what a crash left unfinished there.</summary>
    /// <param name="isShared">Other processes have the folder too: what is unfinished there may be at work.</param>
    public static ObjectStore Open(string nodeFolder, Disk disk, IIdSource ids, bool isShared = false)
    {
        var store = new ObjectStore(disk, Path.Combine(nodeFolder, "objects"), ids, isShared);
        disk.EnsureDirectory(store._root);
        disk.EnsureDirectory(store._incoming);
        // Without a final name it was never put, so no one was told of it.
        if (!isShared) foreach (var leftover in disk.EnumerateFiles(store._incoming)) disk.Unlink(leftover);
        return store;
    }

    /// <summary>Stores bytes; returns once they and their name are fsynced.</summary>
    /// <exception cref="StorageFaultException">Nothing was stored.</exception>
    public async Task<StoredObject> PutAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var (stored, durable) = Put(bytes, cancellationToken);
        await durable;
        return stored;
    }

    /// <summary>Begins to store bytes, which must not change before the end of the task. Until then the object is a name
    /// that nothing durable may refer to.</summary>
    /// <returns>The object, and what ends once its bytes and its name are fsynced, or with a
    /// <see cref="StorageFaultException"/>: nothing was stored.</returns>
    public (StoredObject Stored, Task Durable) Put(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var stored = StoredObject.Of(bytes.Span);
        return (stored, Task.Run(
            () => PutAsync(stored, path => Write(path, bytes.Span), cancellationToken), cancellationToken));
    }

    /// <summary>Stores a stream to its end without holding it whole.</summary>
    /// <inheritdoc cref="PutAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public async Task<StoredObject> PutAsync(Stream stream, CancellationToken cancellationToken)
    {
        var path = NewPath();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[CopyBytes];
        try
        {
            long length;
            using (var file = _disk.Create(path))
            {
                int count;
                while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    hash.AppendData(buffer.AsSpan(0, count));
                    file.Write(buffer.AsSpan(0, count));
                }

                file.Sync();
                length = file.Length;
            }

            var stored = new StoredObject(Convert.ToHexStringLower(hash.GetHashAndReset()), length);
            await PutAsync(stored, name => _disk.Rename(path, name), cancellationToken);
            return stored;
        }
        finally
        {
            // Gone already if it got its final name.
            _disk.TryUnlink(path);
        }
    }

    /// <summary>Opens an object.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Absent"/>, or
    /// <see cref="StorageFault.Corrupt"/> if its length is not the one it was put with.</exception>
    public Stream OpenRead(StoredObject stored)
    {
        var stream = _disk.OpenRead(PathOf(stored));
        if (stream.Length == stored.Length) return stream;
        stream.Dispose();
        throw new StorageFaultException(StorageFault.Corrupt, $"Object {stored.Sha256} has another length.");
    }

    /// <summary>Reads a whole object and checks its hash.</summary>
    /// <param name="bytesMax">A longer object is an <see cref="ArgumentOutOfRangeException"/>: a caller that expects
    /// one streams it.</param>
    /// <exception cref="StorageFaultException">Absent or corrupt.</exception>
    public async Task<byte[]> ReadAsync(StoredObject stored, int bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stored.Length, bytesMax);
        await using var stream = OpenRead(stored);
        var bytes = new byte[stored.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == stored.Sha256) return bytes;
        throw new StorageFaultException(StorageFault.Corrupt, $"Object {stored.Sha256} has other bytes.");
    }

    /// <summary>Re-reads an object: true if it is there with the length and hash of its name.</summary>
    public async Task<bool> VerifyAsync(StoredObject stored, CancellationToken cancellationToken)
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

    private string NewPath() => Path.Combine(_incoming, _ids.NewUuid());

    private string PathOf(StoredObject stored)
    {
        // Only a hash can be a name: nothing else reaches the file system.
        Invariant.Holds(stored.Sha256 is { Length: 64 } && stored.Sha256.All(char.IsAsciiHexDigitLower));
        return Path.Combine(_root, stored.Sha256[..2], stored.Sha256);
    }
}
