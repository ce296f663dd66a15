using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using Drimbox.Grains.Tracing;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Drimbox.Gateway.Telemetry;

/// <summary>Sends the metrics of this process, and the traces of studies if they are wanted, to a collector by OTLP. A collector that is away costs nothing but its
/// figures: nothing waits for it.</summary>
internal sealed class OtlpExport : IAsyncDisposable
{
    private readonly MeterProvider _metrics;
    private readonly TracerProvider? _traces;

    public OtlpExport(OtlpSection section)
    {
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService(
                section.ServiceName, serviceVersion: GatewayProcess.Version))
            .AddMeter("Drimbox.*")
            .AddMeter([.. MetricRegister.OtherMeters])
            .AddOtlpExporter((exporter, reader) =>
            {
                Address(exporter, section, "/v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    (int)section.Interval.TotalMilliseconds;
            })
            .Build();
        if (!section.Traces) return;
        _traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(resource => resource.AddService(
                section.ServiceName, serviceVersion: GatewayProcess.Version))
            .AddSource(StudyTrace.SourceName)
            .AddOtlpExporter(exporter =>
            {
                Address(exporter, section, "/v1/traces");
                exporter.BatchExportProcessorOptions.ScheduledDelayMilliseconds = (int)section.Interval.TotalMilliseconds;
            })
            .Build();
    }

    public ValueTask DisposeAsync()
    {
        // The last figures leave, if the collector takes them within a moment.
        _metrics.Shutdown(timeoutMilliseconds: 2_000);
        _metrics.Dispose();
        _traces?.Shutdown(timeoutMilliseconds: 2_000);
        _traces?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Address(OtlpExporterOptions exporter, OtlpSection section, string path)
    {
        var isGrpc = section.Protocol == OtlpSection.Grpc;
        exporter.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // OTLP/HTTP: the path of a signal below the address of the collector; gRPC names its method itself.
        exporter.Endpoint = isGrpc ? section.Endpoint! : new Uri(section.Endpoint!.AbsoluteUri.TrimEnd('/') + path);
    }
}
