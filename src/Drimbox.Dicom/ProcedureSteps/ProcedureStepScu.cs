using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.ProcedureSteps;

/// <summary>Modality Performed Procedure Step SCU. Source: PS3.4 F.7.2.</summary>
/// <inheritdoc cref="NormalizedScu" path="/remarks"/>
public sealed class ProcedureStepScu(Association association)
{
    private readonly NormalizedScu _scu = new(association);

    /// <summary>The context that the operations need.</summary>
    public static ProposedContext Context { get; } = CFindScu.ContextFor(SopClass.ModalityPerformedProcedureStep);

    /// <summary>N-CREATE, with the status IN PROGRESS.</summary>
    public ValueTask<NResponse> BeginAsync(
        Uid step, DataSet attributes, CancellationToken cancellationToken = default)
    {
        attributes.SetString(Tag.PerformedProcedureStepStatus, ProcedureStepRules.InProgress);
        return _scu.CreateAsync(SopClass.ModalityPerformedProcedureStep, step, attributes, cancellationToken);
    }

    /// <summary>N-SET of a step that goes on.</summary>
    public ValueTask<NResponse> UpdateAsync(
        Uid step, DataSet modifications, CancellationToken cancellationToken = default) =>
        _scu.SetAsync(SopClass.ModalityPerformedProcedureStep, step, modifications, cancellationToken);

    /// <summary>N-SET to COMPLETED.</summary>
    public ValueTask<NResponse> CompleteAsync(
        Uid step, DataSet modifications, CancellationToken cancellationToken = default) =>
        EndAsync(step, modifications, ProcedureStepRules.Completed, cancellationToken);

    /// <summary>N-SET to DISCONTINUED.</summary>
    public ValueTask<NResponse> DiscontinueAsync(
        Uid step, DataSet modifications, CancellationToken cancellationToken = default) =>
        EndAsync(step, modifications, ProcedureStepRules.Discontinued, cancellationToken);

    private ValueTask<NResponse> EndAsync(
        Uid step, DataSet modifications, string status, CancellationToken cancellationToken)
    {
        modifications.SetString(Tag.PerformedProcedureStepStatus, status);
        return UpdateAsync(step, modifications, cancellationToken);
    }
}
