using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>Associations over TLS (PS3.15 annex B), and certificates that keep one from coming about.</summary>
public sealed class TlsAssociationTests : IDisposable
{
    private readonly TlsFixture _tls = new();

    public void Dispose() => _tls.Dispose();

    [Fact]
    public async Task Both_sides_know_the_certificate_of_the_other()
    {
        var store = new MemoryStore();
        await using var server = _tls.Start(o => o with { Store = store });
        var instance = Instances.Ct(1, 3_000_001 - 1);
        await using var association = await Association.RequestAsync(
            server.Request([.. CStoreScu.ContextsFor([instance])]) with { Tls = _tls.Client });
        Assert.Equal(SslProtocols.Tls13, association.TlsSession!.Protocol);
        Assert.Equal("CN=archive", association.TlsSession.Peer!.Subject);

        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(instance));
        await association.ReleaseAsync();
        Assert.Equal(Instances.Bytes(1, 3_000_000), store.Stored["1.2.3.1"]);
        var caller = store.Requests.Single().Peer.Certificate!;
        Assert.Equal("CN=modality", caller.Subject);
        using var certificate = _tls.Modality.Certificate;
        Assert.Equal(certificate.GetCertHashString(HashAlgorithmName.SHA256), caller.Fingerprint);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Both_versions_are_spoken(SslProtocols version)
    {
        await using var server = _tls.Start();
        using var stream = await HandshakeAsync(server, version, TlsProfile.Bcp195Rfc9325.CipherSuites);
        await stream.WriteAsync(AssociateEncoder.Encode(Pdus.EchoRequest("ARCHIVE", "MODALITY")));
        var answer = new byte[1];
        await stream.ReadExactlyAsync(answer);
        Assert.Equal(0x02, answer[0]);
        Assert.Equal(version, stream.SslProtocol);
    }

