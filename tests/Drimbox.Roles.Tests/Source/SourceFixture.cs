using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Mllp;
using Drimbox.Source;
using Drimbox.Source.Audit;
using Drimbox.Source.ImageAccess;

namespace Drimbox.Tests.Source;

/// <summary>A source node between peers on the wire: a RIS that sends its copies, a scripted PACS, an emulated DMP.
/// </summary>
public sealed class SourceFixture : IAsyncDisposable
{
    // RSA keys are dear: all tests share one set.
    private static readonly SelfSignedCertificates Certificates = new(TimeProvider.System);

    private readonly List<SourceNode> _nodes = [];
    private readonly List<IDisposable> _folders = [];
    private MllpClient? _ris;
    private int _messages;

    private SourceFixture(DmpEmulator dmp, DmpEmulatorOptions dmpOptions)
    {
        Dmp = dmp;
        DmpEmulatorOptions = dmpOptions;
    }

    public DmpEmulator Dmp { get; private set; }

    public DmpEmulatorOptions DmpEmulatorOptions { get; }

    public SourcePacs Pacs { get; } = new();

    public SourceEvents Events { get; private set; } = new();

    public SourceNode Node => _nodes[^1];

    /// <summary>The folder of all nodes.</summary>
    public StoreFolder Folder { get; private set; } = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The access point of a node that is started from now on; null: none.</summary>
    public ImageAccessOptions? ImageAccess { get; set; }

    /// <summary>The audit trail of a node that is started from now on.</summary>
    public AuditOptions Audit { get; set; } = new();

    /// <summary>The host of the manifests of a node that is started from now on.</summary>
    public string RetrieveHost { get; set; } = "drimbox.example.org";

    public IReadOnlyList<string> RetrieveHostAliases { get; set; } = [];

    /// <summary>The clock of a node, and of a DMP, that is started from now on.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>A PACS in place of <see cref="Pacs"/>.</summary>
    public DicomPeerOptions? OtherPacs { get; init; }

    /// <summary>What is changed of the options of a node that is started from now on.</summary>
    public Func<SourceOptions, SourceOptions> Configure { get; set; } = static options => options;

    /// <param name="configure">See <see cref="Configure"/>.</param>
    /// <param name="dmp">What is changed of the options of the DMP.</param>
    /// <param name="time">See <see cref="Time"/>; null: the clock of the machine.</param>
    public static async Task<SourceFixture> StartAsync(
        ImageAccessOptions? imageAccess = null, DicomPeerOptions? pacs = null,
        Func<SourceOptions, SourceOptions>? configure = null, Func<DmpEmulatorOptions, DmpEmulatorOptions>? dmp = null,
        TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        var folder = new StoreFolder();
        var keys = Certificates.Issue(SourceReports.Structure);
        var options = new DmpEmulatorOptions
        {
            DatabasePath = Path.Combine(folder.Path, "dmp.db"),
            Structures = [new AllowedStructure(SourceReports.Structure, keys.Signing)],
        };
        if (dmp is not null) options = dmp(options);
        var emulator = await DmpEmulator.StartAsync(options, new RandomIdSource(), time, Token);
        await emulator.OpenPatientAsync(SourceReports.Ins, Token);
        var fixture = new SourceFixture(emulator, options)
        {
            ImageAccess = imageAccess, OtherPacs = pacs, Time = time,
        };
        if (configure is not null) fixture.Configure = configure;
        fixture._folders.Add(folder);
        fixture._folders.Add(fixture.Folder);
        await fixture.StartNodeAsync();
        return fixture;
    }

