using System.Net.Sockets;
using System.Text;
using Drimbox.Core;
using Drimbox.Dicom;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive.Attacks;

/// <summary>Attacks A8 and A19 on DICOMweb, over a socket: the exact status, nothing on the disk, and the server
/// serves on.</summary>
public sealed class WebAttackTests : IAsyncLifetime
{
    private ArchiveFixture _archive = null!;
    private WebClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(OnLoopback(o => o with { StoreBytesMax = 1024 * 1024 }));
        _client = new WebClient(_archive.Node);
    }

    public async ValueTask DisposeAsync()
    {
        using var alive = await _client.StoreAsync(FileOf(Ct(99, 1, 1)));
        Assert.Equal(200, (int)alive.StatusCode);
        _client.Dispose();
        await _archive.DisposeAsync();
    }

    [Theory]
    [InlineData("/dicom-web/studies/../../etc/passwd")]
    [InlineData("/dicom-web/studies/..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/dicom-web/studies/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/dicom-web/studies/1.2.1%00.dcm")]
    [InlineData("/dicom-web/studies/1.2.1\\..\\x")]
    [InlineData("/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/../../../../etc/passwd")]
    [InlineData("/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/%2e%2e%2fx")]
    [InlineData("/dicom-web/studies/11111111111111111111111111111111111111111111111111111111111111111")]
    [InlineData("/dicom-web/studies/%D9%A1.%D9%A2")]
    public async Task A8_no_path_leads_out_of_the_archive(string path)
    {
        var answer = await SendAsync(
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        Assert.Matches("^HTTP/1.1 (404|400|405) ", answer);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A8_a_uid_that_is_a_path_is_refused_in_a_file_too()
    {
        var evil = Ct(1, 1, 1);
        evil.SetString(Tag.StudyInstanceUID, "../../etc/cron.d/x");
        using var response = await _client.StoreAsync(FileOf(evil));
        Assert.Equal(409, (int)response.StatusCode);
        Assert.Empty(_archive.Files());
    }

    [Theory]
    [InlineData("no boundary at all", "0123456789")]
    [InlineData("a boundary that never comes", "\r\n--other\r\n\r\nx\r\n--other--")]
    [InlineData("nothing", "")]
    [InlineData("the end alone", "--bound--")]
    [InlineData("a header without a colon", "--bound\r\nnonsense\r\n\r\nx\r\n--bound--")]
    [InlineData("a header without an end", "--bound\r\nContent-Type: application/dicom")]
    [InlineData("a part without an end", "--bound\r\n\r\nDICM")]
    [InlineData("a boundary that goes on", "--boundary\r\n\r\nDICM\r\n--boundary--")]
    public async Task A19_a_body_that_is_not_in_parts_is_400(string what, string body)
    {
        _ = what;
        using var response = await _client.SendAsync(
            HttpMethod.Post, "studies", Json, Raw(Encoding.ASCII.GetBytes(body)));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Empty(_archive.Files());
    }

    [Fact]
    public async Task A19_endless_headers_are_400()
    {
        foreach (var header in (string[])
                 [
                     string.Concat(Enumerable.Range(0, 5_000).Select(i => $"X-{i}: y\r\n")),
                     "X: " + new string('y', 500_000), new string('y', 500_000),
                     string.Concat(Enumerable.Repeat("Content-Type: application/dicom\r\n", 33)),
                 ])
        {
            using var response = await _client.SendAsync(
                HttpMethod.Post, "studies", Json, Raw(Encoding.ASCII.GetBytes($"--bound\r\n{header}")));
            Assert.Equal(400, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task A19_thousands_of_parts_are_bounded()
    {
        var body = string.Concat(Enumerable.Repeat("--bound\r\n\r\n\r\n", Limits.WebStorePartsMax + 5)) + "--bound--";
        using var response = await _client.SendAsync(
            HttpMethod.Post, "studies", Json, Raw(Encoding.ASCII.GetBytes(body)));
        Assert.Equal(413, (int)response.StatusCode);
        Assert.Empty(_archive.Files());
    }

    [Fact]
    public async Task A19_a_body_over_the_limit_is_413_whether_its_length_is_told_or_not()
    {
        var file = Ct(1, 1, 1);
        file.SetBytes(Tag.PixelData, Vr.OW, new byte[2 * 1024 * 1024]);
        // Who asks before it sends reads the answer; who does not may find the connection closed while it still writes.
        using var told = await _client.SendAsync(
            HttpMethod.Post, "studies", Json, Body([FileOf(file)]), r => r.Headers.ExpectContinue = true);
        Assert.Equal(413, (int)told.StatusCode);

        var body = await Body([FileOf(file)]).ReadAsByteArrayAsync();
        using var untold = await _client.SendAsync(HttpMethod.Post, "studies", Json, Raw(body), r =>
        {
            r.Headers.TransferEncodingChunked = true;
            r.Content!.Headers.ContentLength = null;
        });
        Assert.Equal(413, (int)untold.StatusCode);
        Assert.Empty(_archive.Files());
    }

    [Theory]
    [InlineData("Content-Length: 99999999999999999999", "400")]
    [InlineData("Content-Length: -1", "400")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked", "400")]
    [InlineData("Content-Length: 4294967296", "413")]
    public async Task A19_a_length_that_lies_is_refused(string header, string status)
    {
        var answer = await SendAsync(
            "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + $"Content-Type: multipart/related; type=\"application/dicom\"; boundary=bound\r\n{header}\r\n\r\n--bou");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A19_a_body_that_stops_before_its_length_stores_nothing_of_the_last_part()
    {
        var body = await Body([FileOf(Ct(1, 1, 1)), FileOf(Ct(1, 1, 2))]).ReadAsByteArrayAsync();
        var head = "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
            + $"multipart/related; type=\"application/dicom\"; boundary=bound\r\nContent-Length: {body.Length}\r\n\r\n";
        var answer = await SendAsync(
            [.. Encoding.ASCII.GetBytes(head), .. body.AsSpan(0, body.Length - 200)], isLast: true);
        Assert.Matches("^$|^HTTP/1.1 400 ", answer);
        using var next = await _client.StoreAsync(FileOf(Ct(1, 1, 3)));
        Assert.Equal(200, (int)next.StatusCode);
        // What had arrived whole may stay: nothing was told of it.
        Assert.DoesNotContain(
            await _client.SearchAsync("instances"), m => m.GetString(Tag.SOPInstanceUID) == "1.2.1.1.2");
        Assert.InRange(_archive.Files().Length, 1, 2);
    }

    [Theory]
    [InlineData("GET", "X-Long: {0}", 20_000, "431")]
    [InlineData("GET", "Accept: {0}", 15_000, "406")]
    public async Task A19_long_header_fields_are_bounded(string method, string field, int length, string status)
    {
        var value = string.Format(field, new string('a', length));
        var answer = await SendAsync(
            $"{method} /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{value}\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A13_a_search_with_thousands_of_values_or_parameters_is_refused()
    {
        var uids = string.Join(',', Enumerable.Range(0, Limits.UidListMax + 1).Select(i => $"1.2.{i}"));
        using var list = await _client.GetAsync($"studies?StudyInstanceUID={uids}");
        Assert.Equal(413, (int)list.StatusCode);
        var parameters = string.Join('&', Enumerable.Range(0, 300).Select(i => $"x{i}=y"));
        using var many = await _client.GetAsync($"studies?{parameters}");
        Assert.Equal(400, (int)many.StatusCode);
        using var value = await _client.GetAsync($"studies?PatientID={new string('x', 300)}*");
        Assert.Equal(400, (int)value.StatusCode);
    }

    private Task<string> SendAsync(string request) => SendAsync(Encoding.UTF8.GetBytes(request));

    // The server closes: it was asked to.
    private async Task<string> SendAsync(byte[] request, bool isLast = false)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", _client.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(request);
        if (isLast) socket.Client.Shutdown(SocketShutdown.Send);
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer);
        }
        catch (IOException)
        {
            // Closed while our bytes were still on their way.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
