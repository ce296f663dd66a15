using System.Buffers.Binary;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Telemetry;

/// <summary>A span that a collector was sent.</summary>
internal sealed record SpanText(string TraceId, string SpanId, string ParentId, string Name, TimeSpan Duration);

/// <summary>A collector of OTLP over HTTP that reads the metrics and spans it is sent, field by field, and has all of it
/// looked through for <see cref="PatientData"/>. Source:
/// opentelemetry-proto, metrics/v1 and trace/v1.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Lock _gate = new();
    private readonly List<byte[]> _requests = [];
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<SpanText> _spans = [];
    private readonly HashSet<string> _meters = new(StringComparer.Ordinal);

    private OtlpCollector(WebApplication application) => _application = application;

    public string Address => _application.Urls.Single();

    public IReadOnlyCollection<string> Meters
    {
        get
        {
            lock (_gate) return [.. _meters];
        }
    }

    public IReadOnlyList<SpanText> Spans
    {
        get
        {
            lock (_gate) return [.. _spans];
        }
    }

    public static async Task<OtlpCollector> StartAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = new OtlpCollector(builder.Build());
        collector._application.MapPost("/v1/metrics", context => collector.ReceiveAsync(context, collector.Take));
        collector._application.MapPost("/v1/traces", context => collector.ReceiveAsync(context, collector.TakeSpans));
        await collector._application.StartAsync(cancellation);
        return collector;
    }

    /// <summary>Waits until the histogram of a name has so many measurements, over all its data points.</summary>
    public async Task<long> WhenCountedAsync(string histogram, long count, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            lock (_gate)
            {
                if (_counts.GetValueOrDefault(histogram) >= count) return _counts[histogram];
            }

            await Task.Delay(50, patience.Token);
        }
    }

    public bool HasBytes(byte[] bytes)
    {
        lock (_gate) return _requests.Exists(request => request.AsSpan().IndexOf(bytes) >= 0);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context, Action<byte[]> take)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        // Texts of a protobuf message are UTF-8 as they are; what lies between is not.
        PatientData.Hear("OTLP " + Encoding.UTF8.GetString(body.ToArray()));
        lock (_gate)
        {
            _requests.Add(body.ToArray());
            take(body.ToArray());
        }

        context.Response.ContentType = "application/x-protobuf";
    }

    // resource_metrics 1 > scope_metrics 2 > scope 1 > name 1; metrics 2 > name 1, histogram 9 > data_points 1 > count 4.
    private void Take(byte[] request)
    {
        foreach (var scope in Messages(request, 1).SelectMany(resource => Messages(resource, 2)))
        {
            foreach (var name in Messages(scope, 1).SelectMany(s => Messages(s, 1))) _meters.Add(Encoding.UTF8.GetString(name));
            foreach (var metric in Messages(scope, 2))
            {
                var points = Messages(metric, 9).SelectMany(histogram => Messages(histogram, 1)).ToList();
                if (points.Count == 0) continue;
                _counts[Encoding.UTF8.GetString(Messages(metric, 1).Single())] =
                    points.Sum(point => BinaryPrimitives.ReadInt64LittleEndian(Messages(point, 4).Single()));
            }
        }
    }

    // resource_spans 1 > scope_spans 2 > spans 2 > trace_id 1, span_id 2, parent_span_id 4, name 5, start 7, end 8.
    private void TakeSpans(byte[] request)
    {
        foreach (var span in Messages(request, 1).SelectMany(r => Messages(r, 2)).SelectMany(s => Messages(s, 2)))
        {
            string Hex(int field) => Convert.ToHexStringLower(Messages(span, field).SingleOrDefault([]));
            long Nanoseconds(int field) => BinaryPrimitives.ReadInt64LittleEndian(Messages(span, field).Single());
            _spans.Add(new SpanText(
                Hex(1), Hex(2), Hex(4), Encoding.UTF8.GetString(Messages(span, 5).Single()),
                TimeSpan.FromTicks((Nanoseconds(8) - Nanoseconds(7)) / 100)));
        }
    }

    /// <summary>The contents of a field, in order: of a length-delimited one its bytes, of a fixed one its eight.</summary>
    private static IEnumerable<byte[]> Messages(byte[] message, int wanted)
    {
        for (var at = 0; at < message.Length;)
        {
            var (key, length) = (Varint(message, ref at), 0);
            switch (key & 7)
            {
                case 0:
                    Varint(message, ref at);
                    continue;
                case 1:
                    length = 8;
                    break;
                case 2:
                    length = (int)Varint(message, ref at);
                    break;
                case 5:
                    length = 4;
                    break;
                default:
                    Assert.Fail($"wire type {key & 7}");
                    break;
            }

            if ((int)(key >> 3) == wanted) yield return message[at..(at + length)];
            at += length;
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var b = message[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
    }
}
