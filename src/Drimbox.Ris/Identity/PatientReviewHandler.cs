using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;

namespace Drimbox.Ris.Identity;

/// <summary>Has the reports of a patient looked at again after the answer about the DMP changed. Each report asks what
/// holds now, so that a row that comes late or twice does no harm.</summary>
internal sealed class PatientReviewHandler(PatientRegister patients, ReportRegister reports) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var payload = EventCodec.Read<PatientReviewPayload>(attempt.Row.Payload);
        foreach (var report in await patients.ReportsOfAsync(payload.Keys, cancellationToken))
        {
            await reports.ExecuteAsync(
                ReportId.Parse(report, null), new ReviewOpposition(null), null, cancellationToken);
        }

        return DispatchVerdict.Done;
    }
}
