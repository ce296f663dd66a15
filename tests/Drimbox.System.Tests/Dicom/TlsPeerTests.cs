using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Dicom;

/// <summary>TLS with DCMTK at the other end, in both roles and in each of its profiles.</summary>
public sealed class TlsPeerTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly TestAuthority _authority;
    private readonly TestIdentity _archive;
    private readonly TestIdentity _modality;

    public TlsPeerTests()
    {
        _authority = new TestAuthority(_folder.Path);
        _archive = _authority.Certify("archive", key: RSA.Create(2048));
        _modality = _authority.Certify("modality", key: RSA.Create(2048));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("--profile-bcp195")]
    [InlineData("--profile-bcp195-nd")]
    [InlineData("--profile-bcp195-ex")]
    public async Task Echoscu_calls_in_each_of_its_profiles(string profile)
    {
        await using var server = Start();
        await Dcmtk.SucceedAsync("echoscu", [
            profile, .. With(_modality), "-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1", PortOf(server)]);
    }

    [Fact]
    public async Task Echoscu_without_a_certificate_is_refused_where_one_is_required()
    {
        string[] arguments = ["+tla", "+cf", _authority.CertificateFile, "-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1"];
        await using (var server = Start())
        {
            var (code, _) = await Dcmtk.RunAsync("echoscu", [.. arguments, PortOf(server)]);
            Assert.NotEqual(0, code);
        }

        await using var lenient = Start(tls => tls with { ClientCertificate = ClientCertificateRule.Optional }, null);
        await Dcmtk.SucceedAsync("echoscu", [.. arguments, PortOf(lenient)]);
    }

    [Fact]
    public async Task Echoscu_with_the_certificate_of_another_is_answered_1_1_3()
    {
        var other = _authority.Certify("other", key: RSA.Create(2048));
        await using var server = Start(binding: CertificateBinding.Parse("CN=modality"));
        string[] call = ["-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1", PortOf(server)];
        var (code, output) = await Dcmtk.RunAsync("echoscu", [.. With(other), .. call]);
        Assert.NotEqual(0, code);
        Assert.Contains("Calling AE Title Not Recognized", output, StringComparison.Ordinal);
        await Dcmtk.SucceedAsync("echoscu", [.. With(_modality), .. call]);
    }

    [Fact]
    public async Task Echoscu_without_tls_gets_no_association()
    {
        await using var server = Start();
        var (code, _) = await Dcmtk.RunAsync("echoscu", "-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1", PortOf(server));
        Assert.NotEqual(0, code);
    }

    [Theory]
    [InlineData("--profile-bcp195")]
    [InlineData("--profile-bcp195-nd")]
    [InlineData("--profile-bcp195-ex")]
    public async Task Storescp_takes_what_we_send_in_each_of_its_profiles(string profile)
    {
        var port = LoopbackPorts.Take();
        using var scp = await ListenAsync(port, profile);
        var instance = InstanceSource.FromMemory(
            CtDataSet(), SopClass.CTImageStorage, Uid.Parse("1.2.3.4"), TransferSyntax.ExplicitVRLittleEndian.Uid);
        await using var association = await Association.RequestAsync(
            Call(port, [CEchoScu.Context, .. CStoreScu.ContextsFor([instance])]));
        Assert.Contains(association.TlsSession!.Protocol, (SslProtocols[])[SslProtocols.Tls12, SslProtocols.Tls13]);
        Assert.Equal("CN=archive", association.TlsSession.Peer!.Subject);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(instance));
        await association.ReleaseAsync();
        Assert.Single(Directory.GetFiles(_folder.Path, "*1.2.3.4*"));
    }

    [Fact]
    public async Task Storescp_refuses_us_without_a_certificate_and_the_error_says_so()
    {
        var port = LoopbackPorts.Take();
        using var scp = await ListenAsync(port);
        var failure = await Assert.ThrowsAsync<SecureTransportException>(() => Association.RequestAsync(
            Call(port, [CEchoScu.Context]) with { Tls = new TlsClientOptions { TrustFile = _authority.CertificateFile } }));
        Assert.Contains("certificate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storescp_without_tls_is_told_from_one_that_is_down()
    {
        var port = LoopbackPorts.Take();
        using var scp = await Dcmtk.ListenAsync("storescp", _folder.Path, port, "-od", _folder.Path, $"{port}");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Association.RequestAsync(
            Call(port, [CEchoScu.Context]) with { ConnectTimeout = TimeSpan.FromSeconds(5) }));
        Assert.True(failure is SecureTransportException or TimeoutException, failure.ToString());
    }

    private DicomAcceptor Start(
        Func<TlsServerOptions, TlsServerOptions>? change = null, CertificateBinding? binding = null)
    {
        var tls = new TlsServerOptions
        {
            CertificateFile = _archive.CertificateFile,
            KeyFile = _archive.KeyFile,
            TrustFile = _authority.CertificateFile,
        };
        var server = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("ARCHIVE")],
                Callers = [new CallerRule(AeTitle.Parse("CT1")) { Certificate = binding }],
                Tls = change is null ? tls : change(tls),
            },
            NullLogger.Instance);
        server.Start();
        return server;
    }

    private string[] With(TestIdentity identity) =>
        ["+tls", identity.KeyFile, identity.CertificateFile, "+cf", _authority.CertificateFile];

    private Task<DcmtkServer> ListenAsync(int port, params string[] options) => Dcmtk.ListenAsync(
        "storescp", _folder.Path, port, [.. options, .. With(_archive), "-od", _folder.Path, $"{port}"]);

    private AssociationOptions Call(int port, IReadOnlyList<ProposedContext> contexts) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("CT1"),
        CalledAe = AeTitle.Parse("ANY"),
        Contexts = contexts,
        Tls = new TlsClientOptions
        {
            TrustFile = _authority.CertificateFile,
            CertificateFile = _modality.CertificateFile,
            KeyFile = _modality.KeyFile,
        },
    };

    private static string PortOf(DicomAcceptor server) => $"{server.EndPoint.Port}";

    // (0008,0016) UI CT Image Storage, (0008,0018) UI 1.2.3.4, explicit VR little endian.
    private static byte[] CtDataSet() =>
    [
        0x08, 0x00, 0x16, 0x00, (byte)'U', (byte)'I', 26, 0, .. "1.2.840.10008.5.1.4.1.1.2\0"u8,
        0x08, 0x00, 0x18, 0x00, (byte)'U', (byte)'I', 8, 0, .. "1.2.3.4\0"u8,
    ];
}
