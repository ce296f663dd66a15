using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Writes A-ASSOCIATE-RQ and -AC. Source: PS3.8 9.3.2 and 9.3.3. What does not fit into an item is an
/// <see cref="ArgumentException"/>.</summary>
public static class AssociateEncoder
{
    public static byte[] Encode(AssociateRequest request)
    {
        var writer = new ItemWriter(PduType.AssociateRq);
        WriteFixedPart(writer, request.ProtocolVersion, request.CalledAe, request.CallingAe);
        writer.Uid(AssociateDecoder.ApplicationContextItem, request.ApplicationContext);
        foreach (var context in request.Contexts)
        {
            var start = writer.Begin(AssociateDecoder.ContextProposalItem);
            writer.Bytes([context.Id, 0, 0, 0]);
            writer.Uid(AssociateDecoder.AbstractSyntaxItem, context.AbstractSyntax);
            foreach (var syntax in context.TransferSyntaxes) writer.Uid(AssociateDecoder.TransferSyntaxItem, syntax);
            writer.End(start);
        }

        WriteUser(writer, request.User);
        return writer.ToPdu();
    }

    public static byte[] Encode(AssociateAccept accept)
    {
        var writer = new ItemWriter(PduType.AssociateAc);
        WriteFixedPart(writer, accept.ProtocolVersion, accept.CalledAe, accept.CallingAe);
        writer.Uid(AssociateDecoder.ApplicationContextItem, accept.ApplicationContext);
        foreach (var context in accept.Contexts)
        {
            var start = writer.Begin(AssociateDecoder.ContextAnswerItem);
            writer.Bytes([context.Id, 0, (byte)context.Result, 0]);
            // PS3.8 9.3.3.2: the item is there in a refusal too, where its value is not significant.
            writer.Uid(AssociateDecoder.TransferSyntaxItem, context.TransferSyntax);
            writer.End(start);
        }

        WriteUser(writer, accept.User);
        return writer.ToPdu();
    }

    private static void WriteFixedPart(ItemWriter writer, ushort version, AeTitle called, AeTitle calling)
    {
        writer.UInt16(version);
        writer.UInt16(0);
        writer.Text(called.ToString().PadRight(16));
        writer.Text(calling.ToString().PadRight(16));
        writer.Bytes(new byte[32]);
    }

    private static void WriteUser(ItemWriter writer, UserInformation user)
    {
        var start = writer.Begin(AssociateDecoder.UserInformationItem);
        var item = writer.Begin(UserInformationDecoder.MaximumLengthItem);
        writer.UInt32(user.MaximumLength);
        writer.End(item);
        writer.Uid(UserInformationDecoder.ImplementationClassUidItem, user.ImplementationClassUid);
        if (user.AsyncOperations is { } window)
        {
            item = writer.Begin(UserInformationDecoder.AsyncOperationsWindowItem);
            writer.UInt16(window.Invoked);
            writer.UInt16(window.Performed);
            writer.End(item);
        }

        foreach (var role in user.Roles)
        {
            item = writer.Begin(UserInformationDecoder.RoleSelectionItem);
            writer.Prefixed(Encoding.ASCII.GetBytes(role.SopClass.ToString()));
            writer.Bytes([(byte)(role.ScuRole ? 1 : 0), (byte)(role.ScpRole ? 1 : 0)]);
            writer.End(item);
        }

        if (user.ImplementationVersionName.Length > 0)
        {
            item = writer.Begin(UserInformationDecoder.ImplementationVersionNameItem);
            writer.Text(user.ImplementationVersionName);
            writer.End(item);
        }

        foreach (var one in user.Extended)
        {
            item = writer.Begin(UserInformationDecoder.SopClassExtendedItem);
            writer.Prefixed(Encoding.ASCII.GetBytes(one.SopClass.ToString()));
            writer.Bytes(one.ApplicationInformation.Span);
            writer.End(item);
        }

        foreach (var one in user.CommonExtended) WriteCommonExtended(writer, one);
        if (user.Identity is { } identity)
        {
            item = writer.Begin(UserInformationDecoder.UserIdentityItem);
            writer.Bytes([(byte)identity.Type, (byte)(identity.PositiveResponseRequested ? 1 : 0)]);
            writer.Prefixed(identity.Primary.Span);
            writer.Prefixed(identity.Secondary.Span);
            writer.End(item);
        }

        if (user.IdentityResponse is { } response)
        {
            item = writer.Begin(UserInformationDecoder.UserIdentityResponseItem);
            writer.Prefixed(response.Span);
            writer.End(item);
        }

        writer.End(start);
    }

    private static void WriteCommonExtended(ItemWriter writer, SopClassCommonExtendedNegotiation one)
    {
        var item = writer.Begin(UserInformationDecoder.SopClassCommonExtendedItem);
        writer.Prefixed(Encoding.ASCII.GetBytes(one.SopClass.ToString()));
        writer.Prefixed(Encoding.ASCII.GetBytes(one.ServiceClass.ToString()));
        var related = new ArrayBufferWriter<byte>();
        foreach (var uid in one.RelatedGeneralSopClasses)
        {
            var text = Encoding.ASCII.GetBytes(uid.ToString());
            BinaryPrimitives.WriteUInt16BigEndian(related.GetSpan(2), (ushort)text.Length);
            related.Advance(2);
            related.Write(text);
        }

        writer.Prefixed(related.WrittenSpan);
        writer.End(item);
    }

    /// <summary>Appends items whose lengths are filled in when they end.</summary>
    private sealed class ItemWriter
    {
        private readonly PduType _type;
        private byte[] _bytes = new byte[1024];
        private int _length = PduHeader.Size;

        public ItemWriter(PduType type) => _type = type;

        public int Begin(byte type)
        {
            Bytes([type, 0, 0, 0]);
            return _length;
        }

        public void End(int start) =>
            BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(start - 2), LengthOf(_length - start));

        public void Uid(byte type, Uid uid)
        {
            var start = Begin(type);
            Text(uid.ToString());
            End(start);
        }

        public void Prefixed(ReadOnlySpan<byte> value)
        {
            UInt16(LengthOf(value.Length));
            Bytes(value);
        }

        public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

        public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

        public void Text(string value) => Encoding.ASCII.GetBytes(value, Take(value.Length));

        public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

        public byte[] ToPdu()
        {
            PduHeader.Write(_bytes, _type, _length - PduHeader.Size);
            return _bytes[.._length];
        }

        // A long SAML assertion or web token is the way to get here (PS3.7 D.3.3.7).
        private static ushort LengthOf(int length) => length <= ushort.MaxValue
            ? (ushort)length
            : throw new ArgumentException(
                $"An item of {length} bytes: the length of an item has 16 bits (PS3.8 9.3.2), so user information "
                + "and identity together are shorter than 64 KiB.");

        private Span<byte> Take(int count)
        {
            if (_bytes.Length - _length < count) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
            var span = _bytes.AsSpan(_length, count);
            _length += count;
            return span;
        }
    }
}
