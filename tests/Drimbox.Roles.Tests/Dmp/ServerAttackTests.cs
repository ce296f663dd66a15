using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Tests.Dmp;

/// <summary>Attacks A18 and A19 on the server, over a socket: each gets its exact answer, nothing is fetched or kept, and
/// the next good submission is taken.</summary>
public sealed class ServerAttackTests
{
    private const string SoapType = "application/soap+xml; charset=utf-8";
    private const string PackageType = "multipart/related; boundary=b; type=\"application/xop+xml\"; start=\"<root>\"";
    private const string Open = "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body>";
    private const string Close = "</e:Body></e:Envelope>";
    private const string NoXml = "Not well-formed XML, or XML with a DTD (line 1).";
    private const string HasDtd = "Not well-formed XML, or XML with a DTD.";
    private const string TooDeep = "XML elements nested deeper than 256.";

    private static readonly Uri Nowhere = new("http://127.0.0.1:1/");

    public static TheoryData<string> HostileNames => new(HostileXml.Around("", "", "", Nowhere).Keys);

    [Theory]
    [MemberData(nameof(HostileNames))]
    public async Task Hostile_XML_in_a_request_gets_a_Sender_fault_and_fetches_nothing(string name)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var fetched = new BareServer(_ => BareServer.Http(200, "text/plain", "<!ENTITY x 'y'>"u8.ToArray()));
        var xml = HostileXml.Around(Open, "<x/>", Close, fetched.Address)[name];

        var (status, fault) = await SendAsync(dmp, SoapType, Encoding.UTF8.GetBytes(xml));

