using Drimbox.Core.Identity;
using Drimbox.Storage;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

public abstract class ArchiveInsertTests(IndexPlace place) : IndexTests(place)
{
    [Fact]
    public async Task An_instance_is_taken_in_once()
    {
        var record = Instance(1, 1, 1);
        var inserted = Assert.IsType<InsertResult.Inserted>(await InsertAsync(record));

        var same = Assert.IsType<InsertResult.SameBytes>(await InsertAsync(record with
        {
            // Another preamble or another sender in the meta information: the data set is what counts.
            File = record.File with { FileName = "second", Digest = new string('b', 64) },
        }));
        Assert.Equal(inserted.RowId, same.Existing.RowId);
        Assert.Equal(record.File, same.Existing.File);

        var otherBytes = record with { File = record.File with { DataSetSha256 = new string('c', 64) } };
        Assert.Equal(
            record.File, Assert.IsType<InsertResult.Known>(await InsertAsync(otherBytes)).Standing.Instance.File);
        var otherSyntax = record with
        {
            Instance = record.Instance with { TransferSyntaxUid = Uid.Parse("1.2.840.10008.1.2.4.90") },
        };
        Assert.IsType<InsertResult.Known>(await InsertAsync(otherSyntax));
        Assert.Single(await Index.ListAsync(0, 10, Token));
    }

    [Fact]
    public async Task What_was_inserted_is_there_after_a_crash_and_the_crash_is_seen()
    {
        await InsertAsync(Instance(1, 1, 1));
        await Index.MarkVerifiedAsync(1, Token);
        await InsertAsync(Instance(1, 1, 2));

        await using var left = await Place.AfterCrashAsync();
        await using var again = await left.OpenAsync();

        Assert.False(again.StoppedCleanly);
        Assert.Equal(1, again.VerifiedTo);
        var unchecked_ = Assert.Single(await again.ListAsync(again.VerifiedTo, 10, Token));
        Assert.Equal("1.2.3.1.1.2", unchecked_.SopInstanceUid.ToString());
        Assert.Equal("1.2.3.1", unchecked_.StudyInstanceUid.ToString());
    }

    [Fact]
    public async Task A_clean_stop_leaves_nothing_to_check()
    {
        Assert.True(Index.StoppedCleanly);
        await InsertAsync(Instance(1, 1, 1));
        await Index.DisposeAsync();
        Index = await Place.OpenAsync();
        Assert.True(Index.StoppedCleanly);
        Assert.Equal(1, Index.VerifiedTo);
    }

