using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Tests.Accounts;

/// <summary>Callers over HTTPS prove who they are, by password or by certificate.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private const string Right = "Vert-Pomme-7";
    private const string Wrong = "Vert-Pomme-8";

    private AccountsServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await AccountsServer.StartAsync();
        await _server.DoAsync(AccountsServer.Account("ines", [Role.Secretary]));
        await _server.GivePasswordAsync("ines", Right);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Nobody_is_answered_who_does_not_sign_in()
    {
        var caller = _server.NewCaller();
        foreach (var path in (string[])["/api/status", "/api/archive/studies", "/api/accounts", "/api/session", "/x"])
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(caller, path));
        caller.DefaultRequestHeaders.Authorization = new("Bearer", new string('0', 64));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(caller, "/api/status"));
    }

    [Fact]
    public async Task Who_signs_in_has_the_rights_of_his_roles_and_no_other()
    {
        var ines = await _server.SignedInAsync("ines", Right);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ines, "/api/archive/studies"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(ines, "/api/accounts"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(ines, "/x"));
        using var refused = await ines.GetAsync("/api/accounts", Cancellation);
        var body = await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("SeeAccounts", body.GetProperty("right").GetString());
        Assert.Contains(
            "[7001] account:ines was refused GET /api/accounts: it needs the right SeeAccounts", _server.Log.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_that_is_not_in_the_table_is_for_nobody()
    {
        var ines = await _server.SignedInAsync("ines", Right);
        using var answer = await ines.PostAsync("/api/not/in/the/table", null, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("[7007]", _server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("SSI/IE.38")]
    public async Task A_session_ends_when_its_holder_ends_it()
    {
        var ines = await _server.SignedInAsync("ines", Right);
        using var end = await ines.DeleteAsync("/api/session", Cancellation);
        Assert.Equal(HttpStatusCode.OK, end.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(ines, "/api/status"));
    }

    [Fact]
    [Requirement("SSI/IE.39")]
    public async Task A_session_ends_when_nothing_is_asked_for_a_while_or_after_a_shift()
    {
        var idle = await _server.SignedInAsync("ines", Right);
        var busy = await _server.SignedInAsync("ines", Right);
        _server.Clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(busy, "/api/status"));
        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(idle, "/api/status"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(busy, "/api/status"));

        for (var passed = TimeSpan.FromMinutes(16); passed <= Limits.SessionTime; passed += TimeSpan.FromMinutes(14))
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(busy, "/api/status"));
            _server.Clock.Advance(TimeSpan.FromMinutes(14));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(busy, "/api/status"));
    }

    [Fact]
    public async Task A_session_ends_with_the_account_and_with_the_password()
    {
        var suspended = await _server.SignedInAsync("ines", Right);
        await _server.DoAsync(new SuspendAccount(AccountName.Parse("ines"), ""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(suspended, "/api/status"));
        await RefusedAsync("ines", Right);
        await _server.DoAsync(new ResumeAccount(AccountName.Parse("ines")));

        var signedIn = await _server.SignedInAsync("ines", Right);
        using var changed = await signedIn.PostAsJsonAsync(
            "/api/session/password", new { account = "ines", password = Right, newPassword = "Autre-Pomme-9" },
            Cancellation);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(signedIn, "/api/status"));
        await RefusedAsync("ines", Right);
        await _server.SignedInAsync("ines", "Autre-Pomme-9");
    }

    [Fact]
    [Requirement("SSI/IAM.92")]
    public async Task Wrong_passwords_lock_an_account_for_a_while_even_from_many_callers_at_once_and_through_a_restart()
    {
        var guesses = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            using var answer = await AccountsServer.SignInAsync(_server.NewCaller(), "ines", Wrong);
            return answer.StatusCode;
        }));
        Assert.All(guesses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        await RefusedAsync("ines", Right);
        await _server.RestartAsync();
        await RefusedAsync("ines", Right);

        _server.Clock.Advance(Limits.AccountLockTime);

        await _server.SignedInAsync("ines", Right);
    }

    [Fact]
    public async Task What_is_wrong_with_a_sign_in_is_not_told()
    {
        await _server.DoAsync(AccountsServer.Account("without", [Role.Secretary]));
        var answers = new HashSet<string>();
        foreach (var (account, password) in (IEnumerable<(string, string)>)
            [("ines", Wrong), ("nemo", Right), ("without", Right), ("", ""), ("Not a name", Right)])
        {
            using var answer = await AccountsServer.SignInAsync(_server.NewCaller(), account, password);
            answers.Add($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancellation)}");
        }

        Assert.StartsWith("401 ", Assert.Single(answers), StringComparison.Ordinal);
        // A password that was typed in the place of the name is not in the log.
        Assert.DoesNotContain("Not a name", _server.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("nemo", _server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_an_administrator_set_serves_only_to_set_ones_own()
    {
        await _server.DoAsync(AccountsServer.Account("boss", [Role.Administrator]));
        await _server.GivePasswordAsync("boss", Right);
        var boss = await _server.SignedInAsync("boss", Right);
        await SetAsync(HttpStatusCode.BadRequest, "court");
        await SetAsync(HttpStatusCode.OK, "Premier-Mot-1");

        var ines = _server.NewCaller();
        using var early = await AccountsServer.SignInAsync(ines, "ines", "Premier-Mot-1");
        Assert.Equal(HttpStatusCode.Forbidden, early.StatusCode);
        Assert.DoesNotContain("token", await early.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, await ChangeAsync("Premier-Mot-1"));
        Assert.Equal(HttpStatusCode.BadRequest, await ChangeAsync(Right));
        Assert.Equal(HttpStatusCode.OK, await ChangeAsync("Second-Mot-22"));
        await _server.SignedInAsync("ines", "Second-Mot-22");

        var events = await _server.Accounts.ListEventsAsync(AccountName.Parse("ines"), 100, Cancellation);
        Assert.Equal(
            [
                "PasswordRefused TooShort account:boss", "PasswordSet temporary account:boss",
                "LockOpened  account:boss",
                "PasswordRefused UsedBefore account:ines", "PasswordRefused UsedBefore account:ines",
                "PasswordSet by the holder account:ines", "SignedIn Password ", "SignedIn Password ",
            ],
            events.Skip(2).Select(e => $"{e.What} {e.Detail} {e.By}"));

        async Task SetAsync(HttpStatusCode expected, string password)
        {
            using var answer = await boss.PostAsJsonAsync(
                "/api/accounts/ines/password", new { password }, Cancellation);
            Assert.Equal(expected, answer.StatusCode);
        }

        async Task<HttpStatusCode> ChangeAsync(string wanted)
        {
            using var answer = await ines.PostAsJsonAsync(
                "/api/session/password", new { account = "ines", password = "Premier-Mot-1", newPassword = wanted },
                Cancellation);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_certificate_is_the_account_that_it_is_bound_to_and_of_two_it_is_nobody()
    {
        await _server.DoAsync(AccountsServer.Account("hoda", [Role.Radiologist], certificate: "name:hoda.example"));
        var hoda = _server.NewCaller("hoda.example");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hoda, "/api/archive/studies"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hoda, "/api/status"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_server.NewCaller("eve.example"), "/api/status"));
        var events = await _server.Accounts.ListEventsAsync(AccountName.Parse("hoda"), 100, Cancellation);
        Assert.Equal(["AccountAdded", "SignedIn"], events.Select(e => e.What));

        await _server.DoAsync(AccountsServer.Account("second", [Role.Secretary], certificate: "CN=hoda.example"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hoda, "/api/status"));
    }

    [Fact]
    public async Task A_page_of_another_site_gets_nothing_through_the_browser_of_a_user()
    {
        await _server.DoAsync(AccountsServer.Account("hoda", [Role.Radiologist], certificate: "name:hoda.example"));
        var hoda = _server.NewCaller("hoda.example");
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/api/status")
        {
            Headers = { { "Origin", "https://evil.example" } },
        };
        using var byOrigin = await hoda.SendAsync(foreign, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, byOrigin.StatusCode);
    }

    [Fact]
    public async Task Curl_signs_in_and_calls_as_the_document_says()
    {
        Peer.Require("curl");
        var json = await CurlAsync(
            "-H", "Content-Type: application/json", "-d", $$"""{"account":"ines","password":"{{Right}}"}""", "/api/session");
        var token = JsonDocument.Parse(json).RootElement.GetProperty("token").GetString();
        // A name that now points here, as the browser of a user would be told (DNS rebinding).
        Assert.Equal(
            "403", await CurlAsync("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example", "/api/status"));
        var seen = await CurlAsync("-H", $"Authorization: Bearer {token}", "/api/session");
        Assert.Equal("account:ines", JsonDocument.Parse(seen).RootElement.GetProperty("actor").GetString());

        Task<string> CurlAsync(params string[] arguments) => Dicom.Dcmtk.SucceedAsync(
            "curl",
            [
                "-sS", "--cacert", _server.AuthorityFile, .. arguments[..^1],
                new Uri(_server.Address, arguments[^1]).ToString(),
            ]);
    }

    [Fact]
    public async Task No_password_and_no_hash_is_in_an_answer_or_in_the_log()
    {
        await _server.DoAsync(AccountsServer.Account("boss", [Role.Administrator]));
        await _server.GivePasswordAsync("boss", Right);
        var boss = await _server.SignedInAsync("boss", Right);
        var digest = _server.Accounts.State.Find(AccountName.Parse("ines"))!.Password!.Digest;
        var seen = _server.Log.Text;
        foreach (var path in (string[])["/api/accounts", "/api/accounts/ines", "/api/account-events"])
            seen += await boss.GetStringAsync(path, Cancellation);
        Assert.Contains("ines", seen, StringComparison.Ordinal);
        string[] secrets = [Right, Convert.ToBase64String(digest.Hash), Convert.ToBase64String(digest.Salt)];
        foreach (var secret in secrets)
            Assert.DoesNotContain(secret, seen, StringComparison.Ordinal);
    }

    private async Task RefusedAsync(string account, string password)
    {
        using var answer = await AccountsServer.SignInAsync(_server.NewCaller(), account, password);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient caller, string path)
    {
        using var answer = await caller.GetAsync(path, Cancellation);
        return answer.StatusCode;
    }
}
