using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

public sealed class FileDigestTests
{
    private static readonly byte[] _header = Part10Writer.Header(
        SopClass.CTImageStorage, Uid.Parse("1.2.3"), TransferSyntax.ExplicitVRLittleEndian.Uid, AeTitle.Parse("CT1"));

    [Fact]
    public void It_is_the_hash_of_the_head_and_the_hash_of_the_data_set_however_the_bytes_come()
    {
        var random = new Random(Seed.Get());
        var dataSet = new byte[100_000];
        random.NextBytes(dataSet);
        byte[] file = [.. _header, .. dataSet];
        var dataSetHash = SHA256.HashData(dataSet);
        var expected = (
            Convert.ToHexStringLower(SHA256.HashData([.. _header, .. dataSetHash])), Convert.ToHexStringLower(dataSetHash));
        using var digest = new FileDigest();
        foreach (var largest in new[] { 1, 100, 1_000, file.Length })
        {
            for (var at = 0; at < file.Length;)
            {
                var count = random.Next(1, Math.Min(largest, file.Length - at) + 1);
                digest.Append(file.AsSpan(at, count));
                at += count;
            }

            Assert.Equal(_header.Length, digest.DataSetOffset);
            // It is ready for the next file then.
            Assert.Equal(expected, digest.Finish());
        }

        Assert.Equal(expected.Item1, FileDigest.Of(new MemoryStream(file)));
    }

    [Fact]
    public void Every_byte_of_the_head_and_every_kind_of_cut_changes_it()
    {
        byte[] file = [.. _header, 1, 2, 3, 4];
        var seen = new HashSet<string> { Of(file) };
        for (var i = 0; i < file.Length; i++)
        {
            var other = file.ToArray();
            other[i] ^= 1;
            Assert.True(seen.Add(Of(other)), $"byte {i}");
            Assert.True(seen.Add(Of(file[..i])), $"cut at {i}");
        }
    }

    [Fact]
    public void What_is_no_file_of_PS3_10_is_all_head()
    {
        byte[] bytes = [.. _header];
        bytes[128] = (byte)'d';
        using var digest = new FileDigest();
        digest.Append(bytes);
        Assert.Equal(long.MaxValue, digest.DataSetOffset);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. bytes, .. SHA256.HashData([])])), digest.Finish().Digest);
    }

    private static string Of(byte[] bytes) => FileDigest.Of(new MemoryStream(bytes));
}
