using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Gateway.Hosting;
using Drimbox.Source.Audit;
using Drimbox.Storage;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Campaigns;

/// <summary>Two processes of one source over one PostgreSQL, between a PACS, a DMP and a collector that live in the test, and a
/// RIS that sends each report to the next of them until one answers AA. Each report is about a study of its own.</summary>
internal sealed class SourceCluster(PostgresCluster postgres, int studies) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drimbox-sources-").FullName;
    private readonly List<(string File, GatewayConfiguration Configuration)> _nodes = [];
    private readonly SourcePacs _pacs = new();
    private readonly List<DemoChild> _children = [];
    private TestAuthority? _authority;
    private SyslogCollector? _collector;
    private DmpEmulator? _dmp;
    private int _turn;
    private int _number;

    public DmpEmulator Dmp => _dmp!;

    public SyslogCollector Collector => _collector!;

    /// <summary>The studies whose report was answered AA.</summary>
    public ConcurrentBag<int> Taken { get; } = [];

    /// <summary>Messages that had to be sent again.</summary>
    public int Resent;

    public string Output => string.Join("\n----\n", _children.Select(child => child.Output));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async Task StartAsync(int seed)
    {
        await postgres.RequireAsync();
        _pacs.Instances = ResyncFixture.ImagesOf(Enumerable.Range(1, studies));
        _authority = new TestAuthority(_folder);
        _collector = new SyslogCollector(_authority.Certify("collector"));
        var audit = new AuditOptions { Forward = [_collector.Target(_authority, _authority.Certify("drimbox"))] };
        var certificates = new DemoCertificates(_folder);
        _dmp = await GatewayUnderTest.StartDmpAsync(_folder, certificates, seed);
        var shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        for (var i = 0; i < 2; i++)
        {
            var alone = GatewayUnderTest.SourceAlone(
                DemoConfiguration.Create(
                    Path.Combine(_folder, $"node{i}"), Dmp.Target, certificates.Folder,
                    new DemoOptions(null, null, [], LogLevel.Information)),
                _pacs.Port);
            GatewayUnderTest.CopyCertificates(certificates.Folder, alone.Source!.Structures[0].Id);
            var configuration = alone with
            {
                Source = alone.Source with
                {
                    Audit = audit,
                    Database = new DatabaseOptions { ConnectionString = postgres.ConnectionString, SharedFolder = shared },
                },
            };
            var file = Path.Combine(_folder, $"node{i}.json");
            await File.WriteAllTextAsync(
                file, JsonSerializer.Serialize(configuration, AdministrationJson.Options), Token);
            _nodes.Add((file, configuration));
            _children.Add(DemoChild.Start(file));
        }

        // Together: the schema is new.
        await Task.WhenAll(_children.Select(child => child.WaitUntilReadyAsync(Token)));
    }

    /// <summary>SIGKILL, and the same again after a while.</summary>
    public async Task KillAsync(int node, TimeSpan pause)
    {
        await _children[node].KillAsync(Token);
        await Task.Delay(pause, Token);
        _children[node] = DemoChild.Start(_nodes[node].File);
        await _children[node].WaitUntilReadyAsync(Token);
    }

    public AdministrationClient Administration(int node) => new(GatewayProcess.SocketOf(_nodes[node].Configuration));

    /// <summary>Sends reports one after the other until <paramref name="stop"/>, or until there are no more studies.</summary>
    public async Task SendAsync(TimeSpan pause, CancellationToken stop)
    {
        var turn = Interlocked.Increment(ref _turn);
        while (!stop.IsCancellationRequested && Interlocked.Increment(ref _number) is var number && number <= studies)
        {
            var report = SourceReports.Report($"A{number}", null, ResyncFixture.StudyOf(number));
            var message = SourceReports.Oru($"M{number}", ReportAction.Initial, report);
            while (await GatewayCluster.AnswerAsync(PortOf(turn++), message) != "AA")
            {
                Interlocked.Increment(ref Resent);
                await Task.Delay(TimeSpan.FromMilliseconds(100), Token);
            }

            Taken.Add(number);
            await Task.Delay(pause, Token);
        }
    }

    private int PortOf(int turn) => _nodes[turn % _nodes.Count].Configuration.Source!.Hl7.Port;

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children) await child.DisposeAsync();
        if (_collector is not null) await _collector.DisposeAsync();
        if (_dmp is not null) await _dmp.DisposeAsync();
        await _pacs.DisposeAsync();
        _authority?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
