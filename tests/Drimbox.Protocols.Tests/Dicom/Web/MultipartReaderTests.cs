using System.Buffers;
using System.Text;
using Drimbox.Dicom.Web;

namespace Drimbox.Tests.Dicom.Web;

/// <summary>RFC 2046 5.1.1, with the input cut at every place.</summary>
public sealed class MultipartReaderTests
{
    private const string Ordinary =
        "--b\r\nContent-Type: application/dicom\r\nContent-Location: /x\r\n\r\none\r\n--b \t\r\n\r\n\r\n--b\r\n"
        + "content-type:text/plain\r\n\r\nth\r\n-\r\n--\r\n--c\r\nree\r\n--b--\r\nepilogue";

    [Theory]
    [InlineData(Ordinary)]
    [InlineData("\r\n" + Ordinary)]
    [InlineData("preamble\r\n" + Ordinary)]
    public async Task Parts_are_the_same_however_they_arrive(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var size = 1; size <= bytes.Length; size++)
        {
            var parts = await ReadAllAsync(new PieceStream(bytes, size));
            Assert.Equal(
                ["application/dicom /x one", "  ", "text/plain  th\r\n-\r\n--\r\n--c\r\nree"], parts.Parts);
            Assert.Null(parts.Refusal);
        }
    }

    [Fact]
    public async Task Bytes_that_look_like_a_delimiter_belong_to_the_part()
    {
        const string body = "\r\n--boundar\r\n--boundaryx\r\r\n--boundary-\r\r\n--boundary\rx\r\n--\r\n";
        var text = $"--boundary\r\n\r\n{body}\r\n--boundary--";
        for (var size = 1; size <= text.Length; size++)
        {
            var (parts, refusal) = await ReadAllAsync(
                new PieceStream(Encoding.ASCII.GetBytes(text), size), "boundary");
            Assert.Equal($"  {body}", Assert.Single(parts));
            Assert.Null(refusal);
        }
    }

    [Fact]
    public async Task Random_parts_of_random_sizes_come_back()
    {
        var random = new Random(Seed.Get());
        for (var round = 0; round < 30; round++)
        {
            var wanted = new List<byte[]>();
            var body = new ArrayBufferWriter<byte>();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                // Of few letters, so that much of it looks like the delimiter.
                var part = new byte[random.Next(400_000)];
                for (var at = 0; at < part.Length; at++) part[at] = (byte)"\r\n-bx"[random.Next(5)];
                var text = Encoding.ASCII.GetString(part);
                // What stands on both sides of one that is taken out may be another.
                while (text.Contains("\r\n--bb", StringComparison.Ordinal))
                    text = text.Replace("\r\n--bb", "", StringComparison.Ordinal);
                wanted.Add(Encoding.ASCII.GetBytes(text));
                body.Write("\r\n--bb\r\n\r\n"u8);
                body.Write(wanted[^1]);
            }

            body.Write("\r\n--bb--"u8);
            using var reader = new MultipartReader(new PieceStream(body.WrittenSpan.ToArray(), random.Next(1, 200_000)), "bb");
            foreach (var part in wanted)
            {
                Assert.NotNull(await reader.NextPartAsync(default));
                using var read = new MemoryStream();
                while (await reader.ReadAsync(default) is { IsEmpty: false } piece) read.Write(piece.Span);
                Assert.Equal(part, read.ToArray());
            }

            Assert.Null(await reader.NextPartAsync(default));
            Assert.Null(reader.Refusal);
        }
    }

    [Fact]
    public async Task Whatever_arrives_is_read_to_its_end_or_refused()
    {
        var random = new Random(Seed.Get());
        string[] words = ["--b", "\r\n", "\n", "--", "b", ": ", "X", "Content-Type", "/", "\0", " ", "-", "\r", "--b--"];
        for (var round = 0; round < 3_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => words[random.Next(words.Length)]));
            var bytes = Encoding.ASCII.GetBytes(text);
            var whole = await ReadAllAsync(new PieceStream(bytes, bytes.Length + 1));
            var pieces = await ReadAllAsync(new PieceStream(bytes, random.Next(1, 5)));
            Assert.Equal(whole.Parts, pieces.Parts);
            Assert.Equal(whole.Refusal is null, pieces.Refusal is null);
        }
    }

    [Fact]
    public async Task A_part_that_is_not_read_is_passed_over()
    {
        using var reader = new MultipartReader(new PieceStream(Encoding.ASCII.GetBytes(Ordinary), 7), "b");
        for (var i = 0; i < 3; i++) Assert.NotNull(await reader.NextPartAsync(default));
        Assert.Null(await reader.NextPartAsync(default));
        Assert.Null(reader.Refusal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--b")]
    [InlineData("--b\r\n")]
    [InlineData("--b\r\nX: y")]
    [InlineData("--b\r\nX: y\r\n\r\nbody")]
    [InlineData("--b\r\nX: y\r\n\r\nbody\r\n--b")]
    [InlineData("--b\r\nno colon\r\n\r\nbody\r\n--b--")]
    [InlineData("--other\r\n\r\nbody\r\n--other--")]
    public async Task What_ends_before_its_end_is_refused(string text)
    {
        for (var size = 1; size <= Math.Max(1, text.Length); size++)
            Assert.NotNull((await ReadAllAsync(new PieceStream(Encoding.ASCII.GetBytes(text), size))).Refusal);
    }

    [Theory]
    [InlineData("b", true)]
    [InlineData("a b'()+_,-./:=?", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("b ", false)]
    [InlineData("b\r\n", false)]
    [InlineData("é", false)]
    public void A_boundary_has_its_characters(string? boundary, bool isOne)
    {
        Assert.Equal(isOne, MultipartReader.IsBoundary(boundary));
        Assert.False(MultipartReader.IsBoundary(new string('b', 71)));
    }

    private static async Task<(List<string> Parts, Core.Refusal? Refusal)> ReadAllAsync(
        Stream input, string boundary = "b")
    {
        using var reader = new MultipartReader(input, boundary);
        var parts = new List<string>();
        while (await reader.NextPartAsync(default) is { } headers)
        {
            var text = new StringBuilder();
            while (await reader.ReadAsync(default) is { IsEmpty: false } piece)
                text.Append(Encoding.ASCII.GetString(piece.Span));
            parts.Add($"{headers.ContentType?.Essence} {headers.ContentLocation} {text}");
        }

        return (parts, reader.Refusal);
    }

    /// <summary>Gives at most so many bytes a read.</summary>
    private sealed class PieceStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
