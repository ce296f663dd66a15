using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Web;
using Drimbox.Emulators.Dmp;
using Drimbox.Emulators.Psc;
using Drimbox.Source;
using Drimbox.Source.ImageAccess;

namespace Drimbox.Tests.Source;

/// <summary>A source whose images are asked for by other DRIMboxes: with its PACS, a white list and Pro Santé Connect.
/// </summary>
public sealed class ImageAccessFixture : IAsyncDisposable
{
    public const string Token = "a-token-of-a-physician";
    public const string Explicit = "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1";

    private readonly ImageAccessPeers _peers;

    private ImageAccessFixture(ImageAccessPeers peers, SourceFixture source) => (_peers, Source) = (peers, source);

    public PscEmulator Psc => _peers.Psc;

    public SourceFixture Source { get; }

    public Uid KosUid { get; private set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>With one study, whose manifest is published.</summary>
    /// <param name="pacs">Instead of the scripted one.</param>
    /// <param name="prepare">Called before the report comes.</param>
    /// <param name="cache">Null: nothing is kept.</param>
    /// <param name="arrival">How long the PACS may send no image; null: 1 s.</param>
    /// <param name="listed">The DRIMboxes of the white list; null: only the one that asks where no other is named.</param>
    public static async Task<ImageAccessFixture> StartAsync(
        int images = 4, DicomPeerOptions? pacs = null, Func<SourceFixture, Task>? prepare = null,
        Func<SourceOptions, SourceOptions>? configure = null, ImageCacheOptions? cache = null,
        TimeSpan? arrival = null, IReadOnlyList<string>? listed = null)
    {
        var fixture = await StartEmptyAsync(arrival ?? TimeSpan.FromSeconds(1), pacs, configure, cache, listed: listed);
        if (prepare is not null) await prepare(fixture.Source);
        await fixture.Source.PublishAsync(images: images);
        fixture.KosUid = Uid.Parse((await fixture.Source.ApprovedAsync()).UniqueId.Root);
        return fixture;
    }

    /// <summary>Without a report.</summary>
    /// <param name="arrivalTimeout">See <see cref="ImageAccessOptions.ArrivalTimeout"/>.</param>
    /// <param name="dmp">What is changed of the options of the DMP.</param>
    /// <param name="listed">As in <see cref="StartAsync"/>.</param>
    public static async Task<ImageAccessFixture> StartEmptyAsync(
        TimeSpan arrivalTimeout, DicomPeerOptions? pacs = null, Func<SourceOptions, SourceOptions>? configure = null,
        ImageCacheOptions? cache = null, Func<DmpEmulatorOptions, DmpEmulatorOptions>? dmp = null,
        IReadOnlyList<string>? listed = null)
    {
        var peers = await ImageAccessPeers.StartAsync(arrivalTimeout, listed ?? [ImageAccessPeers.Caller]);
        peers.Psc.Tokens[Token] = new PscHolder("899700218896", "10");
        var source = await SourceFixture.StartAsync(peers.Options with { Cache = cache }, pacs, configure, dmp);
        return new ImageAccessFixture(peers, source);
    }

    /// <inheritdoc cref="ImageAccessPeers.WriteWhiteList"/>
    public void WriteWhiteList(string signer, DateTimeOffset at, params string[] names) =>
        _peers.WriteWhiteList(signer, at, names);

    /// <inheritdoc cref="ImageAccessPeers.Files"/>
    public (string Authority, string Certificate, string Key) Files => _peers.Files;

    public string WhiteListFile => _peers.WhiteListFile;

    /// <inheritdoc cref="ImageAccessPeers.ClientNamed"/>
    public HttpClient ClientNamed(string name) => _peers.ClientNamed(name);

    public Uri AddressOf(Uid study, Uid series) =>
        new(Source.Node.ImageAccessAddress!, $"/studies/{study}/series/{series}");

    /// <summary>A request as another DRIMbox makes it.</summary>
    /// <param name="kos">Null: without the header.</param>
    public HttpRequestMessage Request(
        Uid study, Uid series, string? token = Token, string? kos = "", string accept = Explicit)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(study, series));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (kos is not null) request.Headers.Add("KOS-SOPInstanceUID", kos.Length == 0 ? KosUid.ToString() : kos);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    /// <summary>A request for the first series of the PACS that is refused.</summary>
    /// <returns>With the client that it goes by, where that is not the listed one.</returns>
    public (HttpRequestMessage Request, HttpClient? Client) Refused(string why)
    {
        var study = SourceReports.Study;
        var series = Source.Pacs.Instances[0].GetUid(Tag.SeriesInstanceUID);
        switch (why)
        {
            case "unlisted": return (Request(study, series), ClientNamed("db2.example"));
            case "no token": return (Request(study, series, token: null), null);
            case "ended token": return (Request(study, series, token: "another"), null);
            case "psc down":
                Psc.Failure = 500;
                return (Request(study, series), null);
            case "profession":
                Psc.Tokens["pharmacist"] = new PscHolder("899700218897", "21");
                return (Request(study, series, token: "pharmacist"), null);
            case "unknown study": return (Request(SourceReports.OtherStudy, series), null);
            case "no manifest named": return (Request(study, series, kos: null), null);
            case "other manifest": return (Request(study, series, kos: "1.2.3"), null);
            case "not acceptable":
                return (Request(
                    study, series,
                    accept: "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1.99"),
                    null);
            case "unknown series": return (Request(study, Uid.Parse("1.2.3.4")), null);
            case "pacs refuses":
                Source.Pacs.MoveFailure = DimseStatus.OutOfResources;
                return (Request(study, series), null);
            case "no uid":
                var request = Request(study, series);
                request.RequestUri = new Uri(request.RequestUri!, "/studies/1.02/series/x");
                return (request, null);
            default: throw new ArgumentOutOfRangeException(nameof(why), why, "No such refusal.");
        }
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpClient? client = null) =>
        await (client ?? _peers.Http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);

