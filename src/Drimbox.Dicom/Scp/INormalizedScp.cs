using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Scp;

/// <summary>The SCP of SOP classes with DIMSE-N operations: N-CREATE, N-SET, N-GET, N-ACTION and N-DELETE. Source:
/// PS3.7 10.1.</summary>
public interface INormalizedScp
{
    /// <summary>The SOP classes that it performs.</summary>
    IReadOnlyCollection<Uid> SopClasses { get; }

    /// <summary>Performs one operation; <see cref="DimseStatus.UnrecognizedOperation"/> answers those that the SOP class
    /// does not have. Requests of one association may run at once, as many as its window allows.</summary>
    /// <param name="cancellationToken">Cancelled by the end of the association.</param>
    /// <exception cref="IOException">The store cannot be asked now: the answer is 0213.</exception>
    ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken);
}

/// <summary>Takes N-EVENT-REPORT as the SCU of a SOP class, on an association that either side opened. Source: PS3.7
/// 10.1.1, PS3.4 J.3.3.</summary>
public interface INEventReportReceiver
{
    /// <summary>The SOP classes whose events it takes.</summary>
    IReadOnlyCollection<Uid> SopClasses { get; }

    /// <exception cref="IOException">It cannot be recorded now: the answer is 0213.</exception>
    ValueTask<NResponse> ReceiveAsync(NEventReportRequest report, CancellationToken cancellationToken);
}
