using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;

namespace Drimbox.Dicom.Tls;

/// <summary>TLS by the same rules as for DICOM, for a server that is none of DICOM's upper layer (PS3.15 B.12 is for
/// DICOM web services too). Files are looked at again at most every 10 s.</summary>
public sealed class TlsHandshakes
{
    private readonly Lock _gate = new();
    private readonly TlsServerCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly Action<string> _warn;
    private long _refreshedAt;

    /// <param name="warn">Told of files that have changed and cannot be used.</param>
    /// <exception cref="SecureTransportException">The files cannot be used; the message names the one.</exception>
    public TlsHandshakes(TlsServerOptions options, TimeProvider time, Action<string> warn)
    {
        _credentials = new TlsServerCredentials(options);
        _time = time;
        _warn = warn;
        _refreshedAt = time.GetTimestamp();
    }

    /// <summary>For one handshake.</summary>
    public SslServerAuthenticationOptions Begin()
    {
        Refresh();
        var options = _credentials.Options;
        return options.Handshake(_credentials.Current, options.NewVerification(), _time);
    }

    /// <summary>What a binding is compared with.</summary>
    public static PeerCertificate? Describe(X509Certificate2? certificate) =>
        certificate is null ? null : PeerCertificate.Of(certificate);

    private void Refresh()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_refreshedAt) < Limits.TlsFilesPollInterval) return;
            _refreshedAt = _time.GetTimestamp();
            try
            {
                _credentials.Refresh();
            }
            catch (SecureTransportException e)
            {
                _warn(e.Message);
            }
        }
    }
}
