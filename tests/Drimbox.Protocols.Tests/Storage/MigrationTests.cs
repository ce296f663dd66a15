using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Tests.Storage;

public sealed class MigrationTests : IDisposable
{
    private static readonly DatabaseMigration[] _steps =
    [
        new(1, "CREATE TABLE a (x); INSERT INTO a VALUES (1);"),
        new(2, "CREATE TABLE b (x); INSERT INTO b SELECT x + 1 FROM a;"),
        new(3, "ALTER TABLE b ADD COLUMN y; UPDATE b SET y = x * 10;"),
    ];

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Steps_are_applied_once_from_any_point()
    {
        for (var until = 0; until <= _steps.Length; until++)
        {
            using var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, $"{until}.db"));
            if (until > 0) SqliteMigrations.Apply(db, _steps[..until]);
            for (var again = 0; again < 3; again++) SqliteMigrations.Apply(db, _steps);
            Assert.Equal(20, db.Use("SELECT sum(y) FROM b").LongOrNone());
        }
    }

    [Fact]
    public void A_step_that_fails_leaves_the_database_at_the_step_before()
    {
        using var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "x.db"));
        DatabaseMigration[] broken = [_steps[0], new(2, "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);")];
        Assert.Throws<StorageFaultException>(() => SqliteMigrations.Apply(db, broken));
        Assert.Equal(1, db.Use("PRAGMA user_version").LongOrNone());

        SqliteMigrations.Apply(db, _steps);
        Assert.Equal(20, db.Use("SELECT sum(y) FROM b").LongOrNone());
    }

    [Fact]
    public void A_store_of_a_newer_program_is_refused()
    {
        using var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "x.db"));
        SqliteMigrations.Apply(db, _steps);
        var e = Assert.Throws<StorageFaultException>(() => SqliteMigrations.Apply(db, _steps[..2]));
        Assert.Equal(StorageFault.NewerSchema, e.Fault);
    }

    [Fact]
    public async Task Opening_three_times_changes_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        for (var i = 0; i < 3; i++)
        {
            await using var flow = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, token);
            await using var index =
                await ArchiveIndex.OpenAsync(new ArchiveIndexOptions { Folder = _folder.Path }, token);
            var append = new StreamAppend(new("s"), i, [new EventRow("E", "{}")]);
            Assert.IsType<CommitResult.Committed>(await flow.CommitAsync(new FlowCommit { Appends = [append] }, token));
        }
    }

    [Fact]
    public async Task An_index_of_the_first_schema_is_brought_to_this_one_with_what_it_holds()
    {
        var token = TestContext.Current.CancellationToken;
        using (var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "archive.db")))
        {
            SqliteMigrations.Apply(db, [.. ArchiveSchema.Migrations.Take(1)]);
            db.Execute("""
                INSERT INTO patient VALUES (1, 'IPP-1', 'SITE', 'A^B', '', '', 'A^B', '', '');
                INSERT INTO study VALUES (1, 1, '1.2.3.1', '', '', '', 'ACC1', '', '', '', '');
                INSERT INTO series VALUES (1, 1, '1.2.3.1.1', 'CT', '', '', '', '', '', 1);
                INSERT INTO instance VALUES (
                    1, 1, '1.2.3.1.1.1', '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', '1', 0, 1, 1, 'f', 10,
                    x'AA', x'BB', 0, 'CT1', 1, NULL, NULL);
                """);
        }

        await using var index = await ArchiveIndex.OpenAsync(new ArchiveIndexOptions { Folder = _folder.Path }, token);
        var standing = (await index.StandingAsync(Uid.Parse("1.2.3.1.1.1"), token))!;
        Assert.Equal((1, new PatientKey("IPP-1", "SITE", "")), (standing.Instance.Version, standing.Patient));
        var next = ArchiveFixture.Instance(1, 1, 1);
        Assert.IsType<SettleResult.Done>(await index.ReplaceAsync(standing, next, "CT1", token));
        Assert.Single(await index.FindAsync(
            new FindQuery(FindLevel.Study, [FindMatch.Return(ArchiveAttribute.AccessionNumber)]), token)
            .ToListAsync(token));
    }

    [Fact]
    public void A_database_writes_ahead_and_syncs_every_commit()
    {
        using var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "x.db"));
        Assert.Equal("wal", db.Use("PRAGMA journal_mode").TextOrNone());
        Assert.Equal(2, db.Use("PRAGMA synchronous").LongOrNone()); // FULL
    }
}
