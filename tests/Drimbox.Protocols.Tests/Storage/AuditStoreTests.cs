using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Tests.Storage;

/// <summary>The audit trail in its store: what is written stays as it is or is found to be changed.</summary>
public sealed class AuditStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset _now = new(2026, 11, 29, 8, 0, 0, TimeSpan.Zero);
    private static readonly AuditNode _node = new("source@example", "1.2.3", "host", 1, AeTitle.Parse("SOURCE"));

    private readonly ManualClock _clock = new(_now);
    private readonly StoreFolder _folder = new();
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_folder.Path, "flow.db");

    public async ValueTask InitializeAsync() => _store = await OpenAsync(_folder.Path);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Requirement("DB.CS.06")]
    public async Task What_was_recorded_is_there_after_a_crash_and_the_chain_goes_on()
    {
        await RecordAsync(3);

        using var copy = await FlowStorePlace.CopyAfterCrashAsync(_folder);
        await using var again = await OpenAsync(copy.Path);

        Assert.Equal([3L, 2, 1], (await again.ListAuditAsync(new AuditFilter(), Token)).Select(r => r.Link.Id));
        await again.RecordAsync(Sample(4), Token);
        var verdict = await again.VerifyAuditAsync(null, Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal((4L, 4L), (verdict.Records, verdict.Trails[0].Last.Id));
    }

    [Fact]
    public async Task A_record_is_kept_with_the_commit_that_it_is_of_or_not_at_all()
    {
        var stream = new StreamId("source/study/1");
        var append = new StreamAppend(stream, 0, [new EventRow("E", "{}")]);
        var stale = new FlowCommit { Appends = [append with { ExpectedVersion = 7 }], Audit = [Sample(1)] };

        Assert.IsType<CommitResult.VersionConflict>(await _store.CommitAsync(stale, Token));
        Assert.Empty(await _store.ListAuditAsync(new AuditFilter(), Token));

        Assert.IsType<CommitResult.Committed>(
            await _store.CommitAsync(new FlowCommit { Appends = [append], Audit = [Sample(1), Sample(2)] }, Token));
        Assert.Equal(2, (await _store.ListAuditAsync(new AuditFilter(), Token)).Count);
        Assert.True((await _store.VerifyAuditAsync(null, Token)).Holds);
    }

    [Theory]
    [InlineData("UPDATE audit SET message = replace(message, 'U3', 'U4') WHERE id = 3", 3)]
    [InlineData("UPDATE audit SET outcome = 4 WHERE id = 3", 3)]
    [InlineData("UPDATE audit SET recorded_at = recorded_at + 1 WHERE id = 3", 3)]
    [InlineData("UPDATE audit SET event = '110107' WHERE id = 1", 1)]
    [InlineData("DELETE FROM audit WHERE id = 3", 3)]
    [InlineData("DELETE FROM audit WHERE id = 1", 1)]
    [InlineData("DELETE FROM audit WHERE id >= 4", 4)]
    [InlineData("DELETE FROM audit", 1)]
    [InlineData("DELETE FROM audit_key WHERE audit = 2", 2)]
    [InlineData("UPDATE audit_key SET value = 'U9' WHERE audit = 2 AND kind = 'User'", 2)]
    [InlineData("UPDATE audit_key SET kind = 'Somebody' WHERE audit = 2 AND kind = 'User'", 2)]
    [InlineData("INSERT INTO audit_key VALUES ('Patient', 'P9', 5)", 5)]
    // Two rows change places.
    [InlineData("UPDATE audit SET id = 99 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3;"
        + "UPDATE audit SET id = 3 WHERE id = 99", 2)]
    // The end is cut off, and what says where it is follows.
    [InlineData("UPDATE audit_chain SET last = 4, last_sha256 = 'x'", 4)]
    // The beginning is cut off, as if its time had been over.
    [InlineData("DELETE FROM audit WHERE id <= 2; UPDATE audit_chain SET first_after = 2, first_sha256 = 'x'", 3)]
    [Requirement("DB.CS.08")]
    public async Task Whatever_is_changed_in_the_tables_is_found(string sql, long brokenAt)
    {
        await RecordAsync(5);
        await _store.DisposeAsync();
        FlowStorePlace.Execute(_folder.Path, sql);
        _store = await OpenAsync(_folder.Path);

        var verdict = await _store.VerifyAuditAsync(null, Token);

        Assert.False(verdict.Holds);
        Assert.Equal(brokenAt, verdict.BrokenAt);
        Assert.NotNull(verdict.Why);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task A_byte_that_is_changed_in_the_file_is_found()
    {
        Assert.SkipWhen(FlowStorePlace.IsPostgres, "the flow is in no file");
        await RecordAsync(5);
        await _store.DisposeAsync();
        using (var db = SqliteDatabase.OpenWriter(File)) db.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        var bytes = await System.IO.File.ReadAllBytesAsync(File, Token);
        var at = bytes.AsSpan().IndexOf("UserID=\"U3\""u8);
        Assert.True(at > 0);
        bytes[at + "UserID=\"U".Length]++;
        await System.IO.File.WriteAllBytesAsync(File, bytes, Token);
        _store = await OpenAsync(_folder.Path);

        Assert.Equal(3, (await _store.VerifyAuditAsync(null, Token)).BrokenAt);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task A_chain_that_was_made_anew_does_not_have_the_hash_that_somebody_wrote_down()
    {
        await RecordAsync(5);
        var noted = (await _store.VerifyAuditAsync(null, Token)).Trails[0].Last;
        using var other = new StoreFolder();
        await using var forged = await OpenAsync(other.Path);
        // All but the third, in a chain of their own: by itself it holds.
        foreach (var i in (int[])[1, 2, 4, 5, 6]) await forged.RecordAsync(Sample(i), Token);
        Assert.True((await forged.VerifyAuditAsync(null, Token)).Holds);

        Assert.Equal(5, (await forged.VerifyAuditAsync(noted, Token)).BrokenAt);
        // One that is not there any more: the end was cut off, and made good again.
        Assert.Equal(6, (await forged.VerifyAuditAsync(new AuditLink(9, noted.Sha256), Token)).BrokenAt);
        Assert.True((await _store.VerifyAuditAsync(noted, Token)).Holds);
    }

    [Fact]
    [Requirement("DB.CS.10")]
    public async Task Records_are_found_by_each_of_what_they_are_about_and_by_all_of_it()
    {
        await RecordAsync(5);

        async Task FoundAsync(AuditFilter filter, params long[] ids) =>
            Assert.Equal(ids, (await _store.ListAuditAsync(filter, Token)).Select(r => r.Link.Id));

        await FoundAsync(new AuditFilter(Patient: "P2"), 2);
        await FoundAsync(new AuditFilter(Patient: "1.2.250^P2"), 2);
        await FoundAsync(new AuditFilter(User: "U3"), 3);
        await FoundAsync(new AuditFilter(Document: "2.25.4"), 4);
        await FoundAsync(new AuditFilter(Study: "1.2.3.5"), 5);
        await FoundAsync(new AuditFilter(Event: "110102"), 5, 4, 3, 2, 1);
        await FoundAsync(new AuditFilter(Event: "ITI-43", Max: 2), 5, 4);
        await FoundAsync(new AuditFilter(Event: "ITI-43", BeforeId: 4, Max: 2), 3, 2);
        await FoundAsync(new AuditFilter(From: _now.AddHours(2), Until: _now.AddHours(4)), 3, 2);
        await FoundAsync(new AuditFilter(Outcome: AuditOutcome.SeriousFailure));
        await FoundAsync(new AuditFilter(Patient: "P2", User: "U2"), 2);
        await FoundAsync(new AuditFilter(Patient: "P2", User: "U3"));
        // An identifier is whole: no part of it, and no pattern.
        await FoundAsync(new AuditFilter(Patient: "P"));
        await FoundAsync(new AuditFilter(Patient: "%"));
        await FoundAsync(new AuditFilter(Patient: "' OR 1=1 --"));
        var found = (await _store.FindAuditAsync(2, Token))!;
        Assert.Equal(Sample(2).Message, found.Record.Message);
        Assert.Equal(Sample(2).Keys, found.Record.Keys);
    }

    [Fact]
    [Requirement("DB.CS.09")]
    public async Task Records_go_after_their_time_and_not_before_and_what_is_left_is_still_a_chain()
    {
        await RecordAsync(5);

        Assert.Equal(0, await _store.PruneAuditAsync(_now.AddHours(1), [], Token));
        Assert.Equal(2, await _store.PruneAuditAsync(_now.AddHours(3), [], Token));

        Assert.Equal([5L, 4, 3], (await _store.ListAuditAsync(new AuditFilter(), Token)).Select(r => r.Link.Id));
        Assert.Empty(await _store.ListAuditAsync(new AuditFilter(Patient: "P2"), Token));
        var verdict = await _store.VerifyAuditAsync(null, Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal((3L, 2L, 5L), (verdict.Records, verdict.Trails[0].First.Id, verdict.Trails[0].Last.Id));

        // All of it, and the next record follows the last that was.
        Assert.Equal(3, await _store.PruneAuditAsync(_now.AddYears(1), [], Token));
        await _store.RecordAsync(Sample(6), Token);
        verdict = await _store.VerifyAuditAsync(null, Token);
        Assert.Equal((true, 1L, 5L, 6L), (verdict.Holds, verdict.Records, verdict.Trails[0].First.Id, verdict.Trails[0].Last.Id));
    }

    [Fact]
    [Requirement("DB.CS.09")]
    public async Task A_record_of_a_clock_that_went_back_keeps_those_before_it()
    {
        await _store.RecordAsync(Sample(5), Token);
        await _store.RecordAsync(Sample(1), Token);
        await _store.RecordAsync(Sample(6), Token);

        // The second is old enough; what it follows is not.
        Assert.Equal(0, await _store.PruneAuditAsync(_now.AddHours(3), [], Token));
        Assert.Equal(2, await _store.PruneAuditAsync(_now.AddHours(6), [], Token));
    }

    [Fact]
    public async Task What_a_collector_has_not_got_stays_whatever_its_time()
    {
        await RecordAsync(5);
        await _store.MarkAuditSentAsync("one", 4, Token);
        await _store.MarkAuditSentAsync("two", 2, Token);

        Assert.Equal(2, await _store.PruneAuditAsync(_now.AddYears(1), ["one", "two"], Token));
        Assert.Equal(0, await _store.PruneAuditAsync(_now.AddYears(1), ["one", "two", "new"], Token));
        Assert.Equal(2, await _store.PruneAuditAsync(_now.AddYears(1), ["one"], Token));
        Assert.Equal([5L], (await _store.ListAuditAsync(new AuditFilter(), Token)).Select(r => r.Link.Id));
        Assert.Equal((4L, 2L, 0L), (
            await _store.AuditSentAsync("one", 1, Token), await _store.AuditSentAsync("two", 1, Token),
            await _store.AuditSentAsync("new", 1, Token)));
    }

    [Fact]
    public async Task Many_pages_are_verified_and_pruned()
    {
        var count = (2 * Limits.AuditPage) + 3;
        foreach (var chunk in Enumerable.Range(1, count).Chunk(50))
            await Task.WhenAll(chunk.Select(i => _store.RecordAsync(Sample(i), Token)));

        Assert.Equal((true, (long)count), await HoldsAsync());
        Assert.Equal(count, await _store.PruneAuditAsync(_now.AddYears(10), [], Token));
        Assert.Equal((true, 0L), await HoldsAsync());

        async Task<(bool, long)> HoldsAsync()
        {
            var verdict = await _store.VerifyAuditAsync(null, Token);
            return (verdict.Holds, verdict.Records);
        }
    }

    [Fact]
    public async Task A_reader_is_woken_by_a_record_and_by_nothing_else()
    {
        var signal = _store.WatchAudit();
        var woken = signal.WaitAsync(null, Token).AsTask();

        await _store.CommitAsync(
            new FlowCommit { Appends = [new StreamAppend(new StreamId("s"), 0, [new EventRow("E", "{}")])] }, Token);
        Assert.False(woken.IsCompleted);
        await _store.RecordAsync(Sample(1), Token);
        await woken;
    }

    private async Task RecordAsync(int count)
    {
        for (var i = 1; i <= count; i++) await _store.RecordAsync(Sample(i), Token);
    }

    private static AuditRecord Sample(int i) => AuditRecord.Of(
        AuditEvents.BeginTransferring(
            _node, new ImageCaller("DRIMbox", "192.0.2.7", $"U{i}", "https://example/"),
            new ImageSubject(
                Uid.Parse($"1.2.3.{i}"), Uid.Parse($"2.25.{i}"), InstanceIdentifier.Create("1.2.250", $"P{i}")),
            _now.AddHours(i)),
        _node.Source);

    private Task<FlowStore> OpenAsync(string folder) =>
        FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = folder, Clock = _clock }, Token);
}
