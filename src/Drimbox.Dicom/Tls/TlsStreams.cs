using System.ComponentModel;
using System.Net.Security;
using System.Security.Authentication;
using Drimbox.Core;
using Drimbox.Dicom.Scp;
using Microsoft.Extensions.Logging;

namespace Drimbox.Dicom.Tls;

/// <summary>TLS by the same rules as for DICOM over any stream: for protocols that know nothing of certificates, such
/// as MLLP. What is returned makes one connection secure, or throws <see cref="SecureTransportException"/>.</summary>
public static class TlsStreams
{
    /// <summary>The side that accepts, as the configuration writes it; null without.</summary>
    /// <param name="options">Valid by their annotations.</param>
    /// <exception cref="SecureTransportException">The files cannot be used; the message names the one.</exception>
    public static Func<Stream, CancellationToken, Task<Stream>>? Server(
        DicomTlsOptions? options, TimeProvider time, ILogger logger) => TlsServerOptions.From(options) is { } tls
            ? Server(new TlsHandshakes(tls, time, warning => DicomLog.TlsFilesUnusable(logger, warning)))
            : null;

    /// <summary>The side that calls, as the configuration writes it; null without.</summary>
    /// <param name="options">Valid by their annotations.</param>
    public static Func<Stream, CancellationToken, Task<Stream>>? Client(
        DicomPeerTlsOptions? options, string host, TimeProvider time) =>
        TlsClientOptions.From(options) is { } tls ? Client(tls, host, time) : null;

    /// <summary>The side that accepted the connection.</summary>
    public static Func<Stream, CancellationToken, Task<Stream>> Server(TlsHandshakes handshakes) =>
        (plain, cancellationToken) => OpenAsync(
            plain,
            stream => stream.AuthenticateAsServerAsync(handshakes.Begin(), cancellationToken),
            "The TLS handshake failed: the peer speaks no TLS, shows no certificate that is accepted here, does not "
                + "accept ours, or has no version or cipher suite in common.");

    /// <summary>The side that called <paramref name="host"/>. The files are read for each connection.</summary>
    public static Func<Stream, CancellationToken, Task<Stream>> Client(
        TlsClientOptions options, string host, TimeProvider time) =>
        (plain, cancellationToken) =>
        {
            var verification = options.NewVerification();
            return OpenAsync(
                plain,
                stream =>
                {
                    var credentials = TlsCredentials.Load(options.CertificateFile, options.KeyFile, options.TrustFile);
                    return stream.AuthenticateAsClientAsync(
                        options.Handshake(host, credentials, verification, time), cancellationToken);
                },
                options.NothingInCommon,
                verification);
        };

    private static async Task<Stream> OpenAsync(
        Stream plain, Func<SslStream, Task> authenticate, string why, PeerVerification? verification = null)
    {
        var secure = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await authenticate(secure);
            return secure;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or Win32Exception)
        {
            await secure.DisposeAsync();
            if (e is SecureTransportException) throw;
            throw new SecureTransportException(verification?.Refusal ?? why, e);
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
