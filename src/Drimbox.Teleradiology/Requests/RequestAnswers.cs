using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;

namespace Drimbox.Teleradiology.Requests;

/// <summary>What the radiologist says to a request (flux 3).</summary>
internal sealed class RequestAnswers(Signatory signatory, PlatformRequestGrain grain)
{
    public async Task<Refusal?> AcceptAsync(
        InstanceIdentifier order, string protocol, string actor, CancellationToken cancellationToken) =>
        // The volet asks for a protocol with each acceptance.
        string.IsNullOrWhiteSpace(protocol)
            ? Missing("An acceptance says how the images are to be made.")
            : await AnswerAsync(order, null, [new ImagingProtocol.PlainText(protocol)], actor, cancellationToken);

    public async Task<Refusal?> RefuseAsync(
        InstanceIdentifier order, string reason, string actor, CancellationToken cancellationToken) =>
        string.IsNullOrWhiteSpace(reason)
            ? Missing("A refusal says why.")
            : await AnswerAsync(order, new Code("", "", reason), [], actor, cancellationToken);

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

    private static Refusal Missing(string detail) => new(RefusalReason.RequiredFieldMissing, detail);
}
