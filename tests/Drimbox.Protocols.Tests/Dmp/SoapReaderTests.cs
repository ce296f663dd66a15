using System.Text;
using Drimbox.Core;
using Drimbox.Dmp.Soap;

namespace Drimbox.Tests.Dmp;

/// <summary>SOAP and MTOM from a peer that may be hostile (attacks A18, A19).</summary>
public sealed class SoapReaderTests
{
    private const string Envelope =
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><x/></e:Body></e:Envelope>";

    [Theory]
    [InlineData("boundary=b; type=\"application/xop+xml\"; start=\"<root>\"")]
    [InlineData("boundary=\"b\"; type=\"application/xop+xml\"; start=root")]
    [InlineData("type=\"application/xop+xml\"; boundary=b")]
    [InlineData("BOUNDARY=b; start-info=\"application/soap+xml\"")]
    public async Task The_root_is_found_with_and_without_start(string parameters)
    {
        var (message, refusal) = await ReadAsync(
            "multipart/related; " + parameters, Package(("root", Envelope), ("doc", "bytes")));

        Assert.True(message is not null, refusal?.Detail);
        Assert.Equal("x", message.Body.Name.LocalName);
    }

    [Theory]
    [InlineData("doc", "cid:doc")]
    [InlineData("<doc@host>", "cid:doc@host")]
    [InlineData("<doc@host>", "cid:doc%40host")]
    [InlineData("<a+b c@urn:x>", "cid:a%2Bb%20c%40urn%3Ax")]
    public async Task A_part_is_found_by_its_id_with_and_without_brackets_and_escapes(string id, string href)
    {
        var (message, _) = await ReadAsync(Package(("<root>", WithInclude($"<i:Include href='{href}'/>")), (id, "bytes")));

        var bytes = message!.TryResolve(message.Body, out var refusal);

        Assert.Null(refusal);
        Assert.Equal("bytes", Encoding.UTF8.GetString(bytes!.Value.Span));
    }

    [Theory]
    [InlineData("<i:Include href='cid:nowhere'/>")]
    [InlineData("<i:Include href='http://127.0.0.1/doc'/>")]
    [InlineData("<i:Include/>")]
    [InlineData("<i:Include href='cid:doc'/><i:Include href='cid:doc'/>")]
    [InlineData("<other/>")]
    [InlineData("not base64!")]
    public async Task A_document_that_is_not_in_the_message_is_refused(string content)
    {
        var (message, _) = await ReadAsync(Package(("root", WithInclude(content)), ("doc", "bytes")));

        Assert.Null(message!.TryResolve(message.Body, out var refusal));
        Assert.NotNull(refusal);
    }

    [Fact]
    public async Task A_document_that_was_not_optimised_is_read_from_base64()
    {
        var (message, _) = await ReadAsync(Package(("root", WithInclude("Ynl0\r\nZXM="))));

        Assert.Equal("bytes", Encoding.UTF8.GetString(message!.TryResolve(message.Body, out _)!.Value.Span));
    }

