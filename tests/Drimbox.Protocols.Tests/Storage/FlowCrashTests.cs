using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>The flow of a node while PostgreSQL crashes, loses sessions, or does not say what became of a COMMIT: what was
/// acknowledged is there, and once. A server of its own, because all its sessions are hit.</summary>
[Requirement("reliability D6")]
public sealed class FlowCrashTests : IAsyncLifetime
{
    private readonly PostgresCluster _cluster = new();
    private readonly StoreFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _cluster.RequireAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task After_a_crash_of_the_server_what_was_told_is_so_and_the_store_goes_on()
    {
        await using var store = await OpenAsync();
        const int count = 600;
        var kept = await _cluster.CrashAmongAsync(
            count, async i => await store.CommitAsync(Message(i), Token) is CommitResult.Committed);

        Assert.Contains(false, kept);
        for (var i = 0; i < count; i++)
            Assert.Equal(kept[i], await store.FindInboxAsync(Message(i).Inbox!.Key, Token) is not null);
        // Who was told a fault sends again.
        for (var i = 0; i < count; i++)
        {
            if (!kept[i]) Assert.IsType<CommitResult.Committed>(await store.CommitAsync(Message(i), Token));
        }

        await HasEachOnceAsync(store, count);
    }

    [Fact(Timeout = 120_000)]
    public async Task Sessions_that_end_at_any_moment_lose_nothing_and_double_nothing()
    {
        await using var store = await OpenAsync();
        const int senders = 8;
        const int messages = 60;
        var faults = 0;
        var sending = Task.WhenAll(Enumerable.Range(0, senders).Select(sender => Task.Run(
            async () =>
            {
                for (var i = sender * messages; i < (sender + 1) * messages; i++) await SendAsync(i);
            },
            Token)));
        var random = new Random(Seed.Get());
        while (!sending.IsCompleted)
        {
            await Task.Delay(random.Next(60), Token);
            await _cluster.EndWriterAsync("node_flow");
        }

        await sending;

        Assert.True(faults > 0);
        await HasEachOnceAsync(store, senders * messages);

        // As a peer does: the same message again until it has an answer.
        async Task SendAsync(int i)
        {
            while (true)
            {
                try
                {
                    // Never a repeat: a fault that was told is the truth, and nothing of it was kept.
                    Assert.IsType<CommitResult.Committed>(await store.CommitAsync(Message(i), Token));
                    return;
                }
                catch (StorageFaultException)
                {
                    Interlocked.Increment(ref faults);
                }
            }
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_commit_that_was_done_and_not_answered_is_told_as_done_and_its_row_goes_out_once()
    {
        await using var store = await OpenAsync();
        await _cluster.HoldCommitsAsync();
        var commit = store.CommitAsync(Message(0), Token);
        await _cluster.LoseAnswerAsync();
        Assert.IsType<CommitResult.Committed>(await commit);
        await _cluster.LetCommitsGoAsync();

        Assert.IsType<CommitResult.DuplicateMessage>(await store.CommitAsync(Message(0), Token));
        var row = Assert.Single(await store.ClaimAsync("w", TimeSpan.FromSeconds(90), 10, Token));
        Assert.True(await store.CompleteAsync(new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), Token));
        Assert.Empty(await store.ClaimAsync("w", TimeSpan.FromSeconds(90), 10, Token));
        await HasEachOnceAsync(store, 1);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_claim_whose_answer_is_lost_is_told_as_done_and_nobody_else_gets_the_row()
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(Message(0), Token);
        await _cluster.HoldCommitsAsync();
        var claim = store.ClaimAsync("w", TimeSpan.FromSeconds(90), 10, Token);
        await _cluster.LoseAnswerAsync();
        await _cluster.LetCommitsGoAsync();

        Assert.Equal(1, Assert.Single(await claim).Attempts);
        Assert.Empty(await store.ClaimAsync("other", TimeSpan.FromSeconds(90), 10, Token));
    }

    private static FlowCommit Message(int i) => new()
    {
        Inbox = new InboxRow(
            new InboxKey("RIS", "SITE", "DRIMBOX", "SITE", $"M{i}"), "aa", "MSH|"u8.ToArray(), null, "MDM^T02", "MSA|AA", "AA",
            DateTimeOffset.UnixEpoch),
        Appends = [new StreamAppend(new StreamId($"s/{i}"), 0, [new EventRow("Received", "{}")])],
        Outbox = [new OutboxRow($"lane {i}", "publish", $"{i}", DateTimeOffset.UnixEpoch)],
    };

    private static async Task HasEachOnceAsync(FlowStore store, int count)
    {
        var all = Enumerable.Range(0, count).ToList();
        var inbox = await store.ListInboxAsync(new InboxFilter(Max: 10_000), Token);
        Assert.Equal(all.Select(i => $"M{i}").Order(), inbox.Select(row => row.Key.ControlId).Order());
        var outbox = await store.ListOutboxAsync(new OutboxFilter([], Max: 10_000), Token);
        Assert.Equal(all.Select(i => $"{i}").Order(), outbox.Select(row => row.Payload).Order());
        var events = await store.ListEventsAsync("s/", 0, 10_000, Token);
        Assert.Equal(all.Select(i => $"s/{i}").Order(), events.Select(e => e.Stream.Value).Order());
    }

    private Task<FlowStore> OpenAsync() => FlowStore.OpenAsync(
        new FlowStoreOptions
        {
            Folder = _folder.Path,
            Postgres = new PostgresOptions { ConnectionString = _cluster.ConnectionString, Schema = "node_flow" },
        },
        Token);
}
