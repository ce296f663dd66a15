using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Commitment;

/// <summary>Storage Commitment Push Model in both roles, and both ways of reporting (PS3.4 J.3).</summary>
public sealed class StorageCommitmentTests
{
    private static readonly Uid Transaction = Uid.Parse("1.2.3.99");
    private static readonly ReferencedSop Kept = new(SopClass.CTImageStorage, Uid.Parse("1.2.3.1"));
    private static readonly ReferencedSop Lost = new(SopClass.CTImageStorage, Uid.Parse("1.2.3.2"));
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task The_report_comes_over_the_association_while_it_stands()
    {
        await using var scp = new StorageCommitmentScp(Options(new FakeCheck()));
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        var reports = new CommitmentReports();
        await using var association = await Association.RequestAsync(
            server.Request(StorageCommitmentScu.Context) with { EventReports = [reports] });
        var scu = new StorageCommitmentScu(association);
        var expected = reports.ExpectAsync(Transaction);
        var answer = await scu.RequestAsync(new CommitmentRequest(Transaction, [Kept, Lost]));
        Assert.Equal(DimseStatus.Success, answer.Status);
        using var patience = new CancellationTokenSource(Soon);
        var report = await scu.WaitForReportAsync(expected, patience.Token);
        Assert.Equal([Kept], report.Committed);
        Assert.Equal([new FailedSop(Lost, CommitmentFailureReason.NoSuchObjectInstance)], report.Failed);
        Assert.Equal(CommitmentModel.FailuresExistEvent, report.EventTypeId);
        Assert.Equal("ARCHIVE", report.RetrieveAe.ToString());
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task The_report_comes_over_an_association_of_the_scp_once_the_first_is_released()
    {
        var check = new FakeCheck { Gate = new TaskCompletionSource() };
        var reports = new CommitmentReports();
        await using var modality = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("MODALITY")], EventReports = [reports] });
        await using var scp = new StorageCommitmentScp(Options(check) with { ReportTo = To(modality.Port) });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        var expected = reports.ExpectAsync(Transaction);
        await using (var association = await Association.RequestAsync(server.Request(StorageCommitmentScu.Context)))
        {
            await new StorageCommitmentScu(association).RequestAsync(new CommitmentRequest(Transaction, [Kept]));
            await association.ReleaseAsync();
        }

        check.Gate.SetResult();
        var report = await expected.WaitAsync(Soon);
        Assert.Equal([Kept], report.Committed);
        Assert.Equal(CommitmentModel.SuccessEvent, report.EventTypeId);
    }

    [Fact]
    public async Task The_scp_proposes_its_role_and_the_scu_accepts_it()
    {
        await using var modality = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("MODALITY")], EventReports = [new CommitmentReports()] });
        await using var association = await Association.RequestAsync(
            modality.Request(CommitmentReporter.Context) with { CalledAe = AeTitle.Parse("MODALITY") });
        // PS3.7 D.3.3.4: SCU role 0, SCP role 1, asked and given.
        var role = new RoleSelection(SopClass.StorageCommitmentPushModel, ScuRole: false, ScpRole: true);
        Assert.Equal([role], association.Requested.User.Roles);
        Assert.Equal([role], association.Negotiated.User.Roles);
        // In that role it cannot ask for a commitment.
        var answer = await new StorageCommitmentScu(association).RequestAsync(
            new CommitmentRequest(Transaction, [Kept]));
        Assert.Equal(DimseStatus.UnrecognizedOperation, answer.Status);
    }

    [Fact]
    public async Task A_report_that_fails_is_sent_again_until_it_is_taken()
    {
        var time = new FakeTime();
        var receiver = new FakeReceiver(SopClass.StorageCommitmentPushModel)
        {
            Answer = NResponse.Refused(DimseStatus.ProcessingFailure),
        };
        await using var modality = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("MODALITY")], EventReports = [receiver] });
        await using var scp = new StorageCommitmentScp(
            Options(new FakeCheck()) with { ReportTo = To(modality.Port), OnSameAssociation = false, Time = time });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await RequestAsync(server, Kept);
        await UntilAsync(() => receiver.Reports.Count == 1, time, TimeSpan.Zero);
        Assert.Equal(1, scp.PendingCount);
        receiver.Answer = NResponse.Success;
        await UntilAsync(() => scp.PendingCount == 0, time, TimeSpan.FromSeconds(1));
        Assert.Equal(2, receiver.Reports.Count);
        Assert.All(receiver.Reports, r => Assert.Equal(Transaction, r.Argument!.GetUid(Tag.TransactionUID)));
    }

    [Fact]
    public async Task A_check_that_cannot_be_made_is_made_again()
    {
        var time = new FakeTime();
        var check = new FakeCheck { Failures = 1 };
        var reports = new CommitmentReports();
        await using var modality = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("MODALITY")], EventReports = [reports] });
        await using var scp = new StorageCommitmentScp(
            Options(check) with { ReportTo = To(modality.Port), Time = time });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        var expected = reports.ExpectAsync(Transaction);
        await RequestAsync(server, Kept);
        await UntilAsync(() => expected.IsCompleted, time, TimeSpan.FromSeconds(1));
        Assert.Equal([Kept], (await expected).Committed);
        Assert.Equal(2, check.Calls);
    }

    [Fact]
    public async Task A_caller_without_an_address_gets_no_call()
    {
        await using var scp = new StorageCommitmentScp(Options(new FakeCheck()) with { OnSameAssociation = false });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await RequestAsync(server, Kept);
        await UntilAsync(() => scp.PendingCount == 0, null, TimeSpan.Zero);
    }

    [Fact]
    public async Task The_same_request_twice_is_one_and_another_list_under_its_uid_is_refused()
    {
        var check = new FakeCheck { Gate = new TaskCompletionSource() };
        await using var scp = new StorageCommitmentScp(Options(check));
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(StorageCommitmentScu.Context));
        var scu = new StorageCommitmentScu(association);
        var request = new CommitmentRequest(Transaction, [Kept]);
        Assert.Equal(DimseStatus.Success, (await scu.RequestAsync(request)).Status);
        Assert.Equal(DimseStatus.Success, (await scu.RequestAsync(request)).Status);
        Assert.Equal(
            DimseStatus.InvalidArgumentValue,
            (await scu.RequestAsync(request with { Instances = [Kept, Lost] })).Status);
        Assert.Equal(1, scp.PendingCount);
    }

    [Theory]
    [InlineData("instance", 0x0112)]
    [InlineData("action", 0x0123)]
    [InlineData("operation", 0x0211)]
    [InlineData("no data set", 0x0120)]
    [InlineData("no transaction", 0x0120)]
    [InlineData("bad transaction", 0x0115)]
    [InlineData("no references", 0x0120)]
    [InlineData("empty references", 0x0121)]
    [InlineData("half a reference", 0x0115)]
    public async Task A_request_that_is_none_is_refused(string fault, int status)
    {
        await using var scp = new StorageCommitmentScp(Options(new FakeCheck()));
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(StorageCommitmentScu.Context));
        var argument = new CommitmentRequest(Transaction, [Kept]).ToDataSet();
        if (fault == "no transaction") argument.Remove(Tag.TransactionUID);
        if (fault == "bad transaction") argument.SetString(Tag.TransactionUID, "1..2");
        if (fault == "no references") argument.Remove(Tag.ReferencedSOPSequence);
        if (fault == "empty references") argument.SetSequence(Tag.ReferencedSOPSequence);
        if (fault == "half a reference") argument.GetItems(Tag.ReferencedSOPSequence)[0].Remove(
            Tag.ReferencedSOPClassUID);
        var scu = new NormalizedScu(association);
        var instance = fault == "instance" ? Uid.Parse("1.2.3") : CommitmentModel.WellKnownInstance;
        var answer = fault == "operation"
            ? await scu.DeleteAsync(SopClass.StorageCommitmentPushModel, instance)
            : await scu.ActionAsync(
                SopClass.StorageCommitmentPushModel, instance, fault == "action" ? (ushort)2 : (ushort)1,
                fault == "no data set" ? null : argument);
        Assert.Equal(status, answer.Status.Code);
        Assert.Equal(0, scp.PendingCount);
    }

    [Theory]
    [InlineData("type", 0x0113)]
    [InlineData("instance", 0x0112)]
    [InlineData("unknown", 0x0115)]
    [InlineData("empty", 0x0115)]
    [InlineData("", 0x0000)]
    public async Task A_report_is_judged(string fault, int status)
    {
        var reports = new CommitmentReports();
        var expected = reports.ExpectAsync(Transaction);
        await using var modality = TestAcceptor.Start(o => o with { EventReports = [reports] });
        await using var association = await Association.RequestAsync(modality.Request(CommitmentReporter.Context));
        var transaction = fault == "unknown" ? Uid.Parse("1.9") : Transaction;
        var report = new CommitmentReport(
            transaction, [], [new FailedSop(Lost, CommitmentFailureReason.ClassInstanceConflict)]);
        for (var repeat = 0; repeat < 2; repeat++)
        {
            var answer = await new NormalizedScu(association).EventReportAsync(
                SopClass.StorageCommitmentPushModel,
                fault == "instance" ? Uid.Parse("1.2.3") : CommitmentModel.WellKnownInstance,
                fault == "type" ? (ushort)3 : report.EventTypeId,
                fault == "empty" ? null : report.ToDataSet());
            Assert.Equal(status, answer.Status.Code);
        }

        Assert.Equal(status == 0, expected.IsCompleted);
        if (status == 0) Assert.Equivalent(report, await expected);
    }

    [Fact]
    public async Task Patience_that_runs_out_aborts_the_association()
    {
        var check = new FakeCheck { Gate = new TaskCompletionSource() };
        await using var scp = new StorageCommitmentScp(Options(check));
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        var reports = new CommitmentReports();
        await using var association = await Association.RequestAsync(
            server.Request(StorageCommitmentScu.Context) with { EventReports = [reports] });
        var scu = new StorageCommitmentScu(association);
        var expected = reports.ExpectAsync(Transaction);
        await scu.RequestAsync(new CommitmentRequest(Transaction, [Kept]));
        using var patience = new CancellationTokenSource();
        var waiting = scu.WaitForReportAsync(expected, patience.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Soon));
    }

    private static StorageCommitmentOptions Options(ICommitmentCheck check) => new() { Check = check };

    private static Func<AeTitle, DicomPeer?> To(int port) => ae => new DicomPeer(ae, "127.0.0.1", port);

    private static async Task RequestAsync(TestAcceptor server, params ReferencedSop[] instances)
    {
        await using var association = await Association.RequestAsync(server.Request(StorageCommitmentScu.Context));
        var answer = await new StorageCommitmentScu(association).RequestAsync(
            new CommitmentRequest(Transaction, instances));
        Assert.Equal(DimseStatus.Success, answer.Status);
        await association.ReleaseAsync();
    }

    // What we wait for happens on other tasks; the clock of the test only moves between two looks.
    private static async Task UntilAsync(Func<bool> isSo, FakeTime? time, TimeSpan step)
    {
        for (var i = 0; i < 4000 && !isSo(); i++)
        {
            if (step > TimeSpan.Zero) time!.Advance(step);
            await Task.Delay(5);
        }

        Assert.True(isSo());
    }

    private sealed class FakeCheck : ICommitmentCheck
    {
        public TaskCompletionSource? Gate { get; init; }

        public int Failures { get; init; }

        public int Calls { get; private set; }

        public async ValueTask<IReadOnlyList<FailedSop>> CheckAsync(
            IReadOnlyList<ReferencedSop> instances, CancellationToken cancellationToken)
        {
            if (Gate is { } gate) await gate.Task.WaitAsync(cancellationToken);
            if (++Calls <= Failures) throw new IOException("index gone");
            return instances.Where(sop => sop != Kept)
                .Select(sop => new FailedSop(sop, CommitmentFailureReason.NoSuchObjectInstance))
                .ToList();
        }
    }
}
