using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

public sealed class FlowCommitTests : IAsyncLifetime
{
    private static readonly DateTimeOffset _now = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);
    private static readonly StreamId _stream = new("ris/report/1");
    private readonly StoreFolder _folder = new();
    private readonly ManualClock _clock = new(_now);
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await OpenAsync(_folder.Path);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_crash()
    {
        var result = await _store.CommitAsync(Whole("msg-1"), Token);
        Assert.Single(Assert.IsType<CommitResult.Committed>(result).OutboxIds);

        // The first store still lives, as a process that was killed would have: nothing was closed or checkpointed.
        using var copy = await FlowStorePlace.CopyAfterCrashAsync(_folder);
        await using var again = await OpenAsync(copy.Path);

        var events = await again.LoadAsync(_stream, 0, Token);
        Assert.Equal(
            [new StoredEvent(1, "ReportReceived", """{"a":"é"}""", _now), new(2, "ReportQueued", "{}", _now)], events);
        Assert.Equal("report-1", await again.FindAliasAsync("setId", "1.2^3", Token));
        Assert.Equal(["ris/report/1"], await again.FindLinksAsync("study", "1.2.3", int.MaxValue, Token));
        Assert.Equal(("MSA|AA", "AA", "aa"), await again.FindInboxAsync(Key("msg-1"), Token));
        var row = Assert.Single(await again.ClaimAsync("w", TimeSpan.FromSeconds(90), 10, Token));
        Assert.Equal(("lane", "publish", "{}", 1), (row.Lane, row.Kind, row.Payload, row.Attempts));
        var inbox = Assert.Single(await again.ListInboxAsync(new InboxFilter(), Token));
        Assert.Equal("MSH|…"u8.ToArray(), await again.ReadInboxBodyAsync(inbox.Id, Token));
    }

    [Fact]
    public async Task A_repeated_message_gets_its_stored_answer_and_has_no_effect()
    {
        await _store.CommitAsync(Whole("msg-1"), Token);

        var same = await _store.CommitAsync(Again("msg-1", "aa"), Token);
        var other = await _store.CommitAsync(Again("msg-1", "bb"), Token);

        Assert.Equal(new CommitResult.DuplicateMessage("MSA|AA", "AA", SameBytes: true), same);
        Assert.Equal(new CommitResult.DuplicateMessage("MSA|AA", "AA", SameBytes: false), other);
        Assert.Equal(2, (await _store.LoadAsync(_stream, 0, Token)).Count);
        Assert.Single(await _store.ListOutboxAsync(new OutboxFilter([]), Token));

        FlowCommit Again(string id, string sha256)
        {
            var commit = Whole(id);
            return commit with
            {
                Inbox = commit.Inbox! with { Sha256 = sha256, Ack = "MSA|AE", AckCode = "AE" },
                Appends = [new(_stream, 2, [new("Again", "{}")])],
            };
        }
    }

    [Fact]
    public async Task A_message_is_committed_once_its_body_is_durable_and_not_if_that_fails()
    {
        var body = new TaskCompletionSource();
        var commit = Whole("msg-1");
        var waiting = _store.CommitAsync(
            commit with { Inbox = commit.Inbox! with { BodyDurable = body.Task } }, Token);
        // The writer takes jobs in their order: had the message been handed to it, it would be there.
        await _store.CommitAsync(new FlowCommit { Inbox = Whole("msg-2").Inbox }, Token);
        Assert.Null(await _store.FindInboxAsync(Key("msg-1"), Token));
        Assert.False(waiting.IsCompleted);

        body.SetResult();
        Assert.IsType<CommitResult.Committed>(await waiting);

        var failed = Task.FromException(new StorageFaultException(StorageFault.Full, "full"));
        var lost = new FlowCommit { Inbox = Whole("msg-3").Inbox! with { BodyDurable = failed } };
        await Assert.ThrowsAsync<StorageFaultException>(() => _store.CommitAsync(lost, Token));
        Assert.Null(await _store.FindInboxAsync(Key("msg-3"), Token));
    }

    [Fact]
    public async Task The_same_control_id_of_another_sender_is_another_message()
    {
        await _store.CommitAsync(Whole("msg-1"), Token);
        var other = new FlowCommit { Inbox = Whole("msg-1").Inbox! with { Key = Key("msg-1") with { SendingFacility = "X" } } };
        Assert.IsType<CommitResult.Committed>(await _store.CommitAsync(other, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task An_append_after_another_version_writes_nothing(long expected)
    {
        await _store.CommitAsync(Whole("msg-1"), Token);
        var commit = Whole("msg-2") with { Appends = [new(_stream, expected, [new("Late", "{}")])] };

        Assert.Equal(new CommitResult.VersionConflict(_stream), await _store.CommitAsync(commit, Token));

        Assert.Null(await _store.FindInboxAsync(Key("msg-2"), Token));
        Assert.Equal(2, (await _store.LoadAsync(_stream, 0, Token)).Count);
        Assert.Single(await _store.ListOutboxAsync(new OutboxFilter([]), Token));
    }

    [Fact]
    public async Task A_name_has_one_target_until_it_is_moved()
    {
        await _store.CommitAsync(Whole("msg-1"), Token);
        var taken = new AliasRow("setId", "1.2^3", "report-2");

        var second = await _store.CommitAsync(new FlowCommit { Aliases = [taken], Links = [new("k", "x", "t")] }, Token);
        Assert.Equal(new CommitResult.AliasTaken(taken with { Target = "report-1" }), second);
        Assert.Empty(await _store.FindLinksAsync("k", "x", int.MaxValue, Token));

        var same = await _store.CommitAsync(new FlowCommit { Aliases = [taken with { Target = "report-1" }] }, Token);
        Assert.IsType<CommitResult.Committed>(same);

        await _store.CommitAsync(new FlowCommit { AliasMoves = [taken] }, Token);
        Assert.Equal("report-2", await _store.FindAliasAsync("setId", "1.2^3", Token));
    }

    [Fact]
    public async Task Links_are_a_set()
    {
        await _store.CommitAsync(new FlowCommit { Links = [new("study", "1", "b"), new("study", "1", "a")] }, Token);
        await _store.CommitAsync(new FlowCommit { Links = [new("study", "1", "a"), new("study", "2", "c")] }, Token);
        Assert.Equal(["a", "b"], await _store.FindLinksAsync("study", "1", int.MaxValue, Token));
    }

    [Fact]
    public async Task A_body_over_64_KiB_must_be_an_object()
    {
        var commit = Whole("msg-1");
        commit = commit with { Inbox = commit.Inbox! with { Body = new byte[Limits.InlineBodyBytesMax + 1] } };
        await Assert.ThrowsAsync<InvariantException>(() => _store.CommitAsync(commit, Token));
    }

    [Fact]
    public async Task A_second_holder_of_the_folder_is_refused()
    {
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => OpenAsync(_folder.Path));
        Assert.Equal(StorageFault.InUse, e.Fault);
    }

    [Fact]
    public async Task Streams_are_listed_by_prefix_and_page()
    {
        foreach (var id in (string[])["ris/report/1", "ris/report/2", "ris/request/1", "src/report/1"])
            await _store.CommitAsync(new FlowCommit { Appends = [new(new(id), 0, [new("E", "{}")])] }, Token);

        var first = await _store.ListStreamsAsync("ris/report/", null, 1, Token);
        var second = await _store.ListStreamsAsync("ris/report/", first[0].Stream, 10, Token);

        Assert.Equal([new StreamEntry(new("ris/report/1"), 1, _now, _now)], first);
        Assert.Equal([new StreamEntry(new("ris/report/2"), 1, _now, _now)], second);
    }

    [Fact]
    public async Task Text_is_kept_to_the_last_character()
    {
        const string text = "œ\0\U0001F9EC end";
        await _store.CommitAsync(new FlowCommit { Appends = [new(_stream, 0, [new("", text)])] }, Token);
        var stored = Assert.Single(await _store.LoadAsync(_stream, 0, Token));
        Assert.Equal(("", FlowStorePlace.Kept(text)), (stored.Type, stored.Json));
    }

    private static InboxKey Key(string id) => new("RIS", "SITE", "DRIMBOX", "SITE", id);

    private static FlowCommit Whole(string id) => new()
    {
        Inbox = new InboxRow(Key(id), "aa", "MSH|…"u8.ToArray(), null, "MDM^T02", "MSA|AA", "AA", _now),
        Appends = [new(_stream, 0, [new("ReportReceived", """{"a":"é"}"""), new("ReportQueued", "{}")])],
        Aliases = [new("setId", "1.2^3", "report-1")],
        Links = [new("study", "1.2.3", "ris/report/1")],
        Outbox = [new("lane", "publish", "{}", _now)],
    };

    private Task<FlowStore> OpenAsync(string folder) =>
        FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = folder, Clock = _clock }, Token);
}
