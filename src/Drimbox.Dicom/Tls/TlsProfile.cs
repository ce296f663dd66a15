using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;

namespace Drimbox.Dicom.Tls;

/// <summary>A TLS Secure Transport Connection Profile of PS3.15 annex B: what may be negotiated, as data.</summary>
/// <remarks>No profile goes below TLS 1.2: RFC 8996, which BCP 195 includes, forbids TLS 1.0 and 1.1, also to those
/// older profiles that once allowed to fall back to them. DHE suites are offered by a requestor only: this platform
/// has no Diffie-Hellman parameters of its own to answer with (PS3.15 B.13 then asks not to select them).</remarks>
public sealed record TlsProfile
{
    private static readonly TlsCipherSuite[] Tls13 =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
    ];

    // RFC 9325 4.2, the recommended suites of TLS 1.2.
    private static readonly TlsCipherSuite[] EcdheGcm =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    private static readonly TlsCipherSuite[] EcdheChaCha =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private static readonly TlsCipherSuite[] Dhe =
    [
        TlsCipherSuite.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    /// <summary>PS3.15 B.12, BCP 195 RFC 8996, 9325. The default.</summary>
    public static readonly TlsProfile Bcp195Rfc9325 = new()
    {
        Name = "bcp195-rfc9325",
        Section = "B.12",
        CipherSuites = [.. Tls13, .. EcdheGcm, .. EcdheChaCha],
    };

    /// <summary>PS3.15 B.13, Modified BCP 195 RFC 8996, 9325: algorithms and key lengths are prescribed. Of its
    /// suites those with CCM and Camellia are not offered.</summary>
    public static readonly TlsProfile ModifiedBcp195Rfc9325 = new()
    {
        Name = "bcp195-rfc9325-modified",
        Section = "B.13",
        CipherSuites = [.. Tls13, .. EcdheGcm, .. EcdheChaCha],
    };

    /// <summary>PS3.15 B.9, BCP 195 (retired), without its fall-back to TLS 1.1 and 1.0.</summary>
    public static readonly TlsProfile Bcp195 = new()
    {
        Name = "bcp195",
        Section = "B.9",
        IsRetired = true,
        CipherSuites = [.. Tls13, .. EcdheGcm, .. EcdheChaCha, .. Dhe],
    };

    /// <summary>PS3.15 B.10, Non-Downgrading BCP 195 (retired).</summary>
    public static readonly TlsProfile NonDowngradingBcp195 = new()
    {
        Name = "bcp195-nd",
        Section = "B.10",
        IsRetired = true,
        CipherSuites = [.. Tls13, .. EcdheGcm, .. EcdheChaCha, .. Dhe],
    };

    /// <summary>Every profile, the default first.</summary>
    public static readonly IReadOnlyList<TlsProfile> All =
        [Bcp195Rfc9325, ModifiedBcp195Rfc9325, NonDowngradingBcp195, Bcp195];

    private TlsProfile()
    {
    }

    /// <summary>As the configuration writes it, for example <c>bcp195-nd</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The section of PS3.15.</summary>
    public required string Section { get; init; }

    /// <summary>PS3.15 has replaced it by a newer one; peers of that time still name it.</summary>
    public bool IsRetired { get; init; }

    /// <summary>In order of preference.</summary>
    public required IReadOnlyList<TlsCipherSuite> CipherSuites { get; init; }

    /// <summary>The shortest RSA key of a peer's certificate, in bits: RFC 9325 4.5, PS3.15 B.13.</summary>
    public int RsaBitsMin { get; init; } = 2048;

    /// <summary>The shortest elliptic curve key of a peer's certificate, in bits: PS3.15 B.13.</summary>
    public int EcBitsMin { get; init; } = 256;

    /// <summary>The least and the best version that is negotiated.</summary>
    [SuppressMessage("Security", "CA5398", Justification =
        "PS3.15 names the versions; leaving them to the system could allow older ones.")]
    internal static SslProtocols Protocols => SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>The profile with that name.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out TlsProfile? profile)
    {
        profile = All.FirstOrDefault(p => p.Name == name);
        return profile is not null;
    }

    /// <exception cref="FormatException">No profile has that name.</exception>
    public static TlsProfile Parse(string name) => TryFind(name, out var profile)
        ? profile
        : throw new FormatException($"{name}: {Drimbox.Core.OptionPatterns.TlsProfileError}");

    public override string ToString() => $"{Name} (PS3.15 {Section})";

    /// <summary>For the platform's TLS; null on Windows, which has its own order of suites.</summary>
    internal CipherSuitesPolicy? Policy() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? new CipherSuitesPolicy(CipherSuites) : null;
}
