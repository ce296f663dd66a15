using System.Net;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Drimbox.Tests.Accounts;

/// <summary>Two processes with the same accounts, in PostgreSQL. They look at each other's changes ten times as often.</summary>
public sealed class SharedAccountsTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const string First = "Correct horse 1";
    private const string Second = "Battery staple 2";

    private static readonly AccountName Ines = AccountName.Parse("ines");
    private static readonly PasswordHasher Quick = new(100);

    private readonly StoreFolder _folder = new();
    private readonly FastClock _clock = new(10);
    private readonly List<Process> _processes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await cluster.RequireAsync();
        var database = new DatabaseOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = $"t-{Guid.NewGuid():N}",
            SharedFolder = Directory.CreateDirectory(Path.Combine(_folder.Path, "shared")).FullName,
        };
        for (var i = 0; i < 2; i++)
        {
            var accounts = await AccountRegister.OpenAsync(
                Path.Combine(_folder.Path, $"{i}"), database, new HashSet<string>(), _clock, NullLoggerFactory.Instance, Token);
            var sessions = new Sessions(_clock, TimeSpan.FromHours(1));
            _processes.Add(new Process(
                accounts, sessions,
                new SignIn(accounts, sessions, new PasswordSection().ToPolicy(), Quick, _clock, NullLogger.Instance)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.SignIn.Dispose();
            await process.Accounts.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task An_account_of_one_process_is_known_to_the_other_and_ends_for_both()
    {
        var (one, two) = (_processes[0], _processes[1]);
        await AddAsync(one, "ines", First);
        await Eventually(() => two.Accounts.State.Find(Ines) is not null);
        var (_, token) = await two.SignIn.TryAsync("ines", First, null, Token);
        Assert.Equal(Ines, two.AccountOf(token!)?.Name);

        // Another password, set at the first: known to the second at the next sign-in, and its sessions end soon.
        Assert.Equal(
            (SignInOutcome.Accepted, null), await one.SignIn.ChangeAsync("ines", First, Second, null, Token));
        await Eventually(() => two.AccountOf(token!) is null);
        Assert.Equal(SignInOutcome.Refused, (await two.SignIn.TryAsync("ines", First, null, Token)).Outcome);
        (_, token) = await two.SignIn.TryAsync("ines", Second, null, Token);
        Assert.NotNull(two.AccountOf(token!));

        await one.Accounts.ExecuteAsync(new SuspendAccount(Ines, "left"), "root", null, Token);
        await Eventually(() => two.AccountOf(token!) is null);
        Assert.Equal(SignInOutcome.Refused, (await two.SignIn.TryAsync("ines", Second, null, Token)).Outcome);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_password_that_was_just_changed_at_one_process_is_taken_by_the_other_at_once()
    {
        var (one, two) = (_processes[0], _processes[1]);
        await AddAsync(one, "ines", First);

        Assert.Equal(SignInOutcome.Accepted, (await two.SignIn.TryAsync("ines", First, null, Token)).Outcome);
    }

    [Fact(Timeout = 60_000)]
    public async Task Changes_of_both_at_once_are_all_kept_and_a_name_is_given_once()
    {
        var adding = Enumerable.Range(0, 20).Select(i => _processes[i % 2].Accounts.ExecuteAsync(
            AccountsServer.Account($"user{i / 2}", [Role.Auditor]), "root", null, Token));
        var decisions = await Task.WhenAll(adding);

        Assert.Equal(10, decisions.Count(decision => decision.Refusal is null));
        foreach (var process in _processes) await Eventually(() => process.Accounts.State.Accounts.Count == 10);
        var events = await _processes[0].Accounts.ListEventsAsync(null, 100, Token);
        Assert.Equal(events, await _processes[1].Accounts.ListEventsAsync(null, 100, Token));
        Assert.Equal(10, events.Count);
    }

    [Fact(Timeout = 60_000)]
    public async Task Failed_attempts_at_all_processes_count_together()
    {
        await AddAsync(_processes[0], "ines", First);
        var failures = new PasswordSection().FailuresMax;
        for (var i = 0; i < failures; i++)
            await _processes[i % 2].SignIn.TryAsync("ines", "wrong", null, Token);

        foreach (var process in _processes)
            Assert.Equal(SignInOutcome.Refused, (await process.SignIn.TryAsync("ines", First, null, Token)).Outcome);
    }

    [Fact(Timeout = 60_000)]
    public async Task While_the_database_is_away_nobody_can_sign_in_and_sessions_go_on()
    {
        var database = new DatabaseOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = $"t-{Guid.NewGuid():N}",
        };
        await using var server = await AccountsServer.StartAsync(database: database);
        await server.DoAsync(AccountsServer.Account("ines", [Role.Auditor]));
        await server.GivePasswordAsync("ines", First);
        var session = await server.SignedInAsync("ines", First);
        await using (var connection = new NpgsqlConnection(cluster.ConnectionString))
        {
            await connection.OpenAsync(Token);
            await using var drop = new NpgsqlCommand($"ALTER SCHEMA \"{database.Schema}\" RENAME TO \"{database.Schema}-away\"", connection);
            await drop.ExecuteNonQueryAsync(Token);
        }

        using var answer = await AccountsServer.SignInAsync(server.NewCaller(), "ines", First);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        using var own = await session.GetAsync(new Uri("/api/session", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    private async Task AddAsync(Process process, string name, string password)
    {
        var account = AccountsServer.Account(name, [Role.Auditor]);
        Assert.Null((await process.Accounts.ExecuteAsync(account, "root", null, Token)).Refusal);
        Assert.Null((await process.Accounts.ExecuteAsync(
            new SetPassword(account.Name, Quick.Hash(password), null), name, account.Name, Token)).Refusal);
    }

    private static async Task Eventually(Func<bool> holds)
    {
        for (var i = 0; i < 400 && !holds(); i++) await Task.Delay(25, Token);
        Assert.True(holds());
    }

    private sealed record Process(AccountRegister Accounts, Sessions Sessions, SignIn SignIn)
    {
        public Account? AccountOf(string token) => Sessions.Find(token)?.In(Accounts.State);
    }
}
