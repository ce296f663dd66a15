using System.Globalization;
using System.Runtime.InteropServices;
using Drimbox.Core.Publications;
using Drimbox.Storage;
using Npgsql;

namespace Drimbox.Tests.Storage;

/// <summary>Several processes over one flow come and go: leases, clocks, wake-ups, duties, and the lock of the schema.</summary>
public sealed class SharedLeaseTests(PostgresCluster cluster) : SharedFlowFixture(cluster)
{
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(-60, 60)]
    [InlineData(-1440, 1440)]
    [InlineData(1440, -1440)]
    // 25 Oct 2026 and 28 March 2027, 01:00 UTC: the hour that Europe/Paris has twice, and the one that it has not.
    [InlineData(0, 0, "2026-10-25T00:59:59.9Z")]
    [InlineData(0, 0, "2027-03-28T00:59:59.9Z")]
    [Requirement("reliability P7")]
    public async Task Clocks_that_are_apart_change_nothing_for_leases_and_due_times(int first, int second, string? at = null)
    {
        var leap = at is null ? TimeSpan.Zero : DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow;
        SkewedClock[] clocks =
        [
            new(TimeProvider.System, leap + TimeSpan.FromMinutes(first)), new(TimeProvider.System, leap + TimeSpan.FromMinutes(second)),
        ];
        var (early, late) = (await OpenAsync(clocks[0]), await OpenAsync(clocks[1]));
        await early.CommitAsync(Row("a", early, TimeSpan.Zero), Token);
        await late.CommitAsync(Row("b", late, TimeSpan.FromSeconds(40)), Token);

        var claimed = Assert.Single(await early.ClaimAsync("w", TimeSpan.FromSeconds(30), 10, Token));
        Assert.Equal("a", claimed.Lane);
        Assert.Empty(await late.ClaimAsync("w", TimeSpan.FromSeconds(30), 10, Token));
        foreach (var (store, clock) in new[] { (early, clocks[0]), (late, clocks[1]) })
        {
            var due = await store.NextDueAsync(["k"], Token) - clock.GetUtcNow();
            Assert.InRange(due!.Value.TotalSeconds, 25, 30);
        }

        // A step of NTP while the lease runs: who steps neither loses what it has nor gets what others have.
        clocks[0].Skew -= TimeSpan.FromMinutes(5);
        clocks[1].Skew += TimeSpan.FromMinutes(5);
        Assert.Empty(await late.ClaimAsync("w", TimeSpan.FromSeconds(30), 10, Token));
        Assert.True(await early.RenewAsync(claimed.Id, claimed.Epoch, TimeSpan.FromSeconds(30), Token));

        // A retry in 100 ms on a clock that is far from that of who asks next.
        var retry = clocks[0].GetUtcNow() + TimeSpan.FromMilliseconds(100);
        Assert.True(await early.CompleteAsync(
            new OutboxResult(claimed.Id, claimed.Epoch, DispatchOutcome.Retry, retry), Token));
        await Eventually(async () =>
            (await late.ClaimAsync("w", TimeSpan.FromSeconds(30), 10, Token)).Any(row => row.Id == claimed.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-86_400)]
    [InlineData(3_600)]
    [InlineData(3)]
    public async Task How_far_a_clock_is_from_that_of_the_database_is_measured(int seconds)
    {
        var store = await OpenAsync(new SkewedClock(TimeProvider.System, TimeSpan.FromSeconds(seconds)));
        var (skew, error) = (await store.MeasureSkewAsync(Token))!.Value;
        // Both clocks are that of this machine.
        Assert.InRange(skew.TotalSeconds - seconds, -error.TotalSeconds - 0.001, error.TotalSeconds + 0.001);
    }

    [Fact]
    public async Task A_process_that_is_cut_off_knows_it_before_the_others_take_what_it_holds()
    {
        var store = await OpenAsync(TimeProvider.System);
        Assert.True(store.HoldsLeases);
        await using var session = await SessionAsync();
        var name = (string)(await ScalarAsync(session, "SELECT name FROM process"))!;
        var backend = (int)(await ScalarAsync(session, $"""
            SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
              AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = {Key("process " + name)}
            """))!;
        // A server that stands still says nothing, and ends no connection.
        Assert.Equal(0, kill(backend, SIGSTOP));
        try
        {
            var begin = DateTimeOffset.UtcNow;
            while (store.HoldsLeases && DateTimeOffset.UtcNow - begin < TimeSpan.FromSeconds(25)) await Task.Delay(50, Token);
            Assert.False(store.HoldsLeases);
        }
        finally
        {
            Assert.Equal(0, kill(backend, SIGCONT));
        }

        await Eventually(() => Task.FromResult(store.HoldsLeases));
    }

    [Fact]
    public async Task A_process_that_stands_still_loses_its_row_with_its_lease_and_its_result_counts_no_more()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync(Row("a", stores[0], TimeSpan.Zero), Token);
        var first = Assert.Single(await stores[0].ClaimAsync("w", TimeSpan.FromMilliseconds(200), 10, Token));
        ClaimedRow? second = null;
        await Eventually(async () =>
            (second = (await stores[1].ClaimAsync("w", TimeSpan.FromMinutes(1), 10, Token)).SingleOrDefault()) is not null);
        Assert.Equal((first.Id, DispatchOutcome.Ambiguous), (second!.Id, second.LastOutcome!.Value));
        Assert.False(await stores[0].CompleteAsync(new OutboxResult(first.Id, first.Epoch, DispatchOutcome.Done), Token));
        Assert.True(await stores[1].CompleteAsync(new OutboxResult(second.Id, second.Epoch, DispatchOutcome.Done), Token));
    }

    [Fact]
    public async Task The_leases_of_a_process_that_is_gone_end_and_those_of_the_others_do_not()
    {
        var gone = await OpenAsync(TimeProvider.System);
        // Looks at the others every quarter of a second.
        var alive = await OpenAsync(new FastClock(20));
        foreach (var lane in (string[])["a", "b"]) await alive.CommitAsync(Row(lane, alive, TimeSpan.Zero), Token);
        var mine = Assert.Single(await alive.ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        var theirs = Assert.Single(await gone.ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        Assert.Equal(0, await alive.VoidLeasesAsync(Token));
        await Task.Delay(1_000, Token);
        Assert.Empty(await alive.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token));

        Stores.Remove(gone);
        await gone.DisposeAsync();
        ClaimedRow? taken = null;
        await Eventually(async () =>
            (taken = (await alive.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token)).SingleOrDefault()) is not null);
        Assert.Equal((theirs.Id, DispatchOutcome.Ambiguous, 1), (taken!.Id, taken.LastOutcome!.Value, taken.Faults));
        Assert.True(await alive.CompleteAsync(new OutboxResult(mine.Id, mine.Epoch, DispatchOutcome.Done), Token));
    }

    [Fact]
    public async Task A_start_ends_the_leases_of_those_who_are_gone_at_once()
    {
        var gone = await OpenAsync(TimeProvider.System);
        var alive = await OpenAsync(TimeProvider.System);
        foreach (var lane in (string[])["a", "b"]) await alive.CommitAsync(Row(lane, alive, TimeSpan.Zero), Token);
        var mine = Assert.Single(await alive.ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        Assert.Single(await gone.ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        Stores.Remove(gone);
        await gone.DisposeAsync();

        var next = await OpenAsync(TimeProvider.System);
        Assert.Equal(1, await next.VoidLeasesAsync(Token));
        Assert.Single(await next.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token));
        Assert.True(await alive.CompleteAsync(new OutboxResult(mine.Id, mine.Epoch, DispatchOutcome.Done), Token));
    }

    [Fact]
    public async Task Sessions_that_the_server_ends_cost_nobody_a_lease()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync(Row("a", stores[0], TimeSpan.Zero), Token);
        var row = Assert.Single(await stores[0].ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        var owner = (await stores[0].ListOutboxAsync(new OutboxFilter([]), Token)).Single().LeaseOwner;
        await Cluster.AskAsync($"""
            SELECT count(pg_terminate_backend(l.pid, 10000)) FROM (SELECT DISTINCT pid FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) IN (
                    hashtextextended('drimbox {Schema}', 0),
                    {Key("process " + owner)})) l
            """);
        await Eventually(async () =>
        {
            try
            {
                return await stores[1].CommitAsync(Append(Guid.NewGuid().ToString(), 0), Token) is CommitResult.Committed;
            }
            catch (StorageFaultException)
            {
                return false;
            }
        });
        await Eventually(async () =>
        {
            try
            {
                return await stores[0].CompleteAsync(new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), Token);
            }
            catch (StorageFaultException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task Who_has_lost_its_name_claims_nothing_and_holds_no_lease_until_it_is_back()
    {
        var stores = await OpenAsync(2);
        foreach (var lane in (string[])["a", "b"]) await stores[0].CommitAsync(Row(lane, stores[0], TimeSpan.Zero), Token);
        Assert.Single(await stores[0].ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        Assert.True(stores[0].HoldsLeases);
        var rows = await stores[0].ListOutboxAsync(new OutboxFilter([]), Token);
        var name = Key("process " + rows.Single(row => row.LeaseOwner is not null).LeaseOwner);
        await using var other = await SessionAsync();
        await RunAsync(other, $"""
            SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
                AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = {name};
            SELECT pg_advisory_lock({name})
            """);
        await Eventually(() => Task.FromResult(!stores[0].HoldsLeases));
        Assert.Empty(await stores[0].ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
        Assert.True(stores[1].HoldsLeases);
        await RunAsync(other, $"SELECT pg_advisory_unlock({name})");
        await Eventually(() => Task.FromResult(stores[0].HoldsLeases));
        Assert.Single(await stores[0].ClaimAsync("w", TimeSpan.FromHours(1), 1, Token));
    }

    [Fact]
    public async Task What_one_commits_wakes_the_others()
    {
        var stores = await OpenAsync(2);
        await Task.Delay(200, Token);
        for (var i = 0; i < 3; i++)
        {
            // Whatever was told before.
            while (await WokeAsync(TimeSpan.FromMilliseconds(300)))
            {
            }

            var woke = WokeAsync(TimeSpan.FromSeconds(4));
            await stores[0].CommitAsync(Row($"lane {i}", stores[0], TimeSpan.Zero), Token);
            Assert.True(await woke);
        }

        async Task<bool> WokeAsync(TimeSpan within)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
            patience.CancelAfter(within);
            try
            {
                await stores[1].WaitForWorkAsync(null, patience.Token);
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task A_duty_has_one_process_and_another_one_when_that_is_gone()
    {
        var stores = await OpenAsync(2);
        Assert.True(await stores[0].HasDutyAsync("mailbox", Token));
        Assert.False(await stores[1].HasDutyAsync("mailbox", Token));
        Assert.True(await stores[0].HasDutyAsync("mailbox", Token));
        Assert.True(await stores[1].HasDutyAsync("other", Token));
        Stores.Remove(stores[0]);
        await stores[0].DisposeAsync();
        await Eventually(() => stores[1].HasDutyAsync("mailbox", Token));
    }

    [Fact]
    public async Task Who_shares_a_flow_and_who_has_it_alone_keep_each_other_out()
    {
        await OpenAsync(1);
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => FlowStore.OpenAsync(Options(false), Token));
        Assert.Equal(StorageFault.InUse, e.Fault);
        await Stores[0].DisposeAsync();
        Stores.Clear();
        await using var alone = await FlowStore.OpenAsync(Options(false), Token);
        e = await Assert.ThrowsAsync<StorageFaultException>(() => FlowStore.OpenAsync(Options(true), Token));
        Assert.Equal(StorageFault.InUse, e.Fault);
    }

    [Fact]
    public async Task A_step_of_theSchema_waits_for_the_others_to_be_gone()
    {
        await OpenAsync(1);
        await using var session = await SessionAsync();
        await RunAsync(session, "DELETE FROM schema_version WHERE number = (SELECT max(number) FROM schema_version)");
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => FlowStore.OpenAsync(Options(true), Token));
        Assert.Equal(StorageFault.InUse, e.Fault);
    }

    [Fact]
    public async Task A_process_that_meets_a_newerSchema_when_it_comes_back_writes_no_more()
    {
        var stores = await OpenAsync(1);
        await using var session = await SessionAsync();
        await RunAsync(session, "INSERT INTO schema_version (number) VALUES (1000)");
        Assert.True(await Cluster.EndWriterAsync(Schema));
        for (var i = 0; i < 2; i++)
            await Assert.ThrowsAsync<StorageFaultException>(() => stores[0].CommitAsync(Append("s", 0), Token));
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => stores[0].CommitAsync(Append("s", 0), Token));
        Assert.Equal(StorageFault.NewerSchema, e.Fault);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        return await command.ExecuteScalarAsync(Token);
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
