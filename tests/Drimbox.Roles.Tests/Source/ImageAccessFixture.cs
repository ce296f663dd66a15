using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
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

    // RSA keys are dear: all lists are signed with one.
    private static readonly RSA Key = RSA.Create(2048);

    private readonly StoreFolder _folder;
    private readonly TestAuthority _authority;
    private readonly TestIdentity _caller;
    private readonly HttpClient _http;

    private ImageAccessFixture(
        StoreFolder folder, TestAuthority authority, TestIdentity caller, PscEmulator psc, SourceFixture source)
    {
        (_folder, _authority, _caller, Psc, Source) = (folder, authority, caller, psc, source);
        _http = ClientOf(caller);
    }

    public PscEmulator Psc { get; }

    public SourceFixture Source { get; }

    public Uid KosUid { get; private set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>With one study, whose manifest is published.</summary>
    /// <param name="pacs">Instead of the scripted one.</param>
    /// <param name="prepare">Called before the report comes.</param>
    /// <param name="cache">Null: nothing is kept.</param>
    public static async Task<ImageAccessFixture> StartAsync(
        int images = 4, DicomPeerOptions? pacs = null, Func<SourceFixture, Task>? prepare = null,
        Func<SourceOptions, SourceOptions>? configure = null, ImageCacheOptions? cache = null)
    {
        var fixture = await StartEmptyAsync(TimeSpan.FromSeconds(1), pacs, configure, cache);
        if (prepare is not null) await prepare(fixture.Source);
        await fixture.Source.PublishAsync(images: images);
        fixture.KosUid = Uid.Parse((await fixture.Source.ApprovedAsync()).UniqueId.Root);
        return fixture;
    }

    /// <summary>Without a report.</summary>
    /// <param name="arrivalTimeout">See <see cref="ImageAccessOptions.ArrivalTimeout"/>.</param>
    /// <param name="dmp">What is changed of the options of the DMP.</param>
    public static async Task<ImageAccessFixture> StartEmptyAsync(
        TimeSpan arrivalTimeout, DicomPeerOptions? pacs = null, Func<SourceOptions, SourceOptions>? configure = null,
        ImageCacheOptions? cache = null, Func<DmpEmulatorOptions, DmpEmulatorOptions>? dmp = null)
    {
        var folder = new StoreFolder();
        var authority = new TestAuthority(folder.Path);
        var server = authority.Certify("drimbox");
        var caller = authority.Certify("db1.example");
        var tls = new DicomTlsOptions
        {
            Certificate = server.CertificateFile,
            Key = server.KeyFile,
            Authorities = authority.CertificateFile,
            RequireClientCertificate = true,
        };
        var psc = await PscEmulator.StartAsync(tls, "drimbox-source", TimeProvider.System, Cancellation);
        psc.Tokens[Token] = new PscHolder("899700218896", "10");
        WriteWhiteList(folder.Path, authority, "Liste Blanche", DateTimeOffset.UtcNow, "CN=db1.example");
        var options = new ImageAccessOptions
        {
            Port = 0,
            Cache = cache,
            ArrivalTimeout = arrivalTimeout,
            Tls = tls,
            WhiteList = new WhiteListOptions
            {
                Location = Path.Combine(folder.Path, "list.xml"),
                Authorities = authority.CertificateFile,
                Signer = "CN=Liste Blanche",
                CheckRevocation = false,
            },
            ProSanteConnect = new ProSanteConnectOptions
            {
                Introspection = psc.Introspection,
                UserInformation = psc.UserInformation,
                ClientId = "drimbox-source",
                Tls = new DicomPeerTlsOptions
                {
                    Authorities = authority.CertificateFile,
                    Certificate = server.CertificateFile,
                    Key = server.KeyFile,
                },
            },
        };
        var source = await SourceFixture.StartAsync(options, pacs, configure, dmp);
        return new ImageAccessFixture(folder, authority, caller, psc, source);
    }

    /// <summary>Signs a list of DRIMboxes and puts it where the source looks for it.</summary>
    public void WriteWhiteList(string signer, DateTimeOffset at, params string[] names) =>
        WriteWhiteList(_folder.Path, _authority, signer, at, names);

    /// <summary>PEM files for a client that is not ours: of the authority, of the caller, and of its key.</summary>
    public (string Authority, string Certificate, string Key) Files =>
        (_authority.CertificateFile, _caller.CertificateFile, _caller.KeyFile);

    public string WhiteListFile => Path.Combine(_folder.Path, "list.xml");

    /// <summary>A client with another certificate of the same authority.</summary>
    public HttpClient ClientNamed(string name) => ClientOf(_authority.Certify(name));

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
        await (client ?? _http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);

    /// <summary>The images of an answer.</summary>
    public static async Task<IReadOnlyList<DicomFile>> ReadAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var boundary = response.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"');
        var body = await response.Content.ReadAsByteArrayAsync(Cancellation);
        return [.. Parts(body, boundary).Select(part =>
        {
            Assert.True(DicomFile.TryRead(part, out var file, out var refusal), refusal?.ToString());
            return file!;
        })];
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Source.DisposeAsync();
        await Psc.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    // By the lengths that the parts state (PS3.18 8.6.1.2.1), not by our own reader of multipart.
    private static IEnumerable<byte[]> Parts(byte[] body, string boundary)
    {
        var delimiter = $"--{boundary}";
        for (var at = 0; ;)
        {
            while (body[at] is (byte)'\r' or (byte)'\n') at++;
            var line = Encoding.ASCII.GetString(body, at, delimiter.Length);
            Assert.Equal(delimiter, line);
            if (body[at + delimiter.Length] == (byte)'-') yield break;
            var head = body.AsSpan(at).IndexOf("\r\n\r\n"u8);
            var text = Encoding.ASCII.GetString(body, at, head);
            const string Field = "Content-Length: ";
            var from = text.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
            var length = int.Parse(text[from..].Split('\r')[0], CultureInfo.InvariantCulture);
            at += head + 4;
            yield return body[at..(at + length)];
            at += length;
        }
    }

    private static HttpClient ClientOf(TestIdentity identity)
    {
        using var pem = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        // A key that SslStream can use more than once.
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        return new HttpClient(new SocketsHttpHandler
        {
            SslOptions =
            {
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=drimbox",
            },
        });
    }

    private static void WriteWhiteList(
        string folder, TestAuthority authority, string signer, DateTimeOffset at, params string[] names)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(
            "<ListeBlancheDRIM-M xmlns=\"https://github.com/ansforge/DRIM-M_DATA\" versionFormat=\"1.0.0\"><DateDeGeneration>"
            + at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)
            + "</DateDeGeneration><ListeDomaines>"
            + string.Concat(names.Select((name, i) => $"<Domaine><Identifiant>{i + 1}</Identifiant><db>db{i + 1}.example</db>"
                + $"<vi>vi{i + 1}.example</vi><Denomination>SITE {i + 1}</Denomination>"
                + $"<DNCertificatOperateur>{name}</DNCertificatOperateur></Domaine>"))
            + "</ListeDomaines></ListeBlancheDRIM-M>");
        var identity = authority.Certify(signer, key: Key);
        var signed = new SignedXml(document) { SigningKey = Key };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl;
        signed.SignedInfo.SignatureMethod = SignedXml.XmlDsigRSASHA256Url;
        var reference = new Reference("") { DigestMethod = SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        using var certificate = identity.Certificate;
        signed.KeyInfo.AddClause(new KeyInfoX509Data(certificate));
        signed.ComputeSignature();
        document.DocumentElement!.AppendChild(document.ImportNode(signed.GetXml(), true));
        File.WriteAllText(Path.Combine(folder, "list.xml"), document.OuterXml);
    }
}
