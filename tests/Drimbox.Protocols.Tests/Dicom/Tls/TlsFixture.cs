using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>An authority, an archive and a modality that it has certified, in a folder.</summary>
internal sealed class TlsFixture : IDisposable
{
    // It takes a quarter of a second, and its certificate is a new one each time.
    private static readonly RSA ArchiveKey = RSA.Create(2048);

    private readonly StoreFolder _folder = new();

    public TlsFixture()
    {
        Authority = new TestAuthority(_folder.Path);
        Archive = Authority.Certify("archive", key: ArchiveKey);
        Modality = Authority.Certify("modality");
    }

    public string Folder => _folder.Path;

    public TestAuthority Authority { get; }

    public TestIdentity Archive { get; }

    public TestIdentity Modality { get; }

    public TlsServerOptions Server => new()
    {
        CertificateFile = Archive.CertificateFile,
        KeyFile = Archive.KeyFile,
        TrustFile = Authority.CertificateFile,
    };

    public TlsClientOptions Client => ClientAs(Modality);

    public TlsClientOptions ClientAs(TestIdentity? identity) => new()
    {
        TrustFile = Authority.CertificateFile,
        CertificateFile = identity?.CertificateFile,
        KeyFile = identity?.KeyFile,
    };

    public TestAcceptor Start(
        Func<AcceptorOptions, AcceptorOptions>? change = null, TimeProvider? time = null, ILogger? log = null) =>
        TestAcceptor.Start(o => (change ?? (static same => same))(o with { Tls = Server }), time, log);

    /// <summary>A peer that has made its handshake and says nothing more by itself.</summary>
    public async Task<SslStream> HandshakeAsync(
        TestAcceptor server, SslProtocols version, IReadOnlyList<TlsCipherSuite> suites)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.EndPoint);
        var stream = new SslStream(client.GetStream(), false, static (_, shown, _, _) => shown?.Subject == "CN=archive");
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = version,
            CipherSuitesPolicy = new CipherSuitesPolicy(suites),
            ClientCertificates = [X509Certificate2.CreateFromPemFile(Modality.CertificateFile, Modality.KeyFile)],
        });
        return stream;
    }

    /// <summary>An association for C-ECHO.</summary>
    public static Task<Association> RequestAsync(
        TestAcceptor server, TlsClientOptions? tls, string callingAe = "MODALITY", string calledAe = "ARCHIVE") =>
        Association.RequestAsync(
            server.Request(CEchoScu.Context) with
            {
                Tls = tls,
                CallingAe = AeTitle.Parse(callingAe),
                CalledAe = AeTitle.Parse(calledAe),
            },
            TestContext.Current.CancellationToken);

    public void Dispose()
    {
        Authority.Dispose();
        _folder.Dispose();
    }
}
