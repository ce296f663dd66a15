using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>DIMSE-N operations over a socket: what the performer sees, and what is answered (PS3.7 10 and C).</summary>
public sealed class NormalizedTests
{
    private static readonly Uid Step = SopClass.ModalityPerformedProcedureStep;
    private static readonly Uid Instance = Uid.Parse("1.2.3.4");
    private static readonly TransferSyntax Implicit = TransferSyntax.ImplicitVRLittleEndian;

    [Fact]
    public async Task Every_operation_reaches_the_performer_and_its_answer_the_invoker()
    {
        var scp = new FakeNormalizedScp(Step);
        scp.Answer = (request, _) => ValueTask.FromResult(new NResponse(DimseStatus.AttributeListError.With("Some."))
        {
            DataSet = request is NDeleteRequest ? null : Text("answer"),
            AttributeIdentifiers = [Tag.PatientID],
            ErrorId = 7,
        });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(NormalizedScu.ContextFor(Step)));
        var scu = new NormalizedScu(association);
        NResponse[] answers =
        [
            await scu.CreateAsync(Step, Instance, Text("create")),
            await scu.SetAsync(Step, Instance, Text("set")),
            await scu.GetAsync(Step, Instance, [Tag.PatientID, Tag.Modality]),
            await scu.ActionAsync(Step, Instance, 3, Text("action")),
            await scu.ActionAsync(Step, Instance, 4),
            await scu.DeleteAsync(Step, Instance),
        ];
        Assert.All(answers, answer =>
        {
            Assert.Equal((0x0107, "Some."), (answer.Status.Code, answer.Status.Comment));
            Assert.Equal(Instance, answer.SopInstanceUid);
            Assert.Equal([Tag.PatientID], answer.AttributeIdentifiers);
            Assert.Equal((ushort?)7, answer.ErrorId);
        });
        Assert.All(answers[..5], answer => Assert.Equal("answer", answer.DataSet!.GetString(Tag.PatientComments)));
        Assert.Null(answers[5].DataSet);

