using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Storage;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

/// <summary>What an index holds beside its instances: outbox, commitments, completeness, removals.</summary>
public abstract class IndexTableTests(IndexPlace place) : IndexTests(place)
{
    private static readonly Uid Study1 = Uid.Parse("1.2.3.1");

    [Fact]
    public async Task A_lane_goes_in_order_by_priority_and_coalesces_what_waits()
    {
        await Index.EnqueueAsync(
            [
                new("a", "k", "first", Now), new("a", "k", "second", Now), new("b", "k", "old", Now) { CoalesceKey = "c" },
                new("a", "k", "urgent", Now) { Priority = 5 },
            ],
            Token);
        await Index.EnqueueAsync([new("b", "k", "new", Now) { CoalesceKey = "c", Priority = 3 }], Token);
        Assert.Equal(["new", "urgent"], await ClaimAndFinishAsync(DispatchOutcome.Done));
        Assert.Equal(["first"], await ClaimAndFinishAsync(DispatchOutcome.Ambiguous));
        // What may have had its effect goes before anything else of its lane.
        await Index.EnqueueAsync([new("a", "k", "more urgent", Now) { Priority = 9 }], Token);
        Assert.Equal(["first"], await ClaimAndFinishAsync(DispatchOutcome.Quarantine));
        Assert.Equal(["more urgent"], await ClaimAndFinishAsync(DispatchOutcome.Done));
        Assert.Equal(["second"], await ClaimAndFinishAsync(DispatchOutcome.Done));
        Assert.Null(await Index.Outbox.NextDueAsync(null, Token));

        var quarantined = Assert.Single(
            await Index.Outbox.ListAsync(new OutboxFilter([OutboxState.Quarantined], Lane: "a", Kind: "k"), Token));
        Assert.True(await Index.Outbox.RequeueAsync(quarantined.Id, "anne", Token));
        Assert.Equal("requeue", Assert.Single(await Index.Outbox.ListInterventionsAsync(quarantined.Id, Token)).Action);
        var claimed = Assert.Single(await Index.Outbox.ClaimAsync("w", TimeSpan.FromMinutes(1), 10, Token));
        Assert.True(await Index.Outbox.RenewAsync(claimed.Id, claimed.Epoch, TimeSpan.FromMinutes(2), Token));
        Assert.True(await Index.Outbox.ReleaseAsync(claimed.Id, claimed.Epoch, Token));
        Assert.False(await Index.Outbox.ReleaseAsync(claimed.Id, claimed.Epoch, Token));
        Assert.Single(await Index.Outbox.ClaimAsync("w", TimeSpan.FromMinutes(1), 10, Token));
        Assert.Equal(1, await Index.Outbox.VoidLeasesAsync(Token));
        Assert.Equal(
            DispatchOutcome.Ambiguous,
            Assert.Single(await Index.Outbox.ListAsync(new OutboxFilter([OutboxState.Pending]), Token)).LastOutcome);
        Assert.True(await Index.Outbox.DiscardAsync(quarantined.Id, "anne", Token));
    }

