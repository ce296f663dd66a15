using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

/// <summary>What only a server can do to an index.</summary>
public sealed class PostgresStoreTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly DatabaseMigration[] _steps =
    [
        new(1, "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"),
        new(2, "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO b SELECT x + 1 FROM a;"),
        new(3, "ALTER TABLE b ADD COLUMN y TEXT; UPDATE b SET y = x * 10;"),
    ];

    private readonly PostgresPlace _place = new(cluster);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _place.RequireAsync();

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task A_schema_has_one_process_at_a_time()
    {
        await using var index = await _place.OpenAsync();
        using var folder = new StoreFolder();
        var e = await Assert.ThrowsAsync<StorageFaultException>(
            () => ArchiveIndex.OpenAsync(_place.Options with { Folder = folder.Path }, Token));
        Assert.Equal(StorageFault.InUse, e.Fault);
        Assert.Contains($"Another process uses the schema '{_place.Postgres.Schema}'", e.Message, StringComparison.Ordinal);
        var rebuild = Assert.Throws<StorageFaultException>(() => PostgresRebuild.Begin(_place.Postgres));
        Assert.Equal(StorageFault.InUse, rebuild.Fault);

        await index.DisposeAsync();
        await using var next = await ArchiveIndex.OpenAsync(_place.Options with { Folder = folder.Path }, Token);
    }

    [Fact]
    public async Task An_index_is_opened_with_the_folder_of_its_files_alone()
    {
        await using (var index = await _place.OpenAsync()) await index.InsertAsync(Instance(1, 1, 1), Token);
        using var other = new StoreFolder();
        var wrong = await Assert.ThrowsAsync<StorageFaultException>(
            () => ArchiveIndex.OpenAsync(_place.Options with { Folder = other.Path }, Token));
        Assert.Equal(StorageFault.Absent, wrong.Fault);
        // Nor is the folder one for an index in a file.
        var file = await Assert.ThrowsAsync<StorageFaultException>(
            () => ArchiveIndex.OpenAsync(new ArchiveIndexOptions { Folder = _place.Path }, Token));
        Assert.Equal(StorageFault.Absent, file.Fault);
        Assert.True(await ArchiveIndex.ExistsAsync(_place.Options, Token));
        await using var again = await _place.OpenAsync();
        Assert.Single(await again.ListAsync(0, 10, Token));
    }

    [Fact]
    public async Task There_is_no_index_in_a_schema_before_one_is_made() =>
        Assert.False(await ArchiveIndex.ExistsAsync(_place.Options, Token));

    [Fact]
    public void Steps_are_applied_once_from_any_point()
    {
        for (var until = 0; until <= _steps.Length; until++)
        {
            var options = _place.Postgres with { Schema = $"{_place.Postgres.Schema}-{until}" };
            using var db = PostgresConnection.OpenWriter(options);
            if (until > 0) PostgresMigrations.Apply(db, options.Schema, _steps[..until]);
            for (var again = 0; again < 3; again++) PostgresMigrations.Apply(db, options.Schema, _steps);
            Assert.Equal("20", db.Use("SELECT string_agg(y, ' ') FROM b").TextOrNone());
        }
    }

    [Fact]
    public void A_step_that_fails_leaves_the_schema_at_the_step_before_and_a_newer_one_is_refused()
    {
        using var db = PostgresConnection.OpenWriter(_place.Postgres);
        DatabaseMigration[] broken = [_steps[0], new(2, "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")];
        Assert.Throws<StorageFaultException>(() => PostgresMigrations.Apply(db, _place.Postgres.Schema, broken));
        Assert.Equal(1, db.Use("SELECT max(number) FROM schema_version").LongOrNone());
        PostgresMigrations.Apply(db, _place.Postgres.Schema, _steps);

        var e = Assert.Throws<StorageFaultException>(
            () => PostgresMigrations.Apply(db, _place.Postgres.Schema, _steps[..2]));
        Assert.Equal(StorageFault.NewerSchema, e.Fault);
    }

    [Fact]
    public async Task The_order_of_texts_is_that_of_their_bytes_whatever_the_database_was_made_with()
    {
        await using var index = await _place.OpenAsync();
        using var db = _place.Connect();
        Assert.Equal("on", db.Use("SHOW synchronous_commit").TextOrNone());
        Assert.Equal(0, db.TextsInOtherOrder(_place.Postgres.Schema));
    }

    [Fact]
    public async Task A_session_that_is_lost_fails_what_was_under_way_and_the_next_write_has_a_new_one()
    {
        await using var index = await _place.OpenAsync();
        await index.InsertAsync(Instance(1, 1, 1), Token);
        Assert.Single(await index.ListAsync(0, 10, Token));
        _place.EndWriter();
        // Whether the loss is seen before the transaction begins or in it is not ours to say.
        if (await Record.ExceptionAsync(() => index.InsertAsync(Instance(1, 1, 2), Token)) is { } e)
        {
            Assert.Equal(StorageFault.Io, Assert.IsType<StorageFaultException>(e).Fault);
            await index.InsertAsync(Instance(1, 1, 2), Token);
        }

        Assert.Equal(2, (await index.ListAsync(0, 10, Token)).Count);
        Assert.Equal(1, _place.Ask("""
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = hashtextextended('drimbox ' || $1, 0)
            """));
    }

    [Fact]
    public async Task A_session_that_is_lost_writes_no_more_once_another_process_has_the_schema()
    {
        await using var index = await _place.OpenAsync();
        _place.EndWriter();
        using (PostgresConnection.OpenWriter(_place.Postgres))
        {
            var e = await Assert.ThrowsAsync<StorageFaultException>(async () =>
            {
                await index.InsertAsync(Instance(1, 1, 1), Token);
                await index.InsertAsync(Instance(1, 1, 2), Token);
            });
            if (e.Fault != StorageFault.InUse)
            {
                e = await Assert.ThrowsAsync<StorageFaultException>(() => index.InsertAsync(Instance(1, 1, 1), Token));
            }

            Assert.Equal(StorageFault.InUse, e.Fault);
        }

        Assert.IsType<InsertResult.Inserted>(await index.InsertAsync(Instance(1, 1, 1), Token));
    }

    [Fact]
    public async Task A_long_read_ends_when_its_reader_gives_up()
    {
        using var readers = new DatabaseReaders(() => PostgresConnection.OpenReader(_place.Postgres));
        using var cancel = new CancellationTokenSource();
        var endless = Task.Run(
            () => readers.ReadAsync(
                db => db.Use("SELECT CAST(pg_sleep(86400) AS text)").TextOrNone(), cancel.Token),
            Token);
        while (_place.Ask("""
            SELECT count(*) FROM pg_stat_activity
            WHERE wait_event = 'PgSleep' AND query LIKE '%86400%' AND pid <> pg_backend_pid() AND $1 <> ''
            """) == 0)
        {
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        Assert.Equal(7, await readers.ReadAsync(db => db.Use("SELECT 7").LongOrNone(), Token));
    }

    [Fact]
    public void A_fault_that_repeats_values_of_the_peer_is_told_without_them()
    {
        using var db = PostgresConnection.OpenWriter(_place.Postgres);
        var e = Assert.Throws<StorageFaultException>(() => db.Use("SELECT CAST(? AS bigint)").Add("PAT-UN^ALIX").LongOrNone());
        Assert.Equal("Database: 22P02.", e.Message);
        Assert.Null(e.InnerException);
    }

    [Theory]
    [InlineData("Host=/run/postgresql;Database=drimbox;Username=d", null)]
    [InlineData("Host=db.example;Database=drimbox;SSL Mode=Disable", null)]
    [InlineData("Database=drimbox", "Host")]
    [InlineData("Host=a,b;Database=drimbox", "more than one Host")]
    [InlineData("Host=a", "Database")]
    [InlineData("Host=a;Database=b;Password=secret", "PasswordFile")]
    [InlineData("Host=a;Database=b;Nonsense=1", "no connection string")]
    public void A_connection_string_is_looked_at_before_it_is_used(string text, string? finding)
    {
        if (finding is null) Assert.Null(PostgresOptions.Check(text));
        else Assert.Contains(finding, PostgresOptions.Check(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=/run/postgresql", "VerifyFull", false)]
    [InlineData("Host=127.0.0.1", "VerifyFull", false)]
    [InlineData("Host=db.example", "VerifyFull", true)]
    [InlineData("Host=db.example;SSL Mode=Require", "VerifyFull", false)]
    public void Over_a_network_the_server_is_verified_unless_it_is_said_otherwise(string host, string mode, bool isVerified) =>
        Assert.Equal(
            isVerified,
            new PostgresOptions { ConnectionString = host + ";Database=d", Schema = "s" }.Session()
                .Contains(mode, StringComparison.Ordinal));

    [Fact]
    public void The_password_is_the_first_line_of_its_file()
    {
        var path = Path.Combine(_place.Path, "password");
        File.WriteAllText(path, "s3cret\nmore\n");
        var options = _place.Postgres with { PasswordFile = path };
        Assert.Contains("Password=s3cret", options.Session(), StringComparison.Ordinal);
        var e = Assert.Throws<StorageFaultException>(() => (options with { PasswordFile = path + "x" }).Session());
        Assert.Equal(StorageFault.Absent, e.Fault);
    }
}
