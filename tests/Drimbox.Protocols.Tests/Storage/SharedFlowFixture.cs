using System.Collections.Concurrent;
using Drimbox.Storage;
using Drimbox.Storage.Postgres;
using Npgsql;

namespace Drimbox.Tests.Storage;

/// <summary>Several processes over one flow (docs/adr/0035): here several stores, each with its own sessions, over one
/// schema.</summary>
public abstract class SharedFlowFixture(PostgresCluster cluster) : IAsyncLifetime
{
    private readonly ConcurrentDictionary<FlowStore, TimeProvider> _clocks = [];

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected StoreFolder Folder { get; } = new();

    protected string Schema { get; } = $"t-{Guid.NewGuid():N}";

    protected PostgresCluster Cluster => cluster;

    protected List<FlowStore> Stores { get; } = [];

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in Stores) await store.DisposeAsync();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static async Task Eventually(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await holds()) return;
            await Task.Delay(50, Token);
        }

        Assert.Fail("it did not come to that in 10 s");
    }

    protected static FlowCommit Append(string stream, long expected) =>
        new() { Appends = [new(new(stream), expected, [new("E", "{}")])] };

    protected static InboxRow Message(string id) =>
        new(new("A", "B", "C", "D", id), "aa", "x"u8.ToArray(), null, "T", "ack", "AA", DateTimeOffset.UnixEpoch);

    protected FlowCommit Row(string lane, FlowStore store, TimeSpan delay) =>
        new() { Outbox = [new(lane, "k", "", _clocks[store].GetUtcNow() + delay)] };

    protected long Key(string name) => PostgresSharing.KeyOf(Schema, name);

    protected FlowStoreOptions Options(bool isShared) => new()
    {
        Folder = Folder.Path,
        Postgres = new PostgresOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = Schema, IsShared = isShared,
        },
        HasPublications = true,
    };

    protected async Task<List<FlowStore>> OpenAsync(int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => OpenAsync(TimeProvider.System)));
        return [.. Stores];
    }

    protected async Task<FlowStore> OpenAsync(TimeProvider clock)
    {
        var store = await FlowStore.OpenAsync(Options(true) with { Clock = clock }, Token);
        _clocks[store] = clock;
        lock (Stores) Stores.Add(store);
        return store;
    }

    protected async Task<NpgsqlConnection> SessionAsync()
    {
        var session = new NpgsqlConnection($"{cluster.ConnectionString};Pooling=false;Search Path=\"{Schema}\"");
        await session.OpenAsync(Token);
        return session;
    }

    protected static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(Token);
    }
}
