using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Dmp;
using Drimbox.Emulators;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Gateway.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Accounts;

/// <summary>A process with all roles, and callers with a certificate each.</summary>
public sealed class ProcessOfAllRoles : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private TestAuthority _authority = null!;

    internal GatewayProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _authority = new TestAuthority(_folder.Path);
        var server = _authority.Certify("server");
        var nowhere = new Uri("http://127.0.0.1:9/");
        var configuration = DemoConfiguration.Create(
            Path.Combine(_folder.Path, "data"), new XdsTarget(nowhere, nowhere),
            new DemoCertificates(_folder.Path).Folder, new DemoOptions(null, null, [], LogLevel.None));
        var https = new AdministrationHttpsSection
        {
            Port = 0,
            Tls = new DicomTlsOptions
            {
                Certificate = server.CertificateFile, Key = server.KeyFile, Authorities = _authority.CertificateFile,
            },
        };
        Process = await GatewayProcess.StartAsync(
            configuration with
            {
                Administration = new AdministrationOptions { Https = https, HttpPort = LoopbackPorts.Take() },
            },
            null, TestContext.Current.CancellationToken);
    }

    /// <summary>Adds an account of a role, and calls as its holder.</summary>
    internal async Task<HttpClient> CallerAsync(string name, Role role, string? nationalId = null)
    {
        var decision = await Process.Accounts!.ExecuteAsync(
            AccountsServer.Account(name, [role], certificate: $"name:{name}.example", nationalId: nationalId), "root",
            null, TestContext.Current.CancellationToken);
        Assert.Null(decision.Refusal);
        return Https.Client(Process.Administration!.HttpsAddress!, _authority, $"{name}.example");
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }
}

/// <summary>Every action of a process with all roles, for an account of each role.</summary>
public sealed class RouteRightsTests(ProcessOfAllRoles all) : IClassFixture<ProcessOfAllRoles>
{
    private static int _accounts;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IReadOnlyList<string> Actions =>
        [.. all.Process.Administration!.Routes.SelectMany(ActionsOf).Distinct().Order(StringComparer.Ordinal)];

    [Fact]
    [Requirement("SSI/GEN.16")]
    public async Task Each_action_has_a_right_and_only_accounts_with_that_right_can_call_it()
    {
        // A new route is given a right in RouteRights, or nobody can call it; one that is gone is taken out there.
        Assert.Equal(RouteRights.Table.Keys.Order(StringComparer.Ordinal), Actions);

        foreach (var role in Enum.GetValues<Role>())
        {
            using var caller = await all.CallerAsync(NewName(), role);
            foreach (var action in Actions)
            {
                var refused = await IsRefusedAsync(caller, action);
                var may = RouteRights.Table[action] is not RouteNeed.Of { Right: var right }
                    || RoleRights.Of(role).Contains(right);
                Assert.True(refused != may, $"{role} {(may ? "may" : "may not")} {action}");
            }
        }
    }

    [Theory]
    [InlineData(Role.Administrator, "POST /api/ris/reports/{report}/publication", false)]
    [InlineData(Role.Administrator, "POST /api/teleradiology/requests/{order}/sign", false)]
    [InlineData(Role.Administrator, "GET /api/ris/reports/{report}/versions/{sequence:int}/document", false)]
    [InlineData(Role.Administrator, "POST /api/accounts", true)]
    [InlineData(Role.Radiologist, "POST /api/accounts", false)]
    [InlineData(Role.Radiologist, "POST /api/accounts/{name}/roles", false)]
    [InlineData(Role.Radiologist, "POST /api/backup", false)]
    [InlineData(Role.Radiologist, "POST /api/ris/reports/{report}/publication", true)]
    [InlineData(Role.Secretary, "POST /api/ris/reports/{report}/publication", false)]
    [InlineData(Role.Radiologist, "POST /api/ris/reports/{report}/mail-recipients", true)]
    [InlineData(Role.Administrator, "POST /api/ris/reports/{report}/mail-recipients", false)]
    [InlineData(Role.Administrator, "POST /api/ris/reports/{report}/mail-retry", true)]
    [InlineData(Role.Administrator, "POST /api/ris/mailbox/look", true)]
    [InlineData(Role.Radiologist, "POST /api/ris/mailbox/look", false)]
    [InlineData(Role.Archivist, "POST /api/archive/corrections/merge", true)]
    [InlineData(Role.Auditor, "POST /api/accounts/{name}/suspend", false)]
    [Requirement("SSI/GEN.16")]
    public async Task Administration_is_apart_from_what_professionals_do(Role role, string action, bool may)
    {
        using var caller = await all.CallerAsync(NewName(), role);
        Assert.Equal(!may, await IsRefusedAsync(caller, action));
    }

    [Fact]
    public async Task A_platform_is_signed_by_its_radiologist_and_by_no_other_account()
    {
        const string sign = "/api/teleradiology/requests/1.2.3%5E4/sign";
        using var other = await all.CallerAsync(NewName(), Role.Radiologist, "801234567897");
        using var own = await all.CallerAsync(NewName(), Role.Radiologist, all.Process.Teleradiology!.RadiologistId);

        using var refused = await other.PostAsync(sign, null, Cancellation);
        using var taken = await own.PostAsync(sign, null, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        // There is no such request; but he might.
        Assert.NotEqual(HttpStatusCode.Forbidden, taken.StatusCode);
    }

    [Fact]
    public async Task The_port_of_the_loopback_changes_nothing_and_shows_nothing_of_a_patient()
    {
        using var anyone = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = all.Process.Administration!.HttpAddress };
        foreach (var action in Actions)
        {
            if (action.StartsWith("GET ", StringComparison.Ordinal))
            {
                var may = RouteRights.Table[action] is not RouteNeed.Of { Right: not Right.SeeStates };
                Assert.True(await IsRefusedAsync(anyone, action) != may, action);
            }
            else
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(anyone, action)).Status);
            }
        }
    }

    private static string NewName() => $"account{Interlocked.Increment(ref _accounts)}";

    // Without a body nothing is done that a caller may do: what is asked is only whether he may.
    private static async Task<bool> IsRefusedAsync(HttpClient caller, string action)
    {
        var (status, body) = await SendAsync(caller, action);
        Assert.NotEqual(HttpStatusCode.Unauthorized, status);
        return body.Contains("RightMissing", StringComparison.Ordinal)
            && JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString() == "RightMissing";
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient caller, string action)
    {
        var (method, pattern) = (action.Split(' ')[0], action.Split(' ')[1]);
        var path = pattern
            .Replace("{id:long}", "1", StringComparison.Ordinal)
            .Replace("{version:int}", "1", StringComparison.Ordinal)
            .Replace("{sequence:int}", "1", StringComparison.Ordinal);
        path = string.Join('/', path.Split('/').Select(part => part.StartsWith('{') ? "1.2.3" : part));
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        // An empty body of the right type: another type would be refused before anybody is asked for a right.
        if (method == "POST") request.Content = new StringContent("", new MediaTypeHeaderValue("application/json"));
        using var answer = await caller.SendAsync(request, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static IEnumerable<string> ActionsOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is { } methods
            ? methods.HttpMethods.Select(method => RouteRights.ActionOf(method, endpoint))
            : [];
}
