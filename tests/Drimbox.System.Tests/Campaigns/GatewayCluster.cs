using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Grains.Hosting;
using Drimbox.Sender;
using Drimbox.Storage;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drimbox.Tests.Campaigns;

/// <summary>Some processes, each with a RIS and an archive, over one PostgreSQL that each has a cable of its own to, and a
/// DMP beside them. Senders give each report and each image to one process after the other until one takes it.</summary>
internal sealed class GatewayCluster : IAsyncDisposable
{
    /// <summary>The default calling AE of <c>drimbox load</c>.</summary>
    private const string LoadAe = "DRIMBOXLOAD";

    private const int BytesMin = 20_000;
    private const int BytesMax = 200_000;
    private const int InstancesPerStudy = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("drimbox-cluster-").FullName;
    private readonly List<Node> _nodes = [];
    private readonly DatabaseCables _cables;
    private readonly Store _store;
    private DmpEmulator? _dmp;
    private int _turn;
    private int _number;
    private int _run;

    private GatewayCluster(DatabaseCables cables, Store store, bool isOnDisk)
    {
        (_cables, _store) = (cables, store);
        Postgres = new PostgresCluster { NetworkNamespace = cables.Name, IsOnDisk = isOnDisk };
    }

    /// <summary>Where the processes have their stores.</summary>
    public enum Store
    {
        /// <summary>In files of their own.</summary>
        Files,

        /// <summary>One process has a schema alone.</summary>
        Alone,

        Shared,
    }

    /// <summary>A process.</summary>
    public sealed class Node(int number, string file, GatewayConfiguration configuration)
    {
        public int Number { get; } = number;

        public string File { get; } = file;

        public int MllpPort => configuration.Ris!.Hl7.Port;

        public IPEndPoint Archive => new(IPAddress.Loopback, configuration.Archive!.Dicom.Port);

        public DemoChild Child { get; set; } = null!;

        /// <summary>Something is being done to it.</summary>
        public bool IsHarmed { get; set; }

        public async Task StartAsync()
        {
            Child = DemoChild.Start(File);
            await Child.WaitUntilReadyAsync(Token);
        }
    }

    public PostgresCluster Postgres { get; }

    /// <summary>The processes use it.</summary>
    public bool IsServed => _store != Store.Files;

    public DmpEmulator Dmp => _dmp!;

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The reports that were answered AA.</summary>
    public ConcurrentBag<string> Reports { get; } = [];

    /// <summary>The images that were answered 0000, with the hash of their data set, and their studies.</summary>
    public ConcurrentDictionary<string, string> Images { get; } = [];

    /// <inheritdoc cref="Images"/>
    public ConcurrentBag<string> Studies { get; } = [];

    /// <summary>Messages and images that had to be sent again.</summary>
    public int Resent;

    /// <summary>Answers that were final refusals: there must be none.</summary>
    public ConcurrentBag<string> Refusals { get; } = [];

    /// <summary>The longest that a sender waited until its report was taken, and what it got until then.</summary>
    public LongestWait ReportWait { get; } = new();

