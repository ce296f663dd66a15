using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Storage.Bucket;
using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

/// <summary>A bucket that processes share in place of a folder (docs/adr/0042).</summary>
public sealed class ObjectBucket : IDisposable
{
    private const int IdentityBytesMax = 256;

    private readonly BucketService _service;
    private readonly BucketOptions _options;

    /// <exception cref="StorageFaultException">The file of the keys cannot be read.</exception>
    public ObjectBucket(BucketOptions options)
    {
        _options = options;
        _service = new BucketService(options);
    }

    /// <summary>Reads from a bucket; changes nothing.</summary>
    /// <returns>What was found, for a person.</returns>
    /// <exception cref="StorageFaultException">No answer, no such bucket, or a key that may not read it.</exception>
    public static async Task<string> ProbeAsync(BucketOptions options, CancellationToken cancellationToken)
    {
        using var bucket = new ObjectBucket(options);
        try
        {
            await bucket._service.GetAsync("flow.postgres", (_, _) => Task.FromResult(true), cancellationToken);
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Absent)
        {
            // Nothing was put there yet.
        }

        return $"the bucket '{options.Name}' answers on {options.Service!.Host}";
    }

    /// <summary>Its objects, for one process.</summary>
    /// <param name="nodeFolder">Of this process alone, for what cannot be held in memory.</param>
    public ObjectStore Open(string nodeFolder, Disk disk, IIdSource ids) =>
        new BucketObjectStore(_service, nodeFolder, disk, ids);

    public void Dispose() => _service.Dispose();

    internal IdentityPlace IdentityOf(string name) => new Identity(this, name + ".postgres");

    // A store is opened by a thread of its own, in the turn of a start.
    [SuppressMessage("Usage", "VSTHRD002", Justification = "The client has no other calls, and nothing waits for this thread.")]
    private sealed class Identity(ObjectBucket bucket, string name) : IdentityPlace
    {
        public override string Name => $"{bucket._options.Name}/{bucket._options.Prefix}{name}";

        public override string? Read()
        {
            try
            {
                return PostgresIdentity.Parse(Task.Run(() => bucket._service.GetAsync(name, ReadAsync, default)).GetAwaiter().GetResult());
            }
            catch (StorageFaultException e) when (e.Fault == StorageFault.Absent)
            {
                return null;
            }
        }

        public override void Write(string id)
        {
            var bytes = Encoding.ASCII.GetBytes(id + "\n");
            using var content = new MemoryStream(bytes);
            Task.Run(() => bucket._service.PutAsync(name, content, SHA256.HashData(bytes), default)).GetAwaiter().GetResult();
        }

        private static async Task<string> ReadAsync(Stream stream, long length)
        {
            var bytes = new byte[Math.Min(length, IdentityBytesMax)];
            await stream.ReadExactlyAsync(bytes);
            return Encoding.ASCII.GetString(bytes);
        }
    }
}