    [Fact]
    public async Task A_commitment_is_kept_once_until_it_is_reported_and_again_when_asked_again()
    {
        var transaction = Uid.Parse("1.2.9");
        var instances = new[] { (Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), Uid.Parse("1.2.3.1.1.1")) };
        Task<bool> AskAsync() => Index.Commitments.TryAddAsync(
            transaction, AeTitle.Parse("CT1"), AeTitle.Parse("ARCHIVE"), instances, Token);
        Assert.True(await AskAsync());
        Assert.True(await AskAsync());
        var pending = Assert.Single(await Index.Commitments.ListPendingAsync(Token));
        Assert.Equal(2, pending.Requests);
        CommitmentFailure[] failures = [new(instances[0].Item1, instances[0].Item2, 0x0112)];
        await Index.Commitments.PostponeAsync(pending, Now, failures, "No answer.", Token);
        await Index.Commitments.PostponeAsync(pending, Now, null, "No answer.", Token);
        var row = (await Index.Commitments.ReadAsync(pending.Id, Token))!;
        Assert.Equal((failures.Single(), false, instances.Single()), (row.Failures!.Single(), row.IsDuplicate, row.Instances.Single()));
        await Index.Commitments.FinishAsync(pending, CommitmentState.Reported, null, Token);
        Assert.Empty(await Index.Commitments.ListPendingAsync(Token));
        Assert.Equal(
            (CommitmentState.Reported, 3),
            (await Index.Commitments.ListAsync(10, Token)).Select(e => (e.State, e.Attempts)).Single());
        Assert.True(await AskAsync());
        Assert.Null((await Index.Commitments.ReadAsync(pending.Id, Token))!.Failures);
    }

    [Fact]
    public async Task A_study_is_open_from_its_first_image_to_its_completion_and_again_with_the_next()
    {
        await InsertAsync(Instance(1, 1, 1));
        await Index.Completeness.AnnounceAsync(new AnnouncedStudy(Study1, [Uid.Parse("1.2.3.1.1.1")]), Token);
        await Index.Completeness.AnnounceAsync(new AnnouncedStudy(Study1, [Uid.Parse("1.2.3.1.1.2")]), Token);
        Assert.Equal("1.2.3.1.1.2", (await Index.Completeness.ListAnnouncedAsync(Token)).Single().SopInstanceUids.Single().ToString());
        Assert.Equal(new ReceivingStudy(Study1, Now), Assert.Single(await Index.Completeness.ListReceivingAsync(Token)));
        OutboxRow[] told = [new("l", "k", "{}", Now)];
        Assert.True(await Index.Completeness.CompleteAsync(Study1, CompletenessReason.Quiet, told, Token));
        Assert.False(await Index.Completeness.CompleteAsync(Study1, CompletenessReason.Quiet, told, Token));
        Assert.Empty(await Index.Completeness.ListReceivingAsync(Token));
        Assert.Empty(await Index.Completeness.ListAnnouncedAsync(Token));
        await InsertAsync(Instance(1, 1, 2));
        Assert.Single(await Index.Completeness.ListReceivingAsync(Token));
        Assert.Empty(await Index.Completeness.ListAsync(true, 10, Token));
        Assert.Equal(1, Assert.Single(await Index.Completeness.ListAsync(null, 10, Token)).Completions);
        Assert.Single(await Index.Outbox.ListAsync(new OutboxFilter([]), Token));
    }

    [Fact]
    public async Task A_deleted_study_comes_back_as_it_was()
    {
        await FillAsync();
        var before = await SeenAsync();
        var order = new RemovalOrder(Study1, RemovalKind.Delete, "anne", "A test's.", Now.AddYears(100));
        var removal = Assert.IsType<RemovalResult.Done>(await Index.RemoveStudyAsync(order, Token)).Removal;
        Assert.Equal(4, (await Index.RemovedFilesAsync(removal.Id, Token)).Count);
        Assert.Equal("1.2.3.2", Assert.Single(await ListAsync()).StudyInstanceUid.ToString());
        Assert.Equal(removal.Id, Assert.Single(await Index.ListUnfinishedRemovalsAsync(Token)).Id);
        await Index.EndRemovalAsync(removal, Token);
        Assert.IsType<RemovalResult.Done>(await Index.BeginRestoreAsync(removal.Id, Token));
        Assert.Equal((3, 0), await EndRestoreAsync(removal.Id));
        Assert.Equal(before, await SeenAsync());
        Assert.Equal(RemovalState.Restored, Assert.Single(await Index.ListRemovalsAsync(10, Study1, Token)).State);
        Assert.Empty(await Index.ListRemovalsAsync(10, Uid.Parse("9"), Token));
    }

    [Fact]
    public async Task What_came_again_meanwhile_is_left_as_it_is_when_a_study_comes_back()
    {
        await FillAsync();
        var order = new RemovalOrder(Study1, RemovalKind.Delete, "anne", "A test's.", Now.AddYears(100));
        var removal = Assert.IsType<RemovalResult.Done>(await Index.RemoveStudyAsync(order, Token)).Removal;
        await Index.EndRemovalAsync(removal, Token);
        await InsertAsync(Instance(1, 1, 2));
        Assert.IsType<RemovalResult.Done>(await Index.BeginRestoreAsync(removal.Id, Token));
        Assert.Equal((2, 1), await EndRestoreAsync(removal.Id));
        Assert.Equal(3, (await Index.ListInstancesAsync(Study1, Token)).Count);
        var study = (await ListAsync()).Single(s => s.StudyInstanceUid == Study1);
        Assert.Equal((2, 3), (study.Series, study.Instances));
    }

    [Theory]
    [InlineData("""{"study":"1.2.3.1"}""", true)]
    [InlineData("""{"a":[{"series":["1.2.3.1.2"]}]}""", true)]
    [InlineData("""["1.2.3.1.1.1"]""", true)]
    [InlineData("1.2.3.1", true)]
    [InlineData("""{"1.2.3.1":"1.2.3.2"}""", false)]
    [InlineData("1.2.3.11", false)]
    public async Task A_study_that_something_waiting_is_about_stays(string payload, bool stays)
    {
        await FillAsync();
        Assert.Null(await Index.FindHoldAsync(Study1, Token));
        await Index.EnqueueAsync([new("l", "k", payload, Now)], Token);
        Assert.Equal(stays ? RemovalHold.NotDelivered : null, await Index.FindHoldAsync(Study1, Token));
    }

    [Fact]
    public async Task A_study_whose_commitment_is_pending_stays()
    {
        await FillAsync();
        await Index.Commitments.TryAddAsync(
            Uid.Parse("1.2.9"), AeTitle.Parse("CT1"), AeTitle.Parse("ARCHIVE"),
            [(Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), Uid.Parse("1.2.3.1.1.1"))], Token);
        Assert.Equal(RemovalHold.NotDelivered, await Index.FindHoldAsync(Study1, Token));
        Assert.Null(await Index.FindHoldAsync(Uid.Parse("1.2.3.2"), Token));
    }

    [Fact]
    public async Task The_list_of_studies_tells_what_an_administrator_asks_for()
    {
        await FillAsync();
        Assert.True(await Index.ProtectAsync(Study1, "anne", Token));
        Assert.False(await Index.ProtectAsync(Uid.Parse("9"), "anne", Token));
        await Index.NoteAccessAsync([Study1], new DateOnly(2026, 5, 6), Token);
        await Index.NoteAccessAsync([Study1], new DateOnly(2026, 5, 5), Token);
        var first = (await Index.ListInstancesAsync(Study1, Token))[0];
        var row = (await Index.FindInstanceAsync(first.SopInstanceUid, Token))!;
        Assert.True(await Index.MarkDamagedAsync(row.RowId, row.File.FileName, true, Token));
        Assert.False(await Index.MarkDamagedAsync(row.RowId, row.File.FileName, true, Token));
        Assert.Equal(1, await Index.CountDamagedAsync(Token));
        await Index.HideAsync(new([Uid.Parse("1.2.3.1.2.1")], "113001"), Token);

        var study = Assert.Single(await Index.ListStudiesAsync(
            new StudyFilter
            {
                PatientId = "IPP-1", AccessionNumber = "ACC1", From = "20260504", To = "20260504", Modality = "SR",
                StudyInstanceUid = Study1, Damaged = true, Max = 10,
            },
            Token));
        Assert.Equal((2, 3, 1, 1, 3000L), (study.Series, study.Instances, study.Hidden, study.Damaged, study.Bytes));
        Assert.Equal("anne", study.ProtectedBy);
        Assert.Equal(new DateOnly(2026, 5, 6), study.AccessedOn);
        Assert.Equal(["CT", "SR"], study.Modalities.Order());
        // By number, and not by its digits; what is none comes first.
        Assert.Equal(
            ["1.2.3.1.2.1", "1.2.3.1.1.2", "1.2.3.1.1.1"],
            (await Index.ListInstancesAsync(Study1, Token)).Select(i => i.SopInstanceUid.ToString()));
        var facts = await Index.ListFactsAsync(0, 1, Token);
        Assert.Equal((Study1, true, 3), facts.Select(f => (f.StudyInstanceUid, f.IsProtected, f.Instances)).Single());
        Assert.Single(await Index.ListFactsAsync(facts[0].RowId, 10, Token));

        var progress = (await Index.ReadScrubAsync(Token)) with { Position = 7, Files = 3, RoundStartedAt = Now };
        await Index.WriteScrubAsync(progress, Token);
        Assert.Equal(progress, await Index.ReadScrubAsync(Token));
    }

    [Fact]
    public async Task What_a_person_hid_or_shows_for_quality_is_counted_for_those_who_see_it()
    {
        await FillAsync();
        await Index.HideAsync(new([Uid.Parse("1.2.3.1.2.1")], "113001"), Token);
        var query = new FindQuery(
            FindLevel.Study,
            [
                FindMatch.Single(ArchiveAttribute.StudyInstanceUid, "1.2.3.1"),
                FindMatch.Return(ArchiveAttribute.NumberOfStudyRelatedSeries),
                FindMatch.Return(ArchiveAttribute.ModalitiesInStudy),
            ]);
        Assert.Equal(("1", "CT"), await AnswerAsync(query));
        Assert.Equal(("2", "CT\\SR"), await AnswerAsync(query with { ShownReasons = ["113001"] }));

        async Task<(string?, string?)> AnswerAsync(FindQuery asked)
        {
            var row = Assert.Single(await Index.FindAsync(asked, Token).ToListAsync(Token));
            return (row[ArchiveAttribute.NumberOfStudyRelatedSeries], row[ArchiveAttribute.ModalitiesInStudy]);
        }
    }

    [Fact]
    public async Task What_is_no_text_is_kept_as_far_as_it_is_one()
    {
        var record = Instance(1, 1, 1, "NUL\0^\ud800", "\\'\"%_");
        await InsertAsync(record);
        Assert.Single(await Index.FindAsync(
            new FindQuery(FindLevel.Study, [FindMatch.Single(ArchiveAttribute.PatientId, "\\'\"%_")]), Token)
            .ToListAsync(Token));
        Assert.Single(await Index.FindAsync(
            new FindQuery(FindLevel.Patient, [FindMatch.Wildcard(ArchiveAttribute.PatientName, "NUL*")]), Token)
            .ToListAsync(Token));
        Assert.Empty(await Index.FindAsync(
            new FindQuery(FindLevel.Patient, [FindMatch.List(ArchiveAttribute.PatientId, ["\0", "\ud800"])]), Token)
            .ToListAsync(Token));
    }

    // Study 1 has a further file (a prior version), a series of reports, and series numbers of one and two digits.
    private async Task FillAsync()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first with { Instance = first.Instance with { InstanceNumber = "10" } });
        await InsertAsync(Instance(1, 1, 2));
        var report = Instance(1, 2, 1);
        await InsertAsync(report with
        {
            Series = report.Series with
            {
                Modality = "SR", SeriesNumber = "", RequestAttributes = [new RequestAttributes("A", "R", "", "S", "")],
            },
        });
        await InsertAsync(Instance(2, 1, 1, "OTHER", "IPP-2"));
        var standing = (await Index.StandingAsync(first.Instance.SopInstanceUid, Token))!;
        Assert.IsType<SettleResult.Done>(await Index.ReplaceAsync(
            standing,
            first with
            {
                Instance = first.Instance with { InstanceNumber = "10" },
                File = first.File with { FileName = "second", DataSetSha256 = new string('c', 64) },
            },
            "CT1", Token));
    }

    private async Task<string> SeenAsync()
    {
        var studies = await ListAsync();
        var instances = await Index.ListInstancesAsync(Study1, Token);
        var prior = await Index.FilesOfAsync(
            (await Index.FindInstanceAsync(Uid.Parse("1.2.3.1.1.1"), Token))!.RowId, Token);
        using var db = Place.Connect();
        return string.Join('\n', [
            .. studies.Where(s => s.StudyInstanceUid == Study1).Select(s => $"{s with { Modalities = [] }}"),
            .. instances.Select(i => i.ToString()), .. prior.Select(p => $"{p with { RowId = 0 }}"),
            $"{db.Use("SELECT requested_procedure_id FROM request_attributes").TextOrNone()}",
            $"{db.Use("SELECT modalities FROM study WHERE study_instance_uid = '1.2.3.1'").TextOrNone()}",
        ]);
    }

    private async Task<(int Restored, int Unwanted)> EndRestoreAsync(long removal)
    {
        var (restored, unwanted) = await Index.EndRestoreAsync(removal, Token);
        return (restored, unwanted.Count);
    }

    private Task<IReadOnlyList<StudyEntry>> ListAsync() => Index.ListStudiesAsync(new StudyFilter { Max = 10 }, Token);

    private async Task<IEnumerable<string>> ClaimAndFinishAsync(DispatchOutcome outcome)
    {
        var claimed = await Index.Outbox.ClaimAsync("w", TimeSpan.FromMinutes(1), 10, Token);
        foreach (var row in claimed)
            Assert.True(await Index.Outbox.CompleteAsync(new OutboxResult(row.Id, row.Epoch, outcome), Token));
        return claimed.Select(row => row.Payload).Order();
    }

    private async Task InsertAsync(InstanceRecord record) =>
        Assert.IsType<InsertResult.Inserted>(await Index.InsertAsync(record, Token));
}

public sealed class SqliteIndexTableTests() : IndexTableTests(new SqlitePlace());

public sealed class PostgresIndexTableTests(PostgresCluster cluster) : IndexTableTests(new PostgresPlace(cluster));
