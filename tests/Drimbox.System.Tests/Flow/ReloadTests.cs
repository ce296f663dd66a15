using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;
using Drimbox.Source;
using Drimbox.Tests.Commands;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Flow;

/// <summary>The configuration and the certificates of a process change while peers are connected to it.</summary>
public sealed class ReloadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_comes_and_another_goes_while_an_association_goes_on()
    {
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.WithoutPlatform);
        await using var standing = await CallAsync(gateway, "STORESCU");
        await RefusedAsync(gateway, "NEWCT");
        Assert.Equal("AA", await CopyAsync(gateway));

        await gateway.ConfigureAsync(all => all with
        {
            LogLevel = LogLevel.Warning,
            Archive = all.Archive! with { Callers = [Caller("NEWCT")], FindResultsMax = 5 },
            Source = all.Source! with { Senders = [new SenderOptions { Name = "other", Application = "OTHER" }] },
        });
        var report = await gateway.AskAsync("config", "reload");

        Assert.Equal(["LogLevel", "Archive:Callers", "Source:Senders"], Keys(report, "applied"));
        Assert.Equal(["Archive:FindResultsMax"], Keys(report, "needRestart"));
        Assert.Equal(DimseStatus.Success, await new CEchoScu(standing).SendAsync(Token));
        await using (var added = await CallAsync(gateway, "NEWCT"))
            Assert.Equal(DimseStatus.Success, await new CEchoScu(added).SendAsync(Token));
        await RefusedAsync(gateway, "STORESCU");
        Assert.Equal("AR", await CopyAsync(gateway));
        // What was applied is no difference any more; what was not still is.
        report = await gateway.AskAsync("config", "reload");
        Assert.Empty(Keys(report, "applied"));
        Assert.Equal(["Archive:FindResultsMax"], Keys(report, "needRestart"));

        await gateway.ConfigureAsync(all => all with
        {
            Archive = all.Archive! with { Callers = [Caller("STORESCU")], FindResultsMax = 0 },
        });
        var wrong = await CommandRun.OfAsync("config", "reload", "--socket", gateway.Socket);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("Archive:FindResultsMax: ", wrong.Errors, StringComparison.Ordinal);
        await RefusedAsync(gateway, "STORESCU");

        await gateway.ConfigureAsync(all => all with { Archive = all.Archive! with { FindResultsMax = 7 } });
        using (var kill = Process.Start("kill", ["-HUP", $"{gateway.Child.ProcessId}"])) await kill.WaitForExitAsync(Token);
        await Eventually.HoldsAsync(
            () => Task.FromResult(gateway.Child.Output), output => output.Contains("for SIGHUP", StringComparison.Ordinal),
            output => output);
        await using (await CallAsync(gateway, "STORESCU"))
        {
        }

        await RefusedAsync(gateway, "NEWCT");
        Assert.Equal(DimseStatus.Success, await new CEchoScu(standing).SendAsync(Token));
    }

    [Fact]
    public async Task Certificates_are_rotated_under_load_and_nothing_is_dropped()
    {
        using var folder = new StoreFolder();
        using var authority = new TestAuthority(folder.Path);
        var (server, renewed, client) = (authority.Certify("server"), authority.Certify("renewed"), authority.Certify("client"));
        var webPort = LoopbackPorts.Take();
        var tls = new DicomTlsOptions
        {
            Certificate = server.CertificateFile, Key = server.KeyFile, Authorities = authority.CertificateFile,
        };
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.WithoutPlatform(all) with
        {
            Source = null,
            Ris = null,
            Dmp = null,
            Archive = all.Archive! with
            {
                Dicom = all.Archive.Dicom with { Tls = tls },
                Web = new ArchiveWebSection { Port = webPort, Tls = tls },
                Callers = [Caller("STORESCU")],
            },
        });
        var peer = TlsClientOptions.From(new DicomPeerTlsOptions
        {
            Authorities = authority.CertificateFile, Certificate = client.CertificateFile, Key = client.KeyFile,
        });
        await using var standing = await CallAsync(gateway, "STORESCU", peer);
        using var done = new CancellationTokenSource();
        using var web = new WebReader(webPort, client);
        var dicom = Enumerable.Range(0, 3).Select(_ => EchoUntilAsync(gateway, peer, done.Token)).ToList();
        var requests = Enumerable.Range(0, 2).Select(_ => web.ReadUntilAsync(done.Token)).ToList();

        // The time of a file says nothing.
        foreach (var (file, former) in (ReadOnlySpan<(string, string)>)
            [(renewed.CertificateFile, server.CertificateFile), (renewed.KeyFile, server.KeyFile)])
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(former));
        // The key first: for a moment the two files do not belong together.
        File.Move(renewed.KeyFile, server.KeyFile, overwrite: true);
        await Task.Delay(TimeSpan.FromMilliseconds(50), Token);
        File.Move(renewed.CertificateFile, server.CertificateFile, overwrite: true);
        await Eventually.HoldsAsync(
            async () =>
            {
                await using var later = await CallAsync(gateway, "STORESCU", peer);
                return (later.TlsSession!.Peer!.Subject, web.Subject);
            },
            seen => seen is ("CN=renewed", "CN=renewed") || requests.Exists(request => request.IsFaulted),
            seen => $"still {seen}");
        Assert.Equal(DimseStatus.Success, await new CEchoScu(standing).SendAsync(Token));
        await done.CancelAsync();

        foreach (var count in await Task.WhenAll(dicom.Concat(requests))) Assert.InRange(count, 10, int.MaxValue);
    }

    /// <summary>A report, as a RIS sends its copy to the source.</summary>
    private static async Task<string> CopyAsync(GatewayUnderTest gateway)
    {
        var exam = new ExaminationCase();
        var ack = await MllpWire.SendAsync(
            gateway.Configuration.Source!.Hl7.Port, exam.Mdm("t02", exam.Cda(1), 1), Token);
        return ack!["MSA", 1];
    }

    private static CallerSection Caller(string title) => new() { AeTitle = title };

    private static IReadOnlyList<string?> Keys(JsonElement report, string name) =>
        [.. report.GetProperty(name).EnumerateArray().Select(key => key.GetString())];

    private static Task<Association> CallAsync(GatewayUnderTest gateway, string title, TlsClientOptions? tls = null) =>
        Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = gateway.ArchivePort,
                CallingAe = AeTitle.Parse(title),
                CalledAe = AeTitle.Parse("DRIMBOX"),
                Contexts = [CEchoScu.Context],
                Tls = tls,
            },
            Token);

    private static async Task RefusedAsync(GatewayUnderTest gateway, string title)
    {
        var refused = await Assert.ThrowsAsync<AssociationRejectedException>(() => CallAsync(gateway, title));
        Assert.Equal(AssociateRejection.CallingAeNotRecognized, refused.Rejection);
    }

    private static async Task<int> EchoUntilAsync(GatewayUnderTest gateway, TlsClientOptions? tls, CancellationToken done)
    {
        var count = 0;
        for (; !done.IsCancellationRequested; count++)
        {
            await using var association = await CallAsync(gateway, "STORESCU", tls);
            Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync(Token));
            await association.ReleaseAsync(Token);
        }

        return count;
    }

    /// <summary>A client over HTTPS, with a handshake for each request.</summary>
    private sealed class WebReader : IDisposable
    {
        private readonly HttpClient _http;
        private readonly Uri _address;

        public WebReader(int port, TestIdentity client)
        {
            _address = new Uri($"https://127.0.0.1:{port}/dicom-web/studies?PatientID=nobody");
            var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero };
            handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(client.CertificateFile, client.KeyFile)];
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                Subject = certificate!.Subject;
                return Subject is "CN=server" or "CN=renewed";
            };
            _http = new HttpClient(new HeardAnswers(handler));
            _http.DefaultRequestHeaders.Add("Accept", "application/dicom+json");
        }

        /// <summary>Of the certificate that the server showed last.</summary>
        public string Subject { get; private set; } = "";

        public async Task<int> ReadUntilAsync(CancellationToken done)
        {
            var count = 0;
            for (; !done.IsCancellationRequested; count++)
            {
                using var answer = await _http.GetAsync(_address, Token);
                Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
            }

            return count;
        }

        public void Dispose() => _http.Dispose();
    }
}
