using System.Net;
using Drimbox.Archive;
using Drimbox.Archive.Commitment;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Commitment;

/// <summary>Storage commitment of an archive (PS3.4 J.3): what was accepted is reported, whatever happens in
/// between.</summary>
public sealed class CommitmentTests
{
    private static readonly Uid Transaction = Uid.Parse("1.2.3.99");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_is_there_as_it_was_sent_is_committed_to_and_the_rest_is_failed_with_its_reason()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 4; i++) await archive.StoreAsync(Ct(1, 1, i));
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 3)));
        await DamageAsync(archive, "1.2.1.1.2");
        var report = await AskAsync(
            archive,
            Sop("1.2.1.1.1"), Sop("1.2.1.1.2"), Sop("1.2.1.1.3"), Sop("1.2.1.1.77"),
            new ReferencedSop(SopClass.MRImageStorage, Uid.Parse("1.2.1.1.4")),
            new ReferencedSop(SopClass.BasicFilmSession, Uid.Parse("1.2.1.1.78")));
        Assert.Equal([Sop("1.2.1.1.1")], report.Committed);
        Assert.Equal(
            [
                ("1.2.1.1.2", CommitmentFailureReason.ProcessingFailure),
                ("1.2.1.1.3", CommitmentFailureReason.NoSuchObjectInstance),
                ("1.2.1.1.77", CommitmentFailureReason.NoSuchObjectInstance),
                ("1.2.1.1.4", CommitmentFailureReason.ClassInstanceConflict),
                ("1.2.1.1.78", CommitmentFailureReason.ReferencedSopClassNotSupported),
            ],
            report.Failed.Select(f => (f.Instance.SopInstanceUid.ToString(), f.Reason)));
        Assert.Equal("ARCHIVE", report.RetrieveAe.ToString());
        Assert.Equal(CommitmentModel.FailuresExistEvent, report.EventTypeId);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("longer")]
    [InlineData("one bit")]
    public async Task A_file_that_is_not_what_was_stored_is_not_committed_to(string damage)
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        var file = archive.Files().Single();
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        if (damage == "gone") File.Delete(file);
        else if (damage == "longer") await File.WriteAllBytesAsync(file, [.. bytes, 0, 0], default);
        else await DamageAsync(archive, "1.2.1.1.1");
        var failed = Assert.Single((await AskAsync(archive, Sop("1.2.1.1.1"))).Failed);
        Assert.Equal(CommitmentFailureReason.ProcessingFailure, failed.Reason);
    }

    [Fact]
    public async Task Another_list_under_a_transaction_uid_that_is_in_use_is_failed_as_a_duplicate()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 1, 2));
        Assert.Empty((await AskAsync(archive, Sop("1.2.1.1.1"))).Failed);
        var second = await AskAsync(archive, Sop("1.2.1.1.2"));
        Assert.Empty(second.Committed);
        Assert.Equal(CommitmentFailureReason.DuplicateTransactionUid, Assert.Single(second.Failed).Reason);
    }

    [Fact]
    public async Task The_same_request_again_is_answered_again_by_what_is_there_now()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        Assert.Empty((await AskAsync(archive, Sop("1.2.1.1.1"))).Failed);
        File.Delete(archive.Files().Single());
        Assert.Single((await AskAsync(archive, Sop("1.2.1.1.1"))).Failed);
        Assert.Equal(CommitmentState.Reported, (await EndAsync(archive)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_was_accepted_is_reported_after_a_stop_and_after_a_crash(bool isCrash)
    {
        var reports = new CommitmentReports();
        await using var modality = StartModality(reports);
        var isThere = false;
        await using var archive = await StartAsync(o => o with
        {
            Commitment = new CommitmentOptions
            {
                OnSameAssociation = false,
                // Before the restart, a port where nobody listens.
                Peers = [new DicomPeer(AeTitle.Parse("CT1"), "127.0.0.1", isThere ? modality.EndPoint.Port : 9)],
                RetryDelays = Enumerable.Repeat(TimeSpan.FromMilliseconds(20), 100_000).ToList(),
            },
        });
        await archive.StoreAsync(Ct(1, 1, 1));
        var expected = reports.ExpectAsync(Transaction);
        Assert.Equal(DimseStatus.Success, await RequestAsync(archive, Sop("1.2.1.1.1")));
        isThere = true;
        if (isCrash)
        {
            await using var after = await archive.StartAfterCrashAsync();
            Assert.Equal([Sop("1.2.1.1.1")], (await expected.WaitAsync(Patience)).Committed);
            return;
        }

        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        Assert.Equal([Sop("1.2.1.1.1")], (await expected.WaitAsync(Patience)).Committed);
    }

    [Fact]
    public async Task A_report_that_is_refused_goes_out_again_and_is_given_up_after_the_last_pause()
    {
        // It expects nothing, so it answers 0115 each time.
        await using var modality = StartModality(new CommitmentReports());
        await using var archive = await StartAsync(o => o with
        {
            Commitment = new CommitmentOptions
            {
                OnSameAssociation = false,
                Peers = [new DicomPeer(AeTitle.Parse("CT1"), "127.0.0.1", modality.EndPoint.Port)],
                RetryDelays = [TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)],
            },
        });
        await archive.StoreAsync(Ct(1, 1, 1));
        await RequestAsync(archive, Sop("1.2.1.1.1"));
        var entry = await EndAsync(archive);
        Assert.Equal((CommitmentState.Abandoned, 3), (entry.State, entry.Attempts));
        Assert.Contains("0115", entry.LastDetail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_requester_that_has_no_address_gets_no_call()
    {
        await using var archive = await StartAsync(
            o => o with { Commitment = new CommitmentOptions { OnSameAssociation = false } });
        await RequestAsync(archive, Sop("1.2.1.1.1"));
        Assert.Equal(CommitmentState.Abandoned, (await EndAsync(archive)).State);
    }

    private static ReferencedSop Sop(string instance) => new(SopClass.CTImageStorage, Uid.Parse(instance));

    private static DicomAcceptor StartModality(CommitmentReports reports)
    {
        var modality = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("CT1")],
                EventReports = [reports],
            },
            NullLogger.Instance);
        modality.Start();
        return modality;
    }

    /// <summary>Asks, and keeps the association for the report.</summary>
    private static async Task<CommitmentReport> AskAsync(ArchiveFixture archive, params ReferencedSop[] sops)
    {
        var reports = new CommitmentReports();
        await using var association = await Association.RequestAsync(new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = archive.Node.Port,
            CallingAe = AeTitle.Parse("CT1"),
            CalledAe = ArchiveFixture.Archive,
            Contexts = [StorageCommitmentScu.Context],
            EventReports = [reports],
        });
        var scu = new StorageCommitmentScu(association);
        var expected = reports.ExpectAsync(Transaction);
        Assert.Equal(DimseStatus.Success, (await scu.RequestAsync(new CommitmentRequest(Transaction, sops))).Status);
        using var patience = new CancellationTokenSource(Patience);
        var report = await scu.WaitForReportAsync(expected, patience.Token);
        await association.ReleaseAsync();
        return report;
    }

    private static async Task<DimseStatus> RequestAsync(ArchiveFixture archive, params ReferencedSop[] sops)
    {
        await using var association = await archive.CallAsync(StorageCommitmentScu.Context);
        var answer = await new StorageCommitmentScu(association).RequestAsync(new CommitmentRequest(Transaction, sops));
        await association.ReleaseAsync();
        return answer.Status;
    }

    private static async Task DamageAsync(ArchiveFixture archive, string instance)
    {
        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse(instance), default);
        var path = Path.Combine(archive.NodeFolder, row!.File.FileName);
        var bytes = await File.ReadAllBytesAsync(path, default);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, default);
    }

    // The row has its end a moment after the report, and alone where nobody takes one.
    private static async Task<CommitmentEntry> EndAsync(ArchiveFixture archive)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var entry = Assert.Single(await archive.Node.Index.Commitments.ListAsync(10, patience.Token));
            if (entry.State != CommitmentState.Pending) return entry;
            await Task.Delay(10, patience.Token);
        }
    }
}