    [Fact]
    public async Task Binary_parts_keep_every_byte_and_may_hold_what_looks_like_a_boundary()
    {
        var random = new Random(19);
        var bytes = new byte[200_000];
        random.NextBytes(bytes);
        Encoding.ASCII.GetBytes("\r\n--\r\n--bb\r\n--a\r\n\r\n").CopyTo(bytes, 1000);
        var package = new MtomPackage(
            "boundary-1", "urn:a", Encoding.UTF8.GetBytes(WithInclude("<i:Include href='cid:doc'/>")),
            [new MtomPart("doc", "application/dicom", bytes.Length, () => new MemoryStream(bytes))]);
        using var stream = new MemoryStream();
        await package.WriteAsync(stream, TestContext.Current.CancellationToken);
        stream.Position = 0;

        var (message, _) = await SoapReader.ReadAsync(
            package.ContentType, new Trickle(stream), Limits.SoapMessageBytesMax, TestContext.Current.CancellationToken);

        Assert.True(message!.TryResolve(message.Body, out _)!.Value.Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task A_package_cut_anywhere_is_never_a_message()
    {
        var whole = Encoding.UTF8.GetBytes(Package(("root", Envelope), ("doc", "bytes")));

        // The last line break is an epilogue: without it the package is whole.
        for (var length = 0; length < whole.Length - 4; length++)
        {
            try
            {
                var (message, _) = await ReadAsync("multipart/related; boundary=b", whole[..length]);
                Assert.True(message is null, $"cut at {length}");
            }
            catch (IOException)
            {
                // The stream ended inside of a part.
            }
        }
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public async Task The_number_of_parts_is_bounded(int parts, bool accepted)
    {
        Assert.Equal(16, Limits.MtomPartsMax);
        var package = Package(Enumerable.Range(0, parts).Select(i => ($"p{i}", i == 0 ? Envelope : "x")).ToArray());

        var (message, refusal) = await ReadAsync(package);

        Assert.Equal(accepted, message is not null);
        if (!accepted) Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
    }

    [Fact]
    public async Task The_bytes_of_all_parts_together_are_bounded()
    {
        var package = Encoding.UTF8.GetBytes(Package(("root", Envelope), ("a", new string('a', 600)), ("b", new string('b', 600))));

        var (message, refusal) = await SoapReader.ReadAsync(
            "multipart/related; boundary=b", new MemoryStream(package), 1000, TestContext.Current.CancellationToken);

        Assert.Null(message);
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
    }

    [Fact]
    public async Task An_endless_part_is_given_up_at_the_limit()
    {
        var endless = new Endless(Encoding.ASCII.GetBytes("--b\r\nContent-ID: <root>\r\n\r\n"));

        var (message, refusal) = await SoapReader.ReadAsync(
            "multipart/related; boundary=b", endless, 1_000_000, TestContext.Current.CancellationToken);

        Assert.Null(message);
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
        Assert.InRange(endless.Given, 1_000_000, 1_200_000);
    }

    [Fact]
    public async Task Headers_of_a_part_are_bounded_in_number_and_length()
    {
        var many = string.Concat(Enumerable.Range(0, 20).Select(i => $"X-{i}: 1\r\n"));
        var longOne = $"X: {new string('x', Limits.MtomPartHeaderBytesMax)}\r\n";

        foreach (var headers in new[] { many, longOne })
        {
            var (message, refusal) = await ReadAsync($"--b\r\n{headers}\r\n{Envelope}\r\n--b--\r\n");
            Assert.Null(message);
            Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
        }
    }

    [Theory]
    [InlineData("base64")]
    [InlineData("quoted-printable")]
    public async Task Encoded_parts_are_refused(string encoding)
    {
        var (message, _) = await ReadAsync(
            $"--b\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{Envelope}\r\n--b--\r\n");

        Assert.Null(message);
    }

    [Fact]
    public async Task Two_parts_with_one_id_are_refused()
    {
        Assert.Null((await ReadAsync(Package(("root", Envelope), ("doc", "a"), ("doc", "b")))).Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("text/xml")]
    [InlineData("multipart/related")]
    [InlineData("multipart/related; boundary=\"\"")]
    [InlineData("multipart/related; boundary=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghh")]
    [InlineData("multipart/form-data; boundary=b")]
    [InlineData("multipart/related; boundary=b; start=\"<elsewhere>\"")]
    public async Task Another_content_type_is_refused(string? contentType)
    {
        var (message, refusal) = await ReadAsync(contentType, Package(("root", Envelope)));

        Assert.Null(message);
        Assert.NotNull(refusal);
    }

    public static TheoryData<string, string> HostileXml => new()
    {
        { "DTD", "<!DOCTYPE e SYSTEM \"http://127.0.0.1:1/x.dtd\">" + Envelope },
        { "external entity", "<!DOCTYPE e [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + Envelope.Replace("<x/>", "<x>&x;</x>") },
        { "billion laughs", "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>" + Envelope },
        { "deep", Envelope.Replace("<x/>", string.Concat(Enumerable.Repeat("<x>", 100_000)) + string.Concat(Enumerable.Repeat("</x>", 100_000))) },
        { "long", Envelope.Replace("<x/>", "<x>" + new string('x', Limits.SoapPartBytesMax) + "</x>") },
        { "huge attribute", Envelope.Replace("<x/>", "<x a='" + new string('x', Limits.SoapPartBytesMax) + "'/>") },
        { "no envelope", "<x/>" },
        { "SOAP 1.1", Envelope.Replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/") },
        { "no body", "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"/>" },
        { "two children", Envelope.Replace("<x/>", "<x/><x/>") },
        { "two bodies", Envelope.Replace("</e:Body>", "</e:Body><e:Body><x/></e:Body>") },
    };

    [Theory]
    [MemberData(nameof(HostileXml))]
    public async Task Hostile_or_foreign_XML_is_refused_alone_and_in_a_package(string what, string xml)
    {
        Assert.NotEmpty(what);

        Assert.Null((await ReadAsync("application/soap+xml", xml)).Message);
        Assert.Null((await ReadAsync(Package(("root", xml)))).Message);
    }

    [Fact]
    public void A_fault_is_written_and_read()
    {
        var fault = new SoapFault("Sender", "FailedAuthentication", "Why");

        Assert.Equal(fault, SoapFault.TryRead(fault.Write()));
        Assert.Equal(fault with { Subcode = null }, SoapFault.TryRead((fault with { Subcode = null }).Write()));
    }

    private static string WithInclude(string content) => Envelope.Replace(
        "<x/>", $"<x xmlns:i=\"http://www.w3.org/2004/08/xop/include\">{content}</x>", StringComparison.Ordinal);

    private static string Package(params (string Id, string Content)[] parts) =>
        string.Concat(parts.Select(part => $"--b\r\nContent-ID: {part.Id}\r\n\r\n{part.Content}\r\n")) + "--b--\r\n";

    private static Task<(SoapMessage? Message, Refusal? Refusal)> ReadAsync(string package) =>
        ReadAsync("multipart/related; boundary=b; type=\"application/xop+xml\"", package);

    private static Task<(SoapMessage? Message, Refusal? Refusal)> ReadAsync(string? contentType, string body) =>
        ReadAsync(contentType, Encoding.UTF8.GetBytes(body));

    private static Task<(SoapMessage? Message, Refusal? Refusal)> ReadAsync(string? contentType, byte[] body) =>
        SoapReader.ReadAsync(
            contentType, new MemoryStream(body), Limits.SoapMessageBytesMax, TestContext.Current.CancellationToken);

    /// <summary>Gives few bytes a read, as a network does.</summary>
    private sealed class Trickle(Stream inner) : ReadOnlyStream
    {
        private int _turn;

        public override int Read(byte[] buffer, int offset, int count) =>
            inner.Read(buffer, offset, Math.Min(count, 1 + (_turn++ * 7919 % 1500)));
    }

    /// <summary>A beginning, then letters without end.</summary>
    private sealed class Endless(byte[] start) : ReadOnlyStream
    {
        public long Given { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = Given < start.Length ? Math.Min(count, start.Length - (int)Given) : count;
            if (Given < start.Length) Array.Copy(start, Given, buffer, offset, given);
            else Array.Fill(buffer, (byte)'x', offset, given);
            Given += given;
            return given;
        }
    }

    private abstract class ReadOnlyStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
