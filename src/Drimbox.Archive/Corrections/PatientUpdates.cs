using System.Net;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom.Tls;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Corrections;

/// <summary>Where an archive listens for messages about patients.</summary>
public sealed record PatientUpdateOptions
{
    /// <summary>Default: this machine alone.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>MLLP port; 0 takes a free one. Default: 2575 (IANA).</summary>
    public int Port { get; init; } = 2575;

    /// <summary>TLS for every connection to the port; null: none.</summary>
    public DicomTlsOptions? Tls { get; init; }

    /// <summary>PostgreSQL for its inbox; null: a file below the folder of the node.</summary>
    public PostgresOptions? Postgres { get; init; }

    /// <summary>The folder that all processes of the node have for its long messages; with it <see cref="Postgres"/> is
    /// shared too. Null: the node has one process.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>Who gave out the patient ids in files that name no issuer. Default: nobody knows, and no message is about
    /// such a file unless it names no authority either.</summary>
    public AssigningAuthority LocalAuthority { get; init; } = AssigningAuthority.None;
}

/// <summary>The MLLP port of an archive with its inbox, a store of its own below the folder of the node: it holds what was
/// answered, and nothing of the images.</summary>
internal sealed class PatientUpdates : IAsyncDisposable
{
    private readonly FlowStore _store;
    private readonly MllpListener _listener;

    private PatientUpdates(FlowStore store, MllpListener listener) => (_store, _listener) = (store, listener);

    public IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <exception cref="StorageFaultException">The store is in use, newer than this program, or failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The port cannot be taken.</exception>
    public static async Task<PatientUpdates> StartAsync(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        ArchiveIndex index,
        PatientCorrections corrections,
        ILogger log,
        CancellationToken cancellationToken)
    {
        var own = options.PatientUpdates!;
        var (time, disk) = (surroundings.Time, surroundings.Disk);
        var folder = own.SharedFolder ?? Path.Combine(options.Folder, "messages");
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions { Folder = folder, Postgres = own.Postgres, Disk = disk, Clock = time },
            cancellationToken);
        try
        {
            var acks = new AckComposer(time, surroundings.Ids);
            var inbox = new Inbox(
                store, ObjectStore.Open(folder, disk, surroundings.Ids, isShared: own.SharedFolder is not null), acks,
                time);
            var door = new PatientUpdateDoor(
                options.NodeId, inbox, index, corrections, own.LocalAuthority, log);
            var mllpLog = surroundings.Log.CreateLogger<MllpListener>();
            var listener = new MllpListener(
                new MllpListenerOptions
                {
                    Address = own.Address, Port = own.Port, Secure = TlsStreams.Server(own.Tls, time, mllpLog),
                },
                door.ReceiveAsync, acks.ForBeginning, time, mllpLog);
            listener.Start();
            return new PatientUpdates(store, listener);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Answers what has come, then closes.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _listener.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _store.DisposeAsync();
    }
}
