using System.Security.Cryptography;
using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>Bytes under the name of their SHA-256, in a folder or in a bucket. An object that was put is durable and never
/// changes; the same bytes again are the same object.</summary>
public abstract class ObjectStore
{
    private const int CopyBytes = 128 * 1024;

    /// <summary>Opens <c>objects/</c> in the folder of a node, and removes what a crash left unfinished there.</summary>
    /// <param name="isShared">Other processes have the folder too: what is unfinished there may be at work.</param>
    public static ObjectStore Open(string nodeFolder, Disk disk, IIdSource ids, bool isShared = false) =>
        FileObjectStore.OpenIn(nodeFolder, disk, ids, isShared);

    /// <summary>Removes what lies unfinished for so long, by the clock of who keeps the files; for a folder that is
    /// shared. A bucket has nothing unfinished.</summary>
    /// <returns>How many files were removed.</returns>
    /// <exception cref="StorageFaultException">The folder cannot be written to.</exception>
    public virtual int SweepIncoming(TimeSpan age) => 0;

    /// <summary>Stores bytes; returns once they and their name are durable.</summary>
    /// <exception cref="StorageFaultException">Nothing was stored.</exception>
    public async Task<StoredObject> PutAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var (stored, durable) = Put(bytes, cancellationToken);
        await durable;
        return stored;
    }

    /// <summary>Begins to store bytes, which must not change before the end of the task. Until then the object is a name
    /// that nothing durable may refer to.</summary>
    /// <returns>The object, and what ends once its bytes and its name are durable, or with a
    /// <see cref="StorageFaultException"/>: nothing was stored.</returns>
    public abstract (StoredObject Stored, Task Durable) Put(
        ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Stores a stream to its end without holding it whole.</summary>
    /// <inheritdoc cref="PutAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public abstract Task<StoredObject> PutAsync(Stream stream, CancellationToken cancellationToken);

    /// <summary>Opens an object.</summary>
    /// <exception cref="StorageFaultException">It cannot be read, or is <see cref="StorageFault.Absent"/>, or
    /// <see cref="StorageFault.Corrupt"/> if its length is not the one it was put with.</exception>
    public abstract Stream OpenRead(StoredObject stored);

    /// <summary>Reads a whole object and checks its hash.</summary>
    /// <param name="bytesMax">A longer object is an <see cref="ArgumentOutOfRangeException"/>: no caller holds more.</param>
    /// <exception cref="StorageFaultException">It cannot be read, or is <see cref="StorageFault.Absent"/> or
    /// <see cref="StorageFault.Corrupt"/>.</exception>
    public abstract Task<byte[]> ReadAsync(StoredObject stored, int bytesMax, CancellationToken cancellationToken);

    /// <summary>Re-reads an object: true if it is there with the length and hash of its name.</summary>
    public abstract Task<bool> VerifyAsync(StoredObject stored, CancellationToken cancellationToken);

    /// <summary>The name of an object: only a hash can be one, nothing else reaches a file system or a service.</summary>
    private protected static string NameOf(StoredObject stored)
    {
        Invariant.Holds(stored.Sha256 is { Length: 64 } && stored.Sha256.All(char.IsAsciiHexDigitLower));
        return stored.Sha256;
    }

    /// <summary>Reads an object of this length from a stream that has at least as much.</summary>
    private protected static async Task<byte[]> ReadAsync(
        StoredObject stored, Stream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[stored.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == stored.Sha256) return bytes;
        throw OtherBytes(stored);
    }

    /// <summary>Writes a stream to its end into a file that is new.</summary>
    /// <returns>The object that it is.</returns>
    private protected static async Task<StoredObject> CopyAsync(
        Stream stream, DiskFile file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[CopyBytes];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer.AsSpan(0, count));
            file.Write(buffer.AsSpan(0, count));
        }

        return new StoredObject(Convert.ToHexStringLower(hash.GetHashAndReset()), file.Length);
    }

    private protected static StorageFaultException OtherBytes(StoredObject stored) =>
        new(StorageFault.Corrupt, $"Object {stored.Sha256} has other bytes.");

    private protected static StorageFaultException OtherLength(StoredObject stored) =>
        new(StorageFault.Corrupt, $"Object {stored.Sha256} has another length.");
}
