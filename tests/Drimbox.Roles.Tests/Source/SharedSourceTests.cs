using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Resynchronisation;
using Drimbox.Grains.Outages;
using Drimbox.Hl7.Mllp;
using Drimbox.Source;
using Drimbox.Source.Audit;
using Drimbox.Storage;
using Drimbox.Tests.Hosting;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Two processes of one source over one flow (docs/adr/0035): either takes what comes, one does what is done once, and
/// the other goes on with it.</summary>
public sealed class SharedSourceTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const int Reissued = 3160;
    private const int ReissueEnded = 3162;

    private readonly StoreFolder _folder = new();
    private readonly DatabaseOptions _database = new() { Schema = $"t-{Guid.NewGuid():N}" };
    private AuditOptions _audit = new();
    private SourceFixture _source = null!;
    private SourceNode _one = null!;
    private SourceNode _two = null!;
    private SourceEvents _ofOne = null!;
    private SourceEvents _ofTwo = null!;

    private string Incoming => Path.Combine(_folder.Path, "shared", "objects", "incoming");

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public async ValueTask DisposeAsync()
    {
        if (_source is not null) await _source.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    [Requirement("DB.CS.96")]
    public async Task Each_study_has_one_manifest_and_the_collector_every_record_whichever_of_them_is_told()
    {
        const int studies = 24;
        using var authority = new TestAuthority(_folder.Path);
        await using var collector = new SyslogCollector(authority.Certify("collector"));
        _audit = new AuditOptions { Forward = [collector.Target(authority, authority.Certify("drimbox"))] };
        await StartAsync();
        _source.Pacs.Instances = ResyncFixture.ImagesOf(Enumerable.Range(1, studies));
        await Task.WhenAll(Enumerable.Range(1, studies).Select(i => SendAsync(
            i % 2 == 0 ? _one : _two,
            Oru($"M{i}", ReportAction.Initial, Report($"R{i}", null, ResyncFixture.StudyOf(i))))));
        // The same again, to the other one: it was taken.
        await SendAsync(_one, Oru("M1", ReportAction.Initial, Report("R1", null, ResyncFixture.StudyOf(1))));
        await EventuallyAsync(async () => (await ApprovedAsync()).Count == studies && await IsIdleAsync());

        await Task.WhenAny(_ofOne.WhenAsync(UnfinishedFiles.Swept, 1), _ofTwo.WhenAsync(UnfinishedFiles.Swept, 1));
        UnfinishedFiles.AssertSwept(Incoming);
        Assert.NotNull(_one.ClockSkew);
        Assert.NotNull(_two.ClockSkew);
        Assert.Equal(studies, _source.Dmp.Submissions.Count);
        Assert.Equal(studies, (await _two.ListInboxAsync(new InboxFilter(Max: 1_000), Token)).Count);
        await _source.StopAsync(_one);
        var verdict = await _two.Audit.VerifyAsync(null, "auditor", Token);
        Assert.True(verdict.Holds, verdict.Why);
        Assert.Equal([1, 2], verdict.Trails.Select(trail => trail.Trail));
        var rows = new List<AuditRow>();
        await foreach (var row in _two.Audit.ReadAllAsync(Token)) rows.Add(row);
        Assert.Equal(studies, rows.Count(row => row.Record.Type == "RAD-128"));
        await EventuallyAsync(() => Task.FromResult(collector.Messages.Distinct().Count() >= rows.Count));
        var places = collector.Messages.Distinct().Select((message, place) => (Of(message), place)).ToDictionary();
        foreach (var trail in rows.GroupBy(row => row.Link.Trail))
        {
            var order = trail.Select(row => places[row.Record.Message]).ToList();
            Assert.Equal(order.Order(), order);
        }
    }

    [Fact(Timeout = 120_000)]
    [Requirement("DB.SO.28")]
    public async Task A_resynchronisation_is_done_by_one_of_them_and_gone_on_with_by_the_other()
    {
        await StartAsync();
        await PublishAsync(6);
        // Planned at one and begun at the other; two studies a second of the real clock.
        var (estimate, refusal) = await _one.PlanResyncAsync(
            ResyncFixture.All with { PerMinute = 12 }, askPacs: false, "operator", Token);
        Assert.Null(refusal);
        Assert.Null(await _two.MoveResyncAsync(estimate!.Run, ResyncState.Running, "operator", Token));
        var first = await Task.WhenAny(
            _ofOne.WhenAsync(SourceEvents.ResyncStudyDone, 1), _ofTwo.WhenAsync(SourceEvents.ResyncStudyDone, 1));
        await first;
        var isOne = _ofOne.CountOf(SourceEvents.ResyncStudyDone) > 0;
        var (left, done, rest) = isOne ? (_two, _ofOne, _ofTwo) : (_one, _ofTwo, _ofOne);
        // The other looks twice meanwhile.
        await done.WhenAsync(SourceEvents.ResyncStudyDone, 3);
        Assert.Equal(0, rest.CountOf(SourceEvents.ResyncStudyDone));
        await _source.StopAsync(isOne ? _one : _two);
        await rest.WhenAsync(SourceEvents.ResyncDone, 1);

        Assert.Equal("Unchanged 6", (await left.GetResyncAsync(estimate.Run, Token))!.Counts());
        Assert.Equal(
            6, _ofOne.CountOf(SourceEvents.ResyncStudyDone) + _ofTwo.CountOf(SourceEvents.ResyncStudyDone));
    }

    [Fact(Timeout = 120_000)]
    [Requirement("DB.SO.31")]
    public async Task A_reissue_is_done_by_one_of_them_paused_at_the_other_and_gone_on_with()
    {
        await StartAsync();
        await PublishAsync(3);
        await _source.StopAsync(_one);
        await _source.StopAsync(_two);
        _source.RetrieveHost = "images.example.org";
        await StartNodesAsync();
        // A second and a half of the real clock between two.
        Assert.Null(await _one.StartReissueAsync(4, "operator", Token));
        await _ofOne.WhenAsync(Reissued, 1);
        Assert.NotNull(await _two.StartReissueAsync(4, "operator", Token));
        Assert.Null(await _two.PauseReissueAsync("operator", Token));
        Assert.Equal(ReissuePhase.Paused, (await _one.GetReissueAsync(Token)).Phase);
        Assert.Null(await _two.StartReissueAsync(4, "operator", Token));
        await _ofOne.WhenAsync(Reissued, 2);
        await _source.StopAsync(_one);
        await _ofTwo.WhenAsync(ReissueEnded, 1);

        var run = await _two.GetReissueAsync(Token);
        Assert.Equal((ReissuePhase.Ended, 3, 0), (run.Phase, run.Reissued, run.Current));
        Assert.Equal(3, _ofOne.CountOf(Reissued) + _ofTwo.CountOf(Reissued));
        await EventuallyAsync(IsIdleAsync);
        Assert.Equal(6, _source.Dmp.Submissions.Count);
    }

    [Fact(Timeout = 120_000)]
    [Requirement("DB.SO.21")]
    public async Task What_is_away_is_known_to_both_and_told_by_one()
    {
        var time = new FastClock(10);
        var (ofOne, ofTwo) = (new SourceEvents(), new SourceEvents());
        await using var one = await OpenStoreAsync(time);
        await using var two = await OpenStoreAsync(time);
        await using var first = new OutageWatch("source", one, time, ofOne.CreateLogger("one"));
        await using var second = new OutageWatch("source", two, time, ofTwo.CreateLogger("two"));
        await first.StartAsync(Token);
        await second.StartAsync(Token);

        first.Notice("dmp", isAway: true);
        await EventuallyAsync(() => Task.FromResult(second.Away is ["dmp"]));
        // It meets what is known.
        second.Notice("dmp", isAway: true);
        second.Notice("dmp", isAway: false);
        await EventuallyAsync(() => Task.FromResult(first.Away.Count == 0));
        first.Notice("dmp", isAway: false);

        Assert.Equal((1, 0), (ofOne.CountOf(SourceEvents.OutageBegan), ofTwo.CountOf(SourceEvents.OutageBegan)));
        Assert.Equal((0, 1), (ofOne.CountOf(SourceEvents.OutageEnded), ofTwo.CountOf(SourceEvents.OutageEnded)));
    }

    // The intervals at which processes look for each other are ten times shorter.
    private async Task StartAsync()
    {
        UnfinishedFiles.Leave(Incoming);
        _source = await SourceFixture.StartAsync(configure: Shared, time: new FastClock(10));
        (_one, _ofOne) = (_source.Node, _source.Events);
        await _source.StartNodeAsync(dataFolder: Path.Combine(_folder.Path, "two"));
        (_two, _ofTwo) = (_source.Node, _source.Events);
    }

    private async Task StartNodesAsync()
    {
        await _source.StartNodeAsync();
        (_one, _ofOne) = (_source.Node, _source.Events);
        await _source.StartNodeAsync(dataFolder: Path.Combine(_folder.Path, "two"));
        (_two, _ofTwo) = (_source.Node, _source.Events);
    }

    private SourceOptions Shared(SourceOptions options) => options with
    {
        Database = _database with
        {
            ConnectionString = cluster.ConnectionString,
            SharedFolder = Directory.CreateDirectory(Path.Combine(_folder.Path, "shared")).FullName,
        },
        Audit = _audit,
    };

    private Task<FlowStore> OpenStoreAsync(TimeProvider time) => FlowStore.OpenAsync(
        new FlowStoreOptions
        {
            Folder = Directory.CreateDirectory(Path.Combine(_folder.Path, "shared")).FullName,
            Postgres = (_database with { ConnectionString = cluster.ConnectionString, SharedFolder = "/" }).ToFlow(""),
            Clock = time,
        },
        Token);

    private async Task PublishAsync(int studies)
    {
        _source.Pacs.Instances = ResyncFixture.ImagesOf(Enumerable.Range(1, studies));
        await SendAsync(
            _one,
            Oru("M0", ReportAction.Initial, Report("A", null, [.. Enumerable.Range(1, studies).Select(ResyncFixture.StudyOf)])));
        await EventuallyAsync(async () => (await ApprovedAsync()).Count == studies && await IsIdleAsync());
    }

    private static async Task SendAsync(SourceNode node, byte[] message)
    {
        await using var ris = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = node.Hl7EndPoint.Port }, TimeProvider.System);
        var exchange = Assert.IsType<MllpExchange.Answered>(await ris.SendAsync(message, Token));
        Assert.Contains("MSA|AA|", System.Text.Encoding.UTF8.GetString(exchange.Ack.Span), StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<string>> ApprovedAsync() =>
        [.. (await _source.ManifestsAsync()).Where(m => m.Status == AvailabilityStatus.Approved)
            .Select(m => m.EntryUuid.ToString())];

    private async Task<bool> IsIdleAsync() =>
        (await _two.CountOutboxAsync(Token)).Count == 0;

    // The XML of a message of syslog.
    private static string Of(string message) => message[message.IndexOf('<', 5)..];

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 1_200; i++)
        {
            if (await holds()) return;
            await Task.Delay(50, Token);
        }

        Assert.Fail("it did not come to that in 60 s");
    }
}
