using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>Sends N-EVENT-REPORT as the SCP, over an association that the SCU opened, for as long as it stands. Source:
/// PS3.7 10.1.1.</summary>
public sealed class EventReporter
{
    private readonly AssociationSession _session;
    private readonly PresentationContext _context;
    private readonly Task _answered;

    internal EventReporter(AssociationSession session, PresentationContext context, Task answered)
    {
        _session = session;
        _context = context;
        _answered = answered;
    }

    /// <summary>Waits until the request that this reporter came with is answered, sends the report, and waits for the
    /// SCU's response.</summary>
    /// <exception cref="AssociationAbortedException">The association is over, or about to be: the report needs a new
    /// one.</exception>
    /// <exception cref="TimeoutException">The SCU did not answer in time.</exception>
    public async ValueTask<DimseStatus> ReportAsync(
        Uid sopInstanceUid,
        ushort eventTypeId,
        DataSet? argument = null,
        CancellationToken cancellationToken = default)
    {
        await _answered.WaitAsync(cancellationToken);
        return await _session.ReportAsync(_context, sopInstanceUid, eventTypeId, argument, cancellationToken);
    }
}
