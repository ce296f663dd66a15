using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Reports;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Ris;
using Drimbox.Storage;
using Drimbox.Tests.Source;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS between a sender of messages, an emulated DMP and the DRIMbox that gets the copies, all over
/// sockets.</summary>
internal sealed class PublishingRis : IAsyncDisposable
{
    // RSA keys are dear: all tests share one set.
    private static readonly SelfSignedCertificates Certificates = new(TimeProvider.System);

    private static readonly Lock Gate = new();

    private readonly StoreFolder _folder = new();
    private readonly TimeProvider _clock;
    private RisOptions _options = new();
    private MllpClient? _client;

    private PublishingRis(TimeProvider clock) => _clock = clock;

    public DmpEmulator Dmp { get; private set; } = null!;

    /// <summary>The DRIMbox that gets the copies.</summary>
    public FakeRis Box { get; } = new();

    /// <summary>Who gets the business acknowledgements.</summary>
    public FakeRis Creator { get; } = new();

    public LoggedEvents Log { get; private set; } = new();

    public RisNode Node { get; private set; } = null!;

    /// <summary>Where the RIS publishes to; null: to <see cref="Dmp"/> itself.</summary>
    public XdsTarget? Target { get; set; }

    /// <summary>Where the stores of the node lie.</summary>
    public string NodeFolder => Path.Combine(_folder.Path, _options.Node);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="clock">Of the node and of the DMP; null: the real one.</param>
    /// <param name="between">Stands between the RIS and the DMP.</param>
    public static async Task<PublishingRis> StartAsync(
        Func<RisOptions, RisOptions>? change = null, Func<DmpEmulatorOptions, DmpEmulatorOptions>? changeDmp = null,
        TimeProvider? clock = null, Func<XdsTarget, Task<XdsTarget>>? between = null)
    {
        var ris = new PublishingRis(clock ?? TimeProvider.System);
        var structure = SourceReports.Structure;
        StructureCertificates keys;
        lock (Gate) keys = Certificates.Find(structure.Id) ?? Certificates.Issue(structure);
        var dmp = new DmpEmulatorOptions
        {
            DatabasePath = Path.Combine(ris._folder.Path, "dmp.db"),
            AcceptUnknownPatients = true,
            Structures = [new AllowedStructure(structure, keys.Signing)],
        };
        ris.Dmp = await DmpEmulator.StartAsync(
            changeDmp is null ? dmp : changeDmp(dmp), new RandomIdSource(), ris._clock, Token);
        if (between is not null) ris.Target = await between(ris.Dmp.Target);
        var options = new RisOptions
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = 0 },
            Structures = [new StructureOptions { Id = "300017985", Name = structure.Name }],
            SourceId = "1.2.250.1.999.10.3",
            Source = PeerOf(ris.Box),
            Creator = PeerOf(ris.Creator),
        };
        ris._options = change is null ? options : change(options);
        await ris.StartNodeAsync();
        return ris;
    }

    /// <summary>Stops in order, and starts again on the same folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartNodeAsync();
    }

    /// <summary>The answer byte for byte.</summary>
    public Task<MllpExchange> ExchangeAsync(byte[] message)
    {
        _client ??= new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = Node.Hl7EndPoint.Port }, TimeProvider.System);
        return _client.SendAsync(message, Token);
    }

    /// <summary>Sends a message and reads its acknowledgement.</summary>
    public async Task<ReceivedAck> SendAsync(byte[] message)
    {
        var answered = Assert.IsType<MllpExchange.Answered>(await ExchangeAsync(message));
        var ack = AckReader.TryRead(answered.Ack, Er7Message.TryRead(message, out _)!.Header[10].Text, out var refusal);
        Assert.Null(refusal);
        return ack!;
    }

    public async Task TakesAsync(byte[] message) => Assert.Equal(AckCode.AA, (await SendAsync(message)).Code);

    /// <summary>The error of a message that is refused: ERR-3, ERR-5, ERR-2.</summary>
    public async Task<string> RefusesAsync(byte[] message)
    {
        var ack = await SendAsync(message);
        Assert.Equal(AckCode.AE, ack.Code);
        var error = Assert.Single(ack.Errors);
        return $"{error.Code} {error.ApplicationCode} {error.Location}";
    }

    /// <summary>A report: a new one, or one that replaces <paramref name="parent"/>.</summary>
    public Task ReportAsync(string name, string? parent = null) => TakesAsync(Mdm(name, parent));

    public static byte[] Mdm(string name, string? parent = null, PublicationChoices? choices = null) =>
        SourceReports.Mdm(
            $"M-{name}", parent is null ? ReportAction.Initial : ReportAction.Replace,
            SourceReports.Report(name, parent), choices);

    // PAM-FR 2.11: the segments that the RIS reads.
    public static byte[] Adt(
        string controlId, string time, string feeding, string ipp = "IPP101", string birthPlace = "63220",
        string? ins = "279035121518989") => Encoding.UTF8.GetBytes(string.Join('\r',
        $@"MSH|^~\&|GAM|SITE|RIS|SITE|{time}||ADT^A01^ADT_A01|{controlId}|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR"
            + "||2.11^IHE_FRANCE-2.11-PAM",
        $"EVN||{time}",
        $"PID|1||{ipp}^^^SITE&1.2.250.1.213.4.5.2.4&ISO^PI"
            + (ins is null ? "" : $"~{ins}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS")
            + $"||PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F|||^^^^^^BDL^^{birthPlace}"
            + "|||||||||||||||||||||VALI",
        "PV1|1|O",
        $"ZFA|ACTIF|{time}|||||||{feeding}|{time}|IC|{time}"));

    /// <summary>Completes when the document is in the DMP.</summary>
    public Task PublishedAsync(string name) =>
        Dmp.WhenCommittedAsync(s => s.Documents.Contains(SourceReports.Document(name)), Token)
            .WaitAsync(TimeSpan.FromMinutes(2), Token);

    /// <summary>The Approved reports that an audience sees.</summary>
    public async Task<IReadOnlyList<string>> SeenByAsync(Audience audience) =>
        [.. (await Dmp.DocumentsAsync(SourceReports.Ins, audience, Token))
            .Where(d => d is { Status: AvailabilityStatus.Approved, TypeCode: "18748-4" })
            .Select(d => d.UniqueId.Extension!).Order(StringComparer.Ordinal)];

    public async Task<ReportState> StateAsync(string name) =>
        await Node.GetReportAsync(await IdAsync(name), Token);

    public async Task DecideAsync(string name, PublicationDecision decision)
    {
        var by = new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234567897"), "ADAM", "HODA");
        var reply = await Node.DecidePublicationAsync(await IdAsync(name), decision, by, "alice", Token);
        Assert.Null(reply.Refusal);
    }

    /// <summary>The next copy for the DRIMbox: its control id, and the flags of its metadata.</summary>
    public async Task<(string ControlId, Dictionary<string, string> Flags)> CopyAsync()
    {
        var message = Er7Message.TryRead(await Box.NextAsync(), out _)!;
        return (
            message.Header[10].Text,
            message.All("OBX").Where(obx => obx[3].Component(3).Code == "MetaDMPMSS")
                .ToDictionary(obx => obx[3].Component(1).Code, obx => obx[5].Component(1).Code));
    }

    /// <summary>Submissions that wait for their turn or for another attempt.</summary>
    public async Task<int> WaitingSubmissionsAsync() => (await Node.ListOutboxAsync(
        new OutboxFilter([OutboxState.Pending], Kind: ReportGrain.SubmissionKind), Token)).Count;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Box.DisposeAsync();
        await Creator.DisposeAsync();
        await Dmp.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<ReportId> IdAsync(string name)
    {
        var id = await Node.FindReportAsync(SourceReports.Document(name), Token);
        Assert.NotNull(id);
        return id.Value;
    }

    private async Task StartNodeAsync()
    {
        Log = new LoggedEvents();
        Node = await RisNode.StartAsync(
            _options.Database is not null
                ? _options
                : _options with { Database = await FlowStorePlace.DatabaseAsync(Path.Combine(_folder.Path, _options.Node)) },
            _folder.Path,
            new DmpConnection(Target ?? Dmp.Target, Certificates, new VihfOptions(), SignatureHash.Sha256),
            Surroundings(), Token);
    }

    // What fails is tried again at once, so that no test waits for a second attempt; on a clock of the test it is not waited for.
    private NodeSurroundings Surroundings()
    {
        var surroundings = new NodeSurroundings(_clock, new RandomIdSource(), Log);
        return _clock != TimeProvider.System
            ? surroundings
            : surroundings with
            {
                RetryDelayMin = TimeSpan.FromMilliseconds(20), RetryDelayMax = TimeSpan.FromMilliseconds(200),
            };
    }

    private async Task StopAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        _client = null;
        await Node.DisposeAsync();
    }

    private static Hl7PeerOptions PeerOf(FakeRis peer) => new()
    {
        Host = "127.0.0.1", Port = peer.Port, Application = "PEER", Facility = "SITE",
    };
}
