using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>The rows of a resynchronisation: what is done is done once, and outlives the process.</summary>
public sealed class ResyncTableTests : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();
    private FlowStore? _store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_is_written_once_and_only_where_it_begins()
    {
        var (store, run) = await BeginAsync();
        var page = new ResyncPage(["1.2.1", "1.2.2"], [new ResyncCount("WithoutReport", 7)], null, "20261103", false);

        Assert.True(await store.AddResyncPageAsync(run, "", page, Token));
        Assert.False(await store.AddResyncPageAsync(run, "", page, Token));
        var last = page with { Failure = new ResyncFailure("20261103", "DayNotListed"), IsLast = true };
        Assert.True(await store.AddResyncPageAsync(run, "20261103", last, Token));
        Assert.False(await store.AddResyncPageAsync(run, "20261103", page, Token));

        var (waiting, counts, failures) = await store.CountResyncAsync(run, 10, Token);
        Assert.Equal(2, waiting);
        Assert.Equal([new ResyncCount("WithoutReport", 14)], counts);
        Assert.Equal([new ResyncFailure("20261103", "DayNotListed")], failures);
        Assert.True((await store.FindResyncAsync(run, Token))!.IsListed);
    }

    [Fact]
    public async Task A_study_ends_once_and_what_failed_and_then_went_well_is_no_failure()
    {
        var (store, run) = await BeginAsync();
        await store.AddResyncPageAsync(run, "", new ResyncPage(["1.2.1"], [], null, "a", false), Token);

        Assert.Equal("1.2.1", await store.NextResyncStudyAsync(run, Token));
        Assert.True(await store.EndResyncStudyAsync(run, "1.2.1", "PacsFailed", true, Token));
        Assert.False(await store.EndResyncStudyAsync(run, "1.2.1", "PacsFailed", true, Token));
        Assert.Null(await store.NextResyncStudyAsync(run, Token));

        await store.AddResyncPageAsync(run, "a", new ResyncPage(["1.2.1"], [], null, "b", true), Token);
        await store.EndResyncStudyAsync(run, "1.2.1", "Unchanged", false, Token);

        var (_, counts, failures) = await store.CountResyncAsync(run, 10, Token);
        Assert.Equal([new ResyncCount("PacsFailed", 1), new ResyncCount("Unchanged", 1)], counts);
        Assert.Empty(failures);
    }

    [Fact]
    public async Task One_run_runs_at_a_time_and_all_is_there_after_a_restart()
    {
        var (store, first) = await BeginAsync();
        var second = await store.AddResyncAsync("{}", 0, "operator", Token);
        Assert.True(await MoveAsync(store, first, "Planned", "Running"));
        Assert.False(await MoveAsync(store, second, "Planned", "Running"));
        await store.AddResyncPageAsync(first, "", new ResyncPage(["1.2.1"], [], null, "a", false), Token);

        await store.DisposeAsync();
        store = await OpenAsync();

        var running = await store.FindRunningResyncAsync(Token);
        Assert.Equal((first, "a", "operator"), (running!.Id, running.Cursor, running.ChangedBy));
        Assert.Equal("1.2.1", await store.NextResyncStudyAsync(first, Token));
        Assert.True(await MoveAsync(store, first, "Running", "Cancelled"));
        Assert.Null(await store.NextResyncStudyAsync(first, Token));
        Assert.NotNull((await store.FindResyncAsync(first, Token))!.EndedAt);
        Assert.True(await MoveAsync(store, second, "Planned", "Running"));
        Assert.Equal([second, first], (await store.ListResyncAsync(10, Token)).Select(r => r.Id));
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        _folder.Dispose();
    }

    private static Task<bool> MoveAsync(FlowStore store, long run, string from, string to) =>
        store.MoveResyncAsync(run, [from], to, "operator", "", Token);

    private async Task<(FlowStore Store, long Run)> BeginAsync()
    {
        var store = await OpenAsync();
        return (store, await store.AddResyncAsync("{}", 5, "operator", Token));
    }

    private async Task<FlowStore> OpenAsync() =>
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);
}
