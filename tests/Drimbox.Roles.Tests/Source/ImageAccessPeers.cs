using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Drimbox.Emulators.Psc;
using Drimbox.Source.ImageAccess;

namespace Drimbox.Tests.Source;

/// <summary>Whom a source deals with when it gives out images: the authority of all certificates, the national list, Pro
/// Santé Connect, and the DRIMboxes that ask.</summary>
public sealed class ImageAccessPeers : IAsyncDisposable
{
    /// <summary>The DRIMbox that asks where no other is named.</summary>
    public const string Caller = "db1.example";

    // RSA keys are dear: all lists are signed with one.
    private static readonly RSA Key = RSA.Create(2048);

    private readonly StoreFolder _folder;
    private readonly TestAuthority _authority;
    private readonly TestIdentity _caller;

    private ImageAccessPeers(
        StoreFolder folder, TestAuthority authority, TestIdentity caller, PscEmulator psc, ImageAccessOptions options)
    {
        (_folder, _authority, _caller, Psc, Options) = (folder, authority, caller, psc, options);
        Http = ClientOf(caller);
    }

    public PscEmulator Psc { get; }

    /// <summary>The access point of a source that these are the peers of.</summary>
    public ImageAccessOptions Options { get; }

    /// <summary>The client of <see cref="Caller"/>.</summary>
    public HttpClient Http { get; }

    /// <summary>PEM files for a client that is not ours: of the authority, of the caller, and of its key.</summary>
    public (string Authority, string Certificate, string Key) Files =>
        (_authority.CertificateFile, _caller.CertificateFile, _caller.KeyFile);

    public string WhiteListFile => Path.Combine(_folder.Path, "list.xml");

    /// <param name="listed">The DRIMboxes of the white list.</param>
    /// <param name="arrival">How long the PACS may send no image.</param>
    public static async Task<ImageAccessPeers> StartAsync(TimeSpan arrival, params IReadOnlyList<string> listed)
    {
        var folder = new StoreFolder();
        var authority = new TestAuthority(folder.Path);
        var server = authority.Certify("drimbox");
        var caller = authority.Certify(Caller);
        var tls = new DicomTlsOptions
        {
            Certificate = server.CertificateFile,
            Key = server.KeyFile,
            Authorities = authority.CertificateFile,
            RequireClientCertificate = true,
        };
        var psc = await PscEmulator.StartAsync(
            tls, "drimbox-source", TimeProvider.System, TestContext.Current.CancellationToken);
        var options = new ImageAccessOptions
        {
            Port = 0,
            ArrivalTimeout = arrival,
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
        var peers = new ImageAccessPeers(folder, authority, caller, psc, options);
        peers.WriteWhiteList("Liste Blanche", DateTimeOffset.UtcNow, [.. listed.Select(name => "CN=" + name)]);
        return peers;
    }

    /// <summary>Signs a list of DRIMboxes and puts it where the source looks for it.</summary>
    public void WriteWhiteList(string signer, DateTimeOffset at, params string[] names)
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
        var identity = _authority.Certify(signer, key: Key);
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
        File.WriteAllText(WhiteListFile, document.OuterXml);
    }

    /// <summary>A client with another certificate of the same authority.</summary>
    public HttpClient ClientNamed(string name) => ClientOf(_authority.Certify(name));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Psc.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    private static HttpClient ClientOf(TestIdentity identity)
    {
        using var pem = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        // A key that SslStream can use more than once.
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        return new HttpClient(new HeardAnswers(new SocketsHttpHandler
        {
            // Who does not read to the end hangs up.
            MaxResponseDrainSize = 0,
            SslOptions =
            {
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=drimbox",
            },
        }));
    }
}
