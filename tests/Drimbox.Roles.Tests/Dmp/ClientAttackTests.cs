using System.IO.Compression;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;

namespace Drimbox.Tests.Dmp;

/// <summary>Attacks A18 and A19 on our client: a registry that answers what no registry should, over a socket. Every such
/// answer is one that says nothing of what was done; nothing is fetched, and what is held is bounded.</summary>
public sealed class ClientAttackTests
{
    private const string SoapType = "application/soap+xml; charset=utf-8";
    private const string Open = "<S:Envelope xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\"><S:Body>"
        + "<rs:RegistryResponse xmlns:rs=\"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0\" "
        + "status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success\">";

    private const string Close = "</rs:RegistryResponse></S:Body></S:Envelope>";
    private const string NoXml = "The answer cannot be read: Not well-formed XML, or XML with a DTD (line 1).";

    private static readonly Uri Nowhere = new("http://127.0.0.1:1/");

    public static TheoryData<string> HostileNames => new(HostileXml.Around("", "", "", Nowhere).Keys);

    [Theory]
    [MemberData(nameof(HostileNames))]
    public async Task Hostile_XML_in_an_answer_is_no_answer_and_fetches_nothing(string name)
    {
        await using var fetched = new BareServer(_ => BareServer.Http(200, "text/plain", "<!ENTITY x 'y'>"u8.ToArray()));
        var xml = HostileXml.Around(Open, "", Close, fetched.Address)[name];

        var answer = await PublishAsync((_, stream) => stream.WriteAsync(BareServer.Soap(xml)).AsTask());

        var expected = name.EndsWith("deep", StringComparison.Ordinal)
            ? "The answer cannot be read: XML elements nested deeper than 256."
            : xml.StartsWith("<!DOCTYPE", StringComparison.Ordinal)
                ? "The answer cannot be read: Not well-formed XML, or XML with a DTD."
                : NoXml;
        Assert.Equal(new XdsAnswer.SentUnknown(expected), answer);
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(answer).Outcome);
        Assert.Equal(0, fetched.Connections);
    }

    [Fact]
    public async Task Hostile_XML_in_a_fault_is_an_HTTP_error()
    {
        var xml = HostileXml.Around(
            "<S:Envelope xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\"><S:Body><S:Fault>", "",
            "</S:Fault></S:Body></S:Envelope>", Nowhere)["billion laughs"];

        var answer = await PublishAsync((_, stream) => stream.WriteAsync(BareServer.Soap(xml, 500)).AsTask());

        Assert.Equal(new XdsAnswer.HttpRefused(500), answer);
    }

    [Theory]
    [InlineData(17, "The answer cannot be read: More than 16 MIME parts.")]
    [InlineData(16, null)]
    public async Task The_parts_of_an_answer_are_counted(int parts, string? reason)
    {
        var package = $"--b\r\nContent-ID: <root>\r\n\r\n{Open}{Close}\r\n"
            + string.Concat(Enumerable.Range(1, parts - 1).Select(i => $"--b\r\nContent-ID: <p{i}>\r\n\r\nx\r\n"))
            + "--b--\r\n";

        var answer = await PublishAsync((_, stream) => stream.WriteAsync(BareServer.Http(
            200, "multipart/related; boundary=b; type=\"application/xop+xml\"", Encoding.ASCII.GetBytes(package)))
            .AsTask());

        if (reason is null) Assert.True(answer.IsSuccess);
        else Assert.Equal(new XdsAnswer.SentUnknown(reason), answer);
    }

    [Theory]
    [InlineData(SoapType, "", "The answer cannot be read: The SOAP message is too long.")]
    [InlineData(
        "multipart/related; boundary=b", "--b\r\nContent-ID: <root>\r\n\r\n",
        "The answer cannot be read: The MIME parts are too long.")]
    public async Task An_endless_answer_is_given_up_at_its_bound(string type, string start, string reason)
    {
        var sent = 0L;
        var answer = await PublishAsync(async (_, stream) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 X\r\nContent-Type: {type}\r\nConnection: close\r\n\r\n{start}"));
            var chunk = new byte[1024 * 1024];
            Array.Fill(chunk, (byte)' ');
            while (sent < 4L * Limits.SoapMessageBytesMax)
            {
                await stream.WriteAsync(chunk);
                sent += chunk.Length;
            }
        });

        Assert.Equal(new XdsAnswer.SentUnknown(reason), answer);
        Assert.InRange(sent, 0, 2L * Limits.SoapMessageBytesMax);
    }

    [Fact]
    public async Task A_compressed_answer_is_not_unpacked()
    {
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            await zip.WriteAsync(new byte[50 * 1024 * 1024], DmpFixture.Token);

        var answer = await PublishAsync((_, stream) => stream.WriteAsync(BareServer.Http(
            200, SoapType, packed.ToArray(), "Content-Encoding: gzip\r\n")).AsTask());

        Assert.Equal(new XdsAnswer.SentUnknown(NoXml), answer);
    }

    [Fact]
    public async Task A_flood_of_headers_is_given_up()
    {
        var answer = await PublishAsync(async (_, stream) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 X\r\n"u8.ToArray());
            for (var i = 0; i < 100_000; i++)
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"X-{i}: {new string('x', 100)}\r\n"));
        });

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
    }

    [Fact]
    public async Task A_redirection_is_not_followed()
    {
        await using var elsewhere = new BareServer(_ => BareServer.Soap(Open + Close));

        var answer = await PublishAsync((_, stream) => stream.WriteAsync(BareServer.Http(
            307, "text/plain", [], $"Location: {elsewhere.Address}\r\n")).AsTask());

        Assert.Equal(new XdsAnswer.HttpRefused(307), answer);
        Assert.Equal(0, elsewhere.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 X\r\nContent-Type: application/soap+xml\r\nContent-Length: 4294967296\r\n\r\n<S:Envelope")]
    [InlineData("HTTP/1.1 200 X\r\nContent-Type: application/soap+xml\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nContent-Type: application/soap+xml\r\n\r\nzzz\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("")]
    public async Task An_answer_that_is_no_HTTP_or_is_cut_is_no_answer(string bytes)
    {
        var answer = await PublishAsync((_, stream) => stream.WriteAsync(Encoding.ASCII.GetBytes(bytes)).AsTask());

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(answer).Outcome);
    }

    private static async Task<XdsAnswer> PublishAsync(Func<byte[], Stream, Task> respond)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(respond);
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));
        return await client.ProvideAndRegisterDocumentSetAsync(
            dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report())), dmp.Open, null, DmpFixture.Token);
    }
}
