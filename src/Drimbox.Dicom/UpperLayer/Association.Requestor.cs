using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The requestor's side of the establishment.</summary>
public sealed partial class Association
{
    private ITimer? _watch;

    /// <summary>Opens a connection and negotiates.</summary>
    /// <exception cref="AssociationRejectedException">The peer refused.</exception>
    /// <exception cref="AssociationAbortedException">The peer aborted, closed, or did not answer.</exception>
    /// <exception cref="SocketException">No TCP connection: unknown host, refused port.</exception>
    /// <exception cref="SecureTransportException">No TLS connection: the message says why.</exception>
    /// <exception cref="TimeoutException">No connection in time.</exception>
    public static async Task<Association> RequestAsync(
        AssociationOptions options, CancellationToken cancellationToken = default)
    {
        var request = RequestOf(options);
        var transport = await ConnectAsync(options, cancellationToken);
        var peer = transport.RemoteEndPoint;
        var provider = new UpperLayerProvider(transport, isRequestor: true, options.Time)
        {
            ReceiveLengthMax = options.MaximumLength,
            IdleTimeout = options.AssociateTimeout,
        };
        var watch = options.Time.CreateTimer(
            static state => ((UpperLayerProvider)state!).Watch(),
            provider,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1));
        try
        {
            await using var registration = cancellationToken.UnsafeRegister(
                static state => ((UpperLayerProvider)state!).Expire("The request was cancelled.", orderly: true),
                provider);
            try
            {
                await provider.SendAssociateRequestAsync(request);
            }
            catch (AssociationAbortedException lost)
            {
                throw FailureOf(lost, provider, options);
            }

            var answer = await provider.ReadAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (answer.Kind == IndicationKind.AssociateRejected)
                throw new AssociationRejectedException(provider.Rejection!.Value);
            if (answer.Kind != IndicationKind.AssociateAccepted) throw FailureOf(provider.Failure(), provider, options);
            provider.IdleTimeout = options.ResponseTimeout;
            return new Association(provider, peer)
            {
                _watch = watch,
                TlsSession = transport.Session,
                SendLengthMax = Math.Min(
                    SendLengthFor(provider.Accept!.User.MaximumLength), SendLengthFor((uint)options.SendLengthMax)),
                InvokedMax = InvokedWindow(options, provider.Accept!),
                EventReports = options.EventReports,
                FirstMessageId = options.FirstMessageId,
            };
        }
        catch
        {
            await watch.DisposeAsync();
            provider.Dispose();
            throw;
        }
    }

    // With TLS 1.3 the acceptor judges our certificate after our side of the handshake is over (RFC 8446 4.4.2).
    private static IOException FailureOf(
        AssociationAbortedException failure, UpperLayerProvider provider, AssociationOptions options) =>
        options.Tls is { } tls && failure.Abort is null && provider.ReceivedBytes == 0
            ? new SecureTransportException(
                tls.CertificateFile is null
                    ? "The peer ended the TLS connection before it answered: it may ask for a certificate."
                    : "The peer ended the TLS connection before it answered: it may not accept our certificate.",
                failure)
            : failure;

    private static async Task<Transport> ConnectAsync(AssociationOptions options, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Transport? transport = null;
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, either.Token);
            transport = TransportOf(socket, options);
            await transport.OpenAsync(either.Token);
            return transport;
        }
        catch (Exception e)
        {
            transport?.Dispose();
            socket.Dispose();
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"No connection within {options.ConnectTimeout.TotalSeconds:0.#} s.", e);
            throw;
        }
    }

    private static Transport TransportOf(Socket socket, AssociationOptions options)
    {
        if (options.Tls is not { } tls) return new SocketTransport(socket);
        var credentials = TlsCredentials.Load(tls.CertificateFile, tls.KeyFile, tls.TrustFile);
        return new TlsClientTransport(socket, tls, options.Host, credentials, options.Time);
    }

    /// <exception cref="ArgumentException">The options break PS3.8: no context, or more than 128.</exception>
    private static AssociateRequest RequestOf(AssociationOptions options)
    {
        if (options.Contexts.Count is 0 or > Limits.PresentationContextsMax)
            throw new ArgumentException(
                "An association has 1 to 128 presentation contexts (PS3.8 9.3.2.2).", nameof(options));
        var contexts = new List<PresentationContextProposal>(options.Contexts.Count);
        List<RoleSelection> roles = [];
        foreach (var context in options.Contexts)
        {
            contexts.Add(new PresentationContextProposal(
                (byte)((contexts.Count * 2) + 1), context.AbstractSyntax, context.TransferSyntaxes));
            var isDefault = context is { AsScu: true, AsScp: false };
            if (!isDefault && !roles.Exists(r => r.SopClass == context.AbstractSyntax))
                roles.Add(new RoleSelection(context.AbstractSyntax, context.AsScu, context.AsScp));
        }

        return new AssociateRequest
        {
            CalledAe = options.CalledAe,
            CallingAe = options.CallingAe,
            Contexts = contexts,
            User = new UserInformation
            {
                MaximumLength = (uint)options.MaximumLength,
                ImplementationClassUid = Implementation.ClassUid,
                ImplementationVersionName = Implementation.VersionName,
                AsyncOperations = options.Window == 1
                    ? null
                    : new AsyncOperationsWindow((ushort)options.Window, (ushort)options.Window),
                Roles = roles,
                Extended = options.Extended,
                CommonExtended = options.CommonExtended,
                Identity = options.Identity,
            },
        };
    }

    // PS3.7 D.3.3.3.2: without the item in the answer the window is 1; 0 in it means that the peer sets no limit.
    private static int InvokedWindow(AssociationOptions options, AssociateAccept accept) =>
        accept.User.AsyncOperations switch
    {
        null => 1,
        { Invoked: 0 } => options.Window,
        { } window => Math.Min(window.Invoked, options.Window),
    };

    private void StopWatching() => _watch?.Dispose();
}
