using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Drimbox.Storage;

/// <summary>
/// What a file of an archive is known by, from one pass over its bytes: the SHA-256 of the data set, and the digest of the
/// whole file, which is the SHA-256 of preamble and file meta information followed by that hash. A SHA-256 of all bytes
/// would cost a second pass over the pixels; this one is as strong, and changes with every bit of the file too.
/// Source of the boundary: PS3.10 7.1, File Meta Information Group Length (0002,0000).
/// </summary>
public sealed class FileDigest : IDisposable
{
    // Preamble, prefix, and the element of the group length.
    private const int StartBytes = 144;

    // What is read stays in the cache of the processor until it is hashed.
    private const int ReadBytes = 128 * 1024;

    private readonly IncrementalHash _head = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _dataSet = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _start = new byte[StartBytes];
    private long _length;

    /// <summary>Where the data set begins, once its place has passed; <see cref="long.MaxValue"/> in what is no file of PS3.10:
    /// there all is head.</summary>
    public long DataSetOffset { get; private set; } = long.MaxValue;

    /// <summary>The next bytes, from the first of the file to its last.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = AppendSome(bytes);
            _length += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>The two values, lower-case hexadecimal.</summary>
    public (string Digest, string DataSetSha256) Finish()
    {
        if (_length < StartBytes) _head.AppendData(_start.AsSpan(0, (int)_length));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _dataSet.GetHashAndReset(hash);
        var dataSet = Convert.ToHexStringLower(hash);
        _head.AppendData(hash);
        _head.GetHashAndReset(hash);
        _length = 0;
        return (Convert.ToHexStringLower(hash), dataSet);
    }

    /// <summary>The digest of all that is left to read.</summary>
    public static string Of(Stream stream)
    {
        using var digest = new FileDigest();
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        int count;
        while ((count = stream.Read(buffer)) > 0) digest.Append(buffer.AsSpan(0, count));
        ArrayPool<byte>.Shared.Return(buffer);
        return digest.Finish().Digest;
    }

    public void Dispose()
    {
        _head.Dispose();
        _dataSet.Dispose();
    }

    private int AppendSome(ReadOnlySpan<byte> bytes)
    {
        if (_length < StartBytes)
        {
            var missing = (int)Math.Min(StartBytes - _length, bytes.Length);
            bytes[..missing].CopyTo(_start.AsSpan((int)_length));
            if (_length + missing < StartBytes) return missing;
            DataSetOffset = HeadLength(_start);
            _head.AppendData(_start);
            return missing;
        }

        if (_length >= DataSetOffset)
        {
            _dataSet.AppendData(bytes);
            return bytes.Length;
        }

        var head = (int)Math.Min(DataSetOffset - _length, bytes.Length);
        _head.AppendData(bytes[..head]);
        return head;
    }

    private static long HeadLength(ReadOnlySpan<byte> start) =>
        start[128..140].SequenceEqual("DICM\x02\0\0\0UL\x04\0"u8)
            ? StartBytes + (long)BinaryPrimitives.ReadUInt32LittleEndian(start[140..])
            : long.MaxValue;
}
