using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Commitment;

/// <summary>Reports a commitment on an association that the SCP opens, in the SCP role. Source: PS3.4 J.3.3, PS3.7
/// D.3.3.4.</summary>
public static class CommitmentReporter
{
    /// <summary>PS3.7 D.3.3.4: the requestor of the association is the SCP.</summary>
    public static ProposedContext Context { get; } =
        CFindScu.ContextFor(SopClass.StorageCommitmentPushModel) with { AsScu = false, AsScp = true };

    /// <summary>Calls <paramref name="peer"/>, reports, and releases.</summary>
    /// <returns>The status of the SCU; 0122 of our own if it did not accept the SOP class.</returns>
    /// <exception cref="AssociationRejectedException">The peer refused the association.</exception>
    /// <exception cref="AssociationAbortedException">The association ended before the answer.</exception>
    /// <exception cref="SocketException">No TCP connection.</exception>
    /// <exception cref="TimeoutException">No TCP connection in time.</exception>
    public static async ValueTask<DimseStatus> ReportAsync(
        DicomPeer peer,
        AeTitle callingAe,
        CommitmentReport report,
        TimeProvider time,
        CancellationToken cancellationToken = default)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = peer.Host,
                Port = peer.Port,
                CallingAe = callingAe,
                CalledAe = peer.AeTitle,
                Contexts = [Context],
                Tls = peer.Tls,
                Time = time,
            },
            cancellationToken);
        var response = await new NormalizedScu(association).EventReportAsync(
            SopClass.StorageCommitmentPushModel,
            CommitmentModel.WellKnownInstance,
            report.EventTypeId,
            report.ToDataSet(),
            cancellationToken);
        await association.ReleaseAsync(cancellationToken);
        return response.Status;
    }
}
