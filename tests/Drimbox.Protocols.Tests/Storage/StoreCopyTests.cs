using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Statistics;
using Drimbox.Storage;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

/// <summary>A store that is moved into the other kind of database has every row there, or is where it was.</summary>
public sealed class StoreCopyTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly DateTimeOffset _now = new(2026, 11, 29, 8, 0, 0, TimeSpan.Zero);
    private readonly StoreFolder _folder = new();
    private readonly string _schema = $"t-{Guid.NewGuid():N}";
    private readonly FaultyDisk _disk = new(Disk.Real);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PostgresOptions Schema => new() { ConnectionString = cluster.ConnectionString, Schema = _schema };

    private FlowStoreOptions InFile => new() { Folder = _folder.Path, HasPublications = true, HasStatistics = true };

    private FlowStoreOptions InPostgres => InFile with { Postgres = Schema };

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }

    [Fact]
    public async Task A_flow_goes_there_and_back_and_goes_on_with_its_numbers_its_trail_and_its_keys()
    {
        var longKey = "same beginning " + new string('é', 600);
        var key = new InboxKey(longKey, "F", "A\0", "G", "1");
        await using (var store = await FlowStore.OpenAsync(InFile, Token)) await FillAsync(store, key, longKey, rows: 600);
        // The highest number is that of a row that is gone.
        using (var db = SqliteDatabase.OpenWriter(Place().File)) db.Execute("DELETE FROM outbox WHERE id = 2");

        var there = StoreCopy.Run(Place(), CopyTarget.Postgres, null, Token);

        Assert.Equal(CopyOutcome.Copied, there.Outcome);
        Assert.Equal(600, there.Tables.Single(table => table.Table == "event").Rows);
        Assert.Equal(Path.Combine(_folder.Path, "flow.db.before-copy"), there.Kept);
        Assert.Equal(["flow.db.before-copy", "flow.lock", "flow.postgres"], Files());
        await using (var store = await FlowStore.OpenAsync(InPostgres, Token))
        {
            Assert.Equal(600, (await store.LoadAsync(new StreamId("s"), 0, Token)).Count);
            Assert.Equal("target", await store.FindAliasAsync("k", longKey, Token));
            Assert.Equal(("ack", "AA", "aa"), await store.FindInboxAsync(key, Token));
            Assert.Equal(3, Assert.Single(await store.ListStatisticsAsync(Day, Day, Token)).Count);
            var added = await store.CommitAsync(new FlowCommit { Outbox = [Row("after")] }, Token);
            Assert.Equal([3L], Assert.IsType<CommitResult.Committed>(added).OutboxIds);
            await store.RecordAsync(Record("<c/>"), Token);
            Assert.True((await store.VerifyAuditAsync(null, Token)).Holds);
            await store.CommitAsync(
                new FlowCommit { Appends = [new StreamAppend(new StreamId("s"), 600, [new EventRow("E", "{}")])] }, Token);
        }

        // Of the long key PostgreSQL has a hash.
        var refused = Refused(CopyTarget.Sqlite);
        Assert.Contains("'inbox' has a key of more than 448 bytes", refused.Message, StringComparison.Ordinal);
        using (var db = PostgresConnection.OpenWriter(Schema)) db.Execute("DELETE FROM inbox; DELETE FROM alias");

        var back = StoreCopy.Run(Place(), CopyTarget.Sqlite, null, Token);

        Assert.Equal(601, back.Tables.Single(table => table.Table == "event").Rows);
        Assert.Equal(["flow.db", "flow.db.before-copy", "flow.lock", "flow.postgres.before-copy"], Files());
        await using (var store = await FlowStore.OpenAsync(InFile, Token))
        {
            Assert.True((await store.VerifyAuditAsync(null, Token)).Holds);
            var added = await store.CommitAsync(new FlowCommit { Outbox = [Row("after")] }, Token);
            Assert.Equal([4L], Assert.IsType<CommitResult.Committed>(added).OutboxIds);
        }
    }

    [Fact]
    public async Task An_index_goes_there_and_back_with_what_its_triggers_would_have_made_again()
    {
        var place = Place("archive");
        var options = new ArchiveIndexOptions { Folder = _folder.Path };
        await using (var index = await ArchiveIndex.OpenAsync(options, Token))
        {
            for (var i = 1; i <= 3; i++)
                Assert.IsType<InsertResult.Inserted>(await index.InsertAsync(Instance(1, 1, i), Token));
        }

        using (var db = SqliteDatabase.OpenWriter(place.File)) db.Execute("UPDATE completeness SET completions = 7");
        StoreCopy.Run(place, CopyTarget.Postgres, null, Token);
        using (var db = PostgresConnection.OpenReader(Schema))
            Assert.Equal(7, db.Use("SELECT completions FROM completeness").LongOrNone());
        await using (var index = await ArchiveIndex.OpenAsync(options with { Postgres = Schema }, Token))
            Assert.IsType<InsertResult.Inserted>(await index.InsertAsync(Instance(1, 1, 4), Token));
        using (var db = PostgresConnection.OpenReader(Schema))
            Assert.Equal(4, db.Use("SELECT max(id) FROM instance").LongOrNone());

        StoreCopy.Run(place, CopyTarget.Sqlite, null, Token);

        await using var again = await ArchiveIndex.OpenAsync(options, Token);
        Assert.Equal(
            5, Assert.IsType<InsertResult.Inserted>(await again.InsertAsync(Instance(1, 1, 5), Token)).RowId);
    }

    [Theory]
    [InlineData(CopyTarget.Postgres)]
    [InlineData(CopyTarget.Sqlite)]
    public async Task A_copy_that_is_cut_short_anywhere_leaves_one_flow_and_is_finished_by_the_next(CopyTarget target)
    {
        await using (var store = await FlowStore.OpenAsync(InFile, Token))
            await FillAsync(store, new InboxKey("A", "F", "A", "G", "1"), "k", rows: 5);
        if (target == CopyTarget.Sqlite) StoreCopy.Run(Place(), CopyTarget.Postgres, null, Token);
        var (former, next) = target == CopyTarget.Postgres ? (InFile, InPostgres) : (InPostgres, InFile);

        var (struck, nth) = (true, 0);
        while (struck)
        {
            foreach (var file in Directory.GetFiles(_folder.Path, "*.before-copy")) File.Delete(file);
            _disk.Arm(++nth, DiskFaultKind.DeviceError, isLasting: true);
            try
            {
                StoreCopy.Run(Place(), target, null, Token);
                struck = false;
            }
            catch (StorageFaultException)
            {
                _disk.Arm(0, DiskFaultKind.DeviceError);
                // Whatever start there is finds all of it, and no start finds less.
                var starts = 0;
                foreach (var options in (FlowStoreOptions[])[former, next]) starts += await HasAllOrIsRefusedAsync(options);
                Assert.InRange(starts, 0, 1);
            }
        }

        Assert.InRange(nth, 4, 100);
        Assert.Equal(1, await HasAllOrIsRefusedAsync(next));
        Assert.Equal(0, await HasAllOrIsRefusedAsync(former));
    }

    [Fact]
    public async Task A_target_that_is_not_empty_and_a_source_that_is_in_use_are_refused()
    {
        await using (var store = await FlowStore.OpenAsync(InFile, Token))
        {
            await FillAsync(store, new InboxKey("A", "F", "A", "G", "1"), "k", rows: 1);
            Assert.Equal(StorageFault.InUse, Refused(CopyTarget.Postgres).Fault);
        }

        using (var other = new StoreFolder())
        {
            await using var store = await FlowStore.OpenAsync(InPostgres with { Folder = other.Path }, Token);
            Assert.Equal(StorageFault.InUse, Refused(CopyTarget.Postgres).Fault);
            await store.CommitAsync(new FlowCommit { Outbox = [Row("of another")] }, Token);
        }

        var e = Refused(CopyTarget.Postgres);
        Assert.Equal(StorageFault.Exists, e.Fault);
        Assert.Contains($"'{_schema}'", e.Message, StringComparison.Ordinal);
        using (var db = PostgresConnection.OpenReader(Schema))
            Assert.Equal(1, db.Use("SELECT count(*) FROM outbox WHERE payload = 'of another'").LongOrNone());
        Assert.Equal(["flow.db", "flow.lock"], Files());
    }

    [Fact]
    public async Task A_copy_that_does_not_have_the_same_rows_is_taken_back()
    {
        await using (var store = await FlowStore.OpenAsync(InFile, Token))
            await FillAsync(store, new InboxKey("A", "F", "A", "G", "1"), "k", rows: 3);
        await using (await FlowStore.OpenAsync(InPostgres with { Folder = Path.Combine(_folder.Path, "new") }, Token))
        {
        }

        using (var db = PostgresConnection.OpenWriter(Schema))
        {
            db.Execute("""
                CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.json := NEW.json || ' '; RETURN NEW; END $$;
                CREATE TRIGGER spoil BEFORE INSERT ON event FOR EACH ROW WHEN (NEW.version = 2) EXECUTE FUNCTION spoil()
                """);
        }

        var e = Refused(CopyTarget.Postgres);

        Assert.Equal(StorageFault.Corrupt, e.Fault);
        Assert.Contains("'event'", e.Message, StringComparison.Ordinal);
        using (var db = PostgresConnection.OpenReader(Schema))
            Assert.Equal(0, db.Use("SELECT count(*) FROM event").LongOrNone());
        Assert.Equal(1, await HasAllOrIsRefusedAsync(InFile, rows: 3));
    }

    private static DateOnly Day => new(2026, 11, 29);

    private static OutboxRow Row(string payload) => new("lane", "kind", payload, _now);

    private static AuditRecord Record(string message) => new(
        _now, "110100", "", AuditOutcome.Success, message, [new AuditKey(AuditKeyKind.User, "U")]);

    private StoreToCopy Place(string name = "flow") => new(_disk, _folder.Path, name, Schema);

    private StorageFaultException Refused(CopyTarget target) =>
        Assert.Throws<StorageFaultException>(() => StoreCopy.Run(Place(), target, null, Token));

    private IReadOnlyList<string> Files() =>
        [.. Directory.GetFiles(_folder.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static async Task FillAsync(FlowStore store, InboxKey key, string alias, int rows)
    {
        var commit = new FlowCommit
        {
            Inbox = new InboxRow(key, "aa", new byte[] { 0, 255 }, null, "T", "ack", "AA", _now),
            Appends =
            [
                new StreamAppend(
                    new StreamId("s"), 0, [.. Enumerable.Range(1, rows).Select(i => new EventRow("E", $"{{\"é\":{i}}}"))]),
            ],
            Aliases = [new AliasRow("k", alias, "target")],
            Links = [new LinkRow("k", "short", "target")],
            Publications = [new PublicationRow("1.2.3", "lane", "Publish", null, null, _now)],
            Outbox = [Row("first"), Row("second") with { Lane = "other" }],
            Audit = [Record("<a/>"), Record("<b/>")],
        };
        Assert.IsType<CommitResult.Committed>(await store.CommitAsync(commit, Token));
        await store.AddStatisticsAsync([new StatisticCount(Day, "a", "", 3)], Token);
        Assert.NotEmpty(await store.Outbox.ListAsync(new OutboxFilter([OutboxState.Pending]), Token));
    }

    /// <returns>1 if it starts; then it has all.</returns>
    private static async Task<int> HasAllOrIsRefusedAsync(FlowStoreOptions options, int rows = 5)
    {
        try
        {
            await using var store = await FlowStore.OpenAsync(options, Token);
            Assert.Equal(rows, (await store.LoadAsync(new StreamId("s"), 0, Token)).Count);
            return 1;
        }
        catch (StorageFaultException)
        {
            return 0;
        }
    }
}
