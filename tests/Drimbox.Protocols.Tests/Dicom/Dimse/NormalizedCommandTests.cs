using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Tests.Dicom.Dimse;

/// <summary>Command sets of DIMSE-N (PS3.7 10.3).</summary>
public sealed class NormalizedCommandTests
{
    private static readonly Uid Class = Uid.Parse("1.2.8");
    private static readonly Uid Instance = Uid.Parse("1.2.9");

    [Fact]
    public void The_bytes_of_an_n_get_request_are_those_of_the_standard()
    {
        // PS3.7 table 10.3-3: requested class and instance, 0110, message id 5, no data set, two attributes.
        byte[] expected =
        [
            0, 0, 0x00, 0x00, 4, 0, 0, 0, 74, 0, 0, 0,
            0, 0, 0x03, 0x00, 6, 0, 0, 0, .. "1.2.8\0"u8,
            0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x10, 0x01,
            0, 0, 0x10, 0x01, 2, 0, 0, 0, 5, 0,
            0, 0, 0x00, 0x08, 2, 0, 0, 0, 0x01, 0x01,
            0, 0, 0x01, 0x10, 6, 0, 0, 0, .. "1.2.9\0"u8,
            // (0000,1005) AT: (0010,0020), then (0040,0252), each as two little endian words.
            0, 0, 0x05, 0x10, 8, 0, 0, 0, 0x10, 0x00, 0x20, 0x00, 0x40, 0x00, 0x52, 0x02,
        ];
        Assert.Equal(expected, Pdus.Encode(new CommandSet
        {
            CommandField = CommandField.NGetRq,
            MessageId = 5,
            RequestedSopClassUid = Class,
            RequestedSopInstanceUid = Instance,
            AttributeIdentifiers = [Tag.PatientID, Tag.PerformedProcedureStepStatus],
        }));
    }

    [Fact]
    public void Lists_of_tags_are_read_as_they_were_written()
    {
        var command = new CommandSet
        {
            CommandField = CommandField.NSetRsp,
            MessageIdBeingRespondedTo = 3,
            Status = DimseStatus.AttributeListError,
            OffendingElements = [Tag.Rows],
            AttributeIdentifiers = [Tag.PatientName, Tag.PatientID],
        };
        Assert.True(CommandSetCodec.TryDecode(Pdus.Encode(command), default, out var read));
        Assert.Equivalent(command, read, strict: true);
    }

    [Fact]
    public void A_list_at_its_limit_fits_the_buffer_that_is_promised()
    {
        var tags = Enumerable.Repeat(Tag.PatientID, 1000).ToList();
        var command = new CommandSet
        {
            CommandField = CommandField.NGetRsp,
            AffectedSopClassUid = Uid.Parse("1." + new string('2', 62)),
            RequestedSopClassUid = Uid.Parse("1." + new string('2', 62)),
            AffectedSopInstanceUid = Uid.Parse("1." + new string('2', 62)),
            RequestedSopInstanceUid = Uid.Parse("1." + new string('2', 62)),
            ErrorComment = new string('x', 64),
            MoveDestination = AeTitle.Parse("ABCDEFGHIJKLMNOP"),
            MoveOriginator = AeTitle.Parse("ABCDEFGHIJKLMNOP"),
            OffendingElements = tags,
            AttributeIdentifiers = tags,
        };
        var bytes = new byte[CommandSetCodec.EncodedBytesMax];
        var length = CommandSetCodec.Encode(command, bytes);
        Assert.True(CommandSetCodec.TryDecode(bytes.AsSpan(0, length), default, out var read));
        Assert.Equal(Drimbox.Core.Limits.AttributeIdentifiersMax, read.AttributeIdentifiers.Count);
    }

