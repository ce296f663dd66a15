using System.Net;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Archive;
using Drimbox.Archive.Web;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive;

/// <summary>Who may use DICOMweb, and where it may listen.</summary>
public sealed class AccessTests : IDisposable
{
    private const string Viewer = "0123456789abcdef0123456789abcdef";
    private const string Sender = "fedcba9876543210fedcba9876543210";

    private readonly StoreFolder _folder = new();

    public AccessTests()
    {
        Directory.CreateDirectory(_folder.Path);
        File.WriteAllText(TokenFile("viewer"), Viewer + "\n");
        File.WriteAllText(TokenFile("sender"), Sender);
        File.WriteAllText(TokenFile("short"), "secret");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, 401, 401)]
    [InlineData("Bearer wrong", 401, 401)]
    [InlineData("Basic " + Viewer, 401, 401)]
    [InlineData("Bearer " + Viewer, 200, 403)]
    [InlineData("Bearer " + Sender, 403, 200)]
    public async Task A_token_has_the_rights_of_its_caller(string? authorization, int search, int store)
    {
        await using var archive = await StartAsync(OnLoopback(o => o with { Callers = Callers() }));
        await archive.StoreAsync(Ct(1, 1, 1));
        using var client = new WebClient(archive.Node);
        void Authorise(HttpRequestMessage request)
        {
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var found = await client.GetAsync("studies", Json, Authorise);
        Assert.Equal(search, (int)found.StatusCode);
        if (search == 401) Assert.Equal("Bearer", found.Headers.WwwAuthenticate.ToString());
        using var stored = await client.SendAsync(
            HttpMethod.Post, "studies", Json, Body([FileOf(Ct(2, 1, 1))]), Authorise);
        Assert.Equal(store, (int)stored.StatusCode);
        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.2.1.1"), default);
        Assert.Equal(store == 200 ? "SENDER" : null, row?.File.SenderAe.ToString());
    }

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("pacs.example", 200)]
    [InlineData("PACS.example:80", 200)]
    [InlineData("localhost", 200)]
    [InlineData("10.1.2.3", 403)]
    public async Task The_host_field_names_this_server(string host, int status)
    {
        await using var archive = await StartAsync(OnLoopback(o => o with { HostNames = ["pacs.example"] }));
        await archive.StoreAsync(Ct(1, 1, 1));
        using var client = new WebClient(archive.Node);
        using var response = await client.GetAsync("studies", Json, r => r.Headers.Host = host);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Beyond_the_loopback_it_starts_with_tls_and_callers_alone()
    {
        var open = new ArchiveWebOptions { Address = IPAddress.Any, Port = 0 };
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(o => o with { Web = open }));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => StartAsync(o => o with { Web = open with { Callers = Callers() } }));
        Assert.NotNull((open with { Tls = new TlsServerOptions { CertificateFile = "x" } }).Unsafe);
        Assert.Null((open with
        {
            Tls = new TlsServerOptions { CertificateFile = "x" },
            Callers = Callers(),
        }).Unsafe);
    }

    [Fact]
    public async Task A_token_that_can_be_guessed_is_refused_at_the_start()
    {
        var weak = new WebCaller(AeTitle.Parse("WEAK"), WebRights.All) { TokenFile = TokenFile("short") };
        var refusal = await Assert.ThrowsAsync<IOException>(
            () => StartAsync(OnLoopback(o => o with { Callers = [weak] })));
        Assert.Contains("32 characters", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_as_good_as_a_token()
    {
        using var authority = new TestAuthority(_folder.Path);
        var server = authority.Certify("server");
        var known = authority.Certify("viewer1");
        var unknown = authority.Certify("viewer2");
        await using var archive = await StartAsync(OnLoopback(o => o with
        {
            Tls = new TlsServerOptions
            {
                CertificateFile = server.CertificateFile,
                KeyFile = server.KeyFile,
                TrustFile = authority.CertificateFile,
            },
            Callers =
            [
                new WebCaller(AeTitle.Parse("VIEWER"), WebRights.Read)
                {
                    Certificate = CertificateBinding.Parse("name:viewer1"),
                },
            ],
        }));
        await archive.StoreAsync(Ct(1, 1, 1));
        Assert.Equal(200, await StatusAsync(archive.Node, authority, known));
        Assert.Equal(401, await StatusAsync(archive.Node, authority, unknown));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => StatusAsync(archive.Node, authority, null));
    }

    private static async Task<int> StatusAsync(ArchiveNode node, TestAuthority authority, TestIdentity? identity)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authority.CertificateFile);
        if (identity is not null)
        {
            var certificate = X509Certificate2.CreateFromPemFile(
                identity.CertificateFile, identity.KeyFile);
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        using var http = new HttpClient(new HeardAnswers(handler));
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", Json);
        Assert.Equal("https", node.WebAddress!.Scheme);
        using var response = await http.GetAsync(new Uri(node.WebAddress, "dicom-web/studies"));
        return (int)response.StatusCode;
    }

    private List<WebCaller> Callers() =>
    [
        new WebCaller(AeTitle.Parse("VIEWER"), WebRights.Read) { TokenFile = TokenFile("viewer") },
        new WebCaller(AeTitle.Parse("SENDER"), WebRights.Store) { TokenFile = TokenFile("sender") },
    ];

    private string TokenFile(string name) => Path.Combine(_folder.Path, name);
}
