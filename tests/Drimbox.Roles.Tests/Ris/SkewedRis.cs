using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Mllp;
using Drimbox.Ris;
using Drimbox.Storage;
using Drimbox.Tests.Dmp;
using Drimbox.Tests.Source;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>Processes of one RIS over a flow in PostgreSQL that they share, each with a clock of its own; the DMP has the
/// right one, and a recorder stands before it.</summary>
internal sealed class SkewedRis : IAsyncDisposable
{
    private static readonly SelfSignedCertificates Certificates = new(TimeProvider.System);
    private static readonly Lock Gate = new();

    private readonly StoreFolder _folder = new();
    private readonly List<RisNode> _nodes = [];
    private readonly List<MllpClient> _clients = [];
    private int _sent;

    public DmpEmulator Dmp { get; private set; } = null!;

    /// <summary>What was sent to the DMP.</summary>
    public RecordingDmp Recorder { get; private set; } = null!;

    /// <summary>One of each process.</summary>
    public IReadOnlyList<RisNode> Nodes => _nodes;

    /// <summary>One of each process.</summary>
    public IReadOnlyList<LoggedEvents> Logs { get; private set; } = [];

    /// <summary>Where objects are written before they get their name.</summary>
    public string Incoming => Path.Combine(_folder.Path, "objects", "incoming");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="changeDmp">Its options.</param>
    /// <param name="clocks">One of each process.</param>
    public static Task<SkewedRis> StartAsync(
        Func<DmpEmulatorOptions, DmpEmulatorOptions> changeDmp, params IReadOnlyList<TimeProvider> clocks) =>
        StartAsync(changeDmp, _ => { }, clocks);

    /// <param name="changeDmp">Its options.</param>
    /// <param name="prepare">Gets the shared folder before anything is started.</param>
    /// <param name="clocks">One of each process.</param>
    public static async Task<SkewedRis> StartAsync(
        Func<DmpEmulatorOptions, DmpEmulatorOptions> changeDmp, Action<string> prepare,
        params IReadOnlyList<TimeProvider> clocks)
    {
        var ris = new SkewedRis { Logs = [.. clocks.Select(_ => new LoggedEvents())] };
        prepare(ris._folder.Path);
        var structure = SourceReports.Structure;
        StructureCertificates keys;
        lock (Gate) keys = Certificates.Find(structure.Id) ?? Certificates.Issue(structure);
        ris.Dmp = await DmpEmulator.StartAsync(
            changeDmp(new DmpEmulatorOptions
            {
                DatabasePath = Path.Combine(ris._folder.Path, "dmp.db"),
                AcceptUnknownPatients = true,
                Seed = Seed.Get(),
                Structures = [new AllowedStructure(structure, keys.Signing)],
            }),
            new RandomIdSource(), TimeProvider.System, Token);
        ris.Recorder = await RecordingDmp.StartAsync(ris.Dmp.Target, Token);
        var postgres = (await TestContext.Current.GetFixture<PostgresCluster>())!;
        await postgres.RequireAsync();
        var options = new RisOptions
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = 0 },
            Structures = [new StructureOptions { Id = "300017985", Name = structure.Name }],
            SourceId = "1.2.250.1.999.10.3",
            Database = new DatabaseOptions
            {
                ConnectionString = postgres.ConnectionString, Schema = $"t-{Guid.NewGuid():N}",
                SharedFolder = ris._folder.Path,
            },
        };
        for (var i = 0; i < clocks.Count; i++)
        {
            ris._nodes.Add(await RisNode.StartAsync(
                options, ris._folder.Path,
                new DmpConnection(ris.Recorder.Target, Certificates, new VihfOptions(), SignatureHash.Sha256),
                new NodeSurroundings(clocks[i], new RandomIdSource(), ris.Logs[i])
                {
                    RetryDelayMin = TimeSpan.FromMilliseconds(100), RetryDelayMax = TimeSpan.FromSeconds(1),
                },
                Token));
            ris._clients.Add(new MllpClient(
                new MllpClientOptions { Host = "127.0.0.1", Port = ris._nodes[i].Hl7EndPoint.Port }, TimeProvider.System));
        }

        return ris;
    }

    /// <summary>So many reports, by turns to each process.</summary>
    /// <returns>Their names.</returns>
    public async Task<IReadOnlyList<string>> ReportAsync(int count)
    {
        var names = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var name = $"A{_sent++}";
            var message = SourceReports.Mdm($"M-{name}", ReportAction.Initial, SourceReports.Report(name));
            var answered = Assert.IsType<MllpExchange.Answered>(await _clients[i % _clients.Count].SendAsync(message, Token));
            Assert.Equal("AA", Er7Message.TryRead(answered.Ack, out _)!.All("MSA").Single()[1].Text);
            names.Add(name);
        }

        return names;
    }

    /// <summary>Until nothing waits: each report has one Approved entry, and what was sent for a submission set was the same
    /// at every attempt.</summary>
    /// <returns>The attempts at each submission.</returns>
    public async Task<IReadOnlyList<int>> AssertPublishedOnceAsync(IReadOnlyList<string> names)
    {
        var rows = await RestAsync();
        Assert.Equal([OutboxState.Done], rows.Select(row => row.State).Distinct());
        var entries = (await Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToLookup(d => d.UniqueId);
        Assert.All(names, name => Assert.Equal(
            (AvailabilityStatus.Approved, 1), (Assert.Single(entries[SourceReports.Document(name)]) is var e ? (e.Status, e.Version) : default)));
        Assert.Equal(names.Count, entries.Count);
        Assert.All(Recorder.Sent.Values, attempts => Assert.Single(attempts.Distinct()));
        return [.. rows.Select(row => row.Attempts)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        foreach (var node in _nodes) await node.DisposeAsync();
        await Recorder.DisposeAsync();
        await Dmp.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<IReadOnlyList<OutboxEntry>> RestAsync()
    {
        while (true)
        {
            var rows = await _nodes[0].ListOutboxAsync(new OutboxFilter([]), Token);
            if (rows.All(row => row.FinishedAt is not null)) return rows;
            await Task.Delay(50, Token);
        }
    }
}
