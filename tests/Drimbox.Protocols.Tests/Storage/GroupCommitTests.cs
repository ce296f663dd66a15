using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

public sealed class GroupCommitTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Commits_that_wait_together_share_a_transaction()
    {
        const int commits = 200;
        var before = _store.Transactions;
        var all = Enumerable.Range(0, commits).Select(i => _store.CommitAsync(Append($"s{i}", 0), Token)).ToList();
        Assert.All(await Task.WhenAll(all), result => Assert.IsType<CommitResult.Committed>(result));
        Assert.InRange(_store.Transactions - before, 1, commits / 2);
    }

    [Fact]
    public async Task A_lone_commit_is_a_transaction_of_its_own_and_a_refused_one_is_none()
    {
        var before = _store.Transactions;
        await _store.CommitAsync(Append("s", 0), Token);
        await _store.CommitAsync(Append("s", 0), Token);
        Assert.Equal(1, _store.Transactions - before);
    }

    [Fact]
    public async Task Of_commits_on_one_version_exactly_one_wins_each_round()
    {
        // Streams are fought over by many writers at once, in groups that mix winners, losers, repeats and row ends.
        var seed = Seed.Get();
        var random = new Random(seed);
        var won = new Dictionary<string, long>();
        for (var round = 0; round < 30; round++)
        {
            var bids = Enumerable.Range(0, random.Next(1, 60)).Select(_ => $"s{random.Next(4)}").ToList();
            var tasks = bids.Select((stream, i) => (
                Stream: stream,
                Result: _store.CommitAsync(
                    Append(stream, won.GetValueOrDefault(stream)) with
                    {
                        Inbox = Message($"{round}/{stream}/{i}"),
                        Outbox = [new(stream, "k", $"{round}/{i}", DateTimeOffset.UnixEpoch)],
                    },
                    Token))).ToList();
            foreach (var group in tasks.GroupBy(task => task.Stream))
            {
                var results = await Task.WhenAll(group.Select(task => task.Result));
                Assert.Single(results, result => result is CommitResult.Committed);
                Assert.Equal(group.Count() - 1, results.Count(result => result is CommitResult.VersionConflict));
                won[group.Key] = won.GetValueOrDefault(group.Key) + 1;
            }
        }

        var expected = won.Values.Sum();
        foreach (var (stream, version) in won)
        {
            var events = await _store.LoadAsync(new(stream), 0, Token);
            Assert.Equal(Enumerable.Range(1, (int)version).Select(v => (long)v), events.Select(e => e.Version));
        }

        // No trace of the losers.
        Assert.Equal(expected, (await _store.ListInboxAsync(new InboxFilter(Max: 10_000), Token)).Count);
        Assert.Equal(expected, (await _store.ListOutboxAsync(new OutboxFilter([], Max: 10_000), Token)).Count);
    }

    [Fact]
    public async Task The_same_message_many_times_at_once_has_one_effect_and_one_answer()
    {
        var all = Enumerable.Range(0, 100).Select(i => _store.CommitAsync(
            new FlowCommit
            {
                Inbox = Message("same") with { Ack = $"ack {i}" },
                Outbox = [new("lane", "k", "", DateTimeOffset.UnixEpoch)],
            },
            Token));
        var results = await Task.WhenAll(all);

        Assert.Single(results, result => result is CommitResult.Committed);
        var stored = (await _store.FindInboxAsync(Message("same").Key, Token))!.Value.Ack;
        Assert.All(results.OfType<CommitResult.DuplicateMessage>(), result => Assert.Equal((stored, true), (result.Ack, result.SameBytes)));
        Assert.Single(await _store.ListOutboxAsync(new OutboxFilter([]), Token));
    }

    [Fact(Timeout = 60_000)]
    public async Task Many_workers_keep_each_lane_in_order_and_lose_no_row() => await LaneRace.RunAsync(
        [_store], workers: 5, (store, max) => store.ClaimAsync("w", TimeSpan.FromMinutes(5), max, Token));

    [Fact]
    public async Task A_cancelled_commit_that_has_not_begun_writes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => _store.CommitAsync(Append("s", 0), cancelled.Token));
        Assert.Empty(await _store.LoadAsync(new("s"), 0, Token));
    }

    [Fact]
    public async Task A_closed_store_refuses_and_what_was_queued_before_is_written()
    {
        var queued = Enumerable.Range(0, 50).Select(i => _store.CommitAsync(Append($"s{i}", 0), Token)).ToList();
        await _store.DisposeAsync();
        Assert.All(await Task.WhenAll(queued), result => Assert.IsType<CommitResult.Committed>(result));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _store.CommitAsync(Append("late", 0), Token));

        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);
        Assert.Equal(50, (await _store.ListStreamsAsync("s", null, 100, Token)).Count);
    }

    private static FlowCommit Append(string stream, long expected) =>
        new() { Appends = [new(new(stream), expected, [new("E", "{}")])] };

    private static InboxRow Message(string id) =>
        new(new("A", "B", "C", "D", id), "aa", "x"u8.ToArray(), null, "T", "ack", "AA", DateTimeOffset.UnixEpoch);
}
