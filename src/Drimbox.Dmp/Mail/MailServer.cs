using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using MailKit;
using MailKit.Security;

namespace Drimbox.Dmp.Mail;

/// <summary>How a connection to a mail server is made secure.</summary>
public enum MailSecurity
{
    /// <summary>STARTTLS (RFC 3207, RFC 9051 6.2.1); without it nothing is sent.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314 3.3).</summary>
    Tls,

    /// <summary>In clear: for a relay on the same machine.</summary>
    None,
}

/// <summary>A server of the operator of MSSanté.</summary>
/// <param name="UserName">For AUTH; null: the certificate authenticates us.</param>
/// <param name="Tls">Whom it is trusted by, and our certificate; null only with <see
/// cref="MailSecurity.None"/>.</param>
public sealed record MailServer(
    string Host, int Port, MailSecurity Security, string? UserName, string? Password, DicomPeerTlsOptions? Tls);

/// <summary>Connects as the configuration says, by the rules that this program has for TLS elsewhere: only the named
/// authorities count, and the certificate names the host.</summary>
internal static class MailConnection
{
    /// <summary>Connects, makes the connection secure and authenticates.</summary>
    public static async Task OpenAsync(
        MailService service, MailServer server, TimeProvider time, CancellationToken cancellation)
    {
        service.Timeout = (int)Limits.MailReplyTimeout.TotalMilliseconds;
        // CRL and OCSP would be fetched from the network (docs/adr/0016).
        service.CheckCertificateRevocation = false;
        service.ServerCertificateValidationCallback = (_, certificate, chain, _) =>
            server.Tls is { } tls && certificate is X509Certificate2 shown
            && IsTrusted(shown, chain, tls, server.Host, time);
        if (server.Tls is { Certificate: { } file } own)
        {
            service.ClientCertificates =
                new X509CertificateCollection { X509Certificate2.CreateFromPemFile(file, own.Key ?? file) };
        }

        await service.ConnectAsync(
            server.Host, server.Port,
            server.Security switch
            {
                MailSecurity.StartTls => SecureSocketOptions.StartTls,
                MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
                MailSecurity.None => SecureSocketOptions.None,
                _ => throw Invariant.Unreachable(server.Security),
            },
            cancellation);
        if (server.UserName is { } user)
            await service.AuthenticateAsync(user, server.Password ?? "", cancellation);
    }

    private static bool IsTrusted(
        X509Certificate2 shown, X509Chain? presented, DicomPeerTlsOptions tls, string host, TimeProvider time)
    {
        if (tls.VerifyHostName && !shown.MatchesHostname(tls.HostName ?? host)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(tls.Authorities);
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(shown);
    }
}
