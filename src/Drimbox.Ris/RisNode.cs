using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Outages;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Tls;
using Drimbox.Dmp;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Mail;
using Drimbox.Grains.Outages;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Ris.Identity;
using Drimbox.Ris.Mail;
using Drimbox.Ris.Messages;
using Drimbox.Ris.ProcedureSteps;
using Drimbox.Ris.Publications;
using Drimbox.Ris.Reports;
using Drimbox.Ris.Requests;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris;

/// <summary>
/// A RIS: owns requests and reports, keeps every version of a report, and alone publishes reports to the DMP. It
/// exchanges with the platform, the DRIMbox and the DMP by wire only.
/// </summary>
public sealed partial class RisNode : IAsyncDisposable
{
    private readonly RisOptions _options;
    private readonly NodeSurroundings _surroundings;
    private readonly FlowStore _store;
    private readonly OutageWatch _outages;
    private readonly ObjectStore _objects;
    private readonly ReportRegister _reports;
    private readonly RisRequestGrain _requests;
    private readonly DmpClients _dmp;
    private readonly List<MllpClient> _clients;
    private readonly MllpListener _listener;
    private readonly Dispatcher _dispatcher;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly StoreUpkeep _upkeep;
    private bool _stopped;
    private Task _dispatching = Task.CompletedTask;
    private Task _keeping = Task.CompletedTask;

