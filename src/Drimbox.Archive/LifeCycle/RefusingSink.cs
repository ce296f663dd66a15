using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;

namespace Drimbox.Archive;

/// <summary>Lets the data set pass to its end and answers A700: below the low-water mark an association that stands
/// is neither aborted nor written for (PS3.4 B.2.3).</summary>
internal sealed class RefusingSink : IInstanceSink
{
    public static RefusingSink DiskNearlyFull { get; } = new();

    public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

    public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken) =>
        new(DimseStatus.OutOfResources.With("The disk is nearly full."));

    public ValueTask AbandonAsync() => default;
}
