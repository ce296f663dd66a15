using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>Whom a client over HTTPS believes.</summary>
internal static class HttpTrust
{
    /// <param name="authorities">A PEM file: servers of these authorities, and no others. Null: those of the system.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It holds no certificates.</exception>
    public static void Set(SocketsHttpHandler handler, string? authorities)
    {
        if (authorities is null) return;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPemFile(authorities);
        handler.SslOptions.CertificateChainPolicy = policy;
    }
}
