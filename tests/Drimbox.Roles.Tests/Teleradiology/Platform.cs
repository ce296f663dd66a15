using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Emulators;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Teleradiology;

namespace Drimbox.Tests.Teleradiology;

/// <summary>A platform between a RIS and a PACS, all on loopback sockets.</summary>
internal sealed class Platform : IAsyncDisposable
{
    private readonly StoreFolder _folder;
    private readonly TimeProvider _time;
    private readonly Func<TeleradiologyOptions, TeleradiologyOptions> _change;
    private MllpClient? _client;

    private Platform(
        StoreFolder folder,
        FakeRis? ris,
        int risPort,
        TimeProvider time,
        Func<TeleradiologyOptions, TeleradiologyOptions> change)
    {
        _folder = folder;
        _time = time;
        _change = change;
        Ris = ris;
        RisPort = risPort;
    }

    public FakeRis? Ris { get; private set; }

    public int RisPort { get; }

    public FakePacs Pacs { get; } = new();

    public LoggedEvents Log { get; private set; } = new();

    public TeleradiologyNode Node { get; private set; } = null!;

    public string NodeFolder => Path.Combine(_folder.Path, "teleradiology");

    public static Task<Platform> StartAsync() => StartAsync(new StoreFolder(), new FakeRis());

    /// <summary>A platform with other options, or by another clock.</summary>
    public static Task<Platform> StartAsync(
        Func<TeleradiologyOptions, TeleradiologyOptions> change, TimeProvider? time = null) =>
        StartAsync(new StoreFolder(), new FakeRis(), time, change);

    public static Task<Platform> StartWithoutRisAsync() => StartAsync(new StoreFolder(), null);

    /// <summary>A second platform on what a crash of this one now would leave, with a RIS that is there.</summary>
    public async Task<Platform> CrashAndStartAsync() =>
        await StartAsync(await FlowStorePlace.CopyAfterCrashAsync(_folder), new FakeRis());

    /// <summary>Stops in order, and starts again on the same folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartNodeAsync();
    }

    public void StartRis() => Ris = new FakeRis(RisPort);

    public Task<ReceivedAck> SendAsync(ImagingRequest request, string controlId) =>
        SendAsync(TeleradiologyWriter.Write(request, Samples.Envelope(controlId)));

    public Task<ReceivedAck> SendAsync(RequestCancellation cancellation, string controlId) =>
        SendAsync(TeleradiologyWriter.Write(cancellation, Samples.Envelope(controlId)));

    public Task<ReceivedAck> SendAsync(PostExamination examination, string controlId) =>
        SendAsync(TeleradiologyWriter.Write(examination, Samples.Envelope(controlId)));

    /// <summary>Sends a message to the platform and reads its acknowledgement.</summary>
    public async Task<ReceivedAck> SendAsync(byte[] message)
    {
        var answered = Assert.IsType<MllpExchange.Answered>(await ExchangeAsync(message));
        var controlId = Er7Message.TryRead(message, out _)!.Header[10].Text;
        var ack = AckReader.TryRead(answered.Ack, controlId, out var refusal);
        Assert.Null(refusal);
        return ack!;
    }

    public async Task<MllpExchange> ExchangeAsync(byte[] message)
    {
        // A clock that is moved by hours closes what was idle: a connection of its own for each message.
        if (_time != TimeProvider.System && _client is not null)
        {
            await _client.DisposeAsync();
            _client = null;
        }

        _client ??= new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = Node.Hl7EndPoint.Port }, TimeProvider.System);
        return await _client.SendAsync(message, TestContext.Current.CancellationToken);
    }

    /// <summary>A request whose examination was made and whose images are here.</summary>
    public async Task ExamineAsync(string number)
    {
        Pacs.Hold(Samples.Study(number), 2);
        Assert.Equal(AckCode.AA, (await SendAsync(Samples.Request(number), $"{number}-NW")).Code);
        Assert.Equal(AckCode.AA, (await SendAsync(Samples.Examination(number), $"{number}-SR")).Code);
    }

    public async Task<RequestStatus> StatusAsync(string number) =>
        (await Node.GetRequestAsync(Samples.Order(number), TestContext.Current.CancellationToken)).Status;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Ris is not null) await Ris.DisposeAsync();
        await Pacs.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<Platform> StartAsync(
        StoreFolder folder,
        FakeRis? ris,
        TimeProvider? time = null,
        Func<TeleradiologyOptions, TeleradiologyOptions>? change = null)
    {
        var platform = new Platform(
            folder, ris, ris?.Port ?? LoopbackPorts.Take(), time ?? TimeProvider.System, change ?? (o => o));
        await platform.StartNodeAsync();
        return platform;
    }

    private async Task StartNodeAsync()
    {
        Log = new LoggedEvents();
        Node = await TeleradiologyNode.StartAsync(
            _change(Options()) with { Database = await FlowStorePlace.DatabaseAsync(NodeFolder) }, _folder.Path, new NodeSurroundings(_time, new RandomIdSource(), Log),
            TestContext.Current.CancellationToken);
        Pacs.Destination = Node.DicomEndPoint;
    }

    private async Task StopAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        _client = null;
        await Node.DisposeAsync();
    }

    private TeleradiologyOptions Options() => new()
    {
        Hl7 = new Hl7NodeOptions { Application = "TLRAPP", Facility = "TLRFAC", Port = 0 },
        Dicom = new DicomNodeOptions { AeTitle = "TLR", Port = 0 },
        Structure = new StructureOptions { Id = "300017986", Name = "Plateforme" },
        Ris = new Hl7PeerOptions { Host = "127.0.0.1", Port = RisPort, Application = "RISAPP", Facility = "RISFAC" },
        Archive = new DicomPeerOptions { AeTitle = "PACS", Host = "127.0.0.1", Port = Pacs.Port },
        DocumentRoot = "1.2.250.1.999.7",
        Radiologist = new RadiologistOptions { Id = "801234564895", FamilyName = "ERIC", GivenName = "THOMAS" },
    };
}
