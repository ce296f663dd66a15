using System.ComponentModel;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Tls;

/// <summary>TLS over TCP. Source: PS3.8 9.1.1, PS3.15 annex B.</summary>
internal abstract class TlsTransport : Transport
{
    /// <summary>RFC 8446 5.1: the content type of the record that opens a handshake.</summary>
    public const byte HandshakeRecord = 0x16;

    protected TlsTransport(Socket socket, PeerVerification verification)
        : base(socket)
    {
        Verification = verification;
        Stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
    }

    public override TlsSession? Session =>
        new(Stream.SslProtocol, Stream.NegotiatedCipherSuite, Verification.Accepted);

    protected SslStream Stream { get; }

    protected PeerVerification Verification { get; }

    public override async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AuthenticateAsync(cancellationToken);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or Win32Exception)
        {
            if (e is SecureTransportException) throw;
            throw new SecureTransportException(Verification.Refusal ?? Explain(e), e);
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        Stream.ReadAsync(destination, cancellationToken);

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await Stream.WriteAsync(bytes, cancellationToken);
        return bytes.Length;
    }

    // RFC 8446 6.1: close_notify, then the end of the stream.
    public override async ValueTask ShutdownSendAsync()
    {
        await Stream.ShutdownAsync();
        Socket.Shutdown(SocketShutdown.Send);
    }

    protected abstract Task AuthenticateAsync(CancellationToken cancellationToken);

    /// <summary>What a failure means that was not a certificate which we refused.</summary>
    protected abstract string Explain(Exception failure);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) Stream.Dispose();
    }
}

/// <summary>The acceptor's side of a TLS connection.</summary>
internal sealed class TlsServerTransport(Socket socket, TlsServerOptions options, TlsCredentials credentials, TimeProvider time)
    : TlsTransport(socket, options.NewVerification())
{
    protected override async Task AuthenticateAsync(CancellationToken cancellationToken)
    {
        // What is no TLS at all is told apart by its first byte: the handshake itself would only call it corrupt.
        var first = new byte[1];
        if (await Socket.ReceiveAsync(first, SocketFlags.Peek, cancellationToken) == 0)
            throw new SecureTransportException("The peer closed the connection before a TLS handshake.");
        if (first[0] != HandshakeRecord)
        {
            throw new SecureTransportException(first[0] == (byte)PduType.AssociateRq
                ? "The peer sent an A-ASSOCIATE-RQ without TLS; this port expects TLS."
                : "What the peer sent is no TLS handshake; this port expects TLS.");
        }

        await Stream.AuthenticateAsServerAsync(
            options.Handshake(credentials, Verification, time), cancellationToken);
    }

    protected override string Explain(Exception failure) => failure is AuthenticationException
        ? "The TLS handshake failed: the peer does not accept our certificate, or has no version or cipher suite in "
            + $"common with {options.Profile}."
        : "The peer ended the TLS handshake.";
}

/// <summary>The requestor's side of a TLS connection.</summary>
internal sealed class TlsClientTransport(
    Socket socket, TlsClientOptions options, string host, TlsCredentials credentials, TimeProvider time)
    : TlsTransport(socket, options.NewVerification())
{
    protected override Task AuthenticateAsync(CancellationToken cancellationToken) =>
        Stream.AuthenticateAsClientAsync(options.Handshake(host, credentials, Verification, time), cancellationToken);

    protected override string Explain(Exception failure) => failure is AuthenticationException
        ? options.NothingInCommon
        : "The peer closed the connection in the TLS handshake: it may not speak TLS on this port.";
}
