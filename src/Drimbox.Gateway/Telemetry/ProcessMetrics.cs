using System.Diagnostics.Metrics;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Telemetry;

/// <summary>What a process is asked for rather than what happens in it: what waits, what is away, how much room there
/// is, how long certificates last.</summary>
internal sealed class ProcessMetrics : IAsyncDisposable
{
    public const string MeterName = "Drimbox.Gateway";

    /// <summary>15 s, as often as a collector asks as a rule: counting reads every row that waits.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly GatewayProcess _process;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new(MeterName);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _counting;
    private volatile IReadOnlyList<(string Role, OutboxBacklog Rows)> _backlog = [];

    public ProcessMetrics(GatewayProcess process, TimeProvider time)
    {
        (_process, _time) = (process, time);
        _meter.CreateObservableGauge(
            "drimbox.outbox.rows", () => _backlog.Select(b => new Measurement<long>(b.Rows.Count, TagsOf(b))), "{row}",
            "Rows of an outbox that have no end, by state (Quarantined: a person must look at them).");
        _meter.CreateObservableGauge(
            "drimbox.outbox.oldest", () => _backlog.Select(b => new Measurement<double>(Age(b.Rows.Oldest), TagsOf(b))),
            "s", "Age of the oldest of them.");
        _meter.CreateObservableGauge(
            "drimbox.outage.duration", Outages, "s", "Since when a peer or the disk is away; absent while all is there.");
        _meter.CreateObservableGauge("drimbox.disk.free", FreeDisk, "By", "Free space where the instances lie.");
        _meter.CreateObservableGauge(
            "drimbox.certificate.remaining", Certificates, "s", "Time until a certificate of a structure ends.");
        _meter.CreateObservableGauge(
            "drimbox.clock.skew", ClockSkew, "s", "How far the clock is ahead of that of a shared database; absent without one.");
        _counting = CountAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _counting;
        _meter.Dispose();
        _stopping.Dispose();
    }

    private async Task CountAsync()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            do
            {
                try
                {
                    _backlog = await ReadAsync();
                }
                catch (StorageFaultException)
                {
                    // Who writes to the store tells of its faults; old figures would be taken for new ones.
                    _backlog = [];
                }
            }
            while (await timer.WaitForNextTickAsync(_stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private async Task<List<(string, OutboxBacklog)>> ReadAsync()
    {
        var backlog = new List<(string, OutboxBacklog)>();
        if (_process.Ris is { } ris) Take("ris", await ris.CountOutboxAsync(_stopping.Token));
        if (_process.Source is { } source) Take("source", await source.CountOutboxAsync(_stopping.Token));
        if (_process.Teleradiology is { } platform) Take("teleradiology", await platform.CountOutboxAsync(_stopping.Token));
        return backlog;

        void Take(string role, IReadOnlyList<OutboxBacklog> rows) => backlog.AddRange(rows.Select(r => (role, r)));
    }

    private IEnumerable<Measurement<double>> Outages() =>
        (_process.Ris?.Outages ?? []).Select(outage => ("ris", outage))
        .Concat((_process.Source?.Outages ?? []).Select(outage => ("source", outage)))
        .Select(o => new Measurement<double>(
            Age(o.outage.Since), new("role", o.Item1), new KeyValuePair<string, object?>("peer", o.outage.Peer)));

    private IEnumerable<Measurement<long>> FreeDisk() =>
        _process.Archive is { } archive
            ? [new(archive.LifeCycle.Disk.FreeBytes, new KeyValuePair<string, object?>("role", "archive"))]
            : [];

    private IEnumerable<Measurement<double>> ClockSkew() =>
        new (string Role, TimeSpan? Skew)[]
        {
            ("ris", _process.Ris?.ClockSkew), ("source", _process.Source?.ClockSkew),
            ("teleradiology", _process.Teleradiology?.ClockSkew),
        }
        .Where(of => of.Skew is not null)
        .Select(of => new Measurement<double>(
            of.Skew!.Value.TotalSeconds, new KeyValuePair<string, object?>("role", of.Role)));

    private IEnumerable<Measurement<double>> Certificates() =>
        (_process.Certificates?.Expiries ?? []).Select(expiry => new Measurement<double>(
            (expiry.NotAfter - _time.GetUtcNow()).TotalSeconds, new("structure", expiry.Structure),
            new KeyValuePair<string, object?>("use", expiry.Use)));

    private double Age(DateTimeOffset since) => (_time.GetUtcNow() - since).TotalSeconds;

    private static KeyValuePair<string, object?>[] TagsOf((string Role, OutboxBacklog Rows) backlog) =>
    [
        new("role", backlog.Role), new("kind", backlog.Rows.Kind), new("state", backlog.Rows.State.ToString()),
    ];
}