    [Fact]
    public async Task A_cipher_suite_outside_of_the_profile_is_not_negotiated()
    {
        await using var server = _tls.Start();
        // CBC and no forward secrecy: what RFC 9325 4.1 and 4.2 rule out.
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(
            server, SslProtocols.Tls12, [TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256]));
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(
            server, SslProtocols.Tls12, [TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256]));
        using var allowed = await HandshakeAsync(
            server, SslProtocols.Tls12, [TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
        Assert.Equal(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, allowed.NegotiatedCipherSuite);
    }

    [Fact]
    public async Task A_caller_without_a_certificate_is_refused_where_one_is_required()
    {
        var log = new LogLines();
        await using var server = _tls.Start(log: log);
        var refusal = await RefusedAsync(server, _tls.ClientAs(null));
        Assert.Contains("it may ask for a certificate", refusal, StringComparison.Ordinal);
        Assert.Contains("showed no certificate", log.Expect(1050), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ClientCertificateRule.Optional)]
    [InlineData(ClientCertificateRule.None)]
    public async Task A_caller_without_a_certificate_is_welcome_where_none_is_required(ClientCertificateRule rule)
    {
        await using var server =
            _tls.Start(o => o with { Tls = _tls.Server with { ClientCertificate = rule } });
        await using var association = await TlsFixture.RequestAsync(server, _tls.ClientAs(null));
        Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_even_where_it_is_optional()
    {
        using var other = new TestAuthority(_tls.Folder, "Another authority");
        var stranger = other.Certify("stranger");
        var log = new LogLines();
        await using var server = _tls.Start(
            o => o with { Tls = _tls.Server with { ClientCertificate = ClientCertificateRule.Optional } }, log: log);
        await RefusedAsync(server, _tls.ClientAs(stranger));
        Assert.Contains("no authority of the trust file has issued it", log.Expect(1050), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_acceptor_of_another_authority_is_refused()
    {
        using var other = new TestAuthority(_tls.Folder, "Another authority");
        await using var server = _tls.Start();
        var refusal = await RefusedAsync(server, _tls.Client with { TrustFile = other.CertificateFile });
        Assert.Contains("no authority of the trust file has issued it", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_over_is_refused()
    {
        var late = _tls.Authority.Certify("late", until: TestAuthority.From.AddYears(1));
        var log = new LogLines();
        await using var server = _tls.Start(log: log);
        await RefusedAsync(server, _tls.ClientAs(late));
        Assert.Contains("2020-01-01 to 2021-01-01", log.Expect(1050), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_clock_of_the_program_decides_what_is_over()
    {
        // The fake clock stands in 2026, before the end; the clock of the machine may be anywhere.
        var soon = _tls.Authority.Certify("soon", until: new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero));
        var time = new FakeTime();
        await using var server = _tls.Start(time: time);
        await using (var association = await TlsFixture.RequestAsync(server, _tls.ClientAs(soon)))
            Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        time.Advance(TimeSpan.FromDays(40), step: TimeSpan.FromDays(1));
        await RefusedAsync(server, _tls.ClientAs(soon));
    }

    [Fact]
    public async Task A_certificate_for_another_role_is_refused()
    {
        var web = _tls.Authority.Certify("web", usages: [TestAuthority.ServerAuthentication]);
        var log = new LogLines();
        await using var server = _tls.Start(log: log);
        await RefusedAsync(server, _tls.ClientAs(web));
        Assert.Contains("extended key usage", log.Expect(1050), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_may_not_sign_is_refused()
    {
        var mute = _tls.Authority.Certify("mute", keyUsage: X509KeyUsageFlags.KeyEncipherment);
        var log = new LogLines();
        await using var server = _tls.Start(log: log);
        await RefusedAsync(server, _tls.ClientAs(mute));
        log.Expect(1050);
    }

    [Fact]
    public async Task A_short_key_is_refused()
    {
        using var key = RSA.Create(1024);
        var weak = _tls.Authority.Certify("weak", key: key);
        await using var server = _tls.Start();
        await RefusedAsync(server, _tls.ClientAs(weak));
    }

    [Fact]
    public async Task The_name_of_the_host_is_checked_unless_that_is_switched_off()
    {
        var nameless = _tls.Authority.Certify("nameless", withLoopbackName: false);
        await using var server = _tls.Start(o => o with
        {
            Tls = _tls.Server with { CertificateFile = nameless.CertificateFile, KeyFile = nameless.KeyFile },
        });
        var refusal = await RefusedAsync(server, _tls.Client);
        Assert.Contains("does not name the host", refusal, StringComparison.Ordinal);
        await using var association =
            await TlsFixture.RequestAsync(server, _tls.Client with { VerifyHostName = false });
        await using var named = await TlsFixture.RequestAsync(server, _tls.Client with { HostName = "nameless" });
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_is_named()
    {
        await using var server = _tls.Start();
        var absent = Path.Combine(_tls.Folder, "absent.pem");
        Assert.Contains(absent, await RefusedAsync(server, _tls.Client with { TrustFile = absent }),
            StringComparison.Ordinal);
        var mixed = _tls.Client with { KeyFile = _tls.Archive.KeyFile };
        Assert.Contains(_tls.Archive.KeyFile, await RefusedAsync(server, mixed), StringComparison.Ordinal);
        Assert.Throws<SecureTransportException>(
            () => _tls.Start(o => o with { Tls = _tls.Server with { TrustFile = null } }));
    }

    [Fact]
    public void Each_profile_is_found_by_its_name()
    {
        foreach (var profile in TlsProfile.All)
        {
            Assert.True(TlsProfile.TryFind(profile.Name, out var found));
            Assert.Same(profile, found);
        }

        Assert.False(TlsProfile.TryFind("tls1.0", out _));
    }

    private static async Task<string> RefusedAsync(TestAcceptor server, TlsClientOptions tls) =>
        (await Assert.ThrowsAsync<SecureTransportException>(() => TlsFixture.RequestAsync(server, tls))).Message;

    private async Task<SslStream> HandshakeAsync(
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
            ClientCertificates = [X509Certificate2.CreateFromPemFile(
                _tls.Modality.CertificateFile, _tls.Modality.KeyFile)],
        });
        return stream;
    }
}
