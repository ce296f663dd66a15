using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Drimbox.Hl7.Mllp;

/// <summary>What the MLLP listeners of this process count. Tags are our own port and the code of the answer, nothing of a
/// message.</summary>
public static class MllpMetrics
{
    public const string MeterName = "Drimbox.Hl7";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> Durations = Meter.CreateHistogram<double>(
        "drimbox.hl7.message.duration", "s",
        "From the last byte of a frame to its answer, by MSA-1 of the answer (none: the connection was closed).", tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        });

    internal static string PortOf(Socket socket) => socket.LocalEndPoint is IPEndPoint local
        ? local.Port.ToString(CultureInfo.InvariantCulture)
        : "";

    internal static void Answered(string port, ReadOnlySpan<byte> ack, TimeSpan duration)
    {
        if (!Durations.Enabled) return;
        Durations.Record(
            duration.TotalSeconds, new("port", port), new KeyValuePair<string, object?>("ack", CodeOf(ack)));
    }

    // The answer is ours, so its separator is a byte and MSA-1 the first field.
    private static string CodeOf(ReadOnlySpan<byte> ack)
    {
        if (ack.IsEmpty) return "none";
        var at = ack.IndexOf("\rMSA"u8);
        if (at < 0 || ack.Length < at + 7) return "other";
        return ack.Slice(at + 5, 2) switch
        {
            [(byte)'A', (byte)'A'] => "AA",
            [(byte)'A', (byte)'E'] => "AE",
            [(byte)'A', (byte)'R'] => "AR",
            _ => "other",
        };
    }
}
