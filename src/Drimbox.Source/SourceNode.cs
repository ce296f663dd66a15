using System.Net;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Outages;
using Drimbox.Core.Publications;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Outages;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Source.Audit;
using Drimbox.Source.ImageAccess;
using Drimbox.Source.Manifests;
using Drimbox.Source.Publications;
using Drimbox.Source.Resynchronisation;
using Drimbox.Source.Statistics;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source;

/// <summary>A DRIMbox source: follows the reports of its RIS and the images of its PACS, and keeps one manifest of each
/// study in the DMP as they want it.</summary>
public sealed partial class SourceNode : IAsyncDisposable
{
    /// <summary>(0008,0070) of the manifests: the maker of this DRIMbox.</summary>
    private const string Manufacturer = "Drimbox";

    /// <summary>The DMP, as a destination and where it is away.</summary>
    private const string DmpPeer = "dmp";

    private readonly SourceOptions _options;
    private readonly ILogger _logger;
    private readonly FlowStore _store;
    private readonly DmpClients _clients;
    private readonly OutageWatch _outages;
    private readonly StudyRegister _register;
    private readonly StudyDesk _desk;
    private readonly StudyEvaluation _evaluation;
    private readonly StudiesPutAside _putAside;
    private readonly ResyncWorker _resyncWorker;
    private readonly ResyncDesk _resyncDesk;
    private readonly Dispatcher _dispatcher;
    private readonly DicomAcceptor _acceptor;
    private readonly MllpListener _listener;
    private readonly SourceAudit _audit;
    private readonly ImageAccessService? _images;
    private readonly SourceStatistics _statistics;
    private readonly HostChange _hostChange;
    private readonly SpeedTest _speedTest;
    private readonly ObjectStore _objects;
    private readonly SourcePolicy _policy;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Senders _senders;
    private readonly StoreSpace _space;
    private readonly StoreUpkeep _upkeep;
    private Task _dispatching = Task.CompletedTask;
    private Task _resynchronising = Task.CompletedTask;
    private Task _following = Task.CompletedTask;
    private Task _keeping = Task.CompletedTask;
    private bool _stopped;

