using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Dmp.Trust;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Studies;
using Drimbox.Source.Audit;
using Drimbox.Source.Statistics;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.ImageAccess;

/// <summary>Image access of a source: its parts, and their start and stop. One flow: <see cref="ImageAccessServer"/> →
/// <see cref="AccessGate"/> → <see cref="ImageRetrievals"/> → <see cref="PacsMove"/> → <see cref="ArrivingImages"/> → back to
/// <see cref="ImageTransaction"/>.</summary>
internal sealed class ImageAccessService : IAsyncDisposable
{
    private readonly ImageAccessOptions _options;
    private readonly HttpClient _listClient = new() { MaxResponseContentBufferSize = Limits.WhiteListBytesMax };
    private readonly HttpClient _tokenClient;
    private readonly ImageRetrievals _retrievals;
    private readonly WhiteListKeeper _list;
    private readonly ImageTransaction _transaction;
    private readonly HandshakeAudit _handshakes;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private ImageAccessServer? _server;
    private Task _keeping = Task.CompletedTask;
    private Task _telling = Task.CompletedTask;

    /// <param name="hosts">The names that lead here.</param>
    /// <param name="disk">Of the spool.</param>
    /// <exception cref="IOException">The authorities of the white list cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They are no certificates.</exception>
    public ImageAccessService(
        ImageAccessOptions options,
        PacsList pacs,
        AeTitle ownAe,
        IReadOnlyCollection<string> hosts,
        Disk disk,
        string nodeFolder,
        StudyRegister register,
        AuditTrail audit,
        SourceStatistics statistics,
        IIdSource ids,
        TimeProvider time,
        ILogger log)
    {
        (_options, _time, _log) = (options, time, log);
        var folder = Path.Combine(nodeFolder, "images");
        _retrievals = new ImageRetrievals(
            new PacsMove(pacs, ownAe, options.ArrivalTimeout), disk, folder, options.Cache, audit, statistics, time, log);
        Images = new ArrivingImages(_retrievals, disk, folder);
        var list = options.WhiteList!;
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(list.Authorities);
        Invariant.Holds(DistinguishedName.TryParse(list.Signer, out var signer));
        _list = new WhiteListKeeper(
            FetchListAsync,
            new WhiteListDocument(new EnvelopedSignature([.. authorities], list.CheckRevocation, time), signer),
            Path.Combine(nodeFolder, "white-list.xml"), time, log);
        _handshakes = new HandshakeAudit(audit, time, log);
        _tokenClient = OpenTokenClient(options.ProSanteConnect!, time);
        var tokens = new TokenCheck(options.ProSanteConnect!, _tokenClient, time);
        _transaction = new ImageTransaction(
            new AccessGate(_list, tokens, options.Professions, hosts, register), _retrievals, options.Requests,
            audit, statistics, ids, log);
    }

    /// <summary>Takes the images that were asked for.</summary>
    public ICStoreScp Images { get; }

    /// <summary>The series that are on their way here.</summary>
    public ImageRetrievals Retrievals => _retrievals;

    /// <summary>Where other DRIMboxes ask; once started.</summary>
    public Uri Address => _server!.Address;

    /// <exception cref="IOException">The port cannot be taken, or a file of the options cannot be used.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _list.TakeUp();
        // Before the door opens, if it is there at once: a start without a list answers 503 until it has one.
        if (_list.Current is null) await _list.RefreshAsync(cancellationToken);
        _keeping = _list.RunAsync(_stopping.Token);
        _telling = _handshakes.RunAsync();
        _server = await ImageAccessServer.StartAsync(
            _options, _transaction, _handshakes, _time, _log, cancellationToken);
    }

    /// <param name="cancellationToken">Cancelled: requests under way are cut off.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is not null) await _server.StopAsync(cancellationToken);
        await _stopping.CancelAsync();
        await _keeping;
        _handshakes.Close();
        await _telling;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        await _stopping.CancelAsync();
        await _keeping;
        _handshakes.Close();
        await _telling;
        await _retrievals.DisposeAsync();
        _tokenClient.Dispose();
        _listClient.Dispose();
        _stopping.Dispose();
    }

    // TLS by our own rules and with our own certificate: a secure stream that the client takes as it is.
    private static HttpClient OpenTokenClient(ProSanteConnectOptions options, TimeProvider time) => new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = Limits.TokenConnectionLifetime,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return await TlsStreams.Client(options.Tls, context.DnsEndPoint.Host, time)!(
                        new NetworkStream(socket, ownsSocket: true), cancellationToken);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
    {
        MaxResponseContentBufferSize = Limits.TokenAnswerBytesMax,
    };

    private Task<byte[]> FetchListAsync(CancellationToken cancellationToken)
    {
        var location = _options.WhiteList!.Location;
        return location.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? _listClient.GetByteArrayAsync(new Uri(location), cancellationToken)
            : File.ReadAllBytesAsync(location, cancellationToken);
    }
}
