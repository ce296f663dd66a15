using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;

namespace Drimbox.Tests.Dicom;

/// <summary>An SCP of DIMSE-N operations that a test scripts, for any SOP classes.</summary>
internal sealed class FakeNormalizedScp(params IReadOnlyCollection<Uid> sopClasses) : INormalizedScp
{
    public IReadOnlyCollection<Uid> SopClasses => sopClasses;

    public ConcurrentQueue<NRequest> Requests { get; } = [];

    public Func<NRequest, CancellationToken, ValueTask<NResponse>> Answer { get; set; } =
        static (_, _) => ValueTask.FromResult(NResponse.Success);

    public ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return Answer(request, cancellationToken);
    }
}

/// <summary>Takes notifications and answers as it is told.</summary>
internal sealed class FakeReceiver(Uid sopClass) : INEventReportReceiver
{
    public IReadOnlyCollection<Uid> SopClasses { get; } = [sopClass];

    public ConcurrentQueue<NEventReportRequest> Reports { get; } = [];

    public NResponse Answer { get; set; } = NResponse.Success;

    public ValueTask<NResponse> ReceiveAsync(NEventReportRequest report, CancellationToken cancellationToken)
    {
        Reports.Enqueue(report);
        return ValueTask.FromResult(Answer);
    }
}