    private SourceNode(
        SourceOptions options, NodeFolders folders, FlowStore store, DmpConnection dmp, NodeSurroundings surroundings)
    {
        var (time, ids, loggers) = surroundings;
        (_options, _time) = (options, time);
        _logger = loggers.CreateLogger<SourceNode>();
        _store = store;
        var ownAe = AeTitle.Parse(options.Dicom.AeTitle);
        var policy = _policy = PolicyOf(options);
        _audit = new SourceAudit(options, ownAe, store, surroundings);
        var outages = _outages = new OutageWatch(
            options.Node, store, time, loggers.CreateLogger<OutageWatch>(), e => e is OutageBegan began
                ? _audit.Trail.Of(AuditEvents.FeedingInterrupted(
                    _audit.Trail.Node, new Outage(began.Peer, began.At).Text, began.At))
                : null);
        _space = new StoreSpace(Disk.Real, folders.Store, outages, time, holdsStore: options.Database is null);
        var disk = new WatchedDisk(Disk.Real, _space.MetFull);
        var objects = _objects = folders.OpenObjects(disk, ids);
        _upkeep = new StoreUpkeep(options.Node, store, objects.SweepIncoming, time, loggers);
        _statistics = new SourceStatistics(store, policy.TimeZone, time, _logger);
        var acks = new AckComposer(time, ids);
        var register = _register = new StudyRegister(new StudyGrainParts(
            options.Node, store, policy, dmp.Signer(objects.OpenRead), acks, ids, time, options.QuietTime)
        {
            AlertChanged = alert => SourceLog.AlertChanged(_logger, alert),
            Host = surroundings.Grains,
            // DB.SO.45.
            AuditOfAlert = (alert, patient) => _audit.Trail.Of(AuditEvents.ManifestWithheld(
                _audit.Trail.Node, alert.Study, patient, $"{WithheldRules.Of(alert.Reason)}: {alert.Reason}",
                _audit.Trail.Now)),
        });
        Publications = new PublicationDesk(options.Node, store, PublicationGrains, surroundings.Grains);
        _desk = new StudyDesk(register, store, objects, outages);
        var pacs = PacsList.Of(options);
        var query = new PacsQuery(pacs, ownAe, time, outages)
        {
            AsksForSeriesTimes = policy.Profile.DescribesImages,
        };
        var files = new ManifestFiles(objects);
        _images = options.ImageAccess is { } access
            ? new ImageAccessService(
                access, pacs, ownAe, [options.RetrieveHost, .. options.RetrieveHostAliases],
                // A spool on a disk of this process alone says nothing of the one that messages go to.
                folders.IsShared ? Disk.Real : disk, folders.Own, register, _audit.Trail, _statistics, ids, time, _logger)
            : null;
        _evaluation = new StudyEvaluation(
            register, query, files, new KeyImageNotes(_images?.Retrievals, files, policy, time), policy, ids, time,
            _audit.Trail, _statistics, loggers.CreateLogger<StudyEvaluation>());
        var days = new PacsDay(query);
        _resyncWorker = new ResyncWorker(
            store, register, _evaluation, new ResyncListing(store, register, pacs, days), policy.TimeZone,
            (surroundings.RetryDelayMin, surroundings.RetryDelayMax), time, loggers.CreateLogger<ResyncWorker>());
        _resyncDesk = new ResyncDesk(
            store, register, pacs, days, _resyncWorker, policy.TimeZone, time, loggers.CreateLogger<ResyncDesk>());
        _clients = dmp.OpenClients(ids, time);
        _putAside = new StudiesPutAside(store, outages);
        _dispatcher = new Dispatcher(
            store,
            new DispatcherOptions
            {
                Owner = options.Node,
                Handlers = new Dictionary<string, OutboxHandling>(StringComparer.Ordinal)
                {
                    [StudyRegister.EvaluationKind] = new(
                        new ManifestEvaluation(
                            _evaluation, _putAside, pacs.All.Count == 1,
                            loggers.CreateLogger<ManifestEvaluation>()),
                        Limits.DispatchFaultsMax),
                    [StudyRegister.SubmissionKind] = new(
                        new ManifestDispatch(
                            register, _clients, objects, new SubmissionAudit(_audit.Trail, dmp.Target), _statistics, time,
                            loggers.CreateLogger<ManifestDispatch>()),
                        Limits.DispatchFaultsMax, DmpPeer, Limits.PublicationAgeMax),
                },
                // Of the PACS, which may be several, their own circuit breakers tell.
                PeerSeen = (peer, isThere) =>
                {
                    if (peer == DmpPeer) outages.Notice(peer, !isThere);
                },
                KnownAway = () => outages.Away,
                StoreFailed = _space.Met,
                Random = surroundings.NewRandom(),
                RetryDelayMin = surroundings.RetryDelayMin,
                RetryDelayMax = surroundings.RetryDelayMax,
                Clock = time,
            },
            loggers.CreateLogger<Dispatcher>());
        _speedTest = new SpeedTest(
            register, files, query, _images?.Retrievals, _audit.Trail, time);
        _hostChange = new HostChange(options.Node, register, store, files, policy, ids, time, _logger);
        _acceptor = new DicomAcceptor(
            SourceDeclaration.Acceptor(options) with
            {
                Store = new SourceStore(
                    new RejectionNotes(register, loggers.CreateLogger<RejectionNotes>()), _images?.Images),
            },
            loggers.CreateLogger<DicomAcceptor>(), time);
        var door = new CopyDoor(
            new Inbox(store, objects, acks, time) { InlineBodyBytesMax = surroundings.Grains.InlineBodyBytesMax },
            register, _senders = new Senders(options.Senders), _audit.Trail, _statistics,
            _space, loggers.CreateLogger<CopyDoor>());
        _listener = new MllpListener(
            new MllpListenerOptions
            {
                Address = IPAddress.Parse(options.Hl7.Address),
                Port = options.Hl7.Port,
                Secure = TlsStreams.Server(options.Hl7.Tls, time, loggers.CreateLogger<MllpListener>()),
            },
            door.ReceiveAsync, acks.ForBeginning, time, loggers.CreateLogger<MllpListener>());
    }