    /// <summary>The images of an answer.</summary>
    public static async Task<IReadOnlyList<DicomFile>> ReadAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var body = await response.Content.ReadAsByteArrayAsync(Cancellation);
        return [.. Parts(body, BoundaryOf(response)).Select(Read)];
    }

    /// <summary>The first image of an answer, which is left there.</summary>
    public static async Task<DicomFile> ReadFirstAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var (bytes, count) = (new byte[1 << 20], 0);
        while (true)
        {
            if (PartAt(bytes.AsSpan(0, count), 0, BoundaryOf(response)) is { } part) return Read(bytes[part]);
            var read = await body.ReadAsync(bytes.AsMemory(count), Cancellation);
            Assert.NotEqual(0, read);
            count += read;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _peers.DisposeAsync();
    }

    private static string BoundaryOf(HttpResponseMessage response) =>
        response.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"');

    private static DicomFile Read(byte[] part)
    {
        Assert.True(DicomFile.TryRead(part, out var file, out var refusal), refusal?.ToString());
        return file!;
    }

    private static IEnumerable<byte[]> Parts(byte[] body, string boundary)
    {
        for (var at = 0; PartAt(body, at, boundary) is { } part; at = part.End.Value)
        {
            if (part.Start.Equals(part.End)) yield break;
            yield return body[part];
        }

        Assert.Fail("The answer has no end.");
    }

    // By the lengths that the parts state (PS3.18 8.6.1.2.1), not by our own reader of multipart. Null: it is not there
    // whole. Empty: the end.
    private static Range? PartAt(ReadOnlySpan<byte> body, int at, string boundary)
    {
        const string Field = "Content-Length: ";
        while (at < body.Length && body[at] is (byte)'\r' or (byte)'\n') at++;
        var delimiter = $"--{boundary}";
        if (at + delimiter.Length >= body.Length) return null;
        Assert.Equal(delimiter, Encoding.ASCII.GetString(body.Slice(at, delimiter.Length)));
        if (body[at + delimiter.Length] == (byte)'-') return at..at;
        var head = body[at..].IndexOf("\r\n\r\n"u8);
        if (head < 0) return null;
        var text = Encoding.ASCII.GetString(body.Slice(at, head));
        var from = text.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        at += head + 4;
        var end = at + int.Parse(text[from..].Split('\r')[0], CultureInfo.InvariantCulture);
        return end <= body.Length ? at..end : null;
    }
}
