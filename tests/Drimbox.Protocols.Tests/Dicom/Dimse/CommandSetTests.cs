using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Tests.Dicom.Dimse;

public sealed class CommandSetTests
{
    [Fact]
    public void The_bytes_of_an_echo_request_are_those_of_the_standard()
    {
        // PS3.7 table 9.3-12, implicit VR little endian: group length 56, SOP class, 0030, message id 7, no data set.
        byte[] expected =
        [
            0, 0, 0x00, 0x00, 4, 0, 0, 0, 56, 0, 0, 0,
            0, 0, 0x02, 0x00, 18, 0, 0, 0, .. "1.2.840.10008.1.1\0"u8,
            0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x30, 0x00,
            0, 0, 0x10, 0x01, 2, 0, 0, 0, 7, 0,
            0, 0, 0x00, 0x08, 2, 0, 0, 0, 0x01, 0x01,
        ];
        Assert.Equal(expected, Pdus.Encode(Pdus.EchoRq(7)));
    }

    [Fact]
    public void Every_element_is_read_as_it_was_written()
    {
        var command = new CommandSet
        {
            CommandField = CommandField.CMoveRsp,
            MessageIdBeingRespondedTo = 65535,
            AffectedSopClassUid = Uid.Parse("1.2.3"),
            RequestedSopClassUid = Uid.Parse("1.2.4"),
            AffectedSopInstanceUid = Uid.Parse("1.2.5"),
            RequestedSopInstanceUid = Uid.Parse("1.2.6"),
            MoveDestination = AeTitle.Parse("WS1"),
            Priority = DimsePriority.High,
            DataSetType = CommandSet.WithDataSet,
            Status = DimseStatus.OutOfResources,
            ErrorComment = "no room",
            ErrorId = 3,
            EventTypeId = 1,
            ActionTypeId = 2,
            SubOperations = new SubOperations(1, 2, 3, 4),
            MoveOriginator = AeTitle.Parse("WS2"),
            MoveOriginatorMessageId = 9,
        };
        Assert.True(CommandSetCodec.TryDecode(Pdus.Encode(command), default, out var read));
        Assert.Equivalent(command, read, strict: true);
    }

    [Fact]
    public void A_uid_that_is_none_is_read_as_absent()
    {
        foreach (var text in (string[])["../../etc", "1..2", "01.2", "1.2.x", "", new string('1', 66)])
        {
            var value = System.Text.Encoding.ASCII.GetBytes(text.Length % 2 == 0 ? text : text + "\0");
            byte[] bytes =
            [
                .. Pdus.Encode(Pdus.EchoRq(1)), 0, 0, 0x00, 0x10, (byte)value.Length, 0, 0, 0, .. value,
            ];
            Assert.True(CommandSetCodec.TryDecode(bytes, default, out var read));
            Assert.True(read.AffectedSopInstanceUid.IsEmpty);
        }
    }

    [Fact]
    public void Cut_or_changed_bytes_are_refused_without_an_exception()
    {
        var original = Pdus.Encode(Pdus.StoreRq(1, "1.2.3"));
        for (var length = 0; length < original.Length - 20; length++)
            Assert.False(CommandSetCodec.TryDecode(original.AsSpan(0, length), default, out _) && length % 2 == 1);
        var random = new Random(7);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = original.ToArray();
            for (var n = random.Next(1, 5); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            CommandSetCodec.TryDecode(bytes, default, out _);
        }
    }

    [Fact]
    public void An_error_comment_is_cut_at_64_characters()
    {
        var command = Pdus.EchoRq(1).Respond(DimseStatus.CannotUnderstand.With(new string('x', 100)));
        Assert.True(CommandSetCodec.TryDecode(Pdus.Encode(command), default, out var read));
        Assert.Equal(64, read.ErrorComment!.Length);
    }

    [Fact]
    public void Every_status_has_a_category_and_a_meaning()
    {
        foreach (var code in DimseStatusTable.Codes)
        {
            var status = new DimseStatus(code);
            Assert.NotEmpty(status.Meaning);
            Assert.Equal(
                status.Category == StatusCategory.Warning,
                status.Meaning.StartsWith("warning", StringComparison.Ordinal));
        }

        Assert.Equal(StatusCategory.Failure, new DimseStatus(0xC123).Category);
        Assert.Equal("cannot understand, or unable to process", new DimseStatus(0xC123).Meaning);
        Assert.Equal(StatusCategory.Failure, new DimseStatus(0xA702).Category);
        Assert.True(DimseStatus.PendingWithUnsupportedKeys.IsPending);
    }
}