    [Theory]
    [InlineData(CommandField.NEventReportRq, CommandField.NEventReportRsp)]
    [InlineData(CommandField.NGetRq, CommandField.NGetRsp)]
    [InlineData(CommandField.NSetRq, CommandField.NSetRsp)]
    [InlineData(CommandField.NActionRq, CommandField.NActionRsp)]
    [InlineData(CommandField.NCreateRq, CommandField.NCreateRsp)]
    [InlineData(CommandField.NDeleteRq, CommandField.NDeleteRsp)]
    public void A_response_names_what_was_affected(CommandField request, CommandField response)
    {
        var isAffected = request is CommandField.NEventReportRq or CommandField.NCreateRq;
        var answer = new CommandSet
        {
            CommandField = request,
            MessageId = 9,
            AffectedSopClassUid = isAffected ? Class : default,
            AffectedSopInstanceUid = isAffected ? Instance : default,
            RequestedSopClassUid = isAffected ? default : Class,
            RequestedSopInstanceUid = isAffected ? default : Instance,
            EventTypeId = request == CommandField.NEventReportRq ? (ushort)2 : null,
            ActionTypeId = request == CommandField.NActionRq ? (ushort)1 : null,
        }.Respond(DimseStatus.Success);
        // PS3.7 10.3: responses carry affected UIDs alone, and the type of the event or action.
        Assert.Equal(response, answer.CommandField);
        Assert.Equal(9, answer.MessageIdBeingRespondedTo);
        Assert.Equal((Class, Instance), (answer.AffectedSopClassUid, answer.AffectedSopInstanceUid));
        Assert.True(answer.RequestedSopClassUid.IsEmpty && answer.RequestedSopInstanceUid.IsEmpty);
        Assert.Equal(request == CommandField.NEventReportRq ? 2 : null, answer.EventTypeId);
        Assert.Equal(request == CommandField.NActionRq ? 1 : null, answer.ActionTypeId);
    }

    [Theory]
    // PS3.4 B.2.3
    [InlineData(DimseService.Storage, 0xA700, "out of resources")]
    [InlineData(DimseService.Storage, 0xA7FF, "out of resources")]
    [InlineData(DimseService.Storage, 0xA900, "the data set does not match the SOP class")]
    [InlineData(DimseService.Storage, 0xC123, "the data set cannot be understood")]
    [InlineData(DimseService.Storage, 0xB000, "warning: stored, with coercion of data elements")]
    // PS3.4 C.4.1.1.4
    [InlineData(DimseService.Find, 0xA900, "the identifier does not match the SOP class")]
    [InlineData(DimseService.Find, 0xC001, "unable to process")]
    [InlineData(DimseService.Find, 0xFF01, "pending: a match; one or more optional keys were not supported")]
    [InlineData(DimseService.Worklist, 0xFF01, "pending: a match; one or more optional keys were not supported")]
    // PS3.4 C.4.2.1.5
    [InlineData(DimseService.Move, 0xA702, "out of resources: sub-operations cannot be performed")]
    [InlineData(DimseService.Move, 0xA801, "the move destination is unknown")]
    [InlineData(DimseService.Get, 0xB000, "warning: sub-operations are complete, some failed or gave warnings")]
    // PS3.4 F.7.2.2.4
    [InlineData(
        DimseService.ProcedureStep, 0x0110,
        "processing failure: the performed procedure step may no longer be updated")]
    [InlineData(DimseService.Normalized, 0x0110, "processing failure")]
    [InlineData(DimseService.StorageCommitment, 0x0131, "duplicate transaction UID")]
    [InlineData(DimseService.Verification, 0x0122, "SOP class not supported")]
    public void A_status_is_read_by_the_service_that_gave_it(DimseService service, int code, string meaning) =>
        Assert.Equal(meaning, new DimseStatus((ushort)code).MeaningIn(service));

    [Fact]
    public void A_context_and_an_operation_name_the_service()
    {
        Assert.Equal(
            DimseService.Worklist,
            DimseStatusTable.ServiceOf(SopClass.ModalityWorklistInformationModelFind, CommandField.CFindRsp));
        Assert.Equal(
            DimseService.Move,
            DimseStatusTable.ServiceOf(SopClass.StudyRootQueryRetrieveInformationModelMove, CommandField.CMoveRq));
        Assert.Equal(
            DimseService.StorageCommitment,
            DimseStatusTable.ServiceOf(SopClass.StorageCommitmentPushModel, CommandField.NActionRsp));
        Assert.Equal(
            DimseService.ProcedureStep,
            DimseStatusTable.ServiceOf(SopClass.ModalityPerformedProcedureStep, CommandField.NSetRsp));
    }
}
