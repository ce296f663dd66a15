using Drimbox.Archive;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Completeness;

/// <summary>When an archive takes a study to be complete, and whom it tells.</summary>
public sealed class CompletenessTests : IAsyncLifetime
{
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);
    private readonly NoticeReceiver _source = new("DRIMSOURCE");

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public async Task A_study_is_complete_once_its_sender_has_released_and_is_opened_again_by_a_later_image()
    {
        await using var archive = await StartAsync(Policy(Soon, Never));
        await using (var sender = await archive.CallAsync(CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))])))
        {
            await StoreAsync(sender, Ct(1, 1, 1));
            await StoreAsync(sender, Ct(1, 2, 1));
            // However quiet it is: it may have more to send.
            Assert.False((await EntryAsync(archive)).IsComplete);
            await sender.ReleaseAsync();
        }

        var notice = await _source.NextAsync();
        Assert.Equal("1.2.1", notice.StudyInstanceUid.ToString());
        Assert.Equal(["1.2.1.1", "1.2.1.2"], notice.Series.Select(s => s.SeriesInstanceUid.ToString()).Order());
        Assert.All(notice.Series.SelectMany(s => s.Instances), i => Assert.Equal("ONLINE", i.Availability));
        Assert.All(notice.Series.SelectMany(s => s.Instances), i => Assert.Equal("ARCHIVE", i.RetrieveAe.ToString()));
        var entry = await EntryAsync(archive);
        Assert.Equal((true, CompletenessReason.Quiet, 1), (entry.IsComplete, entry.Reason, entry.Completions));

        await using (var late = await archive.CallAsync(CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))])))
        {
            // The same image again is nothing new.
            await StoreAsync(late, Ct(1, 1, 1));
            Assert.True((await EntryAsync(archive)).IsComplete);
            await StoreAsync(late, Ct(1, 1, 2));
            Assert.False((await EntryAsync(archive)).IsComplete);
            await late.ReleaseAsync();
        }

        Assert.Equal(3, (await _source.NextAsync()).Series.Sum(s => s.Instances.Count));
        Assert.Equal(2, (await EntryAsync(archive)).Completions);
    }

    [Fact]
    public async Task A_sender_that_broke_off_has_the_long_time_to_come_again()
    {
        await using var archive = await StartAsync(Policy(Soon, Never));
        var sender = await archive.CallAsync(CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))]));
        await StoreAsync(sender, Ct(1, 1, 1));
        await sender.AbortAsync();
        await sender.DisposeAsync();
        // Another study is complete meanwhile: the worker has looked at both.
        await archive.StoreAsync(Ct(2, 1, 1));
        Assert.Equal("1.2.2", (await _source.NextAsync()).StudyInstanceUid.ToString());
        Assert.False((await EntryAsync(archive, "1.2.1")).IsComplete);
        // It comes again, and releases.
        await archive.StoreAsync(Ct(1, 1, 2));
        Assert.Equal(2, (await _source.NextAsync()).Series.Sum(s => s.Instances.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_study_is_complete_with_the_last_instance_that_its_procedure_step_made(bool noticeComesFirst)
    {
        await using var archive = await StartAsync(Policy(Never, Never));
        await using var sender = await archive.CallAsync(CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))]));
        if (noticeComesFirst) await AnnounceAsync(archive, "1.2.1.1.1", "1.2.1.1.2");
        await StoreAsync(sender, Ct(1, 1, 1));
        Assert.False((await EntryAsync(archive)).IsComplete);
        await StoreAsync(sender, Ct(1, 1, 2));
        if (!noticeComesFirst) await AnnounceAsync(archive, "1.2.1.1.1", "1.2.1.1.2");
        Assert.Equal(2, (await _source.NextAsync()).Series.Sum(s => s.Instances.Count));
        Assert.Equal(CompletenessReason.ProcedureStep, (await EntryAsync(archive)).Reason);
        await sender.ReleaseAsync();
    }

    [Fact]
    public async Task What_a_step_made_is_waited_for_over_a_restart()
    {
        await using var archive = await StartAsync(Policy(Never, Never));
        await AnnounceAsync(archive, "1.2.1.1.1", "1.2.1.1.2");
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        await archive.StoreAsync(Ct(1, 1, 2));
        await _source.NextAsync();
        Assert.Equal(CompletenessReason.ProcedureStep, (await EntryAsync(archive)).Reason);
    }

    [Fact]
    public async Task A_notice_that_names_no_step_says_nothing_about_completeness()
    {
        await using var archive = await StartAsync(Policy(Never, Never));
        await archive.StoreAsync(Ct(1, 1, 1));
        await using var ris = await archive.CallAsync(AvailabilityScu.Context);
        var answer = await new AvailabilityScu(ris).NotifyAsync(
            Uid.Parse("1.9.1"), Notice(default, "1.2.1.1.1"));
        Assert.Equal(DimseStatus.Success, answer.Status);
        await ris.ReleaseAsync();
        Assert.False((await EntryAsync(archive)).IsComplete);
    }

    [Fact]
    public async Task A_study_is_complete_when_its_sender_asks_for_storage_commitment_of_what_is_there()
    {
        await using var archive = await StartAsync(o => Policy(Never, Never)(o) with
        {
            Commitment = new CommitmentOptions { OnSameAssociation = false },
        });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(2, 1, 1));
        await using var sender = await archive.CallAsync(StorageCommitmentScu.Context);
        // The first list has an instance that has not arrived.
        await AskAsync(sender, "1.2.3.1", "1.2.2.1.1", "1.2.2.1.2");
        await AskAsync(sender, "1.2.3.2", "1.2.1.1.1");
        Assert.Equal("1.2.1", (await _source.NextAsync()).StudyInstanceUid.ToString());
        Assert.Equal(CompletenessReason.Commitment, (await EntryAsync(archive, "1.2.1")).Reason);
        Assert.False((await EntryAsync(archive, "1.2.2")).IsComplete);
        await sender.ReleaseAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_study_that_was_on_its_way_is_complete_after_a_restart(bool isCrash)
    {
        var quiet = Never;
        await using var archive = await StartAsync(o => Policy(quiet, quiet)(o));
        await archive.StoreAsync(Ct(1, 1, 1));
        quiet = Soon;
        if (isCrash)
        {
            await using var after = await archive.StartAfterCrashAsync();
            await _source.NextAsync();
            Assert.True((await EntryAsync(after)).IsComplete);
            return;
        }

        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        await _source.NextAsync();
        Assert.True((await EntryAsync(archive)).IsComplete);
    }

    [Fact]
    public async Task A_peer_that_is_busy_gets_the_notice_later()
    {
        _source.Answers.Enqueue(DimseStatus.ResourceLimitation);
        await using var archive = await StartAsync(Policy(Soon, Never));
        await archive.StoreAsync(Ct(1, 1, 1));
        Assert.Equal("1.2.1", (await _source.NextAsync()).StudyInstanceUid.ToString());
    }

    [Fact]
    public async Task A_study_that_is_no_more_has_no_completeness()
    {
        await using var archive = await StartAsync(Policy(Soon, Never));
        await archive.StoreAsync(Ct(1, 1, 1));
        await _source.NextAsync();
        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default);
        await archive.Node.Index.RemoveAsync([row!.RowId], default);
        Assert.Empty(await archive.Node.Index.Completeness.ListAsync(null, 10, default));
    }

    private Func<ArchiveOptions, ArchiveOptions> Policy(TimeSpan quiet, TimeSpan longQuiet) => options => options with
    {
        Completeness = new CompletenessOptions
        {
            Policy = new CompletenessPolicy(quiet, longQuiet),
            Peers = [_source.Peer],
        },
    };

    private static async Task<CompletenessEntry> EntryAsync(ArchiveFixture archive, string study = "1.2.1") =>
        Assert.Single(
            await archive.Node.Index.Completeness.ListAsync(null, 10, default),
            entry => entry.StudyInstanceUid.ToString() == study);

    private static async Task StoreAsync(Association association, DataSet image) =>
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(ArchiveFixture.Source(image)));

    private static async Task AskAsync(Association association, string transaction, params string[] instances)
    {
        var request = new CommitmentRequest(
            Uid.Parse(transaction),
            [.. instances.Select(i => new ReferencedSop(SopClass.CTImageStorage, Uid.Parse(i)))]);
        Assert.Equal(DimseStatus.Success, (await new StorageCommitmentScu(association).RequestAsync(request)).Status);
    }

    private static async Task AnnounceAsync(ArchiveFixture archive, params string[] instances)
    {
        await using var ris = await archive.CallAsync(AvailabilityScu.Context);
        var step = new ReferencedSop(SopClass.ModalityPerformedProcedureStep, Uid.Parse("1.2.3.40"));
        var answer = await new AvailabilityScu(ris).NotifyAsync(Uid.Parse("1.9.1"), Notice(step, instances));
        Assert.Equal(DimseStatus.Success, answer.Status);
        await ris.ReleaseAsync();
    }

    private static AvailabilityNotice Notice(ReferencedSop step, params string[] instances) => new(
        Uid.Parse("1.2.1"),
        [
            new AvailableSeries(
                Uid.Parse("1.2.1.1"),
                [.. instances.Select(i => new AvailableInstance(
                    new ReferencedSop(SopClass.CTImageStorage, Uid.Parse(i)), "ONLINE", ArchiveFixture.Archive))]),
        ])
    {
        ProcedureStep = step,
    };
}
