using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Dimse;

/// <summary>Command sets on the wire: always implicit VR little endian, group 0000 alone. Source: PS3.7
/// 6.3.1.</summary>
public static class CommandSetCodec
{
    /// <summary>Two lists of tags, and all else at its longest.</summary>
    public const int EncodedBytesMax = 512 + (2 * 4 * Limits.AttributeIdentifiersMax);

    private const int ElementHeader = 8;
    private const int ErrorCommentLengthMax = 64;

    /// <param name="bytes">A whole command set.</param>
    /// <param name="contextSopClass">The abstract syntax of the context it came in: nearly always the SOP class of
    /// the command too, which then needs no new text.</param>
    /// <param name="command">What was read.</param>
    /// <returns>False where the bytes are not a command set.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, Uid contextSopClass, out CommandSet command)
    {
        command = new CommandSet();
        ushort? field = null, dataSetType = null;
        ushort? remaining = null, completed = null, failed = null, warning = null;
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < ElementHeader || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != 0) return false;
            var element = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            if (length > bytes.Length - ElementHeader) return false;
            var value = bytes.Slice(ElementHeader, (int)length);
            bytes = bytes[(ElementHeader + (int)length)..];
            ushort? number = value.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value) : null;
            if (IsUs(element) && number is null) return false;
            switch (element)
            {
                case 0x0002: command.AffectedSopClassUid = ReadUid(value, contextSopClass); break;
                case 0x0003: command.RequestedSopClassUid = ReadUid(value, contextSopClass); break;
                case 0x0100: field = number; break;
                case 0x0110: command.MessageId = number!.Value; break;
                case 0x0120: command.MessageIdBeingRespondedTo = number!.Value; break;
                case 0x0600: command.MoveDestination = ReadAeTitle(value); break;
                case 0x0700: command.Priority = (DimsePriority)number!.Value; break;
                case 0x0800: dataSetType = number; break;
                case 0x0900: command.Status = new DimseStatus(number!.Value); break;
                case 0x0901: command.OffendingElements = ReadTags(value); break;
                case 0x0902: command.ErrorComment = ReadComment(value); break;
                case 0x0903: command.ErrorId = number; break;
                case 0x1000: command.AffectedSopInstanceUid = ReadUid(value, default); break;
                case 0x1001: command.RequestedSopInstanceUid = ReadUid(value, default); break;
                case 0x1002: command.EventTypeId = number; break;
                case 0x1005: command.AttributeIdentifiers = ReadTags(value); break;
                case 0x1008: command.ActionTypeId = number; break;
                case 0x1020: remaining = number; break;
                case 0x1021: completed = number; break;
                case 0x1022: failed = number; break;
                case 0x1023: warning = number; break;
                case 0x1030: command.MoveOriginator = ReadAeTitle(value); break;
                case 0x1031: command.MoveOriginatorMessageId = number; break;
                default: break;
            }
        }

        if (field is null || dataSetType is null) return false;
        command.CommandField = (CommandField)field.Value;
        command.DataSetType = dataSetType.Value;
        if (remaining is not null || completed is not null || failed is not null || warning is not null)
            command.SubOperations = new SubOperations(remaining, completed ?? 0, failed ?? 0, warning ?? 0);
        return true;
    }

    /// <summary>Writes <paramref name="command"/>, elements in ascending order, group length first.</summary>
    /// <param name="destination">At least <see cref="EncodedBytesMax"/>: every field at its longest. Without a list of
    /// tags 512 are enough.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Encode(CommandSet command, Span<byte> destination)
    {
        var writer = new Writer(destination);
        writer.UInt32(0x0000, 0);
        writer.Uid(0x0002, command.AffectedSopClassUid);
        writer.Uid(0x0003, command.RequestedSopClassUid);
        writer.UInt16(0x0100, (ushort)command.CommandField);
        // PS3.7 9.3: a request has a Message ID, a response and C-CANCEL-RQ name the one they refer to.
        if (command.CommandField.IsResponse() || command.CommandField == CommandField.CCancelRq)
            writer.UInt16(0x0120, command.MessageIdBeingRespondedTo);
        else
            writer.UInt16(0x0110, command.MessageId);
        writer.AeTitle(0x0600, command.MoveDestination);
        writer.UInt16(0x0700, (ushort?)command.Priority);
        writer.UInt16(0x0800, command.DataSetType);
        writer.UInt16(0x0900, command.Status?.Code);
        writer.Tags(0x0901, command.OffendingElements);
        if (command.ErrorComment is { Length: > 0 } comment)
            writer.Text(0x0902, comment[..Math.Min(comment.Length, ErrorCommentLengthMax)], (byte)' ');
        writer.UInt16(0x0903, command.ErrorId);
        writer.Uid(0x1000, command.AffectedSopInstanceUid);
        writer.Uid(0x1001, command.RequestedSopInstanceUid);
        writer.UInt16(0x1002, command.EventTypeId);
        writer.Tags(0x1005, command.AttributeIdentifiers);
        writer.UInt16(0x1008, command.ActionTypeId);
        if (command.SubOperations is { } counts)
        {
            writer.UInt16(0x1020, counts.Remaining);
            writer.UInt16(0x1021, counts.Completed);
            writer.UInt16(0x1022, counts.Failed);
            writer.UInt16(0x1023, counts.Warning);
        }

        writer.AeTitle(0x1030, command.MoveOriginator);
        writer.UInt16(0x1031, command.MoveOriginatorMessageId);
        BinaryPrimitives.WriteInt32LittleEndian(destination[ElementHeader..], writer.Length - (ElementHeader + 4));
        return writer.Length;
    }

    private static bool IsUs(ushort element) => element is 0x0100 or 0x0110 or 0x0120 or 0x0700 or 0x0800 or 0x0900
        or 0x0903 or 0x1002 or 0x1008 or (>= 0x1020 and <= 0x1023) or 0x1031;

    private static Uid ReadUid(ReadOnlySpan<byte> value, Uid expected)
    {
        // PS3.5 9.1: padded with one NUL; a trailing space is a common fault of old peers.
        var text = value.TrimEnd("\0 "u8);
        if (text.Length > Limits.UidLengthMax) return default;
        if (!expected.IsEmpty && Ascii.Equals(text, expected.ToString())) return expected;
        return Uid.TryParse(Encoding.ASCII.GetString(text), out var uid) ? uid : default;
    }

    // AT in implicit VR little endian: group, then element (PS3.5 6.2). What is left over is no tag.
    private static Tag[] ReadTags(ReadOnlySpan<byte> value)
    {
        var tags = new Tag[value.Length / 4];
        for (var i = 0; i < tags.Length; i++)
        {
            tags[i] = new Tag(
                BinaryPrimitives.ReadUInt16LittleEndian(value[(4 * i)..]),
                BinaryPrimitives.ReadUInt16LittleEndian(value[((4 * i) + 2)..]));
        }

        return tags;
    }

    private static AeTitle ReadAeTitle(ReadOnlySpan<byte> value) =>
        value.Length <= 2 * Limits.AeTitleLengthMax
        && AeTitle.TryParse(Encoding.ASCII.GetString(value.TrimEnd((byte)0)), out var title)
            ? title
            : default;

    private static string ReadComment(ReadOnlySpan<byte> value) =>
        Encoding.ASCII.GetString(value[..Math.Min(value.Length, ErrorCommentLengthMax)]).TrimEnd(' ', '\0');

    private ref struct Writer(Span<byte> destination)
    {
        private readonly Span<byte> _destination = destination;

        public int Length { get; private set; }

        public void UInt32(ushort element, uint value) =>
            BinaryPrimitives.WriteUInt32LittleEndian(Begin(element, 4), value);

        public void UInt16(ushort element, ushort? value)
        {
            if (value is { } number) BinaryPrimitives.WriteUInt16LittleEndian(Begin(element, 2), number);
        }

        public void Uid(ushort element, Uid uid)
        {
            if (!uid.IsEmpty) Text(element, uid.ToString(), 0);
        }

        public void AeTitle(ushort element, AeTitle title)
        {
            if (!title.IsEmpty) Text(element, title.ToString(), (byte)' ');
        }

        public void Tags(ushort element, IReadOnlyList<Tag> tags)
        {
            var count = Math.Min(tags.Count, Limits.AttributeIdentifiersMax);
            if (count == 0) return;
            var span = Begin(element, 4 * count);
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(span[(4 * i)..], tags[i].Group);
                BinaryPrimitives.WriteUInt16LittleEndian(span[((4 * i) + 2)..], tags[i].Element);
            }
        }

        public void Text(ushort element, string value, byte padding)
        {
            var span = Begin(element, (value.Length + 1) & ~1);
            Encoding.ASCII.GetBytes(value, span);
            if ((value.Length & 1) != 0) span[^1] = padding;
        }

        private Span<byte> Begin(ushort element, int length)
        {
            var span = _destination[Length..];
            BinaryPrimitives.WriteUInt16LittleEndian(span, 0);
            BinaryPrimitives.WriteUInt16LittleEndian(span[2..], element);
            BinaryPrimitives.WriteInt32LittleEndian(span[4..], length);
            Length += ElementHeader + length;
            return span.Slice(ElementHeader, length);
        }
    }
}