    /// <summary>The same for images.</summary>
    public LongestWait ImageWait { get; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="isOnDisk">The server has its files on a disk.</param>
    /// <param name="change">What else is in the configuration of each process; it is called once, when the server
    /// runs.</param>
    public static async Task<GatewayCluster> StartAsync(
        int nodes, int seed, Store store = Store.Shared, bool isOnDisk = false,
        Func<PostgresCluster, Task<Func<GatewayConfiguration, GatewayConfiguration>>>? change = null)
    {
        var cluster = new GatewayCluster(await DatabaseCables.LayAsync(nodes), store, isOnDisk);
        try
        {
            await cluster.OpenAsync(seed, nodes, change);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The code of an acknowledgment, or what came in its place: a process that stands still takes the connection and
    /// answers nothing, and the sender goes to the next.</summary>
    public static async Task<string> AnswerAsync(int port, byte[] message)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            return await MllpWire.SendAsync(port, message, patience.Token) is { } ack ? ack["MSA", 1] : "closed";
        }
        catch (Exception e) when (IsTransient(e))
        {
            return e.GetType().Name;
        }
    }

    /// <summary>Sends reports one after the other until <paramref name="stop"/>.</summary>
    public async Task SendReportsAsync(TimeSpan pause, CancellationToken stop)
    {
        // Each goes from one process to the next by itself: a balancer that two share may send one to the same again and again.
        var turn = Interlocked.Increment(ref _turn);
        while (!stop.IsCancellationRequested)
        {
            var name = $"A{Interlocked.Increment(ref _number)}";
            var message = SourceReports.Mdm($"M-{name}", ReportAction.Initial, SourceReports.Report(name));
            await RepeatAsync(ReportWait, "AA", () => AnswerAsync(_nodes[turn++ % _nodes.Count].MllpPort, message));
            Reports.Add(name);
            await Task.Delay(pause, Token);
        }
    }

    /// <summary>Sends images one after the other, over associations that stand as long as they can, until
    /// <paramref name="stop"/>.</summary>
    public async Task SendImagesAsync(TimeSpan pause, CancellationToken stop)
    {
        var turn = Interlocked.Increment(ref _turn);
        var random = new Random(turn);
        Association? association = null;
        for (var (number, run) = (0, 0); !stop.IsCancellationRequested; number++)
        {
            if (number % InstancesPerStudy == 0)
            {
                run = Interlocked.Increment(ref _run);
                Studies.Add(SeededInstance.StudyUid(run, 0));
            }

            var image = SeededInstance.Create(run, 0, number, random, BytesMin, BytesMax);
            await RepeatAsync(ImageWait, DimseStatus.Success.ToString(), async () =>
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
                patience.CancelAfter(TimeSpan.FromSeconds(5));
                try
                {
                    association ??= await CallAsync(_nodes[turn++ % _nodes.Count], patience.Token);
                    var status = await new CStoreScu(association).SendAsync(image.Source, patience.Token);
                    if (status == DimseStatus.Success) return status.ToString();
                    await association.DisposeAsync();
                    association = null;
                    return status.ToString();
                }
                catch (Exception e) when (IsTransient(e))
                {
                    if (association is not null) await association.DisposeAsync();
                    association = null;
                    return e.GetType().Name;
                }
            });
            Images[image.Uid] = image.Sha256;
            await Task.Delay(pause, Token);
        }

        if (association is not null) await association.ReleaseAsync(Token);
    }

