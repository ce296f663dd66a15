using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Messages;
using Drimbox.Storage;
using Drimbox.Teleradiology;
using Drimbox.Teleradiology.Worklist;
using Drimbox.Tests.Hosting;

namespace Drimbox.Tests.Teleradiology;

/// <summary>Two processes of one platform over one flow (docs/adr/0035): either is told, either fetches to its own port, and the
/// radiologist works at either.</summary>
public sealed class SharedPlatformTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const int Studies = 8;
    private const int Instances = 3;

    private readonly StoreFolder _folder = new();
    private readonly FakePacs _pacs = new();
    private readonly FakeRis _ris = new();
    private readonly List<(TeleradiologyNode Node, LoggedEvents Log)> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Shared => Path.Combine(_folder.Path, "shared");

    private IEnumerable<string> Incoming => new[] { "objects", "studies" }.Select(name => Path.Combine(Shared, name, "incoming"));

    public async ValueTask InitializeAsync()
    {
        await cluster.RequireAsync();
        foreach (var folder in Incoming) UnfinishedFiles.Leave(folder);
        var database = new DatabaseOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = $"t-{Guid.NewGuid():N}", SharedFolder = Shared,
        };
        foreach (var ae in (string[])["TLR", "TLR2"])
        {
            var log = new LoggedEvents();
            var node = await TeleradiologyNode.StartAsync(
                new TeleradiologyOptions
                {
                    Database = database,
                    Hl7 = new Hl7NodeOptions { Application = "TLRAPP", Facility = "TLRFAC", Port = 0 },
                    Dicom = new DicomNodeOptions { AeTitle = ae, Port = 0 },
                    Structure = new StructureOptions { Id = "300017986", Name = "Plateforme" },
                    Ris = new Hl7PeerOptions
                    {
                        Host = "127.0.0.1", Port = _ris.Port, Application = "RISAPP", Facility = "RISFAC",
                    },
                    Archive = new DicomPeerOptions { AeTitle = "PACS", Host = "127.0.0.1", Port = _pacs.Port },
                    DocumentRoot = "1.2.250.1.999.7",
                    Radiologist = new RadiologistOptions { Id = "801234564895", FamilyName = "ERIC", GivenName = "THOMAS" },
                },
                Path.Combine(_folder.Path, ae), new NodeSurroundings(TimeProvider.System, new RandomIdSource(), log), Token);
            _nodes.Add((node, log));
        }

        (_pacs.Destination, _pacs.Second) = (_nodes[0].Node.DicomEndPoint, _nodes[1].Node.DicomEndPoint);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (node, _) in _nodes) await node.DisposeAsync();
        await _ris.DisposeAsync();
        await _pacs.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task Each_study_is_fetched_once_and_each_report_leaves_once_whichever_of_them_is_told()
    {
        var (one, two) = (_nodes[0].Node, _nodes[1].Node);
        var numbers = Enumerable.Range(1, Studies).Select(i => $"{i}").ToList();
        foreach (var number in numbers) _pacs.Hold(Samples.Study(number), Instances);
        await Task.WhenAll(numbers.Select(async number =>
        {
            // A request to one, and its examination to the other.
            var (first, second) = int.Parse(number) % 2 == 0 ? (one, two) : (two, one);
            await SendAsync(first, TeleradiologyWriter.Write(Samples.Request(number), Samples.Envelope($"{number}-NW")));
            await SendAsync(second, TeleradiologyWriter.Write(Samples.Examination(number), Samples.Envelope($"{number}-SR")));
        }));
        foreach (var number in numbers)
        {
            while ((await two.GetRequestAsync(Samples.Order(number), Token)).InstancesFetched != Instances)
                await Task.Delay(20, Token);
            // Where either finds them.
            Assert.Equal(
                Instances, Directory.GetFiles(Path.Combine(Shared, "studies", Samples.Study(number).ToString())).Length);
        }

        Assert.Equal(Studies, _nodes.Sum(node => node.Log.CountOf(LoggedEvents.StudyFetched)));
        await Task.WhenAny(_nodes.Select(node => node.Log.WhenAsync(UnfinishedFiles.Swept)));
        Assert.All(Incoming, UnfinishedFiles.AssertSwept);
        Assert.All(_nodes, node => Assert.NotNull(node.Node.ClockSkew));
        var (seen, seenToo) = (await one.ListWorklistAsync(new WorklistFilter(), Token), await two.ListWorklistAsync(new WorklistFilter(), Token));
        Assert.Equal(numbers, seen.Select(entry => entry.Order.Extension!).Order());
        Assert.Equal(seen.Select(entry => entry.Order), seenToo.Select(entry => entry.Order));

        // A draft of one is signed at the other.
        foreach (var number in numbers)
        {
            Assert.Null(await one.DraftReportAsync(Samples.Order(number), Samples.Text, "alice", Token));
            Assert.Null((await two.SignReportAsync(Samples.Order(number), "alice", Token)).Refusal);
        }

        for (var i = 0; i < Studies; i++) await _ris.NextAsync();
        while ((await one.CountOutboxAsync(Token)).Count > 0) await Task.Delay(20, Token);
        Assert.True(_ris.IsQuiet);
        Assert.Equal(
            Studies, _nodes.Sum(node => node.Log.CountOf(LoggedEvents.MessageDelivered)));
    }

    private static async Task SendAsync(TeleradiologyNode node, byte[] message)
    {
        await using var client = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = node.Hl7EndPoint.Port }, TimeProvider.System);
        var exchange = Assert.IsType<MllpExchange.Answered>(await client.SendAsync(message, Token));
        Assert.Contains("MSA|AA|", System.Text.Encoding.UTF8.GetString(exchange.Ack.Span), StringComparison.Ordinal);
    }
}
