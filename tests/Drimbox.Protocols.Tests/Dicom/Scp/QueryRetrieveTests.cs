using System.Net;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

public sealed class QueryRetrieveTests
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;

    [Fact]
    public async Task Matches_come_as_they_are_found_and_the_end_is_success()
    {
        var scp = new ListFind(
            _ => CFindAnswer.Found(Enumerable.Range(0, 100).Select(ListFind.Match).ToAsyncEnumerable()));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
        var found = new List<string?>();
        await foreach (var match in new CFindScu(association).FindAsync(Find, Query("STUDY"))) found.Add(
            match.GetString(Tag.StudyID));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), found);
        Assert.Equal("STUDY", scp.Requests.Single().Level);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_refused_query_is_a_failure_with_its_status()
    {
        var scp = new ListFind(_ => CFindAnswer.Refused(DimseStatus.DataSetDoesNotMatchSopClass.With("Bad level.")));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
        var failure = await Assert.ThrowsAsync<DimseFailureException>(async () =>
            await new CFindScu(association).FindAsync(Find, Query("X")).ToListAsync());
        Assert.Equal(0xA900, failure.Status.Code);
        Assert.Contains("Bad level.", failure.Message, StringComparison.Ordinal);
        // The association stands.
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_store_that_cannot_be_asked_is_A700()
    {
        var scp = new ListFind(_ => throw new IOException("index gone"));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
        var failure = await Assert.ThrowsAsync<DimseFailureException>(async () =>
            await new CFindScu(association).FindAsync(Find, Query("STUDY")).ToListAsync());
        Assert.Equal(DimseStatus.OutOfResources, failure.Status);
        Assert.Null(failure.Status.Comment);
    }

    [Fact]
    public async Task More_matches_than_anyone_reads_end_with_A700()
    {
        var scp = new ListFind(
            _ => CFindAnswer.Found(Enumerable.Range(0, 20_000).Select(ListFind.Match).ToAsyncEnumerable()));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
        var count = 0;
        var failure = await Assert.ThrowsAsync<DimseFailureException>(async () =>
        {
            await foreach (var match in new CFindScu(association).FindAsync(Find, Query("STUDY"))) count++;
        });
        Assert.Equal(Limits.FindResultsMax, count);
        Assert.Equal(DimseStatus.OutOfResources, failure.Status);
    }

    [Fact]
    public async Task A_caller_that_stops_reading_cancels_the_query_and_keeps_the_association()
    {
        var cancelled = new TaskCompletionSource();
        var scp = new ListFind(_ => CFindAnswer.Found(Endless(cancelled)));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
        await foreach (var match in new CFindScu(association).FindAsync(Find, Query("STUDY"))) break;
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10));
        using var token = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var match in new CFindScu(
                association).FindAsync(Find, Query("STUDY"), token.Token)) await token.CancelAsync();
        });
        await association.ReleaseAsync();
    }

    [Fact]
    public void C_CANCEL_is_answered_FE00()
    {
        var scp = new ListFind(_ => CFindAnswer.Found(Endless(new TaskCompletionSource())));
        var server = TestAcceptor.Start(o => o with { Find = [scp] });
        using var peer = RawPeer.Associate(
            server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Find, TransferSyntax.ImplicitVRLittleEndian.Uid)));
        peer.Send(FindRq(11, DataSetWriter.ToBytes(Query("STUDY"), TransferSyntax.ImplicitVRLittleEndian)));
        Assert.Equal(DimseStatus.Pending, peer.ReadCommand().Status);
        peer.Send(
            Pdus.Command(1, new CommandSet { CommandField = CommandField.CCancelRq, MessageIdBeingRespondedTo = 11 }));
        while (true)
        {
            var pdu = peer.ReadPdu();
            if ((pdu[11] & 1) == 0) continue;
            Assert.True(CommandSetCodec.TryDecode(pdu.AsSpan(12), default, out var response));
            if (response.Status!.Value.IsPending) continue;
            Assert.Equal(DimseStatus.Cancelled, response.Status);
            return;
        }
    }

    [Theory]
    [InlineData("0800520043530000", 0xC000)]
    [InlineData("08005200FFFFFF7F", 0xC000)]
    public async Task An_identifier_that_cannot_be_read_is_C000(string hex, ushort status)
    {
        await using var server = TestAcceptor.Start(
            o => o with { Find = [new ListFind(_ => throw new InvalidOperationException())] });
        using var peer = RawPeer.Associate(
            server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Find, TransferSyntax.ImplicitVRLittleEndian.Uid)));
        peer.Send(FindRq(1, Convert.FromHexString(hex)));
        Assert.Equal(status, peer.ReadCommand().Status!.Value.Code);
    }

    [Fact]
    public async Task An_identifier_over_its_limit_is_A700()
    {
        await using var server = TestAcceptor.Start(
            o => o with { Find = [new ListFind(_ => throw new InvalidOperationException())] });
        using var peer = RawPeer.Associate(
            server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Find, TransferSyntax.ImplicitVRLittleEndian.Uid)));
        var command = FindCommand(1);
        peer.Send(Pdus.Command(1, command));
        for (var sent = 0; sent <= Limits.IdentifierBytesMax; sent += 65536)
            peer.Send(Pdus.PData(1, false, sent + 65536 > Limits.IdentifierBytesMax, new byte[65536]));
        Assert.Equal(DimseStatus.OutOfResources, peer.ReadCommand().Status);
    }

    [Fact]
    public async Task A_move_sends_each_instance_to_the_destination_and_counts()
    {
        var received = new MemoryStore();
        await using var destination = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("WS")], Store = received });
        await using var server = StartMover(
            destination.Port, Instances.Ct(1), Instances.Ct(2, 500_000), Instances.Ct(3));
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var seen = new List<SubOperations>();
        var result = await new CMoveScu(association).MoveAsync(Move, Query("STUDY"), AeTitle.Parse("WS"), seen.Add);
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 3, 0, 0), result.Counts);
        Assert.Equal([new SubOperations(2, 1, 0, 0), new SubOperations(1, 2, 0, 0)], seen);
        Assert.Equal(Instances.Bytes(2, 500_000), received.Stored["1.2.3.2"]);
        Assert.All(received.Requests, r => Assert.Equal("MODALITY", r.MoveOriginator.ToString()));
        Assert.All(received.Requests, r => Assert.NotNull(r.MoveOriginatorMessageId));
        Assert.All(received.Requests, r => Assert.Equal("ARCHIVE", r.Peer.CallingAe.ToString()));
    }

    [Fact]
    public async Task An_instance_that_fails_is_counted_and_named()
    {
        var received = new MemoryStore();
        await using var destination = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("WS")], Store = received });
        var lost = InstanceSource.FromFile(
            "/absent/file", 0, SopClass.CTImageStorage, Uid.Parse("1.7.7"), TransferSyntax.ExplicitVRLittleEndian.Uid);
        await using var server = StartMover(destination.Port, Instances.Ct(1), lost, Instances.Ct(3));
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var result = await new CMoveScu(association).MoveAsync(Move, Query("STUDY"), AeTitle.Parse("WS"));
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 2, 1, 0), result.Counts);
        Assert.Equal("1.7.7", result.FailedInstances.Single().ToString());
    }

    [Fact]
    public async Task A_destination_that_nobody_answers_at_is_A702_with_all_failed()
    {
        int port;
        await using (var gone = TestAcceptor.Start()) port = gone.Port;
        await using var server = StartMover(port, Instances.Ct(1), Instances.Ct(2));
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var result = await new CMoveScu(association).MoveAsync(Move, Query("STUDY"), AeTitle.Parse("WS"));
        Assert.Equal(DimseStatus.OutOfResourcesSubOperations, result.Status);
        Assert.Equal(new SubOperations(null, 0, 2, 0), result.Counts);
        Assert.Equal(2, result.FailedInstances.Count);
    }

    [Fact]
    public async Task A_destination_outside_of_the_list_is_A801()
    {
        await using var server = StartMover(1, Instances.Ct(1));
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        foreach (var name in (string[])["ELSEWHERE", "ws"])
        {
            var result = await new CMoveScu(association).MoveAsync(Move, Query("STUDY"), AeTitle.Parse(name));
            Assert.Equal(DimseStatus.MoveDestinationUnknown, result.Status);
        }
    }

    [Fact]
    public async Task Nothing_to_move_is_success_without_a_call()
    {
        await using var server = StartMover(1);
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var result = await new CMoveScu(association).MoveAsync(Move, Query("STUDY"), AeTitle.Parse("WS"));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 0, 0, 0), result.Counts);
    }

    [Fact]
    public async Task A_cancelled_move_says_what_remains()
    {
        var received = new MemoryStore { Gate = new TaskCompletionSource() };
        await using var destination = TestAcceptor.Start(
            o => o with { AeTitles = [AeTitle.Parse("WS")], Store = received });
        await using var server = StartMover(
            destination.Port, Enumerable.Range(1, 20).Select(i => Instances.Ct(i)).ToArray());
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        using var cancel = new CancellationTokenSource();
        var moving = new CMoveScu(association).MoveAsync(
            Move, Query("STUDY"), AeTitle.Parse("WS"), _ => cancel.Cancel(), cancel.Token);
        received.Gate.SetResult();
        var result = await moving.WaitAsync(TimeSpan.FromSeconds(10));
        // The rest may be done before the cancel is heard; then it is a success.
        if (result.Status.Category == StatusCategory.Success) return;
        Assert.Equal(DimseStatus.Cancelled, result.Status);
        Assert.Equal(20, result.Counts.Remaining + result.Counts.Completed);
    }

    [Fact]
    public async Task A_get_brings_the_instances_over_the_same_association()
    {
        await using var server = StartMover(1, Instances.Ct(1), Instances.Ct(2, 700_000));
        var received = new MemoryStore();
        await using var association = await Association.RequestAsync(server.Request(
            CFindScu.ContextFor(Get),
            new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid) { AsScp = true }));
        var result = await new CGetScu(association).GetAsync(Get, Query("STUDY"), received);
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 2, 0, 0), result.Counts);
        Assert.Equal(Instances.Bytes(2, 700_000), received.Stored["1.2.3.2"]);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_get_without_the_role_fails_its_sub_operations()
    {
        await using var server = StartMover(1, Instances.Ct(1));
        await using var association = await Association.RequestAsync(server.Request(
            CFindScu.ContextFor(
                Get), new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));
        var result = await new CGetScu(association).GetAsync(Get, Query("STUDY"), new MemoryStore());
        Assert.Equal(DimseStatus.OutOfResourcesSubOperations, result.Status);
    }

    private static TestAcceptor StartMover(int port, params InstanceSource[] instances) =>
        TestAcceptor.Start(o => o with
    {
        Retrieve = [new ListRetrieve(instances)],
        MoveDestination = ae => ae.ToString() == "WS" ? new DicomPeer(ae, "127.0.0.1", port) : null,
    });

    private static DataSet Query(string level)
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, level);
        return query;
    }

    private static CommandSet FindCommand(ushort id) => new()
    {
        CommandField = CommandField.CFindRq,
        MessageId = id,
        AffectedSopClassUid = Find,
        Priority = DimsePriority.Medium,
        DataSetType = CommandSet.WithDataSet,
    };

    private static byte[] FindRq(ushort id, byte[] identifier) =>
        [.. Pdus.Command(1, FindCommand(id)), .. Pdus.PData(1, false, true, identifier)];

    private static async IAsyncEnumerable<DataSet> Endless(
        TaskCompletionSource cancelled, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                yield return ListFind.Match(i);
                if (i > 3) await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested) cancelled.TrySetResult();
        }
    }
}
