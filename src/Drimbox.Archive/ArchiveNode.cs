using System.Net;
using Drimbox.Archive.Web;
using Drimbox.Archive.Completeness;
using Drimbox.Archive.Corrections;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Scp;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>The archive role: stores, indexes and serves images over DICOM, and passes rejection notes on.</summary>
public sealed class ArchiveNode(ArchiveOptions options, ArchiveSurroundings surroundings) : IAsyncDisposable
{
    private readonly ILogger _log = surroundings.Log.CreateLogger<ArchiveNode>();
    private ArchiveIndex? _index;
    private GroupSync? _sync;
    private ArchiveLifeCycle? _lifeCycle;
    private KeptFiles? _kept;
    private DicomAcceptor? _acceptor;
    private ArchiveWebServer? _web;
    private PatientUpdates? _updates;
    private CancellationTokenSource? _stopping;
    private CancellationTokenSource? _storing;
    private Task _dispatching = Task.CompletedTask;
    private Task _takingBack = Task.CompletedTask;
    private bool _isDrained;
    private ArchiveServices? _services;

    public ArchiveOptions Options { get; } = options;

    /// <summary>The port that was taken for port 0. Only while started.</summary>
    public int Port => _acceptor!.EndPoint.Port;

    /// <summary>Where DICOMweb listens; null if it does not.</summary>
    public Uri? WebAddress => _web?.Address;

    /// <summary>Where it listens for messages about patients; null if it does not.</summary>
    public IPEndPoint? PatientUpdateEndPoint => _updates?.EndPoint;

    /// <summary>The index, for other doors of the same node. Only while started.</summary>
    public ArchiveIndex Index => _index!;

    /// <summary>What becomes of what is stored. Only while started.</summary>
    public ArchiveLifeCycle LifeCycle => _lifeCycle!;

    /// <summary>Prior versions and quarantine. Only while started.</summary>
    public KeptFiles Kept => _kept!;

    /// <summary>Corrections of patients. Only while started.</summary>
    public PatientCorrections Corrections => new(Options, Index, _log);

    /// <summary>Associations that stand now.</summary>
    public int AssociationCount => _acceptor?.AssociationCount ?? 0;

