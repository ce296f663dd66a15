using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Dicom.Tls;

/// <summary>The certificate that a peer has proved to own.</summary>
/// <param name="Subject">RFC 4514 text, for example <c>CN=ct1, O=Radiologie</c>.</param>
/// <param name="Fingerprint">SHA-256 of the certificate, hexadecimal, capitals.</param>
/// <param name="PublicKeyPin">SHA-256 of its SubjectPublicKeyInfo (RFC 7469 2.4), hexadecimal, capitals: stays the
/// same when the certificate is renewed with its key.</param>
public sealed record PeerCertificate(string Subject, string Fingerprint, string PublicKeyPin)
{
    /// <summary>The common names of the subject, and the DNS names of the subject alternative name.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    internal static PeerCertificate Of(X509Certificate2 certificate)
    {
        List<string> names = [];
        if (certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } name)
            names.Add(name);
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
            names.AddRange(extension.EnumerateDnsNames());
        return new PeerCertificate(
            certificate.Subject,
            certificate.GetCertHashString(HashAlgorithmName.SHA256),
            Convert.ToHexString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())))
        {
            Names = names,
        };
    }
}

/// <summary>What was negotiated for a connection.</summary>
/// <param name="Peer">Null where the peer showed no certificate.</param>
public sealed record TlsSession(SslProtocols Protocol, TlsCipherSuite CipherSuite, PeerCertificate? Peer);

/// <summary>Binds a caller to its certificate (attack A12): one of three ways to name it.</summary>
/// <remarks><c>CN=ct1, O=Radiologie</c> (the whole subject), <c>name:ct1.hospital.example</c> (common or DNS name),
/// <c>sha256:9F86…</c> (certificate), <c>pin-sha256:E3B0…</c> (public key).</remarks>
public sealed record CertificateBinding
{
    private const string NamePrefix = "name:";
    private const string FingerprintPrefix = "sha256:";
    private const string PinPrefix = "pin-sha256:";

    private readonly string _text;
    private readonly string _value;

    private CertificateBinding(string text, string value) => (_text, _value) = (text, value);

    public const string Error =
        "must be a subject (CN=…), name:…, sha256: or pin-sha256: with 64 hexadecimal digits";

    public static CertificateBinding Parse(string text) =>
        TryParse(text, out var binding) ? binding! : throw new FormatException($"{text}: {Error}");

    /// <param name="text">See the remarks of the type; colons and spaces between the digits are ignored.</param>
    /// <param name="binding">What was read.</param>
    public static bool TryParse(string text, out CertificateBinding? binding)
    {
        binding = null;
        if (text.StartsWith(NamePrefix, StringComparison.Ordinal))
        {
            if (text.Length > NamePrefix.Length) binding = new CertificateBinding(text, text[NamePrefix.Length..]);
        }
        else if (text.StartsWith(FingerprintPrefix, StringComparison.Ordinal))
        {
            if (DigitsOf(text[FingerprintPrefix.Length..]) is { } digits) binding = new CertificateBinding(text, digits);
        }
        else if (text.StartsWith(PinPrefix, StringComparison.Ordinal))
        {
            if (DigitsOf(text[PinPrefix.Length..]) is { } digits) binding = new CertificateBinding(text, digits);
        }
        else if (text.Contains('=', StringComparison.Ordinal))
        {
            binding = new CertificateBinding(text, text);
        }

        return binding is not null;
    }

    /// <summary>True if <paramref name="certificate"/> is the one that is meant; false without one.</summary>
    public bool Matches(PeerCertificate? certificate)
    {
        if (certificate is null) return false;
        if (_text.StartsWith(NamePrefix, StringComparison.Ordinal))
            return certificate.Names.Contains(_value, StringComparer.OrdinalIgnoreCase);
        if (_text.StartsWith(FingerprintPrefix, StringComparison.Ordinal)) return certificate.Fingerprint == _value;
        if (_text.StartsWith(PinPrefix, StringComparison.Ordinal)) return certificate.PublicKeyPin == _value;
        return certificate.Subject == _value;
    }

    public override string ToString() => _text;

    private static string? DigitsOf(string text)
    {
        var digits = text.Replace(":", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)
            .ToUpperInvariant();
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigit) ? digits : null;
    }
}
