using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;

namespace Drimbox.Teleradiology.Requests;

/// <summary>What the radiologist says to a request (flux 3).</summary>
internal sealed class RequestAnswers(Signatory signatory, PlatformRequestGrain grain)
{
    public async Task<Refusal?> AcceptAsync(
        InstanceIdentifier order,
        IReadOnlyList<ImagingProtocol> protocols,
        string actor,
        CancellationToken cancellationToken) =>
        Check(protocols) ?? await AnswerAsync(order, null, protocols, actor, cancellationToken);

    /// <param name="reason">ORC-16: a text, with its code where there is one.</param>
    public async Task<Refusal?> RefuseAsync(
        InstanceIdentifier order, Code reason, string actor, CancellationToken cancellationToken)
    {
        // The volet lets a refusal be silent. Whoever has the patient before them needs to know.
        if (string.IsNullOrWhiteSpace(reason.Display)) return Missing("A refusal says why.");
        return reason.Value.Length > 0 == reason.System.Length > 0
            ? await AnswerAsync(order, reason, [], actor, cancellationToken)
            : Missing("A code of a refusal names its coding system.");
    }

    private async Task<Refusal?> AnswerAsync(
        InstanceIdentifier order,
        Code? reason,
        IReadOnlyList<ImagingProtocol> protocols,
        string actor,
        CancellationToken cancellationToken)
    {
        var state = await grain.GetAsync(order, cancellationToken);
        if (state.Request is not { } request)
            return new Refusal(RefusalReason.UnknownTarget, "No request has this placer order number.");
        var response = new RequestResponse(
            order, request.Patient, Accepted: reason is null, signatory.Radiologist, signatory.Platform, reason,
            protocols);
        var reply = await grain.ExecuteAsync(
            [(order, new AnswerRequest(response, actor))], null, null, cancellationToken);
        return reply.Refusal;
    }

    private static Refusal? Check(IReadOnlyList<ImagingProtocol> protocols)
    {
        // Flux 3: PROTOCOLE_IMAGERIE is there for each acceptance.
        if (protocols.Count == 0 || protocols.Any(IsEmpty))
            return Missing("An acceptance says how the images are to be made.");
        if (protocols.Count > Limits.ProtocolsMax)
            return new Refusal(RefusalReason.OverLimit, $"More than {Limits.ProtocolsMax} protocols.");
        if (protocols.Sum(LengthOf) > Limits.ProtocolBytesMax)
            return new Refusal(RefusalReason.OverLimit, $"Protocols of more than {Limits.ProtocolBytesMax} bytes.");
        return protocols.OfType<ImagingProtocol.Encapsulated>().All(IsPdf)
            ? null
            : new Refusal(RefusalReason.DataType, "A protocol that is a document is a PDF.");
    }

    private static bool IsEmpty(ImagingProtocol protocol) =>
        protocol is ImagingProtocol.PlainText text && string.IsNullOrWhiteSpace(text.Text);

    private static long LengthOf(ImagingProtocol protocol) => protocol switch
    {
        ImagingProtocol.PlainText text => Encoding.UTF8.GetByteCount(text.Text),
        ImagingProtocol.Encapsulated document => document.Content.Length,
        _ => throw Invariant.Unreachable(protocol),
    };

    private static bool IsPdf(ImagingProtocol.Encapsulated document) =>
        document.Content.Span.StartsWith("%PDF-"u8);

    private static Refusal Missing(string detail) => new(RefusalReason.RequiredFieldMissing, detail);
}
