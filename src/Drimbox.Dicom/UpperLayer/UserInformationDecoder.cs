using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Reads the sub-items of the user information item. Source: PS3.8 D.1, PS3.7 D.3.3.</summary>
internal static class UserInformationDecoder
{
    internal const byte MaximumLengthItem = 0x51;
    internal const byte ImplementationClassUidItem = 0x52;
    internal const byte AsyncOperationsWindowItem = 0x53;
    internal const byte RoleSelectionItem = 0x54;
    internal const byte ImplementationVersionNameItem = 0x55;
    internal const byte SopClassExtendedItem = 0x56;
    internal const byte SopClassCommonExtendedItem = 0x57;
    internal const byte UserIdentityItem = 0x58;
    internal const byte UserIdentityResponseItem = 0x59;

    public static bool TryDecode(ReadOnlySpan<byte> value, out UserInformation? user)
    {
        user = null;
        var found = new UserInformation();
        List<RoleSelection> roles = [];
        List<SopClassExtendedNegotiation> extended = [];
        List<SopClassCommonExtendedNegotiation> common = [];
        var items = new ItemReader(value);
        while (!items.AtEnd)
        {
            if (!items.TryRead(out var type, out var item)) return false;
            switch (type)
            {
                case MaximumLengthItem:
                    if (item.Length != 4) return false;
                    found = found with { MaximumLength = BinaryPrimitives.ReadUInt32BigEndian(item) };
                    break;
                case ImplementationClassUidItem:
                    if (!ItemReader.TryReadUid(item, out var implementation)) return false;
                    found = found with { ImplementationClassUid = implementation };
                    break;
                case AsyncOperationsWindowItem:
                    if (item.Length != 4) return false;
                    found = found with
                    {
                        AsyncOperations = new AsyncOperationsWindow(
                            BinaryPrimitives.ReadUInt16BigEndian(item),
                            BinaryPrimitives.ReadUInt16BigEndian(item[2..])),
                    };
                    break;
                case RoleSelectionItem:
                    if (roles.Count == Limits.NegotiationItemsMax || !TryReadRole(item, out var role)) return false;
                    roles.Add(role!);
                    break;
                case ImplementationVersionNameItem:
                    // PS3.7 D.3.3.2.3: 1 to 16 characters; longer ones are cut, since the name decides nothing.
                    var name = item.TrimEnd("\0 "u8);
                    found = found with
                    {
                        ImplementationVersionName = Encoding.ASCII.GetString(name[..Math.Min(16, name.Length)]),
                    };
                    break;
                case SopClassExtendedItem:
                    if (extended.Count == Limits.NegotiationItemsMax || !TryReadExtended(item, out var one))
                        return false;
                    extended.Add(one!);
                    break;
                case SopClassCommonExtendedItem:
                    if (common.Count == Limits.NegotiationItemsMax || !TryReadCommon(item, out var two)) return false;
                    common.Add(two!);
                    break;
                case UserIdentityItem:
                    if (!TryReadIdentity(item, out var identity)) return false;
                    found = found with { Identity = identity };
                    break;
                case UserIdentityResponseItem:
                    var rest = item;
                    if (!ItemReader.TryReadPrefixed(ref rest, out var response)) return false;
                    found = found with { IdentityResponse = response.ToArray() };
                    break;
                default:
                    break;
            }
        }

        user = found with { Roles = roles, Extended = extended, CommonExtended = common };
        return true;
    }

    private static bool TryReadRole(ReadOnlySpan<byte> item, out RoleSelection? role)
    {
        role = null;
        var rest = item;
        if (!ItemReader.TryReadPrefixed(ref rest, out var text) || rest.Length != 2) return false;
        if (!ItemReader.TryReadUid(text, out var sopClass)) return false;
        role = new RoleSelection(sopClass, rest[0] == 1, rest[1] == 1);
        return true;
    }

    private static bool TryReadExtended(ReadOnlySpan<byte> item, out SopClassExtendedNegotiation? negotiation)
    {
        negotiation = null;
        var rest = item;
        if (!ItemReader.TryReadPrefixed(ref rest, out var text)) return false;
        if (!ItemReader.TryReadUid(text, out var sopClass)) return false;
        negotiation = new SopClassExtendedNegotiation(sopClass, rest.ToArray());
        return true;
    }

    private static bool TryReadCommon(ReadOnlySpan<byte> item, out SopClassCommonExtendedNegotiation? negotiation)
    {
        negotiation = null;
        var rest = item;
        if (!ItemReader.TryReadPrefixed(ref rest, out var classText)) return false;
        if (!ItemReader.TryReadPrefixed(ref rest, out var serviceText)) return false;
        if (!ItemReader.TryReadPrefixed(ref rest, out var relatedItems)) return false;
        if (!ItemReader.TryReadUid(classText, out var sopClass)) return false;
        if (!ItemReader.TryReadUid(serviceText, out var serviceClass)) return false;
        List<Uid> related = [];
        while (!relatedItems.IsEmpty)
        {
            if (related.Count == Limits.NegotiationItemsMax) return false;
            if (!ItemReader.TryReadPrefixed(ref relatedItems, out var text)) return false;
            if (!ItemReader.TryReadUid(text, out var uid)) return false;
            related.Add(uid);
        }

        negotiation = new SopClassCommonExtendedNegotiation(sopClass, serviceClass, related);
        return true;
    }

    // PS3.7 D.3.3.7.1: type, positive response requested, primary field, secondary field (only with a passcode).
    private static bool TryReadIdentity(ReadOnlySpan<byte> item, out UserIdentity? identity)
    {
        identity = null;
        if (item.Length < 2) return false;
        var rest = item[2..];
        if (!ItemReader.TryReadPrefixed(ref rest, out var primary)) return false;
        if (!ItemReader.TryReadPrefixed(ref rest, out var secondary)) return false;
        identity = new UserIdentity((UserIdentityType)item[0], item[1] == 1, primary.ToArray(), secondary.ToArray());
        return true;
    }
}
