using Drimbox.Core.Publications;
using Drimbox.Storage;
using Drimbox.Storage.Postgres;

namespace Drimbox.Tests.Storage;

/// <summary>What several processes commit to one flow: each decision rests on what is so, rows leave in order, and readers miss
/// nothing.</summary>
public sealed class SharedFlowTests(PostgresCluster cluster) : SharedFlowFixture(cluster)
{
    [Fact]
    public async Task Of_commits_on_one_version_exactly_one_wins_each_round()
    {
        var stores = await OpenAsync(3);
        var random = new Random(Seed.Get());
        var won = new Dictionary<string, long>();
        for (var round = 0; round < 20; round++)
        {
            var bids = Enumerable.Range(0, random.Next(1, 60)).Select(_ => $"s{random.Next(4)}").ToList();
            var tasks = bids.Select((stream, i) => (
                Stream: stream,
                Result: stores[i % stores.Count].CommitAsync(
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
        Assert.Equal(expected, (await stores[0].ListInboxAsync(new InboxFilter(Max: 10_000), Token)).Count);
        Assert.Equal(expected, (await stores[1].ListOutboxAsync(new OutboxFilter([], Max: 10_000), Token)).Count);
    }

    [Fact]
    public async Task The_same_message_at_all_of_them_has_one_effect_and_one_answer()
    {
        var stores = await OpenAsync(3);
        for (var round = 0; round < 10; round++)
        {
            var message = Message($"same {round}");
            var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => stores[i % 3].CommitAsync(
                new FlowCommit
                {
                    Inbox = message with { Ack = $"ack {i}" },
                    Aliases = [new AliasRow("kind", $"key {round}", $"target {i}")],
                    Outbox = [new($"lane {round}", "k", "", DateTimeOffset.UnixEpoch)],
                },
                Token)));
            Assert.Single(results, result => result is CommitResult.Committed);
            var stored = (await stores[2].FindInboxAsync(message.Key, Token))!.Value.Ack;
            Assert.All(
                results.OfType<CommitResult.DuplicateMessage>(),
                result => Assert.Equal((stored, true), (result.Ack, result.SameBytes)));
        }

        Assert.Equal(10, (await stores[0].ListOutboxAsync(new OutboxFilter([]), Token)).Count);
    }

    [Fact]
    public async Task A_name_has_one_target()
    {
        var stores = await OpenAsync(3);
        for (var round = 0; round < 20; round++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => stores[i % 3].CommitAsync(
                new FlowCommit { Aliases = [new AliasRow("kind", $"key {round}", $"target {i}")] }, Token)));
            Assert.Single(results, result => result is CommitResult.Committed);
            Assert.Equal(11, results.Count(result => result is CommitResult.AliasTaken));
        }
    }

