using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Drimbox.Core.Audit;

/// <summary>The chain that makes a trail tell of its own changes (DB.CS.08): the hash of each record is over the hash
/// of the one before it and over all that is kept of the record. Who can write to the file can make another chain; he
/// cannot make one that ends with a hash that somebody wrote down.</summary>
public static class AuditChain
{
    /// <summary>The link of a record that follows another.</summary>
    public static AuditLink Next(AuditLink previous, AuditRecord record)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var id = previous.Id + 1;
        Add(hash, previous.Sha256);
        Add(hash, id);
        // Microseconds since 1970, as the database holds it.
        Add(hash, (record.At.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
        Add(hash, record.Event);
        Add(hash, record.Type);
        Add(hash, (long)record.Outcome);
        Add(hash, record.Message);
        Add(hash, record.Keys.Count);
        foreach (var key in record.Keys)
        {
            Add(hash, key.Kind.ToString());
            Add(hash, key.Value);
        }

        return new AuditLink(id, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    // Each text with its length before it, so that no two records are the same bytes.
    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
