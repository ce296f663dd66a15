using System.Text;
using Drimbox.Gateway.Configuration;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Telemetry;

/// <summary>A collector gets one trace for each study, from all roles, and is told nobody's name.</summary>
public sealed class StudyTraceTests
{
    private static readonly string[] _expected =
    [
        "archive.association", "archive.store", "ris.message", "ris.publication", "source.manifest", "source.message",
        "source.publication",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_study_is_one_trace_from_its_images_to_the_DMP_and_nobody_is_named()
    {
        using var folder = new StoreFolder();
        await using var collector = await OtlpCollector.StartAsync(Token);
        await using var gateway = await StartAsync(collector, traces: true);
        ExaminationCase[] exams = [new(), new()];
        foreach (var exam in exams) await PublishAsync(gateway, exam, folder);

        var traces = await Eventually.HoldsAsync(
            () => Task.FromResult(collector.Spans.GroupBy(span => span.TraceId).ToList()),
            found => found.Count == 2 && found.TrueForAll(trace => _expected.All(trace.Select(s => s.Name).Contains)),
            found => string.Join('\n', found.Select(t => $"{t.Key}: {string.Join(", ", t.Select(s => s.Name))}")));

        foreach (var trace in traces)
        {
            Assert.Empty(trace.Select(span => span.Name).Except(_expected));
            Assert.Single(trace.Select(span => span.ParentId).Distinct());
            Assert.Equal(trace.Count(), trace.Select(span => span.SpanId).Distinct().Count());
            Assert.All(trace, span => Assert.InRange(span.Duration, TimeSpan.Zero, TimeSpan.FromMinutes(1)));
        }

        foreach (var exam in exams)
        {
            string[] secrets =
            [
                exam.Ins, exam.Study, exam.Accession, exam.Order, ExaminationCase.BirthName, ExaminationCase.GivenName,
                "STORESCU",
            ];
            foreach (var secret in secrets)
                Assert.False(collector.HasBytes(Encoding.UTF8.GetBytes(secret)), $"a collector is told {secret}");
        }
    }

    [Fact]
    public async Task Without_being_asked_for_there_are_metrics_and_no_spans()
    {
        using var folder = new StoreFolder();
        await using var collector = await OtlpCollector.StartAsync(Token);
        await using var gateway = await StartAsync(collector, traces: false);

        await PublishAsync(gateway, new ExaminationCase(), folder);

        await collector.WhenCountedAsync("drimbox.dicom.operation.duration", 2, Token);
        Assert.Empty(collector.Spans);
    }

    private static async Task<GatewayUnderTest> StartAsync(OtlpCollector collector, bool traces)
    {
        var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.WithoutPlatform(all) with
        {
            Telemetry = new TelemetrySection
            {
                Otlp = new OtlpSection
                {
                    Endpoint = new Uri(collector.Address), Interval = TimeSpan.FromSeconds(1), Traces = traces,
                },
            },
        });
        return gateway;
    }

    private static async Task PublishAsync(GatewayUnderTest gateway, ExaminationCase exam, StoreFolder folder)
    {
        await ExaminationCase.StoreAsync(
            gateway, exam.WriteImages(Directory.CreateDirectory(Path.Combine(folder.Path, exam.Accession)).FullName, 2));
        await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), Token);
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Any(d => d.IsManifest && d.IsApproved), "a manifest");
    }
}
