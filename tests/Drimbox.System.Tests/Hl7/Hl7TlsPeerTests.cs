using System.Text.Json;
using Drimbox.Core;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Hl7;

/// <summary>MLLP over TLS with certificates on both sides, with python-hl7 over the TLS of Python.</summary>
public sealed class Hl7TlsPeerTests : IDisposable
{
    private readonly SampleFiles _files = new();
    private readonly StoreFolder _folder = new();
    private readonly TestAuthority _authority;
    private readonly TestIdentity _server;
    private readonly TestIdentity _client;

    public Hl7TlsPeerTests()
    {
        _authority = new TestAuthority(_folder.Path);
        _server = _authority.Certify("server");
        _client = _authority.Certify("client");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Python_hl7_sends_a_report_to_a_RIS_that_speaks_TLS_alone()
    {
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all =>
        {
            var alone = GatewayUnderTest.RisAlone(all);
            var tls = new DicomTlsOptions
            {
                Certificate = _server.CertificateFile, Key = _server.KeyFile, Authorities = _authority.CertificateFile,
            };
            return alone with { Ris = alone.Ris! with { Hl7 = alone.Ris.Hl7 with { Tls = tls } } };
        });
        var file = _files.Write("CDA-MDM-2.1");
        await using var peer = PeerProcess.Python(["send", .. Files(_client), $"{gateway.RisPort}", file]);

        Assert.Equal("AA", Assert.Single(await peer.EndAsync()).GetProperty("code").GetString());
        // Without TLS, or with a certificate that nobody vouches for, nothing is answered.
        Assert.Equal(5, (await CommandRun.OfAsync("hl7", "send", $"127.0.0.1:{gateway.RisPort}", file)).ExitCode);
        using var stranger = new TestAuthority(_folder.Path, "stranger");
        var other = stranger.Certify("other");
        var refused = await CommandRun.OfAsync(
            "hl7", "send", $"127.0.0.1:{gateway.RisPort}", file, "--tls-ca", _authority.CertificateFile,
            "--tls-cert", other.CertificateFile, "--tls-key", other.KeyFile);
        Assert.Contains(refused.ExitCode, (int[])[3, 5]);
    }

    [Fact]
    public async Task Hl7_send_sends_to_a_server_of_python_hl7_that_asks_for_a_certificate()
    {
        var file = _files.Write("TLR-1");
        await using var peer = PeerProcess.Python(["serve", .. Files(_server)]);
        var port = (await peer.ReadAsync()).GetProperty("port").GetInt32();
        var run = await CommandRun.SucceedAsync(
            "hl7", "send", $"127.0.0.1:{port}", file, file, "--tls-ca", _authority.CertificateFile,
            "--tls-cert", _client.CertificateFile, "--tls-key", _client.KeyFile, "--json");

        var outcomes = JsonDocument.Parse(run.Output).RootElement.GetProperty("outcomes");
        Assert.Equal(2, outcomes.GetProperty("AA").GetInt32());
    }

    private string[] Files(TestIdentity identity) =>
        ["--tls", _authority.CertificateFile, identity.CertificateFile, identity.KeyFile];
}