    private RisNode(
        RisOptions options,
        FlowStore store,
        ObjectStore objects,
        DmpConnection dmp,
        NodeSurroundings surroundings)
    {
        _options = options;
        _surroundings = surroundings;
        _store = store;
        var outages = _outages = new OutageWatch(
            options.Node, store, surroundings.Time, surroundings.Loggers.CreateLogger<OutageWatch>());
        _upkeep = new StoreUpkeep(options.Node, store, objects.SweepIncoming, surroundings.Time, surroundings.Loggers);
        _objects = objects;
        var acks = new AckComposer(surroundings.Time, surroundings.Ids);
        var turns = new EmbeddedTurnQueue();
        var turnLoop = new TurnLoop(store, turns, acks);
        _patients = new PatientRegister(options.Node, store, turnLoop, surroundings.Time);
        _parts = new ReportGrainParts(
            options.Node, store, PolicyOf(options), dmp.Signer(objects.OpenRead), acks, surroundings.Ids,
            surroundings.Time, options.Source is null ? null : $"{options.Node}/to/source")
        {
            Patients = _patients,
            AckDestination = options.Creator is null ? null : $"{options.Node}/to/creator",
            Host = surroundings.Grains,
        };
        _reports = new ReportRegister(turns, _parts);
        Publications = new PublicationDesk(options.Node, store, PublicationGrains, surroundings.Grains);
        var requestParts = new RequestGrainParts(
            options.Node, store, turnLoop, surroundings.Ids, surroundings.Time, $"{options.Node}/to/teleradiology")
        {
            Host = surroundings.Grains,
        };
        _requests = new RisRequestGrain(requestParts);
        _orders = new RequestRegister(requestParts);
        _documents = new RequestDocuments(options, objects, surroundings.Ids, surroundings.Time);
        var logger = _logger = surroundings.Loggers.CreateLogger<RisNode>();
        _steps = options.Dicom is { } dicom ? Steps(dicom) : null;
        _clients = [];
        _dmp = dmp.OpenClients(surroundings.Ids, surroundings.Time);
        _dispatcher = new Dispatcher(
            store,
            new DispatcherOptions
            {
                Owner = options.Node,
                Random = surroundings.NewRandom(),
                Clock = surroundings.Time,
                RetryDelayMin = surroundings.RetryDelayMin,
                RetryDelayMax = surroundings.RetryDelayMax,
                Handlers = HandlersOf(logger),
                PeerSeen = (peer, isThere) => outages.Notice(peer, !isThere),
                KnownAway = () => outages.Away,
            },
            surroundings.Loggers.CreateLogger<Dispatcher>());
        var inbox = new Inbox(store, objects, acks, surroundings.Time)
        {
            InlineBodyBytesMax = surroundings.Grains.InlineBodyBytesMax,
        };
        _mail = new MailDocuments(_reports, objects, surroundings.Ids, logger);
        var door = new RisDoor(
            inbox, objects, _reports, _requests, _patients, _mail,
            TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone), logger);
        _mailbox = MailboxOf(options.Mail, logger);
        _acceptor = options.Dicom is { } listening ? Acceptor(listening) : null;
        // Last, since it binds.
        _listener = new MllpListener(
            new MllpListenerOptions
            {
                Address = IPAddress.Parse(options.Hl7.Address),
                Port = options.Hl7.Port,
                Secure = TlsStreams.Server(options.Hl7.Tls, surroundings.Time, logger),
            },
            door.HandleAsync,
            acks.ForBeginning,
            surroundings.Time,
            surroundings.Loggers.CreateLogger<MllpListener>());
    }

    /// <summary>Where the RIS takes messages.</summary>
    public IPEndPoint Hl7EndPoint => _listener.LocalEndPoint;

    /// <summary>The peers that cannot be reached now.</summary>
    public IReadOnlyList<Outage> Outages => _outages.Open;

    /// <inheritdoc cref="StoreUpkeep.ClockSkew"/>
    public TimeSpan? ClockSkew => _upkeep.ClockSkew;

    /// <summary>Opens the stores of the node, takes up what was in flight, and listens.</summary>
    /// <param name="dataFolder">The folder of the node is below it.</param>
    /// <exception cref="StorageFaultException">The store is in use or the disk failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">An address cannot be bound.</exception>
    public static async Task<RisNode> StartAsync(
        RisOptions options,
        string dataFolder,
        DmpConnection dmp,
        NodeSurroundings surroundings,
        CancellationToken cancellation)
    {
        var folders = NodeFolders.Of(dataFolder, options.Node, options.Database);
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folders.Store,
                Postgres = options.Database?.ToFlow(options.Node),
                Bucket = folders.Bucket,
                Clock = surroundings.Time,
                HasPublications = true,
            },
            cancellation);
        try
        {
            // Whoever held a lease and is gone.
            await store.VoidLeasesAsync(cancellation);
            var objects = folders.OpenObjects(Disk.Real, surroundings.Ids);
            var node = new RisNode(options, store, objects, dmp, surroundings);
            try
            {
                await node.StartAsync(cancellation);
                return node;
            }
            catch
            {
                // What has begun by then works with the store.
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

    /// <summary>No new message or association, the ones begun are answered; no new attempt, the ones begun may end. What has
    /// not left stays in the store.</summary>
    /// <param name="cancellationToken">Cancelled: open work is cut off instead.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_stopped) return;
        _stopped = true;
        var doors = Task.WhenAll(
            _listener.StopAsync(cancellationToken), _acceptor?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        await _stop.CancelAsync();
        await Task.WhenAll(doors, _dispatching, _looking, _keeping);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Limits.DrainTimeout, _surroundings.Time);
        await StopAsync(patience.Token);
        _mailbox?.Dispose();
        foreach (var client in _clients) await client.DisposeAsync();
        _dmp.Dispose();
        await _listener.DisposeAsync();
        if (_acceptor is not null) await _acceptor.DisposeAsync();
        _worklist?.Dispose();
        await _outages.DisposeAsync();
        await _store.DisposeAsync();
        _stop.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        await _outages.StartAsync(cancellation);
        _dispatching = _dispatcher.RunAsync(_stop.Token);
        _keeping = _upkeep.RunAsync(_stop.Token);
        if (_mailbox is not null) _looking = _mailbox.RunAsync(_stop.Token);
        _listener.Start();
        _acceptor?.Start();
        RisLog.Started(_logger, _options.Node, _listener.LocalEndPoint.ToString());
    }

    private static RisPolicy PolicyOf(RisOptions options) => new(
        options.Structures.Select(s => s.OrganizationId).ToHashSet(),
        Uid.Parse(options.SourceId),
        new ReportEntryDefaults(TimeZone: TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone)))
    {
        KnownPatientsOnly = options.KnownPatientsOnly,
        Mail = options.Mail?.ToPolicy(),
    };

    private Dictionary<string, OutboxHandling> HandlersOf(ILogger logger)
    {
        var handlers = new Dictionary<string, OutboxHandling>(StringComparer.Ordinal)
        {
            [ReportGrain.SubmissionKind] = new(
                new ReportSubmissionHandler(_dmp, _objects, _reports, logger), Limits.DispatchFaultsMax, "dmp",
                AgeMax: Limits.PublicationAgeMax),
            [PatientRegister.ReviewKind] = new(new PatientReviewHandler(_patients, _reports)),
        };
        if (_options.Creator is { } creator)
        {
            var peer = PeerOf(creator);
            handlers[ReportGrain.ReceiptKind] = new(new DmpReceiptHandler(peer, logger), Destination: "creator");
            handlers[ReportMail.AckKind] = new(new MailAckHandler(peer, logger), Destination: "creator");
        }

        if (_options.Mail is { } mail)
            handlers[ReportMail.Kind] = new(MailHandler(mail, logger), Destination: "mail");
        if (_options.Teleradiology is { } platform)
        {
            handlers[RisRequestGrain.MessageKind] = new(
                new RequestMessageHandler(PeerOf(platform), _objects, logger), Destination: "teleradiology");
        }

        if (_options.Source is { } source)
        {
            handlers[ReportGrain.CopyKind] = new(
                new ReportCopyHandler(PeerOf(source), _reports, _objects, logger), Destination: "source");
        }

        if (_options.Dicom is { Archive: { } archive } dicom)
            handlers[StepNotifier.Kind] = new(Notifier(dicom, archive));
        return handlers;
    }

    private MessagePeer PeerOf(Hl7PeerOptions peer)
    {
        var client = new MllpClient(
            new MllpClientOptions
            {
                Host = peer.Host,
                Port = peer.Port,
                Secure = TlsStreams.Client(peer.Tls, peer.Host, _surroundings.Time),
            },
            _surroundings.Time);
        _clients.Add(client);
        return new MessagePeer(_options.Hl7, peer, client);
    }
}
