using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Emulators;
using Drimbox.Grains.Hosting;
using Drimbox.Source.Audit;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Source;

/// <summary>From the trail to a collector: all of it, in order, whatever happens to the collector.</summary>
public sealed class AuditForwardTests : IAsyncLifetime
{
    private const int NotSent = 6104;
    private const int Sent = 6103;

    private static readonly DateTimeOffset _now = new(2026, 11, 29, 8, 0, 0, TimeSpan.Zero);
    private static readonly AuditNode _node = new("source@example", "1.2.3", "host", 1, AeTitle.Parse("SOURCE"));

    private readonly StoreFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SourceEvents _log = new();
    private readonly ManualClock _clock = new(_now);
    private TestAuthority _authority = null!;
    private TestIdentity _server = null!;
    private TestIdentity _client = null!;
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _authority = new TestAuthority(_folder.Path);
        (_server, _client) = (_authority.Certify("collector"), _authority.Certify("drimbox"));
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _authority.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Requirement("DB.CS.96")]
    public async Task Every_record_is_sent_in_order_once_with_our_certificate()
    {
        await using var collector = new SyslogCollector(_server);
        await RecordAsync(3);
        var running = Run(collector.Target(_authority, _client), TimeProvider.System);
        await collector.WhenAsync(3);
        // While it waits a record wakes it.
        await RecordAsync(Limits.AuditPage + 2, after: 3);
        await _log.WhenTextAsync($"up to {Limits.AuditPage + 5}");
        await EndAsync(running);

        Assert.Equal(await ExpectedAsync(), collector.Messages);
        Assert.Equal("CN=drimbox", collector.Caller);

        // After a restart there is nothing left to be sent again.
        await RecordAsync(1, after: Limits.AuditPage + 5);
        var sent = collector.Messages.Count;
        running = Run(collector.Target(_authority, _client), TimeProvider.System, new CancellationTokenSource());
        await collector.WhenAsync(sent + 1);
        Assert.Equal(await ExpectedAsync(), collector.Messages);
        await running.Stop.CancelAsync();
        await running.Task;
    }

    [Fact]
    [Requirement("DB.CS.96")]
    public async Task A_collector_that_was_away_for_a_day_gets_all_that_it_has_missed()
    {
        var port = LoopbackPorts.Take();
        await RecordAsync(5);
        var absent = new SyslogCollector(_server, port);
        var target = absent.Target(_authority, _client);
        await absent.DisposeAsync();
        var running = Run(target, _clock);
        var failures = 1;
        for (; _clock.GetUtcNow() < _now.AddHours(24); failures++)
        {
            await _log.WhenAsync(NotSent, failures);
            // At least the longest wait: each step is one more attempt.
            if (_clock.GetUtcNow() < _now.AddHours(1)) await RecordAsync(1, after: 4 + failures);
            _clock.Advance(Limits.RetryDelayMax + TimeSpan.FromMinutes(5));
        }

        await _log.WhenAsync(NotSent, failures);
        await using var collector = new SyslogCollector(_server, port);
        _clock.Advance(Limits.RetryDelayMax * 2);
        var expected = await ExpectedAsync();
        await collector.WhenAsync(expected.Count);
        await _log.WhenAsync(Sent, 1);
        await EndAsync(running);

        Assert.Equal(expected, collector.Messages);
        Assert.InRange(expected.Count, 10, 12);
    }

    [Fact]
    [Requirement("DB.CS.96")]
    public async Task A_collector_that_dies_a_hundred_times_has_every_record_in_the_end()
    {
        var random = new Random(Seed.Get());
        await using var collector = new SyslogCollector(_server);
        var deaths = 0;
        // Often enough before the end of a page, and sometimes with all of it read.
        collector.DiesAfter = () => ++deaths <= 100 ? random.Next(0, 60_000) : null;
        var running = Run(collector.Target(_authority, _client), TimeProvider.System);
        await RecordAsync(300);
        var count = 300;
        while (deaths <= 100)
        {
            // There is something to send: the attempt ends in one of two ways.
            var (sent, notSent) = (_log.CountOf(Sent), _log.CountOf(NotSent));
            await RecordAsync(1, after: count++);
            await Task.WhenAny(_log.WhenAsync(Sent, sent + 1), _log.WhenAsync(NotSent, notSent + 1));
        }

        var all = await ExpectedAsync();
        await _log.WhenTextAsync($"up to {all.Count}");
        await EndAsync(running);

        // Whatever was repeated: with repetitions left out the order is that of the trail, and nothing is missing.
        Assert.Equal(all, collector.Messages.Distinct());
        // A connection begins where it is not known that the collector has all, and goes on from there in order.
        var starts = collector.Connections;
        for (var i = 0; i < starts.Count; i++)
        {
            var end = i + 1 < starts.Count ? starts[i + 1] : collector.Messages.Count;
            var places = collector.Messages.Skip(starts[i]).Take(end - starts[i]).Select(m => all.IndexOf(m)).ToList();
            Assert.Equal(places.Count == 0 ? [] : Enumerable.Range(places[0], places.Count), places);
        }
    }

    [Fact]
    public async Task A_collector_that_nobody_vouches_for_gets_nothing()
    {
        using var other = new StoreFolder();
        using var stranger = new TestAuthority(other.Path, "Stranger");
        await using var collector = new SyslogCollector(stranger.Certify("collector"));
        await RecordAsync(1);
        var running = Run(collector.Target(_authority, _client), _clock);
        await _log.WhenAsync(NotSent, 1);
        await EndAsync(running);

        Assert.Empty(collector.Messages);
        Assert.Equal(0, await _store.AuditSentAsync("collector", trail: 1, Token));
        // Nothing that a record says is in the log.
        Assert.DoesNotContain(_log.Texts, text => text.Contains("P1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_sends_its_trail_and_goes_on_after_a_restart()
    {
        await using var collector = new SyslogCollector(_server);
        await using var source = await SourceFixture.StartAsync();
        source.Audit = new AuditOptions { Forward = [collector.Target(_authority, _client)] };
        await source.RestartAsync();
        // The start and the stop of before it was told of the collector, and the start with it.
        await source.Events.WhenTextAsync("up to 3");
        await source.RestartAsync();
        await source.Events.WhenTextAsync("up to 5");

        Assert.Equal(
            ["110120", "110121", "110120", "110121", "110120"],
            collector.Messages.Distinct().Select(
                m => m.Contains("\"110120\"", StringComparison.Ordinal) ? "110120" : "110121"));
    }

    [Fact]
    public void A_collector_without_a_certificate_of_ours_or_without_TLS_is_no_setting()
    {
        var tls = new DicomPeerTlsOptions { Authorities = "ca.pem" };
        Assert.NotEmpty(Findings(new AuditForwardOptions { Host = "a", Tls = tls }));
        Assert.NotEmpty(Findings(new AuditForwardOptions { Host = "a" }));
        var mutual = new AuditForwardOptions { Host = "a", Tls = tls with { Certificate = "c.pem" } };
        Assert.NotEmpty(Findings(mutual with { Port = 0 }));
        Assert.Empty(Findings(mutual));
        Assert.NotEmpty(Findings(new AuditOptions { RetentionDays = 179 }));
        Assert.NotEmpty(Findings(new AuditOptions { Forward = [mutual, mutual] }));
        Assert.Empty(Findings(new AuditOptions()));
    }

    private static List<ValidationResult> Findings(object options)
    {
        var findings = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), findings, validateAllProperties: true);
        return findings;
    }

    private (Task Task, CancellationTokenSource Stop) Run(
        AuditForwardOptions target, TimeProvider time, CancellationTokenSource? stop = null)
    {
        var surroundings = new NodeSurroundings(time, new RandomIdSource(), _log)
        {
            RetryDelayMin = time == _clock ? Limits.RetryDelayMin : TimeSpan.FromMilliseconds(1),
            RetryDelayMax = time == _clock ? Limits.RetryDelayMax : TimeSpan.FromMilliseconds(2),
        };
        var forwarder = new AuditForwarder(_store, target, "host", surroundings, _log.CreateLogger("audit"));
        stop ??= _stop;
        return (forwarder.RunAsync(stop.Token), stop);
    }

    private static async Task EndAsync((Task Task, CancellationTokenSource Stop) running)
    {
        await running.Stop.CancelAsync();
        await running.Task;
    }

    private async Task RecordAsync(int count, int after = 0)
    {
        for (var i = after + 1; i <= after + count; i++)
        {
            await _store.RecordAsync(
                AuditRecord.Of(
                    AuditEvents.BeginTransferring(
                        _node, new ImageCaller("DRIMbox", "192.0.2.7", $"U{i}", "https://example/"),
                        new ImageSubject(Uid.Parse($"1.2.3.{i}"), null, InstanceIdentifier.Create("1.2.250", $"P{i}")),
                        _now.AddSeconds(i)),
                    _node.Source),
                Token);
        }
    }

    /// <summary>What a collector must have: every record, as syslog has it, without the octet count.</summary>
    private async Task<List<string>> ExpectedAsync()
    {
        var rows = await _store.ReadAuditAsync(0, 10_000, Token);
        return [.. rows.Select(row => System.Text.Encoding.UTF8.GetString(SyslogFrame.Write(row.Record, "host")))
            .Select(frame => frame[(frame.IndexOf(' ', StringComparison.Ordinal) + 1)..])];
    }
}
