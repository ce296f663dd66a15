using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Drimbox.Storage.Postgres;
using Npgsql;

namespace Drimbox.Tests.Storage;

/// <summary>Several processes over one index (docs/adr/0040): here several stores, each with its own sessions, over one
/// schema.</summary>
public sealed class SharedIndexTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly DateTimeOffset _begin = DateTimeOffset.UtcNow;

    private readonly StoreFolder _folder = new();
    private readonly string _schema = $"t-{Guid.NewGuid():N}";
    private readonly List<ArchiveIndex> _stores = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Of_processes_that_take_the_same_instances_in_at_once_one_does_each()
    {
        var stores = await OpenAsync(3);
        var results = await Task.WhenAll(
            from instance in Enumerable.Range(1, 40)
            from store in stores
            select store.InsertAsync(Named(1, 1, instance), Token));

        Assert.Equal(40, results.OfType<InsertResult.Inserted>().Select(one => one.RowId).Distinct().Count());
        Assert.Equal(80, results.OfType<InsertResult.SameBytes>().Count());
        foreach (var store in stores)
            Assert.Equal(40, (await store.ListAsync(0, 100, Token)).Count);
        Assert.Equal(40, await AskAsync("SELECT visible_instances FROM series"));
    }

    [Fact]
    public async Task Of_two_replacements_at_two_processes_the_second_sees_the_first()
    {
        var stores = await OpenAsync(2);
        await stores[0].InsertAsync(Named(1, 1, 1), Token);
        var standing = (await stores[1].StandingAsync(Uid.Parse("1.2.3.1.1.1"), Token))!;
        InstanceRecord[] others =
        [
            Named(1, 1, 1) with { File = Named(1, 1, 2).File }, Named(1, 1, 1) with { File = Named(1, 1, 3).File },
        ];
        var results = await Task.WhenAll(
            stores.Zip(others, (store, other) => store.ReplaceAsync(standing, other, "t", Token)));

        var done = results[0] is SettleResult.Done ? 0 : 1;
        Assert.IsType<SettleResult.Done>(results[done]);
        var changed = Assert.IsType<SettleResult.Changed>(results[1 - done]);
        Assert.Equal(others[done].File.FileName, changed.Standing!.Instance.File.FileName);
        Assert.Equal(2, changed.Standing.Instance.Version);
    }

    [Fact]
    public async Task A_file_that_had_its_name_for_hours_gets_no_row()
    {
        var index = (await OpenAsync(1))[0];
        var (early, late) = (TimeSpan.FromHours(5), TimeSpan.FromHours(7));
        await index.InsertAsync(Named(1, 1, 1, early), Token);
        var standing = (await index.StandingAsync(Uid.Parse("1.2.3.1.1.1"), Token))!;
        var old = Named(1, 1, 1, late) with { File = Named(1, 1, 9, late).File };
        var aside = new QuarantinedFile(
            0, old.Instance.SopInstanceUid, old.Instance.SopClassUid, old.Study.StudyInstanceUid,
            old.Series.SeriesInstanceUid, old.Instance.TransferSyntaxUid, old.File, QuarantineReason.OtherPatient);
        Func<Task>[] ways =
        [
            () => index.InsertAsync(Named(1, 1, 2, late), Token), () => index.ReplaceAsync(standing, old, "t", Token),
            () => index.AddRenditionAsync(standing, old, "t", Token),
            () => index.QuarantineAsync(standing, aside, "t", Token),
            () => index.ReleaseAsync(aside, standing, old, 2, "t", Token),
            () => index.RestoreAsync(standing, 2, [old], "t", Token),
        ];
        foreach (var way in ways)
            Assert.Equal(StorageFault.Unresolved, (await Assert.ThrowsAsync<StorageFaultException>(way)).Fault);

        Assert.True(standing.IsStill(await index.StandingAsync(Uid.Parse("1.2.3.1.1.1"), Token)));
        Assert.Single(await index.ListAsync(0, 10, Token));
        Assert.Empty(await index.ListQuarantineAsync(0, 10, Token));
    }

    [Fact]
    public async Task A_clock_that_is_hours_wrong_is_refused_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => ArchiveIndex.OpenAsync(
            Options(true) with { Clock = new OffsetClock(TimeSpan.FromHours(-7)) }, Token));
        Assert.Contains("clock", fault.Message, StringComparison.Ordinal);
        await using var near = await ArchiveIndex.OpenAsync(
            Options(true) with { Clock = new OffsetClock(TimeSpan.FromMinutes(-7)) }, Token);
        Assert.InRange(
            (await near.NowAsync(Token) - DateTimeOffset.UtcNow).TotalSeconds, -5, 5);
    }

    [Fact]
    public async Task A_process_with_a_folder_of_its_own_is_none_of_them_however_empty_all_is()
    {
        await OpenAsync(1);
        using var own = new StoreFolder();
        var fault = await Assert.ThrowsAsync<StorageFaultException>(
            () => ArchiveIndex.OpenAsync(Options(true) with { Folder = own.Path }, Token));
        Assert.Equal(StorageFault.Absent, fault.Fault);
    }

    [Fact]
    public async Task What_one_process_left_unclean_is_checked_by_one_before_several_have_it()
    {
        var alone = await ArchiveIndex.OpenAsync(Options(false), Token);
        await alone.InsertAsync(Named(1, 1, 1), Token);
        alone.DoubtFiles();
        await alone.DisposeAsync();

        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => ArchiveIndex.OpenAsync(Options(true), Token));
        Assert.Contains("SharedFolder", fault.Message, StringComparison.Ordinal);
        alone = await ArchiveIndex.OpenAsync(Options(false), Token);
        Assert.False(alone.StoppedCleanly);
        alone.ConfirmFilesAreWhole();
        await alone.DisposeAsync();
        Assert.Equal(2, (await OpenAsync(2)).Count);
    }

    [Fact]
    public async Task One_process_after_several_looks_for_files_and_reads_none_of_those_with_a_row()
    {
        var stores = await OpenAsync(2);
        foreach (var store in stores) await store.InsertAsync(Named(1, 1, stores.IndexOf(store) + 1), Token);
        var last = (await stores[0].ListAsync(0, 10, Token))[^1].RowId;
        Assert.Equal(StorageFault.InUse, (await Assert.ThrowsAsync<StorageFaultException>(
            () => ArchiveIndex.OpenAsync(Options(false), Token))).Fault);
        foreach (var store in stores) await store.DisposeAsync();
        _stores.Clear();

        await using var alone = await ArchiveIndex.OpenAsync(Options(false), Token);
        Assert.Equal((false, last), (alone.StoppedCleanly, alone.VerifiedTo));
    }

    [Fact]
    public async Task A_commitment_waits_for_the_process_that_took_it_and_for_another_once_that_is_gone()
    {
        var gone = (await OpenAsync(1))[0];
        // Looks at the others every quarter of a second.
        var alive = await OpenAsync(new FastClock(20));
        (Uid, Uid)[] instances = [(Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), Uid.Parse("1.2.3"))];
        await gone.Commitments.TryAddAsync(Uid.Parse("1.9"), AeTitle.Parse("CT1"), AeTitle.Parse("A"), instances, Token);
        Assert.Single(await gone.Commitments.ListPendingAsync(Token));
        Assert.Equal(0, await alive.Commitments.TakeOverAsync(Token));
        Assert.Empty(await alive.Commitments.ListPendingAsync(Token));
        // Asked for again at the other, it is that one's.
        await alive.Commitments.TryAddAsync(Uid.Parse("1.9"), AeTitle.Parse("CT1"), AeTitle.Parse("A"), instances, Token);
        Assert.Empty(await gone.Commitments.ListPendingAsync(Token));
        await gone.Commitments.TryAddAsync(Uid.Parse("1.8"), AeTitle.Parse("CT1"), AeTitle.Parse("A"), instances, Token);

        _stores.Remove(gone);
        await gone.DisposeAsync();
        await EventuallyAsync(async () => await alive.Commitments.TakeOverAsync(Token) == 1);
        Assert.Equal(
            ["1.8", "1.9"],
            (await alive.Commitments.ListPendingAsync(Token)).Select(one => one.TransactionUid.ToString()).Order());
    }

    [Fact]
    public async Task A_study_is_not_closed_by_whom_nothing_reaches_while_another_process_receives_it()
    {
        var stores = await OpenAsync(2);
        var study = Uid.Parse("1.2.3.1");
        await stores[0].InsertAsync(Received(1, TimeSpan.FromMinutes(3)), Token);
        await stores[0].Completeness.AnnounceAsync(new AnnouncedStudy(study, [Uid.Parse("1.2.3.1.1.1")]), Token);
        await stores[1].InsertAsync(Received(2, TimeSpan.FromMinutes(1)), Token);
        var quiet = DateTimeOffset.UtcNow - TimeSpan.FromMinutes(2);

        Assert.False(await CloseAsync(stores[0], quiet));
        Assert.Single(await stores[1].Completeness.ListReceivingAsync(Token));
        Assert.Single(await stores[1].Completeness.ListAnnouncedAsync(Token));
        Assert.True(await CloseAsync(stores[1], DateTimeOffset.UtcNow));
        Assert.Empty(await stores[0].Completeness.ListAnnouncedAsync(Token));
        Assert.False(await CloseAsync(stores[0], DateTimeOffset.UtcNow));

        Task<bool> CloseAsync(ArchiveIndex index, DateTimeOffset newest) =>
            index.Completeness.CompleteAsync(study, CompletenessReason.Quiet, [], Token, newest);
    }

    [Fact]
    public async Task Whoever_moves_files_waits_for_another_that_does()
    {
        var stores = await OpenAsync(2);
        var held = (await stores[0].HoldFilesAsync(Token))!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stores[1].HoldFilesAsync(patience.Token));
        var waiting = stores[1].HoldFilesAsync(Token);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        (await waiting)!.Dispose();
    }

    [Fact]
    public async Task What_waits_for_another_process_waits_for_the_end_of_it_and_goes_together()
    {
        // It looks at the others every 500 s.
        var index = await OpenAsync(new FastClock(0.01));
        await using var still = await SessionAsync();
        await RunAsync($"BEGIN; SELECT pg_advisory_xact_lock({PostgresSharing.KeyOf(_schema, "index")})", still);
        // More than the wait of a flow, 2 s: a flow has other names to go on with.
        var inserting = index.InsertAsync(Named(1, 1, 1), Token);
        await Task.Delay(TimeSpan.FromSeconds(2.5), Token);
        Assert.False(inserting.IsCompleted);
        var later = Enumerable.Range(2, 9).Select(i => index.InsertAsync(Named(1, 1, i), Token)).ToList();
        var before = index.Transactions;
        await RunAsync("COMMIT", still);
        Assert.All(await Task.WhenAll([inserting, .. later]), result => Assert.IsType<InsertResult.Inserted>(result));
        Assert.Equal(before + 1, index.Transactions);
    }

    [Fact]
    public async Task Only_a_file_that_no_row_of_any_kind_has_is_one_without_a_row()
    {
        var index = (await OpenAsync(1))[0];
        var names = Enumerable.Range(1, 4).Select(i => Named(1, i, i).File.FileName).ToList();
        await index.InsertAsync(Named(1, 1, 1), Token);
        var standing = (await index.StandingAsync(Uid.Parse("1.2.3.1.1.1"), Token))!;
        await index.ReplaceAsync(standing, Named(1, 1, 1) with { File = Named(1, 2, 2).File }, "t", Token);
        await index.AdoptQuarantinedAsync(
            new QuarantinedFile(
                0, default, default, default, default, default, Named(1, 3, 3).File, QuarantineReason.Incomplete), Token);
        Assert.Equal([names[3]], await index.FindUnnamedAsync(names, Token));

        // Into the trash: the rows are gone, the files are not.
        var removed = await index.RemoveStudyAsync(
            new RemovalOrder(
                Uid.Parse("1.2.3.1"), RemovalKind.Delete, "t", "r", DateTimeOffset.UtcNow + TimeSpan.FromDays(1)), Token);
        Assert.IsType<RemovalResult.Done>(removed);
        Assert.Equal([names[3]], await index.FindUnnamedAsync(names, Token));
    }

    [Fact]
    public async Task What_a_process_that_is_gone_was_sending_is_sent_by_another()
    {
        var gone = (await OpenAsync(1))[0];
        var alive = await OpenAsync(new FastClock(20));
        await gone.EnqueueAsync([new OutboxRow("a", "k", "", DateTimeOffset.UtcNow)], Token);
        Assert.Single(await gone.Outbox.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token));
        Assert.Empty(await alive.Outbox.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token));
        _stores.Remove(gone);
        await gone.DisposeAsync();
        await EventuallyAsync(
            async () => (await alive.Outbox.ClaimAsync("w", TimeSpan.FromHours(1), 10, Token)).Count == 1);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await holds()) return;
            await Task.Delay(50, Token);
        }

        Assert.Fail("it did not come to that in 10 s");
    }

    /// <summary>An instance whose file got its name some time ago.</summary>
    private static InstanceRecord Named(int study, int series, int instance, TimeSpan age = default)
    {
        var record = ArchiveFixture.Instance(study, series, instance);
        var stamp = FileStamp.Of(_begin - age);
        return record with
        {
            File = record.File with { FileName = $"instances/000001/{stamp:D16}-{study}-{series}-{instance}.dcm" },
        };
    }

    private static InstanceRecord Received(int instance, TimeSpan ago)
    {
        var record = Named(1, 1, instance);
        return record with { File = record.File with { ReceivedAt = DateTimeOffset.UtcNow - ago } };
    }

    private ArchiveIndexOptions Options(bool isShared) => new()
    {
        Folder = _folder.Path,
        Postgres = new PostgresOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = _schema, IsShared = isShared,
        },
    };

    private async Task<List<ArchiveIndex>> OpenAsync(int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => OpenAsync(TimeProvider.System)));
        return [.. _stores];
    }

    private async Task<ArchiveIndex> OpenAsync(TimeProvider clock)
    {
        var store = await ArchiveIndex.OpenAsync(Options(true) with { Clock = clock }, Token);
        lock (_stores) _stores.Add(store);
        return store;
    }

    private async Task<NpgsqlConnection> SessionAsync()
    {
        var session = new NpgsqlConnection($"{cluster.ConnectionString};Pooling=false;Search Path=\"{_schema}\"");
        await session.OpenAsync(Token);
        return session;
    }

    private async Task<long> AskAsync(string sql)
    {
        await using var session = await SessionAsync();
        await using var command = new NpgsqlCommand(sql, session);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    private static async Task RunAsync(string sql, NpgsqlConnection session)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(Token);
    }

    private sealed class OffsetClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
    }
}
