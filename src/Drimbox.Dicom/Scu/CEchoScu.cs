using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Verification SCU. Source: PS3.4 annex A, PS3.7 9.1.5.</summary>
public sealed class CEchoScu(Association association)
{
    /// <summary>The context that a C-ECHO needs.</summary>
    public static ProposedContext Context { get; } =
        new(SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid);

    /// <returns>The status of the peer; 0122 of our own if it did not accept Verification.</returns>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the association is aborted.</exception>
    public async ValueTask<DimseStatus> SendAsync(CancellationToken cancellationToken = default)
    {
        if (association.FindContext(SopClass.Verification) is not { } context) return DimseStatus.SopClassNotSupported;
        await using var registration = association.AbortOn(cancellationToken);
        var request = new CommandSet
        {
            CommandField = CommandField.CEchoRq,
            AffectedSopClassUid = SopClass.Verification,
        };
        try
        {
            using var operation = await association.Responses.BeginAsync(request);
            await association.Channel.SendAsync(context, request);
            return (await operation.NextAsync()).Status;
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
