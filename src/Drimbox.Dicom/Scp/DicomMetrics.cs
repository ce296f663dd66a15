using System.Diagnostics;
using System.Diagnostics.Metrics;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>What the acceptors of this process count. Tags are our own AE title, operations and outcomes, never what a
/// peer calls itself: it may call itself anything.</summary>
public static class DicomMetrics
{
    public const string MeterName = "Drimbox.Dicom";

    private static readonly Meter Meter = new(MeterName);

    private static readonly UpDownCounter<long> OpenCount = Meter.CreateUpDownCounter<long>(
        "drimbox.dicom.associations.open", "{association}", "Associations that are accepted and not ended.");

    private static readonly Counter<long> RequestCount = Meter.CreateCounter<long>(
        "drimbox.dicom.associations", "{association}", "Association requests, by result: accepted, or result/source/reason of the A-ASSOCIATE-RJ.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram<double>(
        "drimbox.dicom.operation.duration", "s",
        "From the command of a request to its final response, with the data set on its way.", tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries =
                [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
        });

    private static readonly Counter<long> ReceivedBytes = Meter.CreateCounter<long>(
        "drimbox.dicom.received", "By", "Bytes received on associations that have ended, PDU headers included.");

    /// <summary>The beginning of what is measured; 0 where nobody listens.</summary>
    internal static long Begin() => Durations.Enabled ? Stopwatch.GetTimestamp() : 0;

    internal static void Accepted(string ae)
    {
        OpenCount.Add(1, new KeyValuePair<string, object?>("ae", ae));
        RequestCount.Add(1, new("ae", ae), new KeyValuePair<string, object?>("result", "accepted"));
    }

    internal static void Ended(string ae, long receivedBytes)
    {
        OpenCount.Add(-1, new KeyValuePair<string, object?>("ae", ae));
        ReceivedBytes.Add(receivedBytes, new KeyValuePair<string, object?>("ae", ae));
    }

    internal static void Rejected(string ae, AssociateRejection rejection)
    {
        if (!RequestCount.Enabled) return;
        RequestCount.Add(1, new("ae", ae), new KeyValuePair<string, object?>("result", ResultOf(rejection)));
    }

    internal static void Operation(string ae, string operation, DimseStatus status, long begun)
    {
        if (begun == 0) return;
        Durations.Record(
            Stopwatch.GetElapsedTime(begun).TotalSeconds, new("ae", ae), new("operation", operation),
            new KeyValuePair<string, object?>("status", ClassOf(status)));
    }

    // The three numbers of the A-ASSOCIATE-RJ (PS3.8 9.3.4): we have a handful of them.
    private static string ResultOf(AssociateRejection rejection) =>
        $"{(byte)rejection.Result}/{(byte)rejection.Source}/{rejection.Reason}";

    // The class of a status (PS3.7 C), not its code: codes are as many as there are peers with ideas.
    private static string ClassOf(DimseStatus status) => status.Category switch
    {
        StatusCategory.Success => "success",
        StatusCategory.Warning => "warning",
        StatusCategory.Cancel => "cancel",
        StatusCategory.Pending => "pending",
        _ => "failure",
    };
}