    /// <summary>Starts a node on the present folder; its events are counted from here.</summary>
    /// <param name="dataFolder">Of a further process of the source; null: <see cref="Folder"/>.</param>
    public async Task StartNodeAsync(XdsTarget? dmp = null, string? dataFolder = null)
    {
        Events = new SourceEvents();
        var node = await SourceNode.StartAsync(
            Configure(new SourceOptions
            {
                Database = await FlowStorePlace.DatabaseAsync(Path.Combine(Folder.Path, "source")),
                Hl7 = new Hl7NodeOptions { Application = "DRIMBOX", Facility = "SITE", Port = 0 },
                Dicom = new DicomNodeOptions { AeTitle = "DRIMBOX", Port = 0 },
                Pacs = OtherPacs ?? new DicomPeerOptions { AeTitle = "PACS", Host = "127.0.0.1", Port = Pacs.Port },
                Structures = [new StructureOptions { Id = "300017985", Name = "CENTRE D'IMAGERIE DES TILLEULS" }],
                SourceId = "1.2.250.1.999.1",
                RetrieveHost = RetrieveHost,
                RetrieveHostAliases = RetrieveHostAliases,
                QuietTime = TimeSpan.Zero,
                ImageAccess = ImageAccess,
                Audit = Audit,
            }),
            dataFolder ?? Folder.Path,
            new DmpConnection(dmp ?? Dmp.Target, Certificates, new VihfOptions(), SignatureHash.Sha256),
            new NodeSurroundings(Time, new RandomIdSource(), Events),
            Token);
        _nodes.Add(node);
        Pacs.Destination = new DicomPeer(AeTitle.Parse("DRIMBOX"), "127.0.0.1", node.DicomEndPoint.Port);
        if (_ris is not null) await _ris.DisposeAsync();
        _ris = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = node.Hl7EndPoint.Port }, TimeProvider.System);
    }

    /// <summary>Stops one of several processes.</summary>
    public async Task StopAsync(SourceNode node)
    {
        await node.DisposeAsync();
        _nodes.Remove(node);
    }

    /// <summary>Stops in order, and starts again on the same folder.</summary>
    public async Task RestartAsync()
    {
        await Node.DisposeAsync();
        _nodes.RemoveAt(_nodes.Count - 1);
        await StartNodeAsync();
    }

    /// <summary>Another DRIMbox takes the place of this one: an empty folder, the same DMP and PACS.</summary>
    public async Task ReplaceNodeAsync()
    {
        await Node.DisposeAsync();
        _nodes.RemoveAt(_nodes.Count - 1);
        Folder = new StoreFolder();
        _folders.Add(Folder);
        await StartNodeAsync();
    }

    /// <summary>A second life after a crash: another node on what the disk holds now, while the first one hangs.
    /// </summary>
    public async Task CrashAndRestartAsync()
    {
        Folder = await FlowStorePlace.CopyAfterCrashAsync(Folder);
        _folders.Add(Folder);
        await StartNodeAsync();
    }

    /// <summary>The DMP goes away, and comes back at the same address.</summary>
    public async Task<Func<Task>> TakeDmpDownAsync()
    {
        var port = Dmp.BaseAddress.Port;
        await Dmp.DisposeAsync();
        return async () => Dmp = await DmpEmulator.StartAsync(
            DmpEmulatorOptions with { Port = port }, new RandomIdSource(), Time, Token);
    }

    /// <summary>A message as the next of the RIS.</summary>
    public Task<ReceivedAck> SendAsync(
        ReportAction action, Level1Report report, PublicationChoices? choices = null) =>
        SendAsync(SourceReports.Oru($"M{++_messages}", action, report, choices));

    public async Task<ReceivedAck> SendAsync(byte[] message)
    {
        var exchange = Assert.IsType<MllpExchange.Answered>(await _ris!.SendAsync(message, Token));
        var controlId = Er7Message.TryRead(message, out _)!.Get("MSH-10");
        var ack = AckReader.TryRead(exchange.Ack, controlId, out var refusal);
        Assert.True(ack is not null, refusal?.ToString());
        return ack;
    }

    /// <summary>The answer byte for byte.</summary>
    public Task<MllpExchange> ExchangeAsync(byte[] message) => _ris!.SendAsync(message, Token);

    /// <summary>A report arrives, and its manifest is published.</summary>
    public async Task PublishAsync(string document = "A", int images = 4)
    {
        Pacs.Instances = SourceReports.Images(images);
        Assert.Equal(AckCode.AA, (await SendAsync(ReportAction.Initial, SourceReports.Report(document))).Code);
        await Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
    }

    /// <summary>The manifests in the registry, in every status.</summary>
    public async Task<IReadOnlyList<DmpDocument>> ManifestsAsync() =>
        (await Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();

    /// <summary>The one that is Approved.</summary>
    public async Task<DmpDocument> ApprovedAsync() =>
        Assert.Single(await ManifestsAsync(), d => d.Status == AvailabilityStatus.Approved);

    /// <summary>A manifest as the repository gives it out (ITI-43), checked against what the registry says of it.
    /// </summary>
    public async Task<Core.Manifests.Manifest> RetrieveAsync(DmpDocument document)
    {
        using var clients = new DmpConnection(Dmp.Target, Certificates, new VihfOptions(), SignatureHash.Sha256)
            .OpenClients(new RandomIdSource(), TimeProvider.System);
        var author = new Author(
            SourceReports.Report("A").Author.Person, SourceReports.Structure, null, null);
        var answer = await clients.For(SourceReports.Structure.Id).RetrieveDocumentSetAsync(
            DmpEmulatorOptions.RepositoryUniqueId, [document.UniqueId], new Requester(author, SourceReports.Ins), Token);
        Assert.True(answer.Answer.IsSuccess, answer.Answer.ToString());
        var bytes = Assert.Single(answer.Documents).Bytes;
        Assert.Equal(document.Hash, Convert.ToHexStringLower(SHA1.HashData(bytes.Span)));
        Assert.Equal(document.Size, bytes.Length);
        var stored = await Node.ReadManifestAsync(Uid.Parse(document.UniqueId.Root), Token);
        Assert.Equal(bytes.ToArray(), stored);
        return Read(bytes);
    }

    public static Core.Manifests.Manifest Read(ReadOnlyMemory<byte> file)
    {
        Assert.True(DicomFile.TryRead(file, out var dicom, out var refusal), refusal?.ToString());
        var manifest = KosDataSet.TryRead(dicom!.DataSet, out refusal);
        Assert.True(manifest is not null, refusal?.ToString());
        return manifest;
    }

    public async ValueTask DisposeAsync()
    {
        if (_ris is not null) await _ris.DisposeAsync();
        // First, so that nothing waits for an answer that never comes.
        await Dmp.DisposeAsync();
        foreach (var node in _nodes) await node.DisposeAsync();
        await Pacs.DisposeAsync();
        foreach (var folder in _folders) folder.Dispose();
    }
}