        var reason = name.EndsWith("deep", StringComparison.Ordinal) ? TooDeep
            : xml.StartsWith("<!DOCTYPE", StringComparison.Ordinal) ? HasDtd : NoXml;
        Assert.Equal((400, "Sender", reason), (status, fault.Code, fault.Reason));
        Assert.Equal(0, fetched.Connections);
        await dmp.PublishAsync(dmp.Report());
    }

    [Theory]
    [MemberData(nameof(HostileNames))]
    public async Task A_hostile_CDA_is_InvalidDocumentContent_and_is_not_kept(string name)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var fetched = new BareServer(_ => BareServer.Http(200, "text/plain", "<!ENTITY x 'y'>"u8.ToArray()));
        var good = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));
        var xml = HostileXml.Around("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">", "<title/>", "</ClinicalDocument>", fetched.Address)[name];
        var document = dmp.Document(
            Encoding.UTF8.GetBytes(xml), Visibility.Normal, good.Submission.Document!.Entry.UniqueId, "text/xml");
        var hostile = dmp.Submission(
            SubmissionKind.Publish, document, uniqueId: good.Submission.SubmissionSetUniqueId);

        // Our own signer refuses such a document: the signature is that of another one.
        Assert.Throws<InvalidDataException>(() => dmp.Signer.Seal(hostile));
        var errors = await SpoiltRequest.ProvideAsync(dmp, new SealedSubmission(hostile, good.Signature), null, _ => { });

        Assert.Equal([$"InvalidDocumentContent | {document.Entry.UniqueId}"], errors);
        Assert.Empty(await dmp.RegistryAsync());
        Assert.Equal(0, fetched.Connections);
        Assert.True((await dmp.SendAsync(good, null)).IsSuccess);
    }

    [Fact]
    public async Task An_XInclude_is_text_like_any_other()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var fetched = new BareServer(_ => BareServer.Http(200, "text/xml", "<x/>"u8.ToArray()));
        var cda = Encoding.UTF8.GetBytes(
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xi=\"http://www.w3.org/2001/XInclude\">"
            + $"<xi:include href=\"{fetched.Address}x.xml\"/></ClinicalDocument>");
        var document = dmp.Document(cda, Visibility.Normal, null, "text/xml");

        var entry = await dmp.PublishAsync(document);

        var kept = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [entry.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        Assert.Equal(cda, Assert.Single(kept.Documents).Bytes.ToArray());
        Assert.Equal(0, fetched.Connections);
    }

    private static readonly Dictionary<string, (string Package, string Reason)> Packages = new()
    {
        ["17 parts"] = (Package(17), "More than 16 MIME parts."),
        ["two parts with one id"] = (
            Part("root", Open + "<x/>" + Close) + Part("a", "1") + Part("a", "2") + "--b--\r\n",
            "Two MIME parts have the same Content-ID."),
        ["base64"] = (
            "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nPHgvPg==\r\n--b--\r\n",
            "A MIME part is encoded; MTOM parts are binary."),
        ["a root that is not there"] = (
            Part("other", "<x/>") + "--b--\r\n", "The root part of the MIME package is not there."),
        ["100 headers"] = (
            "--b\r\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"X-{i}: 1\r\n")) + "\r\n<x/>\r\n--b--\r\n",
            "The headers of a MIME part are too many or too long."),
        ["a header of 1 MiB"] = (
            "--b\r\nX: " + new string('x', 1024 * 1024) + "\r\n\r\n<x/>\r\n--b--\r\n",
            "The headers of a MIME part are too many or too long."),
        ["a root of 2 MiB"] = (
            Part("root", Open + "<x>" + new string('x', 2 * 1024 * 1024) + "</x>" + Close) + "--b--\r\n",
            "XML longer than 1048576 bytes."),
        ["cut in a part"] = (
            Part("root", Open + "<x/>" + Close) + "--b\r\nContent-ID: <doc>\r\n\r\nbytes",
            "The MIME package ends before its last boundary."),
    };

    public static TheoryData<string> PackageNames => new(Packages.Keys);

    [Theory]
    [MemberData(nameof(PackageNames))]
    public async Task A_flood_of_MTOM_is_refused_by_its_bound(string name)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var (package, reason) = Packages[name];

        var (status, fault) = await SendAsync(dmp, PackageType, Encoding.UTF8.GetBytes(package));

        Assert.Equal((400, "Sender", reason), (status, fault.Code, fault.Reason));
        await dmp.PublishAsync(dmp.Report());
    }

    [Theory]
    [InlineData(4L * 1024 * 1024 * 1024)]
    [InlineData(Limits.SoapMessageBytesMax + 1L)]
    public async Task A_Content_Length_above_the_bound_is_413_before_a_byte_of_it_is_read(long length)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var (status, answer) = await ExchangeAsync(dmp, Head(dmp, PackageType, length));

        Assert.Equal(413, status);
        Assert.Equal("Sender", SoapFault.TryRead(answer.Descendants(Soap12 + "Fault").Single())!.Code);
        await dmp.PublishAsync(dmp.Report());
    }

    [Fact]
    public async Task An_endless_SOAP_message_is_given_up_at_its_bound()
    {
        await using var dmp = await DmpFixture.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", dmp.Emulator.BaseAddress.Port, DmpFixture.Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Head(dmp, SoapType, null)), DmpFixture.Token);
        var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string(' ', 0x10000) + "\r\n");
        var answering = ReadAnswerAsync(stream);
        var sent = 0;
        try
        {
            // 100 MiB would be enough to see that there is no bound.
            while (sent < 1600 && !answering.IsCompleted)
            {
                await stream.WriteAsync(chunk, DmpFixture.Token);
                sent++;
            }
        }
        catch (IOException)
        {
            // The server has closed.
        }

        var (status, answer) = await answering;
        Assert.InRange(sent, 16, 1500);
        Assert.Equal(400, status);
        Assert.Equal(
            "The SOAP message is too long.", SoapFault.TryRead(answer.Descendants(Soap12 + "Fault").Single())!.Reason);
        await dmp.PublishAsync(dmp.Report());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate, gzip")]
    public async Task A_compressed_request_is_415_and_is_not_unpacked(string coding)
    {
        await using var dmp = await DmpFixture.StartAsync();
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            await zip.WriteAsync(new byte[10 * 1024 * 1024], DmpFixture.Token);
        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", SoapType);
        content.Headers.TryAddWithoutValidation("Content-Encoding", coding);

        using var response = await dmp.Http.PostAsync(dmp.Emulator.Target.Registry, content, DmpFixture.Token);

        Assert.Equal(415, (int)response.StatusCode);
        Assert.Equal(["identity"], response.Headers.GetValues("Accept-Encoding"));
    }

    [Fact]
    public async Task A_submission_whose_sender_goes_away_in_the_middle_leaves_nothing()
    {
        await using var dmp = await DmpFixture.StartAsync();
        using (var client = new TcpClient())
        {
            await client.ConnectAsync("127.0.0.1", dmp.Emulator.BaseAddress.Port, DmpFixture.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                Head(dmp, PackageType, 100_000) + Part("root", Open + "<x/>" + Close)), DmpFixture.Token);
        }

        await dmp.PublishAsync(dmp.Report());
        Assert.Single(dmp.Emulator.Submissions);
    }

    private static string Part(string id, string content) => $"--b\r\nContent-ID: <{id}>\r\n\r\n{content}\r\n";

    private static string Package(int parts) =>
        Part("root", Open + "<x/>" + Close)
        + string.Concat(Enumerable.Range(1, parts - 1).Select(i => Part($"p{i}", "x"))) + "--b--\r\n";

    private static string Head(DmpFixture dmp, string type, long? length) =>
        $"POST {dmp.Emulator.Target.Repository.AbsolutePath} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {type}\r\n"
        + (length is { } bytes
            ? $"Content-Length: {bytes.ToString(CultureInfo.InvariantCulture)}\r\n\r\n"
            : "Transfer-Encoding: chunked\r\n\r\n");

    private static async Task<(int Status, SoapFault Fault)> SendAsync(DmpFixture dmp, string type, byte[] body)
    {
        var (status, answer) = await ExchangeAsync(dmp, Head(dmp, type, body.Length), body);
        var text = answer.ToString();
        Assert.DoesNotContain("root:", text, StringComparison.Ordinal);
        return (status, SoapFault.TryRead(answer.Descendants(Soap12 + "Fault").Single())!);
    }

    private static async Task<(int Status, XDocument Answer)> ExchangeAsync(
        DmpFixture dmp, string head, byte[]? body = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", dmp.Emulator.BaseAddress.Port, DmpFixture.Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), DmpFixture.Token);
        if (body is not null) await stream.WriteAsync(body, DmpFixture.Token);
        return await ReadAnswerAsync(stream);
    }

    private static async Task<(int Status, XDocument Answer)> ReadAnswerAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        var status = int.Parse((await reader.ReadLineAsync(DmpFixture.Token))![9..12], CultureInfo.InvariantCulture);
        var length = 0;
        while (await reader.ReadLineAsync(DmpFixture.Token) is { Length: > 0 } line)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line[15..], CultureInfo.InvariantCulture);
        }

        // The answers of these tests are ASCII: a character is a byte.
        var text = new char[length];
        await reader.ReadBlockAsync(text, DmpFixture.Token);
        return (status, XDocument.Parse(new string(text)));
    }
}
