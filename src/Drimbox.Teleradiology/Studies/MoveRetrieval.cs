using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Teleradiology.Studies;

/// <summary>Brings a study here. Asking again is harmless: what comes twice takes its own place.</summary>
internal interface IStudyRetrieval
{
    /// <param name="expected">Counts what is durable.</param>
    /// <returns>Null if the whole study is here, else what went wrong; nothing of a patient in it.</returns>
    Task<string?> RetrieveAsync(Uid study, ExpectedStudy expected, CancellationToken cancellationToken);
}

/// <summary>C-MOVE to the archive with ourselves as the destination (PS3.4 C.4.2).</summary>
internal sealed class MoveRetrieval(DicomPeerOptions archive, AeTitle ownAe, TimeProvider time) : IStudyRetrieval
{
    public static readonly Uid Model = SopClass.StudyRootQueryRetrieveInformationModelMove;

    /// <inheritdoc/>
    public async Task<string?> RetrieveAsync(Uid study, ExpectedStudy expected, CancellationToken cancellationToken)
    {
        RetrieveResult result;
        try
        {
            result = await MoveAsync(study, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return $"The archive: {(e is SocketException socket ? $"{socket.SocketErrorCode}." : e.Message)}";
        }

        var counts = result.Counts;
        if (result.Status.Category != StatusCategory.Success || counts.Failed > 0)
            return $"The archive answered {new DimseStatus(result.Status.Code)}, {counts.Failed} instances failed.";
        // An archive that does not know the study answers 0000 with no sub-operation (PS3.4 C.4.2.3.1).
        if (expected.Stored == 0) return "The archive does not hold the study.";
        return expected.Stored < counts.Completed + counts.Warning
            ? $"The archive sent {counts.Completed + counts.Warning} instances, {expected.Stored} are here."
            : null;
    }

    private async Task<RetrieveResult> MoveAsync(Uid study, CancellationToken cancellationToken)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = archive.Host,
                Port = archive.Port,
                CallingAe = ownAe,
                CalledAe = AeTitle.Parse(archive.AeTitle),
                Contexts = [CFindScu.ContextFor(Model)],
                Tls = TlsClientOptions.From(archive.Tls),
                Time = time,
            },
            cancellationToken);
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "STUDY");
        identifier.SetUid(Tag.StudyInstanceUID, study);
        var result = await new CMoveScu(association).MoveAsync(
            Model, identifier, ownAe, cancellationToken: cancellationToken);
        await association.ReleaseAsync(cancellationToken);
        return result;
    }
}
