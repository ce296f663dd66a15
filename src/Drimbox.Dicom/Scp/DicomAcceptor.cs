using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Microsoft.Extensions.Logging;

namespace Drimbox.Dicom.Scp;

/// <summary>A listening AE. It owns the listener, every connection and its task, and the clock that watches
/// them.</summary>
public sealed class DicomAcceptor : IAsyncDisposable
{
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Negotiation _negotiation;
    private readonly Admission _admission;
    private readonly ConcurrentDictionary<AssociationSession, Task> _sessions = [];
    private readonly CancellationTokenSource _stopping = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private readonly Lock _refreshing = new();
    private TlsServerCredentials? _tls;
    private long _tlsLookedAt;
    private ITimer? _watch;

    public DicomAcceptor(AcceptorOptions options, ILogger log, TimeProvider? time = null)
    {
        Options = options;
        _log = log;
        _time = time ?? TimeProvider.System;
        _negotiation = new Negotiation(options);
        _admission = new Admission(options);
    }

    public AcceptorOptions Options { get; }

    /// <summary>Where it listens, with the port that was taken for port 0. Only while started.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener!.LocalEndpoint;

    /// <summary>Associations that stand now.</summary>
    public int AssociationCount => _admission.AssociationCount;

    /// <exception cref="SocketException">The address or port cannot be taken.</exception>
    /// <exception cref="SecureTransportException">The TLS files cannot be used.</exception>
    public void Start()
    {
        if (Options.Tls is { } tls)
        {
            _tls = new TlsServerCredentials(tls);
            _tlsLookedAt = _time.GetTimestamp();
            LogCertificate(tls);
        }

        _listener = new TcpListener(Options.EndPoint);
        if (Options.EndPoint.AddressFamily == AddressFamily.InterNetworkV6) _listener.Server.DualMode = true;
        try
        {
            _listener.Start(backlog: 1024);
        }
        catch (SocketException e)
        {
            throw new SocketException(e.ErrorCode, $"{Options.EndPoint} (DICOM): {e.Message}.");
        }

        var share = DescriptorShare.OfThisProcess(Options);
        _admission.LimitTo(share);
        if (share != DescriptorShare.Whole(Options)) DicomLog.FewDescriptors(_log, share.Associations, share.Pending);
        _watch = _time.CreateTimer(_ => Watch(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _accepting = Task.Run(AcceptAllAsync);
        DicomLog.Listening(_log, EndPoint.ToString());
    }

    /// <summary>Looks at the TLS files now, as it does by itself every <see cref="Limits.TlsFilesPollInterval"/>: new
    /// handshakes use what is in them, associations that stand stay.</summary>
    /// <returns>False where they cannot be used: the former ones stay in force, and the log says why.</returns>
    public bool ReloadTlsFiles()
    {
        if (_tls is null) return true;
        lock (_refreshing)
        {
            _tlsLookedAt = _time.GetTimestamp();
            try
            {
                if (_tls.Refresh()) LogCertificate(_tls.Options);
                return true;
            }
            catch (SecureTransportException e)
            {
                DicomLog.TlsFilesUnusable(_log, e.Message);
                return false;
            }
        }
    }

    /// <summary>Who may call from now on, in place of <see cref="AcceptorOptions.Callers"/>; associations that stand
    /// stay.</summary>
    public void ChangeCallers(IReadOnlyList<CallerRule>? callers) => _negotiation.ChangeCallers(callers);

    /// <summary>Stops in order: new associations are answered A-ASSOCIATE-RJ 2/3/1, those that transfer may finish
    /// within <see cref="Limits.DrainTimeout"/>, those that are idle are aborted (<see cref="Limits.DrainIdleTime"/>,
    /// <see cref="Limits.DrainPatience"/>).</summary>
    /// <param name="cancellationToken">Cancelled: no more waiting, all that is left is aborted.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_listener is not { } listener) return;
        _admission.Drain();
        using var deadline = new CancellationTokenSource(Limits.DrainTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var begun = _time.GetTimestamp();
        using var sweep = _time.CreateTimer(_ => AbortIdle(begun), null, TimeSpan.Zero, Limits.DrainSweepInterval);
        try
        {
            while (_admission.AssociationCount > 0) await _admission.WhenAssociationEndsAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            // Time is up: the rest is cut off below.
        }

        // The token ends the accept that waits; only then may its socket go.
        await _stopping.CancelAsync();
        await _accepting;
        listener.Stop();
        foreach (var (session, _) in _sessions) session.Expire("This node is stopping.");
        await Task.WhenAll(_sessions.Values);
        _watch?.Dispose();
        listener.Dispose();
        _listener = null;
        DicomLog.Stopped(_log);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await StopAsync(now.Token);
        _stopping.Dispose();
    }

    private async Task AcceptAllAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Admit(await _listener!.AcceptSocketAsync(_stopping.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of descriptors, or the peer went away first. The next attempt may succeed (attack A24).
                DicomLog.AcceptFailed(_log, e.SocketErrorCode.ToString());
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None);
            }
        }
    }

    private void Admit(Socket socket)
    {
        AssociationSession session;
        try
        {
            session = new AssociationSession(TransportOf(socket), Options, _negotiation, _admission, _log, _time, _stopping.Token);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // The peer reset the connection before we looked at it.
            socket.Dispose();
            return;
        }

        _admission.Enter(session);
        // The entry is made before the task can end, so that the end always finds it.
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _sessions[session] = ended.Task;
        try
        {
            SessionThread.Start(async () =>
            {
                await session.RunAsync();
                _sessions.TryRemove(session, out _);
                ended.SetResult();
            });
        }
        catch (OutOfMemoryException)
        {
            // The limit of threads of this process or user: this connection alone is lost (attack A24).
            DicomLog.AcceptFailed(_log, "no thread is left");
            _sessions.TryRemove(session, out _);
            _admission.Exit(session);
            session.Dispose();
        }
    }

    private Transport TransportOf(Socket socket) => _tls is null
        ? new SocketTransport(socket)
        : new TlsServerTransport(socket, _tls.Options, _tls.Current, _time);

    private void LogCertificate(TlsServerOptions tls)
    {
        var notAfter = _tls!.Current.NotAfter;
        DicomLog.TlsCertificate(_log, tls.Profile.ToString(), tls.CertificateFile, notAfter);
        if (notAfter - _time.GetUtcNow() < Limits.TlsCertificateWarning)
            DicomLog.TlsCertificateEnds(_log, tls.CertificateFile, notAfter);
    }

    // One that was answered just now is given the time to say A-RELEASE-RQ, or to send what else it has.
    private void AbortIdle(long begun)
    {
        var idleTime = _time.GetElapsedTime(begun) < Limits.DrainPatience ? Limits.DrainIdleTime : TimeSpan.Zero;
        foreach (var (session, _) in _sessions) session.AbortIfIdle(idleTime);
    }

    private void Watch()
    {
        if (_tls is not null && _time.GetElapsedTime(Volatile.Read(ref _tlsLookedAt)) >= Limits.TlsFilesPollInterval)
            ReloadTlsFiles();
        foreach (var (session, _) in _sessions) session.Watch();
    }
}
