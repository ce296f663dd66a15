using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Dicom.Tls;

/// <summary>Judges the certificate of the other side of one handshake, and keeps the reason of a refusal.</summary>
internal sealed class PeerVerification(TlsProfile profile, bool isRequired, bool nameMatters)
{
    /// <summary>A sentence that says why the certificate is not accepted; null if it is.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The certificate that was accepted.</summary>
    public PeerCertificate? Accepted { get; private set; }

    /// <summary>Only <paramref name="trusted"/> counts, at the time of <paramref name="time"/>; revocation lists are
    /// not asked for, and nothing is fetched from the network.</summary>
    public static X509ChainPolicy ChainPolicy(X509Certificate2Collection trusted, TimeProvider time)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = time.GetUtcNow().UtcDateTime,
        };
        policy.CustomTrustStore.AddRange(trusted);
        return policy;
    }

    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown)
        {
            if (isRequired) Refusal = "The peer showed no certificate.";
            return !isRequired;
        }

        Refusal = WhyNot(shown, chain, errors);
        if (Refusal is not null) return false;
        Accepted = PeerCertificate.Of(shown);
        return true;
    }

    private string? WhyNot(X509Certificate2 shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            return $"The certificate of the peer ({shown.Subject}) is not accepted: {StatusOf(shown, chain)}.";
        if (nameMatters && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"The certificate of the peer ({shown.Subject}) does not name the host that was called.";
        // RFC 5280 4.2.1.3: all suites of the profiles sign, none encrypts with the key of the certificate.
        foreach (var usage in shown.Extensions.OfType<X509KeyUsageExtension>())
        {
            if (!usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
                return $"The key usage of the certificate of the peer ({shown.Subject}) does not allow signatures.";
        }

        var (bits, least) = KeyBits(shown);
        return bits < least
            ? $"The key of the certificate of the peer ({shown.Subject}) has {bits} bits; {profile} asks for {least}."
            : null;
    }

    private (int Bits, int Least) KeyBits(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        if (rsa is not null) return (rsa.KeySize, profile.RsaBitsMin);
        using var ecdsa = certificate.GetECDsaPublicKey();
        return ecdsa is null ? (0, 1) : (ecdsa.KeySize, profile.EcBitsMin);
    }

    private static string StatusOf(X509Certificate2 shown, X509Chain? chain)
    {
        if (chain is null) return "no chain could be built";
        return string.Join("; ", chain.ChainStatus.Select(one => one.Status).Distinct().Select(status => status switch
        {
            X509ChainStatusFlags.NotTimeValid =>
                $"it, or an authority above it, is valid at another time (itself from {shown.NotBefore:yyyy-MM-dd} to "
                + $"{shown.NotAfter:yyyy-MM-dd})",
            X509ChainStatusFlags.UntrustedRoot => "its authority is not in the trust file",
            X509ChainStatusFlags.PartialChain => "no authority of the trust file has issued it",
            X509ChainStatusFlags.NotValidForUsage => "its extended key usage is another one",
            X509ChainStatusFlags.InvalidBasicConstraints => "it was issued by a certificate that is no authority",
            _ => status.ToString(),
        }));
    }
}
