using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using Drimbox.Teleradiology.Reports;
using Drimbox.Teleradiology.Requests;
using Drimbox.Teleradiology.Studies;
using Drimbox.Teleradiology.Templates;
using Drimbox.Teleradiology.Worklist;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology;

/// <summary>A teleradiology platform: takes requests from its RIS, fetches the images, sends answers and reports back
/// to that RIS, and to nobody else.</summary>
public sealed partial class TeleradiologyNode : IAsyncDisposable
{
    private readonly TeleradiologyOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FlowStore _store;
    private readonly ObjectStore _objects;
    private readonly RequestGrainParts _parts;
    private readonly PlatformRequestGrain _grain;
    private readonly RequestAnswers _answers;
    private readonly ReportDesk _desk;
    private readonly ReportTemplates _templates;
    private readonly DeskWorklist _worklist;
    private readonly MllpClient _ris;
    private readonly StudyFetch _fetch;
    private readonly Dispatcher _dispatcher;
    private readonly DicomAcceptor? _acceptor;
    private readonly MllpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly StoreUpkeep _upkeep;
    private Task _dispatching = Task.CompletedTask;
    private Task _keeping = Task.CompletedTask;
    private bool _stopped;

    private TeleradiologyNode(
        TeleradiologyOptions options, NodeFolders folders, FlowStore store, NodeSurroundings surroundings)
    {
        var (time, ids, loggers) = surroundings;
        _options = options;
        _time = time;
        _logger = loggers.CreateLogger<TeleradiologyNode>();
        _store = store;
        var objects = folders.OpenObjects(Disk.Real, ids);
        _objects = objects;
        var acks = new AckComposer(time, ids);
        var turns = new TurnLoop(store, new EmbeddedTurnQueue(), acks);
        _parts = new RequestGrainParts(options.Node, store, turns, ids, time, $"{options.Node}/to/ris")
        {
            Host = surroundings.Grains,
        };
        _grain = new PlatformRequestGrain(_parts);
        var signatory = new Signatory(options);
        _answers = new RequestAnswers(signatory, _grain);
        _templates = ReportTemplates.Load(options.Desk.Templates);
        _worklist = new DeskWorklist(
            store, _parts, new DeskPolicy(options.Desk.AnswerWithin, options.Desk.ReportWithin));
        _desk = new ReportDesk(
            new ReportComposer(options, signatory), _grain, objects, options.DocumentRoot, ids, time,
            loggers.CreateLogger<ReportDesk>());

        _ris = new MllpClient(
            new MllpClientOptions
            {
                Host = options.Ris!.Host,
                Port = options.Ris.Port,
                Secure = TlsStreams.Client(options.Ris.Tls, options.Ris.Host, time),
            },
            time);
        var studyFolders = StudyFolders.Open(folders.Store, Disk.Real, ids, folders.IsShared);
        _upkeep = new StoreUpkeep(
            options.Node, store, age => objects.SweepIncoming(age) + studyFolders.SweepIncoming(age), time, loggers);
        var studies = new ExpectedStudies(studyFolders);
        var ownAe = AeTitle.Parse(options.Dicom.AeTitle);
        IStudyRetrieval retrieval = options.WebArchive is { } web
            ? new WebRetrieval(web, ownAe, studies, time)
            : new MoveRetrieval(options.Archive!, ownAe, time);
        _fetch = new StudyFetch(retrieval, studies, _grain, time, loggers.CreateLogger<StudyFetch>());
        _dispatcher = new Dispatcher(
            store,
            new DispatcherOptions
            {
                Owner = options.Node,
                Handlers = new Dictionary<string, OutboxHandling>(StringComparer.Ordinal)
                {
                    [PlatformRequestGrain.MessageKind] = new(
                        new RisDelivery(new RisMessages(options, objects), _ris, loggers.CreateLogger<RisDelivery>()),
                        Limits.DispatchFaultsMax),
                    [PlatformRequestGrain.FetchKind] = new(_fetch, Limits.DispatchFaultsMax),
                },
                // A study takes longer than any message; the death of the process that holds a lease ends it.
                Lease = Limits.StudyFetchLease,
                AttemptDeadline = Limits.StudyFetchDeadline,
                Random = surroundings.NewRandom(),
                RetryDelayMin = surroundings.RetryDelayMin,
                RetryDelayMax = surroundings.RetryDelayMax,
                Clock = time,
            },
            loggers.CreateLogger<Dispatcher>());
        _acceptor = options.WebArchive is null
            ? AcceptorFor(options, studies, loggers.CreateLogger<DicomAcceptor>(), time)
            : null;
        var door = new RequestDoor(
            new Inbox(store, objects, acks, time) { InlineBodyBytesMax = surroundings.Grains.InlineBodyBytesMax },
            _grain, new AttachmentReader(objects),
            loggers.CreateLogger<RequestDoor>());
        _listener = new MllpListener(
            new MllpListenerOptions
            {
                Address = IPAddress.Parse(options.Hl7.Address),
                Port = options.Hl7.Port,
                Secure = TlsStreams.Server(options.Hl7.Tls, time, loggers.CreateLogger<MllpListener>()),
            },
            door.ReceiveAsync, acks.ForBeginning, time, loggers.CreateLogger<MllpListener>());
    }