    /// <summary>Where the RIS sends its copies to, and the PACS its notices.</summary>
    public IPEndPoint Hl7EndPoint => _listener.LocalEndPoint;

    /// <summary>Where the PACS sends its rejection notes to.</summary>
    public IPEndPoint DicomEndPoint { get; private set; } = null!;

    /// <summary>Where other DRIMboxes ask for images; null: nowhere.</summary>
    public Uri? ImageAccessAddress => _images?.Address;

    /// <summary>Opens the store of the node, takes up the work that lies in it, and opens the doors last.</summary>
    /// <param name="options">Valid by their annotations.</param>
    /// <param name="dataFolder">The folder of all nodes; this one has its own below it, named after the node.</param>
    /// <exception cref="StorageFaultException">The store is in use, newer than this program, or failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">An address cannot be bound.</exception>
    /// <exception cref="StructureCertificateMissingException">A structure has no certificates.</exception>
    /// <exception cref="TimeZoneNotFoundException">The time zone of the options is unknown.</exception>
    /// <exception cref="FormatException">An AE title, address or identifier of the options is none.</exception>
    public static async Task<SourceNode> StartAsync(
        SourceOptions options,
        string dataFolder,
        DmpConnection dmp,
        NodeSurroundings surroundings,
        CancellationToken cancellationToken = default)
    {
        // A report of such a structure would be acknowledged and could never be published.
        foreach (var structure in options.Structures.Select(s => s.OrganizationId))
        {
            if (dmp.Certificates.Find(structure) is null) throw new StructureCertificateMissingException(structure);
        }

        var folders = NodeFolders.Of(dataFolder, options.Node, options.Database);
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folders.Store,
                Postgres = options.Database?.ToFlow(options.Node),
                Bucket = folders.Bucket,
                Clock = surroundings.Time,
                HasPublications = true,
                HasStatistics = true,
            },
            cancellationToken);
        try
        {
            await store.VoidLeasesAsync(cancellationToken);
            var node = new SourceNode(options, folders, store, dmp, surroundings);
            try
            {
                await node.StartAsync(cancellationToken);
                return node;
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>A study, or null if nothing of it is known.</summary>
    public Task<StudyOverview?> GetStudyAsync(Uid study, CancellationToken cancellationToken = default) =>
        _desk.GetAsync(study, cancellationToken);

    /// <summary>The studies in the order of their UIDs.</summary>
    /// <param name="after">Continue after this one; null from the first.</param>
    /// <param name="max">At most <see cref="Limits.StudiesListedMax"/>.</param>
    public Task<IReadOnlyList<StudyOverview>> ListStudiesAsync(
        Uid? after = null, int max = 100, CancellationToken cancellationToken = default) =>
        _desk.ListAsync(after, max, cancellationToken);

    /// <summary>What cannot be reached now; the disk too, while it is full.</summary>
    public IReadOnlyList<Outage> Outages => _outages.Open;

    /// <inheritdoc cref="StoreUpkeep.ClockSkew"/>
    public TimeSpan? ClockSkew => _upkeep.ClockSkew;

    /// <summary>Whether messages are taken: false while the disk is full.</summary>
    public bool TakesMessages => _space.HasRoom;

    /// <summary>What the administrator must look at: what is away, and manifests that are held back or were refused
    /// (DB.SO.21). Every study is looked at for it.</summary>
    public Task<IReadOnlyList<SourceAlert>> ListAlertsAsync(
        int max = Limits.StudiesListedMax, CancellationToken cancellationToken = default) =>
        _desk.ListAlertsAsync(max, cancellationToken);

    /// <summary>A manifest as a DICOM file, published, depublished or never sent; null if it is none of ours.</summary>
    public Task<byte[]?> ReadManifestAsync(Uid kosUid, CancellationToken cancellationToken = default) =>
        _desk.ReadManifestAsync(kosUid, cancellationToken);

    /// <summary>Has the PACS asked about a study again.</summary>
    /// <param name="actor">Who wants it, for the record.</param>
    /// <returns>Null, or why nothing was done.</returns>
    public Task<Refusal?> NoticeAsync(Uid study, string actor, CancellationToken cancellationToken = default) =>
        _desk.NoticeAsync(study, actor, cancellationToken);

    /// <summary>Tries a publication again that the DMP refused, that was set aside, or that waits.</summary>
    /// <inheritdoc cref="NoticeAsync"/>
    public Task<Refusal?> RetryPublicationAsync(
        Uid study, string actor, CancellationToken cancellationToken = default) =>
        _desk.RetryAsync(study, actor, cancellationToken);

    /// <inheritdoc cref="FlowStore.CountOutboxAsync"/>
    public Task<IReadOnlyList<OutboxBacklog>> CountOutboxAsync(CancellationToken cancellationToken) =>
        _store.CountOutboxAsync(cancellationToken);

    /// <summary>What waits for the PACS or the DMP, and how it went.</summary>
    public Task<IReadOnlyList<OutboxEntry>> ListOutboxAsync(
        OutboxFilter filter, CancellationToken cancellationToken = default) =>
        _store.ListOutboxAsync(filter, cancellationToken);

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

    /// <summary>Takes over who may send messages, with the issuers that stand for what they leave unsaid, for the messages
    /// that come from now on.</summary>
    public void Reload(SourceOptions changed) => _senders.Change(changed.Senders);

    /// <summary>No new message, note or request, the ones begun are answered; no new attempt, the ones begun may end. What
    /// has not left stays in the store.</summary>
    /// <param name="cancellationToken">Cancelled: open work is cut off instead.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_stopped) return;
        _stopped = true;
        // All doors at once: none takes anything new while another waits for its last peer.
        var doors = Task.WhenAll(
            _listener.StopAsync(cancellationToken), _images?.StopAsync(cancellationToken) ?? Task.CompletedTask,
            _acceptor.StopAsync(cancellationToken));
        await _stopping.CancelAsync();
        await Task.WhenAll(doors, _dispatching, _resynchronising, _following, _keeping);
        await _hostChange.DisposeAsync();
        await _audit.StopAsync();
        SourceLog.Stopped(_logger, _options.Node);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Limits.DrainTimeout);
        await StopAsync(patience.Token);
        await _listener.DisposeAsync();
        if (_images is not null) await _images.DisposeAsync();
        await _acceptor.DisposeAsync();
        _clients.Dispose();
        _speedTest.Dispose();
        _putAside.Dispose();
        _space.Dispose();
        await _outages.DisposeAsync();
        await _statistics.DisposeAsync();
        await _store.DisposeAsync();
        _stopping.Dispose();
    }

    private static SourcePolicy PolicyOf(SourceOptions options)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);
        return new SourcePolicy(
            Uid.Parse(options.SourceId),
            Manufacturer,
            options.RetrieveHost,
            options.Structures.Select(s => s.OrganizationId).ToHashSet(),
            zone,
            new ReportEntryDefaults(TimeZone: zone))
        {
            Profile = options.Manifest.ProfileOf()!,
            RetrieveLocationUid = Uid.Parse(options.Manifest.RetrieveLocationUid ?? options.SourceId),
        };
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await _audit.StartAsync(_stopping.Token);
        await _outages.StartAsync(cancellationToken);
        await _putAside.TakeUpAsync();
        _following = _putAside.FollowAsync(_stopping.Token);
        _space.Start();
        _keeping = _upkeep.RunAsync(_stopping.Token);
        _acceptor.Start();
        DicomEndPoint = _acceptor.EndPoint;
        _dispatching = _dispatcher.RunAsync(_stopping.Token);
        _resynchronising = _resyncWorker.RunAsync(_stopping.Token);
        _statistics.Start();
        await _hostChange.TakeUpAsync(cancellationToken);
        _listener.Start();
        if (_images is not null) await _images.StartAsync(cancellationToken);
        SourceLog.Started(_logger, _options.Node, Hl7EndPoint, DicomEndPoint);
    }
}