    [Fact]
    public async Task A_stream_that_a_decision_rests_on_has_not_moved_when_it_is_committed()
    {
        // The guard of a stream that is not there yet: no row could be locked.
        var stores = await OpenAsync(2);
        for (var round = 0; round < 40; round++)
        {
            var (patient, report) = ($"patient {round}", $"report {round}");
            var both = await Task.WhenAll(
                stores[0].CommitAsync(Append(patient, 0), Token),
                stores[1].CommitAsync(
                    new FlowCommit { Appends = [new(new(report), 0, [new("E", "{}")]), new(new(patient), 0, [])] }, Token));
            Assert.IsType<CommitResult.Committed>(both[0]);
            if (both[1] is not CommitResult.Committed) continue;
            var order = await stores[0].ListEventsAsync("", 0, 10_000, Token);
            Assert.True(PositionOf(report) < PositionOf(patient), "decided on a state that was over");
            long PositionOf(string stream) => order.Single(e => e.Stream.Value == stream).Position;
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Many_workers_keep_each_lane_in_order_and_lose_no_row() => await LaneRace.RunAsync(
        await OpenAsync(3), workers: 6,
        (store, max) => store.ClaimAsync("w", TimeSpan.FromMinutes(5), [new ClaimDemand(["k"], max)], Token));

    [Fact]
    public async Task Events_that_are_committed_later_under_an_earlier_position_are_not_passed_over()
    {
        var stores = await OpenAsync(1);
        await stores[0].CommitAsync(Append("s0", 0), Token);
        await using var other = await SessionAsync();
        await RunAsync(other, PostgresSharing.Begin);
        await RunAsync(other, """
            INSERT INTO event (stream, version, type, json, recorded_at) VALUES ('late', 1, 'E', '{}', 0)
            """);
        await stores[0].CommitAsync(Append("s1", 0), Token);
        var seen = await stores[0].ListEventsAsync("", 0, 10, Token);
        Assert.Equal(["s0"], seen.Select(e => e.Stream.Value));
        await RunAsync(other, "COMMIT");
        var rest = await stores[0].ListEventsAsync("", seen[^1].Position, 10, Token);
        Assert.Equal(["late", "s1"], rest.Select(e => e.Stream.Value));
    }

    [Fact]
    public async Task A_transaction_that_could_not_begin_leaves_nothing_behind()
    {
        var stores = await OpenAsync(1);
        await using var other = await SessionAsync();
        await RunAsync(other, "ALTER SEQUENCE event_position_seq RENAME TO away");
        await Assert.ThrowsAsync<StorageFaultException>(() => stores[0].CommitAsync(Append("s", 0), Token));
        await RunAsync(other, "ALTER SEQUENCE away RENAME TO event_position_seq");
        Assert.IsType<CommitResult.Committed>(await stores[0].CommitAsync(Append("s", 0), Token));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_reader_that_goes_on_after_what_it_has_seen_sees_every_event_once_and_each_stream_in_order()
    {
        var stores = await OpenAsync(3);
        const int streams = 40;
        using var done = new CancellationTokenSource();
        var seen = new List<PlacedEvent>();
        var reading = Task.Run(async () =>
        {
            while (true)
            {
                var isLast = done.IsCancellationRequested;
                var page = await stores[0].ListEventsAsync("", seen.Count == 0 ? 0 : seen[^1].Position, 50, Token);
                seen.AddRange(page);
                if (isLast && page.Count == 0) return;
            }
        });
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async i =>
        {
            for (var version = 0; version < 10; version++)
                await stores[(i + version) % 3].CommitAsync(Append($"s{i}", version), Token);
        }));
        await done.CancelAsync();
        await reading;
        foreach (var stream in seen.GroupBy(e => e.Stream))
            Assert.Equal(Enumerable.Range(1, 10).Select(v => (long)v), stream.Select(e => e.Event.Version));
        Assert.Equal(streams, seen.Select(e => e.Stream).Distinct().Count());
    }

    [Fact]
    public async Task A_write_that_waited_for_another_that_waited_for_it_is_done_again()
    {
        var stores = await OpenAsync(1);
        await using var first = await SessionAsync();
        await using var second = await SessionAsync();
        // The victim is whoever looks first: the store.
        await RunAsync(second, "SET deadlock_timeout = '30s'");
        string[] names = ["a", "b"];
        if (Key("stream a") > Key("stream b")) names = ["b", "a"];
        await RunAsync(first, $"BEGIN; SELECT pg_advisory_xact_lock({Key("stream x")})");
        await RunAsync(second, $"BEGIN; SELECT pg_advisory_xact_lock({Key("stream " + names[1])})");
        // While the store waits for x the others form a group.
        var all = ((string[])["x", "a", "b"]).Select(s => stores[0].CommitAsync(Append(s, 0), Token)).ToList();
        await Task.Delay(200, Token);
        await RunAsync(first, "ROLLBACK");
        await all[0];
        await Task.Delay(200, Token);
        await RunAsync(second, $"SELECT pg_advisory_xact_lock({Key("stream " + names[0])})");
        await RunAsync(second, "COMMIT");
        Assert.All(await Task.WhenAll(all), result => Assert.IsType<CommitResult.Committed>(result));
    }

    [Fact]
    public async Task What_another_process_keeps_holds_up_nothing_else()
    {
        var stores = await OpenAsync(1);
        await using var first = await SessionAsync();
        await using var second = await SessionAsync();
        await RunAsync(first, $"BEGIN; SELECT pg_advisory_xact_lock({Key("stream x")})");
        await RunAsync(second, $"BEGIN; SELECT pg_advisory_xact_lock({Key("stream kept")})");
        var all = ((string[])["x", "a", "kept", "b"]).Select(s => stores[0].CommitAsync(Append(s, 0), Token)).ToList();
        await Task.Delay(200, Token);
        await RunAsync(first, "ROLLBACK");
        foreach (var i in (int[])[0, 1, 3]) Assert.IsType<CommitResult.Committed>(await all[i]);
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => all[2]);
        Assert.Equal(StorageFault.InUse, e.Fault);
    }

    [Fact]
    public async Task Objects_that_two_put_at_once_are_there_for_both()
    {
        var ids = new SequentialIds();
        var (one, two) = (Objects(), Objects());
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[200_000];
            new Random(i).NextBytes(bytes);
            var stored = await Task.WhenAll(
                Enumerable.Range(0, 6).Select(n => (n % 2 == 0 ? one : two).PutAsync(bytes, Token)));
            Assert.Equal(bytes, await two.ReadAsync(stored[0], bytes.Length, Token));
        }

        ObjectStore Objects() => ObjectStore.Open(Folder.Path, Disk.Real, ids, isShared: true);
    }
}