    /// <summary>Where the RIS sends to.</summary>
    public IPEndPoint Hl7EndPoint => _listener.LocalEndPoint;

    /// <summary>Where the archive sends to; null where studies are fetched over DICOMweb.</summary>
    public IPEndPoint? DicomEndPoint { get; private set; }

    /// <summary>Opens the store of the node, takes up the work that lies in it, and opens the doors last.</summary>
    /// <param name="options">Valid by their annotations.</param>
    /// <param name="dataFolder">The folder of all nodes; this one has its own below it, named after the node.</param>
    /// <exception cref="StorageFaultException">The store is in use, newer than this program, or failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">An address cannot be bound.</exception>
    /// <exception cref="TimeZoneNotFoundException">The time zone of the options is unknown.</exception>
    /// <exception cref="FormatException">An AE title, address or identifier of the options is none, or a report
    /// template is none.</exception>
    public static async Task<TeleradiologyNode> StartAsync(
        TeleradiologyOptions options,
        string dataFolder,
        NodeSurroundings surroundings,
        CancellationToken cancellationToken = default)
    {
        var folders = NodeFolders.Of(dataFolder, options.Node, options.Database);
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folders.Store, Postgres = options.Database?.ToFlow(options.Node), Clock = surroundings.Time,
            },
            cancellationToken);
        TeleradiologyNode node;
        try
        {
            await store.VoidLeasesAsync(cancellationToken);
            node = new TeleradiologyNode(options, folders, store, surroundings);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        try
        {
            node.Start();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc cref="StoreUpkeep.ClockSkew"/>
    public TimeSpan? ClockSkew => _upkeep.ClockSkew;

    /// <inheritdoc cref="FlowStore.CountOutboxAsync"/>
    public Task<IReadOnlyList<OutboxBacklog>> CountOutboxAsync(CancellationToken cancellationToken) =>
        _store.CountOutboxAsync(cancellationToken);

    /// <summary>What waits for the RIS or the archive, and how it went.</summary>
    public Task<IReadOnlyList<OutboxEntry>> ListOutboxAsync(
        OutboxFilter filter, CancellationToken cancellationToken = default) =>
        _store.ListOutboxAsync(filter, cancellationToken);

    /// <summary>What was refused for good and waits for a person.</summary>
    public Task<IReadOnlyList<OutboxEntry>> ListDeadLettersAsync(CancellationToken cancellationToken = default) =>
        ListOutboxAsync(new OutboxFilter([OutboxState.Quarantined]), cancellationToken);

    /// <summary>The messages received, newest first.</summary>
    public Task<IReadOnlyList<InboxEntry>> ListInboxAsync(
        InboxFilter filter, CancellationToken cancellationToken = default) =>
        _store.ListInboxAsync(filter, cancellationToken);

    /// <inheritdoc cref="FlowStore.RequeueAsync"/>
    public Task<bool> RequeueAsync(long rowId, string actor, CancellationToken cancellationToken = default) =>
        _store.RequeueAsync(rowId, actor, cancellationToken);

    /// <inheritdoc cref="FlowStore.DiscardAsync"/>
    public Task<bool> DiscardAsync(long rowId, string actor, CancellationToken cancellationToken = default) =>
        _store.DiscardAsync(rowId, actor, cancellationToken);

    /// <summary>No new message, the ones begun are answered; no new attempt, the ones begun may end; then the images under
    /// way, which an attempt may have asked for. What has not left stays in the store.</summary>
    /// <param name="cancellationToken">Cancelled: open work is cut off instead.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_stopped) return;
        _stopped = true;
        var messages = _listener.StopAsync(cancellationToken);
        await _stopping.CancelAsync();
        await Task.WhenAll(messages, _dispatching, _keeping);
        if (_acceptor is not null) await _acceptor.StopAsync(cancellationToken);
        TeleradiologyLog.Stopped(_logger, _options.Node);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Limits.DrainTimeout, _time);
        await StopAsync(patience.Token);
        await _listener.DisposeAsync();
        if (_acceptor is not null) await _acceptor.DisposeAsync();
        await _ris.DisposeAsync();
        _fetch.Dispose();
        _worklist.Dispose();
        await _store.DisposeAsync();
        _stopping.Dispose();
    }

    private static DicomAcceptor AcceptorFor(
        TeleradiologyOptions options, ICStoreScp store, ILogger logger, TimeProvider time) =>
        new(
            TeleradiologyDeclaration.Acceptor(options) with { Store = store }, logger, time);

    private void Start()
    {
        _acceptor?.Start();
        DicomEndPoint = _acceptor?.EndPoint;
        _dispatching = _dispatcher.RunAsync(_stopping.Token);
        _keeping = _upkeep.RunAsync(_stopping.Token);
        _listener.Start();
        TeleradiologyLog.Started(_logger, _options.Node, Hl7EndPoint, DicomEndPoint);
    }
}
