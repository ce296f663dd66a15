using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Drimbox.Gateway.Telemetry;

/// <summary>Sends the metrics of this process to a collector by OTLP. A collector that is away costs nothing but its
/// figures: nothing waits for it.</summary>
internal sealed class OtlpExport : IAsyncDisposable
{
    private readonly MeterProvider _metrics;

    public OtlpExport(OtlpSection section)
    {
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService(
                section.ServiceName, serviceVersion: GatewayProcess.Version))
            .AddMeter("Drimbox.*")
            .AddMeter([.. MetricRegister.OtherMeters])
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Protocol = section.Protocol == OtlpSection.Grpc
                    ? OtlpExportProtocol.Grpc
                    : OtlpExportProtocol.HttpProtobuf;
                // OTLP/HTTP: the path of a signal below the address of the collector; gRPC names its method itself.
                exporter.Endpoint = section.Protocol == OtlpSection.Grpc
                    ? section.Endpoint!
                    : new Uri(section.Endpoint!.AbsoluteUri.TrimEnd('/') + "/v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    (int)section.Interval.TotalMilliseconds;
            })
            .Build();
    }

    public ValueTask DisposeAsync()
    {
        // The last figures leave, if the collector takes them within a moment.
        _metrics.Shutdown(timeoutMilliseconds: 2_000);
        _metrics.Dispose();
        return ValueTask.CompletedTask;
    }
}
