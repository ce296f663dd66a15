using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Storage;
using Drimbox.Storage.Postgres;

namespace Drimbox.Tests.Storage;

/// <summary>A flow is in one place: a file, or a schema of PostgreSQL. It is never begun anew beside the one that is there,
/// which would forget what was answered and what waits.</summary>
public sealed class FlowPlaceTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly DateTimeOffset _now = new(2026, 11, 29, 8, 0, 0, TimeSpan.Zero);
    private readonly StoreFolder _folder = new();
    private readonly string _schema = $"t-{Guid.NewGuid():N}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FlowStoreOptions InFile => new() { Folder = _folder.Path };

    private FlowStoreOptions InPostgres => InFile with { Postgres = Schema(_schema) };

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }

    [Fact]
    public async Task A_flow_in_a_file_is_not_begun_anew_in_PostgreSQL()
    {
        await WriteAsync(InFile);
        var e = await RefusedAsync(InPostgres);
        Assert.Equal(StorageFault.Exists, e.Fault);
        Assert.Contains($"'{Path.Combine(_folder.Path, "flow.db")}'", e.Message, StringComparison.Ordinal);
        Assert.Contains("take Database out of the configuration", e.Message, StringComparison.Ordinal);
        Assert.False(PostgresStore.Exists(Schema(_schema)));
        await HasWrittenAsync(InFile);

        // As the message says.
        foreach (var file in Directory.GetFiles(_folder.Path, "flow.db*")) File.Delete(file);
        await WriteAsync(InPostgres);
    }

    [Fact]
    public async Task A_flow_in_PostgreSQL_is_not_begun_anew_in_a_file()
    {
        await WriteAsync(InPostgres);
        var e = await RefusedAsync(InFile);
        Assert.Equal(StorageFault.Absent, e.Fault);
        Assert.Contains("put Database into the configuration", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.Path, "flow.db")));
        await HasWrittenAsync(InPostgres);

        File.Delete(Path.Combine(_folder.Path, "flow.postgres"));
        await WriteAsync(InFile);
    }

    [Fact]
    public async Task A_flow_is_not_begun_anew_in_another_schema_nor_with_the_folder_of_another()
    {
        await WriteAsync(InPostgres);
        var empty = await RefusedAsync(InFile with { Postgres = Schema(_schema + "-2") });
        Assert.Equal(StorageFault.Absent, empty.Fault);
        Assert.Contains("restore the schema from its dump", empty.Message, StringComparison.Ordinal);
        // Nor when it is tried again.
        await RefusedAsync(InFile with { Postgres = Schema(_schema + "-2") });
        using var other = new StoreFolder();
        var wrong = await RefusedAsync(InPostgres with { Folder = other.Path });
        Assert.Contains("of another place", wrong.Message, StringComparison.Ordinal);
        await HasWrittenAsync(InPostgres);
    }

    [Theory]
    [InlineData("INSERT INTO statistic VALUES ('2026-11-29', 'a', '', 1)")]
    [InlineData("INSERT INTO inbox VALUES (1, '', '', '', '', '', '', '', '', 0, NULL, NULL, '', '')")]
    [InlineData("INSERT INTO outbox (lane, kind, payload, priority, due_at, created_at) VALUES ('', '', '', 0, 0, 0)")]
    [InlineData(null)]
    public async Task A_folder_without_a_name_gets_that_of_a_schema_that_has_nothing_yet(string? row)
    {
        await using (await FlowStore.OpenAsync(InPostgres with { HasStatistics = true }, Token))
        {
            // As a crash between the two leaves it.
            File.Delete(Path.Combine(_folder.Path, "flow.postgres"));
        }

        if (row is null)
        {
            await WriteAsync(InPostgres);
            await HasWrittenAsync(InPostgres);
            return;
        }

        using (var db = PostgresConnection.OpenWriter(Schema(_schema))) db.Execute(row);
        await RefusedAsync(InPostgres);
    }

    [Fact]
    public async Task A_schema_has_one_process_at_a_time()
    {
        await using var store = await FlowStore.OpenAsync(InPostgres, Token);
        using var other = new StoreFolder();
        var e = await RefusedAsync(InPostgres with { Folder = other.Path });
        Assert.Equal(StorageFault.InUse, e.Fault);
    }

    [Fact]
    public async Task A_flow_and_an_index_do_not_share_a_schema()
    {
        await WriteAsync(InPostgres);
        using var archive = new StoreFolder();
        var index = new ArchiveIndexOptions { Folder = archive.Path, Postgres = Schema(_schema) };
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => ArchiveIndex.OpenAsync(index, Token));
        Assert.Equal(StorageFault.Exists, e.Fault);
        Assert.Contains("configure another Schema", e.Message, StringComparison.Ordinal);

        index = index with { Postgres = Schema(_schema + "-2") };
        await using (await ArchiveIndex.OpenAsync(index, Token))
        {
        }

        using var folder = new StoreFolder();
        await RefusedAsync(new FlowStoreOptions { Folder = folder.Path, Postgres = index.Postgres });
        await HasWrittenAsync(InPostgres);
        await using var again = await ArchiveIndex.OpenAsync(index, Token);
    }

    [Fact]
    public async Task The_order_of_texts_is_that_of_their_bytes_whatever_the_database_was_made_with()
    {
        await using var store = await FlowStore.OpenAsync(
            InPostgres with { HasPublications = true, HasStatistics = true }, Token);
        using var db = PostgresConnection.OpenReader(Schema(_schema));
        Assert.Equal(0, db.TextsInOtherOrder(_schema));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789")]
    [InlineData("\0\0\0\0")]
    public async Task Half_a_name_of_a_folder_is_none(string half)
    {
        await using (await FlowStore.OpenAsync(InPostgres, Token))
            await File.WriteAllTextAsync(Path.Combine(_folder.Path, "flow.postgres"), half, Token);
        await WriteAsync(InPostgres);
        await HasWrittenAsync(InPostgres);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_a_node_that_may_publish_has_a_table_for_it(bool mayPublish)
    {
        for (var i = 0; i < 2; i++)
        {
            await using var store = await FlowStore.OpenAsync(InPostgres with { HasPublications = mayPublish }, Token);
        }

        using var db = PostgresConnection.OpenReader(Schema(_schema));
        Assert.Equal(mayPublish, PostgresStore.HasTable(db, "publication"));
    }

    [Fact]
    public async Task A_text_of_any_length_that_a_peer_sends_is_a_key_of_its_own()
    {
        await using var store = await FlowStore.OpenAsync(InPostgres, Token);
        var random = new Random(1);
        // Nothing that a database could compress, and all alike at the beginning.
        string Long(int i) => "same beginning " + Convert.ToBase64String(Bytes(10_000)) + (char)('é' + i);
        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }

        foreach (var text in (string[])[Long(0), Long(1), new string('é', 224), new string('é', 225)])
        {
            var key = new InboxKey(text, text, text, text, new string('i', Limits.MessageControlIdLengthMax));
            var commit = new FlowCommit
            {
                Inbox = new InboxRow(key, "aa", "x"u8.ToArray(), null, "T", "ack", "AA", _now),
                Aliases = [new AliasRow("k", text, text[^1..])],
                Links = [new LinkRow("k", text, new string('œ', 255))],
            };
            Assert.IsType<CommitResult.Committed>(await store.CommitAsync(commit, Token));
            Assert.IsType<CommitResult.DuplicateMessage>(await store.CommitAsync(commit, Token));
            Assert.Equal(("ack", "AA", "aa"), await store.FindInboxAsync(key, Token));
            Assert.Equal(text[^1..], await store.FindAliasAsync("k", text, Token));
            Assert.Single(await store.FindLinksAsync("k", text, 10, Token));
        }

        Assert.Equal(4, (await store.ListInboxAsync(new InboxFilter(), Token)).Count);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task A_record_about_what_a_text_cannot_hold_is_no_break_of_the_trail()
    {
        await using var store = await FlowStore.OpenAsync(InPostgres, Token);
        IReadOnlyList<AuditKey> keys =
            [new(AuditKeyKind.Patient, "P\0"), new(AuditKeyKind.Patient, "P\uFFFD"), new(AuditKeyKind.User, "U")];
        await store.RecordAsync(new AuditRecord(_now, "110100", "", AuditOutcome.Success, "<a/>", keys), Token);
        await store.RecordAsync(new AuditRecord(_now, "110100", "", AuditOutcome.Success, "<b/>", []), Token);

        Assert.True((await store.VerifyAuditAsync(null, Token)).Holds);
        Assert.Single(await store.ListAuditAsync(new AuditFilter(Patient: "P\0"), Token));
    }

    private static Task<StorageFaultException> RefusedAsync(FlowStoreOptions options) =>
        Assert.ThrowsAsync<StorageFaultException>(() => FlowStore.OpenAsync(options, Token));

    private static async Task WriteAsync(FlowStoreOptions options)
    {
        await using var store = await FlowStore.OpenAsync(options, Token);
        var append = new StreamAppend(new StreamId("s"), 0, [new EventRow("E", "{}")]);
        Assert.IsType<CommitResult.Committed>(await store.CommitAsync(new FlowCommit { Appends = [append] }, Token));
    }

    private static async Task HasWrittenAsync(FlowStoreOptions options)
    {
        await using var store = await FlowStore.OpenAsync(options, Token);
        Assert.Single(await store.LoadAsync(new StreamId("s"), 0, Token));
    }

    private PostgresOptions Schema(string schema) => new() { ConnectionString = cluster.ConnectionString, Schema = schema };
}
