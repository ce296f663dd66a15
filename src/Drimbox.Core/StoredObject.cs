using System.Security.Cryptography;

namespace Drimbox.Core;

/// <summary>A reference to bytes in a node's object store. Bytes themselves never pass through a grain call.</summary>
/// <param name="Sha256">Lower-case hexadecimal SHA-256 of the bytes, 64 characters: the name of the object.</param>
/// <param name="Length">Length in bytes.</param>
public readonly record struct StoredObject(string Sha256, long Length)
{
    /// <summary>The reference that these bytes have in every object store.</summary>
    public static StoredObject Of(ReadOnlySpan<byte> bytes) =>
        new(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
}
