using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Emulators.OpenId;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Accounts;

/// <summary>The administration interface alone, with its accounts, under a clock that the test moves.</summary>
internal sealed class AccountsServer : IAsyncDisposable
{
    // So few iterations that no test waits.
    private static readonly PasswordHasher Quick = new(100);

    private readonly StoreFolder _folder = new();
    private readonly TestAuthority _authority;
    private readonly List<IDisposable> _callers = [];
    private readonly ILoggerFactory _loggers;
    private OpenIdSection? _openId;

    private AccountsServer()
    {
        _authority = new TestAuthority(_folder.Path);
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(Log));
    }

    public ManualClock Clock { get; } = new(new DateTimeOffset(2026, 11, 2, 8, 0, 0, TimeSpan.Zero));

    public LogLines Log { get; } = new();

    public AccountRegister Accounts { get; private set; } = null!;

    private DatabaseOptions? Database { get; init; }

    public string Socket => Path.Combine(_folder.Path, "drimbox.sock");

    public string Folder => _folder.Path;

    public string AuthorityFile => _authority.CertificateFile;

    public Uri Address => Server.HttpsAddress!;

    private AdministrationServer Server { get; set; } = null!;

    public static async Task<AccountsServer> StartAsync(string? socketGroup = null, DatabaseOptions? database = null)
    {
        var server = new AccountsServer { Database = database };
        await server.OpenAsync(socketGroup);
        return server;
    }

    /// <summary>With a provider that professionals may sign in with.</summary>
    public static async Task<(AccountsServer Server, OpenIdEmulator Provider)> StartWithProviderAsync(
        OpenIdFollowSection? follow = null)
    {
        var server = new AccountsServer();
        var identity = server._authority.Certify("provider");
        var provider = await OpenIdEmulator.StartAsync(
            new OpenIdEmulatorOptions
            {
                Certificate = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile),
                ClientId = "drimbox",
                ClientSecret = "a secret: of the client",
            },
            server.Clock, TestContext.Current.CancellationToken);
        var secret = Path.Combine(server.Folder, "client-secret");
        await File.WriteAllTextAsync(secret, "a secret: of the client\n");
        server._openId = new OpenIdSection
        {
            Issuer = provider.Issuer, ClientId = "drimbox", ClientSecretFile = secret, Scope = "openid scope_all",
            AcrValues = "eidas1", Metadata = "wallet-openid-configuration", Authorities = server.AuthorityFile, Follow = follow,
        };
        await server.OpenAsync(null);
        return (server, provider);
    }

    /// <summary>A browser that does not follow where it is sent.</summary>
    public HttpClient NewBrowser() => Https.Client(Address, _authority, null, follows: false);

    /// <summary>Stops, and starts again on the same store.</summary>
    public async Task RestartAsync()
    {
        await Server.DisposeAsync();
        await Accounts.DisposeAsync();
        await OpenAsync(null);
    }

    public static AddAccount Account(
        string name, Role[] roles, string? osUser = null, string? certificate = null, string? nationalId = null) => new(
        AccountName.Parse(name),
        new AccountHolder
        {
            FamilyName = name.ToUpperInvariant(), GivenName = "Test", InternalId = "I-" + name, NationalId = nationalId,
        },
        [.. roles], new AccountMeans(osUser, certificate));

    public async Task DoAsync(AccountCommand command)
    {
        var decision = await Accounts.ExecuteAsync(
            command, "root", command is SetPassword ? command.Name : null, TestContext.Current.CancellationToken);
        Assert.Null(decision.Refusal);
    }

    /// <summary>A password of the holder's own.</summary>
    public Task GivePasswordAsync(string account, string password) =>
        DoAsync(new SetPassword(AccountName.Parse(account), Quick.Hash(password), null));

    /// <summary>A caller over HTTPS.</summary>
    /// <param name="certificate">The common name of its certificate, or null.</param>
    public HttpClient NewCaller(string? certificate = null)
    {
        var client = Https.Client(Address, _authority, certificate);
        _callers.Add(client);
        return client;
    }

    public async Task<HttpClient> SignedInAsync(string account, string password)
    {
        var caller = NewCaller();
        using var answer = await SignInAsync(caller, account, password);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        caller.DefaultRequestHeaders.Authorization = new("Bearer", body.GetProperty("token").GetString());
        return caller;
    }

    public static Task<HttpResponseMessage> SignInAsync(HttpClient caller, string account, string password) =>
        caller.PostAsJsonAsync("/api/session", new { account, password }, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers) caller.Dispose();
        await Server.DisposeAsync();
        await Accounts.DisposeAsync();
        _loggers.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    private async Task OpenAsync(string? socketGroup)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var users = new LocalUsers();
        var server = _authority.Certify("server");
        Accounts = await AccountRegister.OpenAsync(_folder.Path, Database, users.Reserved, Clock, _loggers, cancellation);
        var options = new AdministrationOptions
        {
            SocketGroup = socketGroup,
            Https = new AdministrationHttpsSection
            {
                Port = 0,
                OpenId = _openId,
                Tls = new DicomTlsOptions
                {
                    Certificate = server.CertificateFile, Key = server.KeyFile,
                    Authorities = _authority.CertificateFile, RequireClientCertificate = false,
                },
            },
        };
        Server = await AdministrationServer.StartAsync(
            Socket, options, Accounts, users, Quick, Clock, Map, _loggers, cancellation);
    }

    private static void Map(WebApplication application)
    {
        application.MapGet("/api/status", () => Results.Ok(new { ok = true }));
        application.MapGet("/api/archive/studies", () => Results.Ok(new { ok = true }));
        application.MapPost("/api/not/in/the/table", () => Results.Ok(new { ok = true }));
        application.MapFallback(() => Answers.Missing("No such route."));
    }
}

/// <summary>Callers over HTTPS that trust one authority.</summary>
internal static class Https
{
    public static HttpClient Client(Uri address, TestAuthority authority, string? certificate, bool follows = true)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = follows };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authority.CertificateFile);
        if (certificate is not null)
        {
            var identity = authority.Certify(certificate);
            var own = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => own;
        }

        return new HttpClient(new HeardAnswers(handler)) { BaseAddress = address };
    }
}

/// <summary>What was logged, a line each.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly List<string> _lines = [];

    public string Text
    {
        get
        {
            lock (_lines) return string.Join('\n', _lines);
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add($"[{eventId.Id}] {formatter(state, exception)}");
    }

    public void Dispose()
    {
    }
}