    [Fact]
    public async Task Concurrent_insertions_share_transactions_and_count_right()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => InsertAsync(Instance(i % 3, i % 2, i % 150))));

        var inserted = results.Count(result => result is InsertResult.Inserted);
        Assert.Equal(results.Length - inserted, results.Count(result => result is InsertResult.SameBytes));
        Assert.InRange(Index.Transactions, 1, 100);
        var counted = 0;
        await foreach (var row in Index.FindAsync(
            new FindQuery(FindLevel.Study, [FindMatch.Return(ArchiveAttribute.NumberOfStudyRelatedInstances)]), Token))
            counted += int.Parse(row[ArchiveAttribute.NumberOfStudyRelatedInstances]!);
        Assert.Equal(inserted, counted);
    }

    [Fact]
    public async Task A_study_takes_the_first_value_that_an_instance_has()
    {
        var bare = Instance(1, 1, 1);
        await InsertAsync(bare with
        {
            Study = bare.Study with { AccessionNumber = "", StudyTime = "", ReferringPhysicianName = "" },
        });
        await InsertAsync(Instance(1, 1, 2));
        var other = Instance(1, 1, 3);
        await InsertAsync(other with { Study = other.Study with { AccessionNumber = "OTHER", StudyTime = "2359" } });

        foreach (var match in (FindMatch[])[
            FindMatch.Single(ArchiveAttribute.AccessionNumber, "ACC1"),
            FindMatch.Range(ArchiveAttribute.StudyTime, "1015", "1015"),
            FindMatch.Single(ArchiveAttribute.ReferringPhysicianName, "medecin^anne")])
            Assert.Single(await Index.FindAsync(new FindQuery(FindLevel.Study, [match]), Token).ToListAsync(Token));
    }

    [Fact]
    public async Task An_identifier_that_two_persons_share_shows_each_under_their_own_name()
    {
        await InsertAsync(Instance(1, 1, 1, "PAT-UN^ALIX", "123"));
        await InsertAsync(Instance(2, 1, 1, "PAT-DEUX^DOMINIQUE", "123"));
        var rows = await Index.FindAsync(
            new FindQuery(
                FindLevel.Study,
                [FindMatch.Single(ArchiveAttribute.PatientId, "123"), FindMatch.Return(ArchiveAttribute.PatientName)]),
            Token).ToListAsync(Token);
        Assert.Equal(
            ["1.2.3.1 PAT-UN^ALIX", "1.2.3.2 PAT-DEUX^DOMINIQUE"],
            rows.Select(r => $"{r[ArchiveAttribute.StudyInstanceUid]} {r[ArchiveAttribute.PatientName]}").Order());
    }

    [Fact]
    public async Task Hidden_instances_are_gone_from_finds_counts_and_retrieval_but_not_from_the_archive()
    {
        for (var i = 1; i <= 3; i++) await InsertAsync(Instance(1, 1, i));
        await InsertAsync(Instance(1, 2, 1));
        var told = new OutboxRow("study", "changed", "", Now);

        Assert.Equal(2, await HideAsync("1.2.3.1.1.1", "1.2.3.1.2.1", "9.9.9"));
        Assert.Equal(0, await HideAsync("1.2.3.1.1.1"));
        Assert.Single(await Index.Outbox.ListAsync(new OutboxFilter([]), Token));

        var study = Assert.Single(await FindAsync(
            FindLevel.Study, ArchiveAttribute.NumberOfStudyRelatedSeries, ArchiveAttribute.NumberOfStudyRelatedInstances));
        Assert.Equal("1", study[ArchiveAttribute.NumberOfStudyRelatedSeries]);
        Assert.Equal("2", study[ArchiveAttribute.NumberOfStudyRelatedInstances]);
        Assert.Equal(["1.2.3.1.1"], (await FindAsync(FindLevel.Series)).Select(r => r[ArchiveAttribute.SeriesInstanceUid]));
        Assert.Equal(2, (await FindAsync(FindLevel.Image)).Count);
        var moved = await Index.InstancesOfAsync(
            new FindQuery(FindLevel.Study, [FindMatch.Single(ArchiveAttribute.StudyInstanceUid, "1.2.3.1")]), Token)
            .ToListAsync(Token);
        Assert.Equal(["1.2.3.1.1.2", "1.2.3.1.1.3"], moved.Select(i => i.SopInstanceUid.ToString()));

        Assert.False((await Index.FindInstanceAsync(Uid.Parse("1.2.3.1.1.1"), Token))!.Visible);
        Assert.Equal(2, await HideAsync("1.2.3.1.1.2", "1.2.3.1.1.3"));
        Assert.Empty(await FindAsync(FindLevel.Patient));
        Assert.Empty(await FindAsync(FindLevel.Study));
        Assert.Equal(4, (await Index.ListAsync(0, 10, Token)).Count);

        Task<int> HideAsync(params string[] uids) =>
            Index.HideAsync(
                new([.. uids.Select(uid => Uid.Parse(uid))], "113001", told with { CoalesceKey = "k" }), Token);
    }

    [Fact]
    public async Task Removing_the_last_instance_removes_its_series_study_and_patient()
    {
        await InsertAsync(Instance(1, 1, 1));
        await InsertAsync(Instance(1, 1, 2));
        Assert.Equal(1, await Index.RemoveAsync([1, 77], Token));
        var study = Assert.Single(await FindAsync(FindLevel.Study, ArchiveAttribute.NumberOfStudyRelatedInstances));
        Assert.Equal("1", study[ArchiveAttribute.NumberOfStudyRelatedInstances]);

        Assert.Equal(1, await Index.RemoveAsync([2], Token));
        Assert.Empty(await FindAsync(FindLevel.Patient));
        // A row id never comes back.
        Assert.Equal(new InsertResult.Inserted(3), await InsertAsync(Instance(1, 1, 1)));
    }

    [Fact]
    public async Task What_a_rejection_sets_off_is_committed_with_it_and_not_for_a_repeat()
    {
        OutboxRow[] told = [new("iocm/WS", "iocm", "1.2.3.1", Now)];
        await InsertAsync(Instance(1, 1, 1));
        for (var round = 0; round < 2; round++)
            await Index.HideAsync(new([Uid.Parse("1.2.3.1.1.1")], "113001", told), Token);
        var row = Assert.Single(await Index.Outbox.ClaimAsync("w", TimeSpan.FromMinutes(1), 10, Token));
        Assert.True(await Index.Outbox.CompleteAsync(
            new OutboxResult(row.Id, row.Epoch, Core.Publications.DispatchOutcome.Done), Token));
        Assert.Single(await Index.EnqueueAsync(told, Token));
    }

    [Fact]
    public async Task An_arrival_and_what_it_hides_are_one_transaction()
    {
        await InsertAsync(Instance(1, 1, 1));
        var told = new OutboxRow("iocm/WS", "iocm", "1.2.3.1", Now);
        var before = Index.Transactions;
        var note = Instance(1, 2, 1) with { Hides = new([Uid.Parse("1.2.3.1.1.1"), Uid.Parse("1.2.3.1.2.1")], "113001", told) };
        Assert.Equal(new InsertResult.Inserted(2, Hidden: 2), await InsertAsync(note));
        Assert.Equal(1, Index.Transactions - before);
        Assert.Empty(await FindAsync(FindLevel.Study));
        Assert.Single(await Index.Outbox.ListAsync(new OutboxFilter([]), Token));
    }

    [Theory]
    [InlineData(DiskFaultKind.NoSpace)]
    [InlineData(DiskFaultKind.DeviceError)]
    [InlineData(DiskFaultKind.TooManyFiles)]
    public async Task No_fault_on_the_way_of_an_instance_ends_in_success(DiskFaultKind kind)
    {
        // The path of architecture.md: file, its fsync, its folder's fsync, then the row; the sender is told last.
        var disk = new FaultyDisk(Disk.Real);
        var folder = Path.Combine(Place.Path, "instances");
        disk.MakeDirectory(folder);
        for (var nth = 1; ; nth++)
        {
            disk.Arm(nth, kind);
            var record = Instance(1, 1, nth);
            var error = await Record.ExceptionAsync(() => StoreAsync(record));
            if (!disk.HasStruck)
            {
                Assert.Null(error);
                Assert.Equal(6, nth); // create, write, sync, open folder, sync folder: five faults were played.
                break;
            }

            Assert.IsType<StorageFaultException>(error);
            Assert.Null(await Index.FindInstanceAsync(record.Instance.SopInstanceUid, Token));
            Assert.False(File.Exists(Path.Combine(folder, record.File.FileName)));

            disk.Arm(0, kind);
            await StoreAsync(record);
            Assert.NotNull(await Index.FindInstanceAsync(record.Instance.SopInstanceUid, Token));
        }

        async Task StoreAsync(InstanceRecord record)
        {
            var path = Path.Combine(folder, record.File.FileName);
            try
            {
                using (var file = disk.Create(path))
                {
                    file.Write(new byte[1000]);
                    file.Sync();
                }

                disk.SyncDirectory(folder);
                Assert.IsType<InsertResult.Inserted>(await InsertAsync(record));
            }
            catch (StorageFaultException)
            {
                disk.TryUnlink(path);
                throw;
            }
        }
    }

    private Task<InsertResult> InsertAsync(InstanceRecord record) => Index.InsertAsync(record, Token);

    private async Task<List<FindRow>> FindAsync(FindLevel level, params ArchiveAttribute[] attributes) =>
        await Index.FindAsync(new FindQuery(level, [.. attributes.Select(FindMatch.Return)]), Token).ToListAsync(Token);
}

public sealed class SqliteArchiveInsertTests() : ArchiveInsertTests(new SqlitePlace());

public sealed class PostgresArchiveInsertTests(PostgresCluster cluster) : ArchiveInsertTests(new PostgresPlace(cluster));