    /// <summary>Opens the store, checks it if the last stop was not clean, then listens.</summary>
    /// <exception cref="StorageFaultException">The store is in use, too new, without its index, or the disk
    /// failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The port cannot be taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var folder = Options.Folder;
        try
        {
            var index = new ArchiveIndexOptions
            {
                Folder = folder, Postgres = Options.Postgres, Disk = surroundings.Disk, Clock = surroundings.Time,
            };
            await IndexRebuild.RefuseIfLostAsync(index, cancellationToken);
            _index = await ArchiveIndex.OpenAsync(index, cancellationToken);
            var watched = surroundings with { Disk = new WatchedDisk(surroundings.Disk, () => _lifeCycle?.Watch.Look()) };
            var folders = InstanceFolders.Open(folder, watched);
            _lifeCycle = new ArchiveLifeCycle(Options, watched, folder, _index, folders, _log);
            await _lifeCycle.OpenAsync(cancellationToken);
            var rejections = new Rejections(Options, surroundings, _log);
            // Others may be at work on all that lies about: what of it nobody will take up is a duty (ADR 40).
            if (_index.IsShared) await _index.Outbox.VoidLeasesAsync(cancellationToken);
            else await new StartUpCheck(Options, surroundings, _index, folders, _log).RunAsync(cancellationToken);
            _sync = new GroupSync(watched.Disk);
            var arrivals = new Arrivals();
            var duplicates = new Duplicates(Options, watched, folders, _index, _log);
            _services = await ArchiveServices.OpenAsync(
                Options, watched, _index, folders, arrivals, _log, cancellationToken);
            _kept = new KeptFiles(
                Options, watched.Disk, folders, _index, arrivals, rejections, _services.Transfers, _log);
            var store = new InstanceStore(
                Options, watched, folders, _index, _sync, arrivals, rejections, duplicates, _services.Transfers, _log)
            {
                Space = _lifeCycle.Watch,
            };
            _acceptor = new DicomAcceptor(AcceptorOptions(store, folders), _log, surroundings.Time);
            _acceptor.Start();
            if (Options.Web is not null)
            {
                _web = await ArchiveWebServer.StartAsync(
                    Options, surroundings, _index, folders, _lifeCycle, store, _log, cancellationToken);
            }

            if (Options.PatientUpdates is not null)
            {
                _updates = await PatientUpdates.StartAsync(
                    Options, surroundings, _index, Corrections, _log, cancellationToken);
            }

            _stopping = new CancellationTokenSource();
            _storing = new CancellationTokenSource();
            _dispatching = Task.WhenAll(
                Dispatcher(folders).RunAsync(_stopping.Token), _services.RunAsync(_stopping.Token));
            _takingBack = store.RunAsync(_storing.Token);
            _lifeCycle.Start();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes over who may call, where to send, who is told and the sites, for what begins from now on.</summary>
    public void Reload(ArchiveOptions changed)
    {
        Options.TakePeersOf(changed);
        _acceptor?.ChangeCallers(changed.KnownCallers);
    }

    /// <summary>Refuses new associations, connections and messages, and lets what was begun end; the stores stay open. No
    /// new attempt to send begins, those under way may end.</summary>
    /// <param name="cancellationToken">Cancelled: what is under way is cut off.</param>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        if (_isDrained) return;
        _isDrained = true;
        // All doors at once: none takes anything new while another waits for its last peer.
        var doors = Task.WhenAll(
            _acceptor?.StopAsync(cancellationToken) ?? Task.CompletedTask,
            _web?.StopAsync(cancellationToken) ?? Task.CompletedTask,
            _updates?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        if (_stopping is not null) await _stopping.CancelAsync();
        await Task.WhenAll(doors, _dispatching);
    }

    /// <summary>Refuses new associations, lets transfers end, then closes the store with the mark of a clean
    /// stop.</summary>
    /// <param name="cancellationToken">Cancelled: transfers are cut off.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await DrainAsync(cancellationToken);
        if (_web is not null) await _web.DisposeAsync();
        if (_updates is not null) await _updates.DisposeAsync();
        if (_storing is not null) await _storing.CancelAsync();
        await _takingBack;
        if (_lifeCycle is not null) await _lifeCycle.DisposeAsync();
        _services?.Dispose();
        _sync?.Dispose();
        if (_index is not null) await _index.DisposeAsync();
        _stopping?.Dispose();
        _storing?.Dispose();
        _web = null;
        _updates = null;
        _acceptor = null;
        _stopping = null;
        _storing = null;
        _lifeCycle = null;
        _services = null;
        _sync = null;
        _kept = null;
        _index = null;
        _isDrained = false;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await StopAsync(now.Token);
    }

    private AcceptorOptions AcceptorOptions(InstanceStore store, InstanceFolders folders)
    {
        return ArchiveDeclaration.Acceptor(Options) with
        {
            Store = store,
            Find = [new ArchiveFind(Options, _index!)],
            Retrieve = [new ArchiveRetrieve(Options, _index!, folders, _lifeCycle!.Access, _lifeCycle.Files)],
            MoveDestination = title => Options.Destinations.FirstOrDefault(peer => peer.AeTitle == title),
            Normalized = [_services!.Commitment, new AvailabilityScp(_services.Completeness.ReceiveAsync)],
            AssociationEnded = _services.Transfers.End,
        };
    }

    private Dispatcher Dispatcher(InstanceFolders folders) => new(
        _index!.Outbox,
        new DispatcherOptions
        {
            Owner = Options.NodeId,
            Handlers = new Dictionary<string, OutboxHandling>(StringComparer.Ordinal)
            {
                [IocmForwarder.Kind] = new(new IocmForwarder(Options, surroundings, _index!, folders)),
                [AvailabilityNotifier.Kind] = new(new AvailabilityNotifier(Options, surroundings, _index!)),
            },
            Random = surroundings.Random,
            Clock = surroundings.Time,
        },
        surroundings.Log.CreateLogger<Dispatcher>());
}