    /// <summary>How long it takes until this process takes a report and an image again.</summary>
    public async Task<TimeSpan> ServesAsync(Node node)
    {
        var begin = TimeProvider.System.GetTimestamp();
        var name = $"A{Interlocked.Increment(ref _number)}";
        var message = SourceReports.Mdm($"M-{name}", ReportAction.Initial, SourceReports.Report(name));
        await RepeatAsync(new LongestWait(), "AA", () => AnswerAsync(node.MllpPort, message));
        Reports.Add(name);
        await RepeatAsync(new LongestWait(), "0000", async () =>
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
                patience.CancelAfter(TimeSpan.FromSeconds(5));
                var run = Interlocked.Increment(ref _run);
                var image = SeededInstance.Create(run, 0, 0, new Random(run), BytesMin, BytesMax);
                Studies.Add(SeededInstance.StudyUid(run, 0));
                await using var association = await CallAsync(node, patience.Token);
                var status = await new CStoreScu(association).SendAsync(image.Source, patience.Token);
                if (status != DimseStatus.Success) return status.ToString();
                Images[image.Uid] = image.Sha256;
                return "0000";
            }
            catch (Exception e) when (IsTransient(e))
            {
                return e.GetType().Name;
            }
        });
        return TimeProvider.System.GetElapsedTime(begin);
    }

    /// <summary>Cuts a process off from the database for a while.</summary>
    public async Task CutAsync(Node node, TimeSpan time, bool oneWay)
    {
        await _cables.CutAsync(node.Number, oneWay);
        await Task.Delay(time, Token);
        await _cables.MendAsync(node.Number, oneWay);
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
        Assert.Equal(Reports.Count, await AskAsync("SELECT count(*) FROM inbox"));
        var entries = (await Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToLookup(d => d.UniqueId);
        foreach (var name in Reports)
        {
            var versions = entries[SourceReports.Document(name)].ToList();
            Assert.True(
                versions is [{ Status: AvailabilityStatus.Approved, Version: 1 }],
                $"{name}: {string.Join(", ", versions.Select(e => $"{e.Status} {e.Version}"))}");
        }

        Assert.Equal(Reports.Count, entries.Count);
    }

    /// <summary>Each image that was answered 0000 is found and retrieved at every process, as it was sent.</summary>
    public async Task AssertStoredAsync()
    {
        var images = Images.ToDictionary();
        foreach (var node in _nodes)
        {
            (await StoreAudit.RunAsync(node.Archive, new SentInstances([.. Studies], images, images)))
                .AssertWhole($"at process {node.Number}");
        }
    }

    /// <summary>What the database says of the flow of the RIS.</summary>
    public async Task<long> AskAsync(string sql)
    {
        await using var session = new NpgsqlConnection(
            $"{Postgres.ConnectionString};Pooling=false;Search Path=\"ris_flow\"");
        await session.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, session);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) if (node.Child is not null) await node.Child.DisposeAsync();
        if (_dmp is not null) await _dmp.DisposeAsync();
        await Postgres.DisposeAsync();
        await _cables.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync(
        int seed, int nodes, Func<PostgresCluster, Task<Func<GatewayConfiguration, GatewayConfiguration>>>? prepare)
    {
        if (IsServed) await Postgres.RequireAsync();
        var change = prepare is null ? all => all : await prepare(Postgres);
        var certificates = new DemoCertificates(_folder);
        _dmp = await GatewayUnderTest.StartDmpAsync(_folder, certificates, seed);
        var structure = new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name };
        for (var i = 0; i < nodes; i++)
        {
            var all = GatewayUnderTest.WithoutPlatform(DemoConfiguration.Create(
                Path.Combine(_folder, $"node{i}"), Dmp.Target, certificates.Folder,
                new DemoOptions(null, null, [], LogLevel.Information)));
            var configuration = change(all with
            {
                Ris = all.Ris! with { Source = null, Structures = [structure], Database = DatabaseOf(i, "ris") },
                Source = null,
                Archive = all.Archive! with
                {
                    Dicom = all.Archive!.Dicom with { AeTitle = "ARCHIVE" }, IocmListeners = [],
                    Callers = [.. all.Archive!.Callers, new CallerSection { AeTitle = LoadAe }],
                    Database = DatabaseOf(i, "archive"),
                },
            });
            var node = new Node(i, Path.Combine(_folder, $"node{i}.json"), configuration);
            await File.WriteAllTextAsync(
                node.File, JsonSerializer.Serialize(configuration, AdministrationJson.Options), Token);
            _nodes.Add(node);
        }

        // Together: the schemas are new.
        await Task.WhenAll(_nodes.Select(node => node.StartAsync()));
    }

    private DatabaseOptions? DatabaseOf(int node, string role) => !IsServed ? null : new DatabaseOptions
    {
        ConnectionString = $"Host={_cables.Server(node)};Database=postgres;Username=drimbox;SSL Mode=Disable",
        SharedFolder = _store == Store.Alone
            ? null
            : Directory.CreateDirectory(Path.Combine(_folder, "shared", role)).FullName,
    };

    private async Task RepeatAsync(LongestWait longest, string taken, Func<Task<string>> sendAsync)
    {
        var answers = new List<string>();
        var begin = TimeProvider.System.GetTimestamp();
        while (await sendAsync() is var answer && answer != taken)
        {
            answers.Add(answer);
            if (answer is "AE") Refusals.Add(answer);
            Interlocked.Increment(ref Resent);
            await Task.Delay(TimeSpan.FromMilliseconds(100), Token);
        }

        longest.Add(TimeProvider.System.GetElapsedTime(begin), answers);
    }

    private static Task<Association> CallAsync(Node node, CancellationToken cancellation) => Association.RequestAsync(
        new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = node.Archive.Port,
            CallingAe = AeTitle.Parse("MODALITY"),
            CalledAe = AeTitle.Parse("ARCHIVE"),
            Contexts = [new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)],
        },
        cancellation);

    private static bool IsTransient(Exception e) => e is IOException or SocketException or TimeoutException
        || (e is OperationCanceledException && !Token.IsCancellationRequested);
}
