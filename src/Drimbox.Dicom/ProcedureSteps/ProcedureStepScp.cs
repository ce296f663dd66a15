using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;

namespace Drimbox.Dicom.ProcedureSteps;

/// <summary>A step as it is kept.</summary>
/// <param name="Version">Changes with each update.</param>
public sealed record ProcedureStep(Uid SopInstanceUid, DataSet Attributes, long Version);

/// <summary>Keeps performed procedure steps. What it says yes to is durable.</summary>
public interface IProcedureStepStore
{
    /// <returns>Null if there is none.</returns>
    /// <exception cref="IOException">It cannot be read now: the answer is 0213. The same holds for the other
    /// methods.</exception>
    ValueTask<ProcedureStep?> FindAsync(Uid sopInstanceUid, CancellationToken cancellationToken);

    /// <returns>False if there is one with that UID already.</returns>
    ValueTask<bool> TryAddAsync(
        Uid sopInstanceUid, DataSet attributes, AssociationPeer peer, CancellationToken cancellationToken);

    /// <returns>False if <paramref name="step"/> is no longer the version that is kept.</returns>
    ValueTask<bool> TryReplaceAsync(ProcedureStep step, DataSet attributes, CancellationToken cancellationToken);
}

/// <summary>Modality Performed Procedure Step SCP, with its retrieval. Source: PS3.4 F.7 and F.8.</summary>
public sealed class ProcedureStepScp(IProcedureStepStore store) : INormalizedScp
{
    public static IReadOnlyCollection<Uid> Classes { get; } =
        [SopClass.ModalityPerformedProcedureStep, SopClass.ModalityPerformedProcedureStepRetrieve];

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken)
    {
        var isRetrieve = request.SopClassUid == SopClass.ModalityPerformedProcedureStepRetrieve;
        return (request, isRetrieve) switch
        {
            (NCreateRequest create, false) => CreateAsync(create, cancellationToken),
            (NSetRequest set, false) => SetAsync(set, cancellationToken),
            (NGetRequest get, true) => GetAsync(get, cancellationToken),
            _ => ValueTask.FromResult(NResponse.Refused(DimseStatus.UnrecognizedOperation)),
        };
    }

    private async ValueTask<NResponse> CreateAsync(NCreateRequest request, CancellationToken cancellationToken)
    {
        // PS3.4 F.7.2.1.1: the SCU names the instance, for images refer to it before we answer.
        if (request.SopInstanceUid.IsEmpty) return NResponse.Refused(DimseStatus.InvalidSopInstance);
        if (ProcedureStepRules.RefuseCreation(request.Attributes) is { } refusal) return refusal;
        return await store.TryAddAsync(request.SopInstanceUid, request.Attributes, request.Peer, cancellationToken)
            ? NResponse.Success
            : NResponse.Refused(DimseStatus.DuplicateSopInstance);
    }

    private async ValueTask<NResponse> SetAsync(NSetRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await store.FindAsync(request.SopInstanceUid, cancellationToken) is not { } step)
                return NResponse.Refused(DimseStatus.NoSuchSopInstance);
            var response = ProcedureStepRules.Set(step.Attributes, request.Modifications, out var updated);
            if (updated is null || await store.TryReplaceAsync(step, updated, cancellationToken)) return response;
            // Another N-SET was faster: the rules are asked again about what it left.
        }
    }

    private async ValueTask<NResponse> GetAsync(NGetRequest request, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(request.SopInstanceUid, cancellationToken) is not { } step)
            return NResponse.Refused(DimseStatus.NoSuchSopInstance);
        if (request.AttributeIdentifiers.Count == 0) return NResponse.Success with { DataSet = step.Attributes };
        var found = new DataSet();
        foreach (var tag in request.AttributeIdentifiers.Append(Tag.SpecificCharacterSet))
        {
            if (step.Attributes.TryGet(tag, out var element)) found.Set(element);
        }

        // PS3.4 F.8.2.1.4: warning 0001 where attributes were asked for that we do not have.
        var absent = request.AttributeIdentifiers.Where(tag => !step.Attributes.Contains(tag)).ToList();
        return new NResponse(absent.Count == 0 ? DimseStatus.Success : new DimseStatus(0x0001)) { DataSet = found };
    }
}
