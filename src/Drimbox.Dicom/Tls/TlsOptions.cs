using System.Net.Security;
using Drimbox.Core;

namespace Drimbox.Dicom.Tls;

/// <summary>Whether a requestor must show a certificate.</summary>
public enum ClientCertificateRule
{
    /// <summary>Without an acceptable one the handshake fails (PS3.15 B.12: both sides are authenticated).</summary>
    Required,

    /// <summary>One that is shown must be acceptable; none is fine. For callers that are bound to a network.</summary>
    Optional,

    /// <summary>Not asked for.</summary>
    None,
}

/// <summary>TLS of a listening AE. Files are PEM (RFC 7468). They are looked at again at least every 10 s: new
/// handshakes use what is in them then, associations that stand stay; a file that cannot be used leaves the former in
/// force.</summary>
public sealed record TlsServerOptions
{
    /// <summary>Our certificate, then the intermediate ones that lead to an authority known to callers.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>Its private key, not encrypted; null if it is in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The authorities (or single self-signed certificates) that callers are trusted by; those of the machine
    /// count for nothing. Needed unless <see cref="ClientCertificate"/> is
    /// <see cref="ClientCertificateRule.None"/>.</summary>
    public string? TrustFile { get; init; }

    /// <summary>Default: required.</summary>
    public ClientCertificateRule ClientCertificate { get; init; } = ClientCertificateRule.Required;

    /// <summary>Default: PS3.15 B.12.</summary>
    public TlsProfile Profile { get; init; } = TlsProfile.Bcp195Rfc9325;

    /// <summary>As the configuration writes it; null without.</summary>
    /// <param name="options">Valid by their annotations.</param>
    public static TlsServerOptions? From(DicomTlsOptions? options) => options is null ? null : new TlsServerOptions
    {
        CertificateFile = options.Certificate,
        KeyFile = options.Key,
        TrustFile = options.Authorities,
        ClientCertificate = options switch
        {
            { RequireClientCertificate: true } => ClientCertificateRule.Required,
            { Authorities: null } => ClientCertificateRule.None,
            _ => ClientCertificateRule.Optional,
        },
        Profile = TlsProfile.Parse(options.Profile),
    };

    /// <summary>Judges the caller's certificate in one handshake.</summary>
    internal PeerVerification NewVerification() =>
        new(Profile, isRequired: ClientCertificate == ClientCertificateRule.Required, nameMatters: false);

    /// <summary>What SslStream is told for one handshake.</summary>
    internal SslServerAuthenticationOptions Handshake(
        TlsCredentials credentials, PeerVerification verification, TimeProvider time) => new()
    {
        ServerCertificateContext = credentials.Own,
        ClientCertificateRequired = ClientCertificate != ClientCertificateRule.None,
        CertificateChainPolicy = PeerVerification.ChainPolicy(credentials.Trusted, time),
        RemoteCertificateValidationCallback = verification.Verify,
        EnabledSslProtocols = TlsProfile.Protocols,
        CipherSuitesPolicy = Profile.Policy(),
        // A resumed session would skip what this handshake checks: the caller's certificate, against the trust and the
        // time of now.
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };
}

/// <summary>TLS of a requestor. Files are PEM and are read for each association.</summary>
public sealed record TlsClientOptions
{
    /// <summary>The authorities (or single self-signed certificates) that the acceptor is trusted by; those of the
    /// machine count for nothing.</summary>
    public required string TrustFile { get; init; }

    /// <summary>Our certificate for acceptors that ask for one; null: none is shown.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Its private key, not encrypted; null if it is in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Default: PS3.15 B.12.</summary>
    public TlsProfile Profile { get; init; } = TlsProfile.Bcp195Rfc9325;

    /// <summary>The certificate must name the host that is called (RFC 9325 6.1). Default: true. Off where devices
    /// have certificates without names: then any certificate of the trusted authorities will do.</summary>
    public bool VerifyHostName { get; init; } = true;

    /// <summary>The name that the certificate must have; null: the host that is called.</summary>
    public string? HostName { get; init; }

    /// <summary>As the configuration writes it; null without.</summary>
    /// <param name="options">Valid by their annotations.</param>
    public static TlsClientOptions? From(DicomPeerTlsOptions? options) => options is null ? null : new TlsClientOptions
    {
        TrustFile = options.Authorities,
        CertificateFile = options.Certificate,
        KeyFile = options.Key,
        Profile = TlsProfile.Parse(options.Profile),
        VerifyHostName = options.VerifyHostName,
        HostName = options.HostName,
    };

    /// <summary>What a handshake that failed in itself means, whatever the protocol within.</summary>
    internal string NothingInCommon =>
        "The TLS handshake failed: the peer may not speak TLS on this port, or has no version or cipher suite in "
            + $"common with {Profile}, or asks for a certificate that we do not show.";

    /// <summary>Judges the certificate of the peer in one handshake.</summary>
    internal PeerVerification NewVerification() => new(Profile, isRequired: true, nameMatters: VerifyHostName);

    /// <summary>What SslStream is told for one handshake with <paramref name="host"/>.</summary>
    internal SslClientAuthenticationOptions Handshake(
        string host, TlsCredentials credentials, PeerVerification verification, TimeProvider time) => new()
    {
        TargetHost = HostName ?? host,
        ClientCertificateContext = credentials.Own,
        CertificateChainPolicy = PeerVerification.ChainPolicy(credentials.Trusted, time),
        RemoteCertificateValidationCallback = verification.Verify,
        EnabledSslProtocols = TlsProfile.Protocols,
        CipherSuitesPolicy = Profile.Policy(),
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };
}