        var requests = scp.Requests.ToArray();
        Assert.All(requests, request => Assert.Equal((Step, Instance), (request.SopClassUid, request.SopInstanceUid)));
        Assert.All(requests, request => Assert.Equal("MODALITY", request.Peer.CallingAe.ToString()));
        Assert.Equal("create", ((NCreateRequest)requests[0]).Attributes.GetString(Tag.PatientComments));
        Assert.Equal("set", ((NSetRequest)requests[1]).Modifications.GetString(Tag.PatientComments));
        Assert.Equal([Tag.PatientID, Tag.Modality], ((NGetRequest)requests[2]).AttributeIdentifiers);
        Assert.Equal(3, ((NActionRequest)requests[3]).ActionTypeId);
        Assert.Null(((NActionRequest)requests[4]).Argument);
        Assert.IsType<NDeleteRequest>(requests[5]);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task An_instance_that_the_performer_names_is_in_the_response()
    {
        var scp = new FakeNormalizedScp(Step)
        {
            Answer = (_, _) => ValueTask.FromResult(NResponse.Success with { SopInstanceUid = Uid.Parse("1.9.9") }),
        };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(NormalizedScu.ContextFor(Step)));
        var answer = await new NormalizedScu(association).CreateAsync(Step, default, new DataSet());
        Assert.Equal("1.9.9", answer.SopInstanceUid.ToString());
        Assert.True(scp.Requests.Single().SopInstanceUid.IsEmpty);
    }

    [Theory]
    [InlineData(CommandField.NSetRq, "class", 0x0118)]
    [InlineData(CommandField.NSetRq, "instance", 0x0117)]
    [InlineData(CommandField.NSetRq, "no data set", 0x0212)]
    [InlineData(CommandField.NSetRq, "bad data set", 0x0110)]
    [InlineData(CommandField.NSetRq, "wrong field", 0x0212)]
    [InlineData(CommandField.NActionRq, "type", 0x0123)]
    [InlineData(CommandField.NEventReportRq, "role", 0x0211)]
    [InlineData(CommandField.NDeleteRq, "", 0x0000)]
    public async Task A_request_that_is_not_one_is_refused(CommandField field, string fault, int status)
    {
        await using var server = TestAcceptor.Start(o => o with { Normalized = [new FakeNormalizedScp(Step)] });
        using var peer = RawPeer.Associate(server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Step, Implicit.Uid)));
        var sopClass = fault == "class" ? Uid.Parse("1.2.3") : Step;
        var isAffected = fault == "wrong field" || field == CommandField.NEventReportRq;
        var withDataSet = fault is "bad data set" or "class" or "instance" or "wrong field";
        peer.Send(Pdus.Command(1, new CommandSet
        {
            CommandField = field,
            MessageId = 8,
            AffectedSopClassUid = isAffected ? sopClass : default,
            AffectedSopInstanceUid = isAffected ? Instance : default,
            RequestedSopClassUid = isAffected ? default : sopClass,
            RequestedSopInstanceUid = isAffected || fault == "instance" ? default : Instance,
            DataSetType = withDataSet ? CommandSet.WithDataSet : CommandSet.NoDataSet,
        }));
        if (withDataSet)
        {
            // (0008,0052) with a length that runs over the end, or a whole data set.
            var bytes = fault == "bad data set"
                ? Convert.FromHexString("08005200FFFFFF7F")
                : DataSetWriter.ToBytes(Text("x"), Implicit);
            peer.Send(Pdus.PData(1, false, true, bytes));
        }

        var response = peer.ReadCommand();
        Assert.Equal(status, response.Status!.Value.Code);
        Assert.Equal(CommandFields.ResponseOf(field), response.CommandField);
        Assert.Equal(8, response.MessageIdBeingRespondedTo);
        Assert.False(response.HasDataSet);
    }

    [Fact]
    public async Task A_data_set_over_its_limit_is_0213_and_the_association_stands()
    {
        await using var server = TestAcceptor.Start(o => o with { Normalized = [new FakeNormalizedScp(Step)] });
        using var peer = RawPeer.Associate(server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Step, Implicit.Uid)));
        peer.Send(Pdus.Command(1, SetCommand(1)));
        for (var sent = 0; sent <= Limits.NormalizedBytesMax; sent += 65536)
            peer.Send(Pdus.PData(1, false, sent + 65536 > Limits.NormalizedBytesMax, new byte[65536]));
        Assert.Equal(DimseStatus.ResourceLimitation, peer.ReadCommand().Status);
        SendSet(peer, 2);
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
    }

    [Fact]
    public async Task A_store_that_cannot_be_asked_is_0213()
    {
        var scp = new FakeNormalizedScp(Step) { Answer = (_, _) => throw new IOException("disk gone") };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(NormalizedScu.ContextFor(Step)));
        var answer = await new NormalizedScu(association).DeleteAsync(Step, Instance);
        Assert.Equal(DimseStatus.ResourceLimitation, answer.Status);
        Assert.Null(answer.Status.Comment);
    }

    [Fact]
    public async Task A_message_id_in_use_is_0210()
    {
        var gate = new TaskCompletionSource();
        var scp = new FakeNormalizedScp(Step);
        scp.Answer = async (_, token) =>
        {
            await gate.Task.WaitAsync(token);
            return NResponse.Success;
        };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        using var peer = RawPeer.Associate(server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Step, Implicit.Uid)));
        SendSet(peer, 5);
        SendSet(peer, 5);
        Assert.Equal(DimseStatus.DuplicateInvocation, peer.ReadCommand().Status);
        gate.SetResult();
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
    }

    [Fact]
    public async Task A_notification_comes_after_the_response_to_the_request_that_it_follows()
    {
        var told = new TaskCompletionSource<DimseStatus>();
        var scp = new FakeNormalizedScp(Step);
        scp.Answer = (request, token) =>
        {
            _ = Task.Run(
                async () => told.SetResult(
                    await request.Reporter!.ReportAsync(Instance, 2, Text("done"), token)), token);
            return ValueTask.FromResult(NResponse.Success);
        };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        using var peer = RawPeer.Associate(server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Step, Implicit.Uid)));
        SendSet(peer, 1);
        Assert.Equal(CommandField.NSetRsp, peer.ReadCommand().CommandField);
        var report = peer.ReadCommand();
        Assert.Equal(CommandField.NEventReportRq, report.CommandField);
        Assert.Equal((Step, Instance), (report.AffectedSopClassUid, report.AffectedSopInstanceUid));
        Assert.Equal((ushort?)2, report.EventTypeId);
        Assert.True(report.HasDataSet);
        peer.ReadPdu();
        peer.Send(Pdus.Command(1, report.Respond(DimseStatus.NoSuchEventType)));
        Assert.Equal(DimseStatus.NoSuchEventType, await told.Task.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_notification_after_the_release_fails_and_does_not_go_out()
    {
        var reporter = new TaskCompletionSource<EventReporter>();
        var scp = new FakeNormalizedScp(Step);
        scp.Answer = (request, _) =>
        {
            reporter.SetResult(request.Reporter!);
            return ValueTask.FromResult(NResponse.Success);
        };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using (var association = await Association.RequestAsync(
            server.Request(NormalizedScu.ContextFor(Step))))
        {
            await new NormalizedScu(association).DeleteAsync(Step, Instance);
            await association.ReleaseAsync();
        }

        var late = await reporter.Task;
        await Assert.ThrowsAsync<AssociationAbortedException>(
            async () => await late.ReportAsync(Instance, 1).AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData(AllowedServices.ProcedureStep, true)]
    [InlineData(AllowedServices.All, true)]
    [InlineData(AllowedServices.Commitment | AllowedServices.Store, false)]
    public async Task A_caller_gets_the_services_that_it_is_allowed(AllowedServices services, bool isAccepted)
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            Normalized = [new FakeNormalizedScp(Step)],
            Callers = [new CallerRule(AeTitle.Parse("MODALITY")) { Services = services }],
        });
        await using var association = await Association.RequestAsync(server.Request(NormalizedScu.ContextFor(Step)));
        Assert.Equal(
            isAccepted ? PresentationContextResult.Acceptance : PresentationContextResult.UserRejection,
            association.Negotiated.Contexts.Single().Result);
        if (isAccepted) return;
        var answer = await new NormalizedScu(association).DeleteAsync(Step, Instance);
        Assert.Equal(DimseStatus.SopClassNotSupported, answer.Status);
    }

    private static CommandSet SetCommand(ushort id) => new()
    {
        CommandField = CommandField.NSetRq,
        MessageId = id,
        RequestedSopClassUid = Step,
        RequestedSopInstanceUid = Instance,
        DataSetType = CommandSet.WithDataSet,
    };

    private static void SendSet(RawPeer peer, ushort id)
    {
        peer.Send(Pdus.Command(1, SetCommand(id)));
        peer.Send(Pdus.PData(1, false, true, DataSetWriter.ToBytes(Text("set"), Implicit)));
    }

    private static DataSet Text(string text)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientComments, text);
        return dataSet;
    }
}
