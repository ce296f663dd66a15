using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Reads A-ASSOCIATE-RQ and -AC. What is wrong with the bytes is the reason of the A-ABORT to send; what is
/// wrong with the request (versions, titles) is for the acceptor to judge.</summary>
public static class AssociateDecoder
{
    // Protocol version (2), reserved (2), called AE (16), calling AE (16), reserved (32).
    private const int FixedPart = 68;

    internal const byte ApplicationContextItem = 0x10;
    internal const byte ContextProposalItem = 0x20;
    internal const byte ContextAnswerItem = 0x21;
    internal const byte AbstractSyntaxItem = 0x30;
    internal const byte TransferSyntaxItem = 0x40;
    internal const byte UserInformationItem = 0x50;

    /// <param name="body">The PDU after its six header bytes.</param>
    /// <param name="request">What was read.</param>
    /// <param name="fault">The A-ABORT reason where false is returned.</param>
    public static bool TryDecodeRequest(ReadOnlySpan<byte> body, out AssociateRequest? request, out AbortReason fault)
    {
        request = null;
        fault = AbortReason.InvalidParameterValue;
        if (body.Length < FixedPart) return false;
        var contexts = new List<PresentationContextProposal>();
        Uid applicationContext = default;
        UserInformation? user = null;
        var items = new ItemReader(body[FixedPart..]);
        var applicationContextSeen = false;
        while (!items.AtEnd)
        {
            if (!items.TryRead(out var type, out var value)) return false;
            switch (type)
            {
                case ApplicationContextItem when applicationContextSeen:
                case UserInformationItem when user is not null:
                case ContextAnswerItem:
                    fault = AbortReason.UnexpectedParameter;
                    return false;
                case ApplicationContextItem:
                    if (!ItemReader.TryReadUid(value, out applicationContext)) return false;
                    applicationContextSeen = true;
                    break;
                case ContextProposalItem:
                    if (contexts.Count == Limits.PresentationContextsMax) return false;
                    if (!TryDecodeProposal(value, out var proposal)) return false;
                    if (contexts.Exists(c => c.Id == proposal!.Id)) return false;
                    contexts.Add(proposal!);
                    break;
                case UserInformationItem:
                    if (!UserInformationDecoder.TryDecode(value, out user)) return false;
                    break;
                default:
                    // PS3.8 9.3.1: items of unrecognized type are ignored.
                    break;
            }
        }

        if (!applicationContextSeen || user is null || contexts.Count == 0) return false;
        request = new AssociateRequest
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(body),
            CalledAe = ReadAeTitle(body[4..20]),
            CallingAe = ReadAeTitle(body[20..36]),
            ApplicationContext = applicationContext,
            Contexts = contexts,
            User = user,
        };
        return true;
    }

    /// <inheritdoc cref="TryDecodeRequest"/>
    public static bool TryDecodeAccept(ReadOnlySpan<byte> body, out AssociateAccept? accept, out AbortReason fault)
    {
        accept = null;
        fault = AbortReason.InvalidParameterValue;
        if (body.Length < FixedPart) return false;
        var contexts = new List<PresentationContextAnswer>();
        Uid applicationContext = default;
        UserInformation? user = null;
        var items = new ItemReader(body[FixedPart..]);
        while (!items.AtEnd)
        {
            if (!items.TryRead(out var type, out var value)) return false;
            switch (type)
            {
                case ApplicationContextItem:
                    if (!ItemReader.TryReadUid(value, out applicationContext)) return false;
                    break;
                case ContextAnswerItem:
                    if (contexts.Count == Limits.PresentationContextsMax) return false;
                    if (!TryDecodeAnswer(value, out var answer)) return false;
                    if (contexts.Exists(c => c.Id == answer!.Id)) return false;
                    contexts.Add(answer!);
                    break;
                case ContextProposalItem:
                    fault = AbortReason.UnexpectedParameter;
                    return false;
                case UserInformationItem:
                    if (!UserInformationDecoder.TryDecode(value, out user)) return false;
                    break;
                default:
                    break;
            }
        }

        accept = new AssociateAccept
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(body),
            CalledAe = ReadAeTitle(body[4..20]),
            CallingAe = ReadAeTitle(body[20..36]),
            ApplicationContext = applicationContext,
            Contexts = contexts,
            User = user ?? new UserInformation(),
        };
        return true;
    }

    // PS3.8 9.3.2, bytes 11-26 and 27-42: 16 characters, leading and trailing spaces not significant. A title that
    // is none stays empty and is refused as unknown (attack A12), never repaired.
    private static AeTitle ReadAeTitle(ReadOnlySpan<byte> field)
    {
        foreach (var b in field)
        {
            if (b is < 0x20 or > 0x7E) return default;
        }

        return AeTitle.TryParse(Encoding.ASCII.GetString(field), out var title) ? title : default;
    }

    // PS3.8 9.3.2.2: id, three reserved bytes, then exactly one abstract syntax and one or more transfer syntaxes.
    private static bool TryDecodeProposal(ReadOnlySpan<byte> value, out PresentationContextProposal? proposal)
    {
        proposal = null;
        if (value.Length < 4) return false;
        var id = value[0];
        if ((id & 1) == 0) return false;
        Uid abstractSyntax = default;
        var abstractSyntaxSeen = false;
        var offered = 0;
        List<Uid> transferSyntaxes = [];
        var items = new ItemReader(value[4..]);
        while (!items.AtEnd)
        {
            if (!items.TryRead(out var type, out var uidText)) return false;
            if (type is not (AbstractSyntaxItem or TransferSyntaxItem)) continue;
            if (!ItemReader.TryReadUid(uidText, out var uid)) return false;
            if (type == AbstractSyntaxItem)
            {
                if (abstractSyntaxSeen) return false;
                abstractSyntaxSeen = true;
                abstractSyntax = uid;
                continue;
            }

            if (!abstractSyntaxSeen || ++offered > Limits.TransferSyntaxesPerContextMax) return false;
            if (!uid.IsEmpty) transferSyntaxes.Add(uid);
        }

        if (!abstractSyntaxSeen || offered == 0) return false;
        proposal = new PresentationContextProposal(id, abstractSyntax, transferSyntaxes);
        return true;
    }

    // PS3.8 9.3.3.2: id, reserved, result, reserved, then one transfer syntax, not significant unless accepted.
    private static bool TryDecodeAnswer(ReadOnlySpan<byte> value, out PresentationContextAnswer? answer)
    {
        answer = null;
        if (value.Length < 4 || (value[0] & 1) == 0) return false;
        var result = (PresentationContextResult)value[2];
        Uid transferSyntax = default;
        var items = new ItemReader(value[4..]);
        while (!items.AtEnd && result == PresentationContextResult.Acceptance)
        {
            if (!items.TryRead(out var type, out var uidText)) return false;
            if (type != TransferSyntaxItem) continue;
            if (!ItemReader.TryReadUid(uidText, out transferSyntax)) return false;
        }

        if (result == PresentationContextResult.Acceptance && transferSyntax.IsEmpty) return false;
        answer = new PresentationContextAnswer(value[0], result, transferSyntax);
        return true;
    }
}
