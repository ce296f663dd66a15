using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Web;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Emulators.OpenId;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Tests.Accounts;

/// <summary>Professionals sign in with their OpenID Connect provider: the authorization code flow with PKCE of a native
/// application, against a provider on the wire that is also told to lie.</summary>
public sealed class OpenIdTests : IAsyncLifetime
{
    private const string NationalId = "801234567897";

    // RFC 7636, appendix B.
    private const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    private const string Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    // Nobody listens there: what the browser brings is read from where it is sent to.
    private const string Redirect = "http://127.0.0.1:9/signed-in";

    private static readonly OpenIdHolder Hoda = new() { NationalId = NationalId };

    private AccountsServer _server = null!;
    private OpenIdEmulator _provider = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var (server, provider) = await AccountsServer.StartWithProviderAsync();
        (_server, _provider) = (server, provider);
        _provider.Holder = Hoda;
        await _server.DoAsync(AccountsServer.Account("hoda", [Role.Radiologist], nationalId: NationalId));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Theory]
    [InlineData(false, "RS256")] // the identifier from the userinfo endpoint, as Pro Santé Connect has it
    [InlineData(true, "RS256")]
    [InlineData(false, "PS256")]
    [Requirement("SSI/IAM.80")]
    public async Task Whom_the_provider_knows_signs_in_with_the_rights_of_his_account(bool inToken, string algorithm)
    {
        _provider.Holder = Hoda with { InToken = inToken, Algorithm = algorithm };

        var (status, body) = await SignInAsync();

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("hoda", body.GetProperty("account").GetString());
        var caller = _server.NewCaller();
        caller.DefaultRequestHeaders.Authorization = new("Bearer", body.GetProperty("token").GetString());
        var session = await caller.GetFromJsonAsync<JsonElement>("/api/session", Cancellation);
        Assert.Equal(("account:hoda", "Radiologist"), (session.GetProperty("actor").GetString(), session.GetProperty("roles").GetString()));
        var asked = HttpUtility.ParseQueryString(_provider.Authorizations.Single());
        Assert.Equal(
            ("code", "drimbox", "openid scope_all", "eidas1", Challenge, "S256"),
            (asked["response_type"], asked["client_id"], asked["scope"], asked["acr_values"], asked["code_challenge"], asked["code_challenge_method"]));
        var events = await _server.Accounts.ListEventsAsync(AccountName.Parse("hoda"), 10, Cancellation);
        Assert.Equal("SignedIn OpenId", $"{events[^1].What} {events[^1].Detail}");
    }

    public static TheoryData<string, OpenIdHolder> Lies => new()
    {
        { "key of the provider", Hoda with { ForeignKey = true } },
        { "key of the provider", Hoda with { Algorithm = "none" } },
        { "key of the provider", Hoda with { Algorithm = "HS256" } },
        { "another issuer", Instead("iss", "https://other.example/auth") },
        { "another client", Instead("aud", "other") },
        { "another client", Instead("aud", new[] { "drimbox", "other" }) },
        { "another client", Instead("aud", null) },
        { "expired", Instead("exp", 1_700_000_000) },
        { "expired", Instead("exp", "tomorrow") },
        { "future", Instead("iat", 4_000_000_000) },
        { "another request", Instead("nonce", "other") },
        { "another request", Instead("nonce", null) },
        { "weaker", Hoda with { Acr = "eidas0" } },
        { "no subject", Instead("sub", null) },
        { "who it is", Hoda with { OtherSubject = "f:someone:else" } },
        { "no account", Hoda with { NationalId = "899700000001" } },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    [Requirement("SSI/IAM.80")]
    public async Task What_the_provider_does_not_vouch_for_is_refused_and_only_the_log_says_why(
        string why, OpenIdHolder holder)
    {
        _provider.Holder = holder;

        var (status, body) = await SignInAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.DoesNotContain(why, body.ToString(), StringComparison.Ordinal);
        Assert.Contains("[7010]", _server.Log.Text, StringComparison.Ordinal);
        Assert.Contains(why, _server.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(NationalId, _server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_is_suspended_is_not_opened()
    {
        await _server.DoAsync(new SuspendAccount(AccountName.Parse("hoda"), ""));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync()).Status);
    }

    [Fact]
    [Requirement("SSI/IAM.83")]
    public async Task Names_and_roles_follow_the_provider_at_each_sign_in()
    {
        var (server, provider) = await AccountsServer.StartWithProviderAsync(new OpenIdFollowSection
        {
            Roles = "groups",
            RoleNames = new Dictionary<string, IReadOnlyList<Role>>
            {
                ["radiologues"] = [Role.Radiologist], ["archives"] = [Role.Archivist], ["dsi"] = [Role.Administrator],
            },
        });
        await using var first = server;
        await using var second = provider;
        await server.DoAsync(AccountsServer.Account("hoda", [Role.Secretary], nationalId: NationalId));

        Assert.Equal(HttpStatusCode.OK, await AsAsync("ADAM", "radiologues", "archives", "others"));
        Assert.Equal(("ADAM", "Archivist Radiologist"), Hoda());
        Assert.Equal(HttpStatusCode.OK, await AsAsync("ADAM", "radiologues", "archives"));
        Assert.Equal(HttpStatusCode.OK, await AsAsync("ADAM-BEN", "archives"));
        Assert.Equal(("ADAM-BEN", "Archivist"), Hoda());
        // SSI/GEN.16 holds for what a provider says too.
        Assert.Equal(HttpStatusCode.Unauthorized, await AsAsync("ADAM-BEN", "archives", "dsi"));
        Assert.Equal(("ADAM-BEN", "Archivist"), Hoda());
        // Whoever is in no group any more has no right any more.
        Assert.Equal(HttpStatusCode.Unauthorized, await AsAsync("ADAM-BEN", "others"));
        Assert.Equal(("ADAM-BEN", ""), Hoda());

        var events = await server.Accounts.ListEventsAsync(AccountName.Parse("hoda"), 100, Cancellation);
        Assert.Equal(
            ["AccountChanged", "RolesChanged", "AccountChanged", "RolesChanged", "RolesChanged"],
            events.Where(e => e.By == "openid:127.0.0.1").Select(e => e.What));

        (string, string) Hoda()
        {
            var account = server.Accounts.State.Find(AccountName.Parse("hoda"))!;
            return (account.Holder.FamilyName, string.Join(' ', account.Roles));
        }

        async Task<HttpStatusCode> AsAsync(string family, params string[] groups)
        {
            provider.Holder = OpenIdTests.Hoda with
            {
                Also = new Dictionary<string, object> { ["family_name"] = family, ["groups"] = groups },
            };
            return (await BringAsync(server, await CodeAsync(server, Challenge), Verifier)).Status;
        }
    }

    [Fact]
    public async Task A_code_serves_once_and_only_who_began_with_it()
    {
        var code = await CodeAsync(Challenge);
        // Whoever saw the code does not have the verifier.
        Assert.Equal(HttpStatusCode.Unauthorized, (await BringAsync(code, new string('a', 43))).Status);
        code = await CodeAsync(Challenge);
        Assert.Equal(HttpStatusCode.OK, (await BringAsync(code, Verifier)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await BringAsync(code, Verifier)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await BringAsync(await CodeAsync(Challenge), "short")).Status);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("http://evil.example:80/")]
    [InlineData("http://localhost:8080/")] // RFC 8252 8.3: a name may lead elsewhere
    [InlineData("http://127.0.0.1:8080/#x")]
    [InlineData("urn:ietf:wg:oauth:2.0:oob")]
    [InlineData("")]
    public async Task A_code_goes_to_the_machine_of_the_user_alone(string redirect)
    {
        using var answer = await _server.NewCaller().GetAsync(
            $"/api/session/openid?redirectUri={Uri.EscapeDataString(redirect)}&challenge={Challenge}&state=x", Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_key_that_the_provider_changed_is_asked_for_once_a_minute_at_most()
    {
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
        Assert.Equal(1, _provider.KeyRequests);

        _provider.ChangeKey();
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync()).Status);
        Assert.Equal(1, _provider.KeyRequests);
        _server.Clock.Advance(Limits.OpenIdKeysInterval);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
        Assert.Equal(2, _provider.KeyRequests);
    }

    [Fact]
    public async Task A_provider_that_is_another_or_away_is_503_and_passwords_go_on()
    {
        await _server.GivePasswordAsync("hoda", "Vert-Pomme-7");
        _provider.ClaimedIssuer = "https://other.example/auth";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await BeginAsync());
        Assert.Contains("of another issuer", _server.Log.Text, StringComparison.Ordinal);

        await _provider.DisposeAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await BeginAsync());
        await _server.SignedInAsync("hoda", "Vert-Pomme-7");

        async Task<HttpStatusCode> BeginAsync()
        {
            using var answer = await _server.NewCaller().GetAsync(BeginPath(Challenge), Cancellation);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Curl_signs_in_as_the_document_says()
    {
        Peer.Require("curl");
        var begun = JsonDocument.Parse(await CurlAsync(new Uri(_server.Address, BeginPath(Challenge)).ToString()));
        var back = await CurlAsync(
            "-o", "/dev/null", "-w", "%{redirect_url}", begun.RootElement.GetProperty("url").GetString()!);
        var answer = HttpUtility.ParseQueryString(new Uri(back).Query);
        Assert.Equal("s1", answer["state"]);
        var opened = JsonDocument.Parse(await CurlAsync(
            "-H", "Content-Type: application/json",
            "-d", $$"""{"code":"{{answer["code"]}}","verifier":"{{Verifier}}","redirectUri":"{{Redirect}}"}""",
            new Uri(_server.Address, "/api/session/openid").ToString()));
        Assert.Equal("hoda", opened.RootElement.GetProperty("account").GetString());

        Task<string> CurlAsync(params string[] arguments) =>
            Dicom.Dcmtk.SucceedAsync("curl", ["-sS", "--cacert", _server.AuthorityFile, .. arguments]);
    }

    [Fact]
    [Requirement("SSI/IAM.80")]
    public async Task The_command_signs_in_while_curl_is_the_browser()
    {
        // It starts processes.
        Peer.RequireGate();
        Peer.Require("curl");
        using var command = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "drimbox.dll"), "session", "sign-in", _server.Address.ToString(),
                "--authorities", _server.AuthorityFile, "--timeout", "60",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var line = await command.StandardError.ReadLineAsync(Cancellation);
        Assert.StartsWith("Open in a browser: ", line, StringComparison.Ordinal);

        var page = await Dicom.Dcmtk.SucceedAsync(
            "curl", "-sSL", "--cacert", _server.AuthorityFile, line!["Open in a browser: ".Length..]);

        Assert.Contains("fermer cette page", page, StringComparison.Ordinal);
        var token = (await command.StandardOutput.ReadToEndAsync(Cancellation)).Trim();
        await command.WaitForExitAsync(Cancellation);
        Assert.Equal(0, command.ExitCode);
        var caller = _server.NewCaller();
        caller.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var session = await caller.GetFromJsonAsync<JsonElement>("/api/session", Cancellation);
        Assert.Equal("account:hoda", session.GetProperty("actor").GetString());
    }

    private static OpenIdHolder Instead(string claim, object? value) =>
        Hoda with { Instead = new Dictionary<string, object?> { [claim] = value } };

    private static string BeginPath(string challenge) =>
        $"/api/session/openid?redirectUri={Uri.EscapeDataString(Redirect)}&challenge={challenge}&state=s1";

    private async Task<(HttpStatusCode Status, JsonElement Body)> SignInAsync() =>
        await BringAsync(await CodeAsync(Challenge), Verifier);

    private Task<string> CodeAsync(string challenge) => CodeAsync(_server, challenge);

    private Task<(HttpStatusCode Status, JsonElement Body)> BringAsync(string code, string verifier) =>
        BringAsync(_server, code, verifier);

    /// <summary>What the browser of the user does: it follows the address, and is sent back.</summary>
    private static async Task<string> CodeAsync(AccountsServer server, string challenge)
    {
        var begun = await server.NewCaller().GetFromJsonAsync<JsonElement>(BeginPath(challenge), Cancellation);
        using var browser = server.NewBrowser();
        using var back = await browser.GetAsync(begun.GetProperty("url").GetString(), Cancellation);
        Assert.Equal(HttpStatusCode.Redirect, back.StatusCode);
        Assert.StartsWith(Redirect, back.Headers.Location!.ToString(), StringComparison.Ordinal);
        return HttpUtility.ParseQueryString(back.Headers.Location.Query)["code"]!;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> BringAsync(
        AccountsServer server, string code, string verifier)
    {
        using var answer = await server.NewCaller().PostAsJsonAsync(
            "/api/session/openid", new { code, verifier, redirectUri = Redirect }, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
    }
}
