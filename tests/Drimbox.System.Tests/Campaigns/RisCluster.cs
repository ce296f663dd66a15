using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drimbox.Tests.Campaigns;

/// <summary>Some processes of one RIS over one PostgreSQL, with a DMP beside them, and a sender that sends each report to the
/// next of them until one answers AA.</summary>
internal sealed class RisCluster(PostgresCluster postgres) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drimbox-cluster-").FullName;
    private readonly List<Node> _nodes = [];
    private DmpEmulator? _dmp;
    private int _turn;
    private int _number;

    public sealed class Node(string file, GatewayConfiguration configuration)
    {
        public string File { get; } = file;

        public int Port => configuration.Ris!.Hl7.Port;

        public DemoChild Child { get; set; } = null!;

        public bool IsStopped { get; set; }
    }

    public DmpEmulator Dmp => _dmp!;

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The reports that were answered AA.</summary>
    public ConcurrentBag<string> Taken { get; } = [];

    /// <summary>Messages that had to be sent again.</summary>
    public int Resent;

    /// <summary>The longest that a sender waited for its AA, and what it got until then.</summary>
    public (TimeSpan Time, string Answers) LongestWait { get; private set; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="change">What else is in the configuration of a process, by its number.</param>
    public async Task StartAsync(int nodes, int seed, Func<GatewayConfiguration, int, GatewayConfiguration>? change = null)
    {
        await postgres.RequireAsync();
        var certificates = new DemoCertificates(_folder);
        _dmp = await GatewayUnderTest.StartDmpAsync(_folder, certificates, seed);
        var structure = new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name };
        var shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        for (var i = 0; i < nodes; i++)
        {
            var all = GatewayUnderTest.RisAlone(DemoConfiguration.Create(
                Path.Combine(_folder, $"node{i}"), Dmp.Target, certificates.Folder,
                new DemoOptions(null, null, [], LogLevel.Information)));
            var configuration = all with
            {
                Ris = all.Ris! with
                {
                    Structures = [structure],
                    Database = new DatabaseOptions
                    {
                        ConnectionString = postgres.ConnectionString, SharedFolder = shared,
                    },
                },
            };
            if (change is not null) configuration = change(configuration, i);
            var node = new Node(Path.Combine(_folder, $"node{i}.json"), configuration);
            await File.WriteAllTextAsync(
                node.File, JsonSerializer.Serialize(configuration, AdministrationJson.Options), Token);
            _nodes.Add(node);
        }

        // Together: the schema is new.
        await Task.WhenAll(_nodes.Select(StartAsync));
    }

    public static async Task StartAsync(Node node)
    {
        node.Child = DemoChild.Start(node.File);
        await node.Child.WaitUntilReadyAsync(Token);
    }

    /// <summary>Sends reports one after the other until <paramref name="stop"/>.</summary>
    public async Task SendAsync(TimeSpan pause, CancellationToken stop)
    {
        // Each goes from one process to the next by itself: a balancer that two share may send one to the same again and again.
        var turn = Interlocked.Increment(ref _turn);
        while (!stop.IsCancellationRequested)
        {
            var answers = new List<string>();
            var name = $"A{Interlocked.Increment(ref _number)}";
            var message = SourceReports.Mdm($"M-{name}", ReportAction.Initial, SourceReports.Report(name));
            var begin = TimeProvider.System.GetTimestamp();
            while (await AnswerAsync(message, turn++) is var answer && answer != "AA")
            {
                answers.Add(answer);
                Interlocked.Increment(ref Resent);
                await Task.Delay(TimeSpan.FromMilliseconds(100), Token);
            }

            var wait = TimeProvider.System.GetElapsedTime(begin);
            lock (Taken) if (wait > LongestWait.Time) LongestWait = (wait, string.Join(' ', answers));
            Taken.Add(name);
            await Task.Delay(pause, Token);
        }
    }

    /// <summary>What the database says.</summary>
    public async Task<long> AskAsync(string sql)
    {
        await using var session = new NpgsqlConnection(
            $"{postgres.ConnectionString};Pooling=false;Search Path=\"ris_flow\"");
        await session.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, session);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    /// <summary>Until nothing waits to be sent.</summary>
    public Task WaitForRestAsync(TimeSpan limit) => Eventually.HoldsAsync(
        () => AskAsync("SELECT count(*) FROM outbox WHERE state = 'Pending'"), open => open == 0,
        open => $"{open} rows wait\n{string.Join("\n----\n", _nodes.Select(node => node.Child.Output))}", limit);

    /// <summary>Each report that was answered AA is in the inbox once and has one Approved entry, and nothing else is
    /// there.</summary>
    public async Task AssertPublishedOnceAsync()
    {
        Assert.Equal(0, await AskAsync("SELECT count(*) FROM outbox WHERE state <> 'Done'"));
        Assert.Equal(Taken.Count, await AskAsync("SELECT count(*) FROM inbox"));
        var entries = (await Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToLookup(d => d.UniqueId);
        foreach (var name in Taken)
        {
            var versions = entries[SourceReports.Document(name)].ToList();
            Assert.True(
                versions is [{ Status: AvailabilityStatus.Approved, Version: 1 }],
                $"{name}: {string.Join(", ", versions.Select(e => $"{e.Status} {e.Version}"))}");
        }

        Assert.Equal(Taken.Count, entries.Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) if (node.Child is not null) await node.Child.DisposeAsync();
        if (_dmp is not null) await _dmp.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // A process that stands still takes the connection and answers nothing: the sender goes to the next.
    private async Task<string> AnswerAsync(byte[] message, int turn)
    {
        var node = _nodes[turn % _nodes.Count];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            return await MllpWire.SendAsync(node.Port, message, patience.Token) is { } ack ? ack["MSA", 1] : "closed";
        }
        catch (Exception e) when (e is IOException or SocketException
            || (e is OperationCanceledException && !Token.IsCancellationRequested))
        {
            return e.GetType().Name;
        }
    }
}
