using System.Diagnostics.Metrics;
using System.Globalization;

namespace Drimbox.Gateway.Telemetry;

/// <summary>Adds up what this process measures, since its start: the meters of the program, those of the runtime and of
/// the web server. None of them has a patient, a study or a peer of its own naming among its tags.</summary>
internal sealed class MetricRegister : IAsyncDisposable
{
    /// <summary>Meters that are shown beside those of the program.</summary>
    public static readonly IReadOnlyList<string> OtherMeters =
        ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public MetricRegister()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (IsShown(instrument.Meter.Name)) listener.EnableMeasurementEvents(instrument, MetricOf(instrument));
        };
        Listen<byte>();
        Listen<short>();
        Listen<int>();
        Listen<long>();
        Listen<float>();
        Listen<double>();
        Listen<decimal>();
        _listener.Start();
    }

    /// <summary>True for a meter whose metrics are shown.</summary>
    public static bool IsShown(string meter) =>
        meter.StartsWith("Drimbox.", StringComparison.Ordinal) || OtherMeters.Contains(meter, StringComparer.Ordinal);

    /// <summary>All metrics in the order of their names, with what is observed as of now.</summary>
    public IReadOnlyList<Metric> Read()
    {
        lock (_gate)
        {
            foreach (var metric in _metrics.Values) metric.Forget();
            _listener.RecordObservableInstruments();
            return [.. _metrics.Values];
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Listen<T>() where T : struct =>
        _listener.SetMeasurementEventCallback<T>(static (_, value, tags, metric) =>
            ((Metric)metric!).Add(Convert.ToDouble(value, CultureInfo.InvariantCulture), tags));

    // An instrument of the same name in a second meter of the same name is the same metric.
    private Metric MetricOf(Instrument instrument)
    {
        lock (_gate)
        {
            if (!_metrics.TryGetValue(instrument.Name, out var metric))
                _metrics.Add(instrument.Name, metric = new Metric(instrument));
            return metric;
        }
    }
}
