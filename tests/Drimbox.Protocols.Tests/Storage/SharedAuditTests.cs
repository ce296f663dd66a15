using Drimbox.Core.Audit;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>The audit trails of several processes over one flow (docs/adr/0035): each writes its own, all are found, checked and
/// kept as one.</summary>
public sealed class SharedAuditTests(PostgresCluster cluster) : SharedFlowFixture(cluster)
{
    private static readonly DateTimeOffset _now = new(2026, 11, 30, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task Each_process_has_a_trail_of_its_own_and_all_of_them_hold()
    {
        var stores = await OpenAsync(3);
        await RecordAsync(stores, 90);

        var trails = await stores[0].ListAuditTrailsAsync(Token);
        Assert.Equal([1, 2, 3], trails.Select(trail => trail.Trail));
        Assert.All(trails, trail => Assert.Equal(30, trail.Last.Id - AuditLink.BeginningOf(trail.Trail).Id));
        var verdict = await stores[1].VerifyAuditAsync(null, Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal(90, verdict.Records);
        Assert.Equal(trails, verdict.Trails);
        foreach (var trail in trails) Assert.True((await stores[2].VerifyAuditAsync(trail.Last, Token)).Holds);
    }

    [Fact]
    [Requirement("DB.CS.10")]
    public async Task The_records_of_all_are_listed_by_their_time_page_after_page()
    {
        var stores = await OpenAsync(2);
        for (var i = 1; i <= 20; i++) await stores[i % 2].RecordAsync(Record(i), Token);

        var seen = new List<AuditRow>();
        do
        {
            var filter = new AuditFilter(BeforeId: seen.Count == 0 ? null : seen[^1].Link.Id, Max: 3);
            var page = await stores[0].ListAuditAsync(filter, Token);
            if (page.Count == 0) break;
            seen.AddRange(page);
        }
        while (seen.Count < 40);

        Assert.Equal(Enumerable.Range(1, 20).Reverse().Select(i => _now.AddHours(i)), seen.Select(row => row.Record.At));
        Assert.Equal(2, seen.Select(row => row.Link.Trail).Distinct().Count());
    }

    [Fact]
    public async Task The_trail_of_a_process_that_is_gone_is_gone_on_with()
    {
        var stores = await OpenAsync(3);
        await RecordAsync(stores, 9);
        // Which of them has the second: a record tells.
        var middle = await OfTrailAsync(stores, 2);
        Stores.Remove(middle);
        await middle.DisposeAsync();

        var next = await OpenAsync(TimeProvider.System);
        var before = (await next.VerifyAuditAsync(null, Token)).Records;
        await next.RecordAsync(Record(1_000), Token);

        Assert.Equal(2, (await next.ListAuditAsync(new AuditFilter(Max: 1), Token)).Single().Link.Trail);
        var verdict = await next.VerifyAuditAsync(null, Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal((3, before + 1), (verdict.Trails.Count, verdict.Records));
    }

    [Fact(Timeout = 60_000)]
    public async Task Two_that_write_to_one_trail_since_a_session_was_lost_take_turns()
    {
        var first = await OpenAsync(TimeProvider.System);
        await using var other = await SessionAsync();
        // The session that holds the number is lost, and somebody else has it when it comes back.
        await RunAsync(other, """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'
                AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')
            """);
        await RunAsync(other, $"SELECT pg_advisory_lock({Key("trail 1")})");
        await Eventually(() => Task.FromResult(first.HoldsLeases));
        await RunAsync(other, $"SELECT pg_advisory_unlock({Key("trail 1")})");
        var second = await OpenAsync(TimeProvider.System);

        await RecordAsync([first, second], 200);

        var verdict = await first.VerifyAuditAsync(null, Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal((1, 200L), (verdict.Trails.Count, verdict.Records));
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task Whatever_is_changed_in_any_of_them_is_found()
    {
        var stores = await OpenAsync(3);
        await RecordAsync(stores, 9);
        await using var session = await SessionAsync();
        await RunAsync(session, "CREATE TEMP TABLE records AS TABLE audit; CREATE TEMP TABLE chains AS TABLE audit_chain");
        foreach (var (sql, brokenAt) in ((string, long)[])
            [
                ("UPDATE audit SET message = '<other/>' WHERE id = 1000000000002", 1_000_000_000_002),
                ("DELETE FROM audit WHERE id = 2000000000001", 2_000_000_000_001),
                ("UPDATE audit_chain SET last = last - 1 WHERE trail = 3", 2_000_000_000_002),
                // All of a trail, and what says that it was there.
                ("DELETE FROM audit WHERE id / 1000000000000 = 1; DELETE FROM audit_chain WHERE trail = 2", 1_000_000_000_001),
                ("DELETE FROM audit; DELETE FROM audit_chain", 1),
            ])
        {
            await RunAsync(session, sql);
            Assert.Equal((sql, (long?)brokenAt), (sql, (await stores[0].VerifyAuditAsync(null, Token)).BrokenAt));
            await RunAsync(session, """
                DELETE FROM audit; DELETE FROM audit_chain;
                INSERT INTO audit TABLE records; INSERT INTO audit_chain TABLE chains
                """);
            Assert.True((await stores[0].VerifyAuditAsync(null, Token)).Holds);
        }
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task The_last_trail_may_not_go_if_somebody_wrote_a_record_of_it_down()
    {
        var stores = await OpenAsync(2);
        await RecordAsync(stores, 4);
        var noted = (await stores[0].VerifyAuditAsync(null, Token)).Trails[1].Last;
        await using var session = await SessionAsync();
        await RunAsync(session, "DELETE FROM audit WHERE id > 1000000000000; DELETE FROM audit_chain WHERE trail = 2");

        Assert.True((await stores[0].VerifyAuditAsync(null, Token)).Holds);
        Assert.Equal(noted.Id, (await stores[0].VerifyAuditAsync(noted, Token)).BrokenAt);
    }

    [Fact]
    public async Task Each_trail_has_a_place_of_each_collector_which_never_goes_back()
    {
        var stores = await OpenAsync(2);
        await RecordAsync(stores, 10);
        var beginning = AuditLink.BeginningOf(2).Id;
        await stores[0].MarkAuditSentAsync("one", 3, Token);
        await stores[0].MarkAuditSentAsync("one", beginning + 4, Token);
        // Of a process that stood still while another sent more.
        await stores[1].MarkAuditSentAsync("one", beginning + 2, Token);

        Assert.Equal(
            (3L, beginning + 4, 0L, beginning),
            (await stores[0].AuditSentAsync("one", 1, Token), await stores[0].AuditSentAsync("one", 2, Token),
                await stores[0].AuditSentAsync("two", 1, Token), await stores[0].AuditSentAsync("two", 2, Token)));
        Assert.Equal(7, await stores[0].PruneAuditAsync(_now.AddYears(1), ["one"], Token));
        Assert.Equal(0, await stores[0].PruneAuditAsync(_now.AddYears(1), ["one", "two"], Token));
        var verdict = await stores[0].VerifyAuditAsync(null, Token);
        Assert.Equal((true, 3L), (verdict.Holds, verdict.Records));
    }

    [Fact(Timeout = 120_000)]
    public async Task Records_that_go_while_all_are_looked_at_are_not_missed()
    {
        var stores = await OpenAsync(2);
        await RecordAsync(stores, 450);
        var pruning = Task.Run(async () =>
        {
            for (var hour = 1; hour <= 451; hour += 15)
                await stores[0].PruneAuditAsync(_now.AddHours(hour), [], Token);
        });
        do
        {
            var verdict = await stores[1].VerifyAuditAsync(null, Token);
            Assert.True(verdict.Holds, verdict.Why);
        }
        while (!pruning.IsCompleted);

        await pruning;
        Assert.Equal(0, (await stores[1].VerifyAuditAsync(null, Token)).Records);
    }

    // The same count by each, all at once.
    private static Task RecordAsync(List<FlowStore> stores, int count) => Task.WhenAll(
        Enumerable.Range(1, count).Select(i => stores[i % stores.Count].RecordAsync(Record(i), Token)));

    private static async Task<FlowStore> OfTrailAsync(IReadOnlyList<FlowStore> stores, int trail)
    {
        foreach (var store in stores)
        {
            await store.RecordAsync(Record(100), Token);
            if ((await store.ListAuditTrailsAsync(Token))[trail - 1].Last is var last && last.Id % 10 == 4) return store;
        }

        throw new InvalidOperationException("Nobody has it.");
    }

    private static AuditRecord Record(int i) => new(
        _now.AddHours(i), "110102", "ITI-43", AuditOutcome.Success, $"<record n=\"{i}\"/>",
        [new AuditKey(AuditKeyKind.Patient, $"P{i}")]);
}
