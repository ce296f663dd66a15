using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Dmp.Trust;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Doctor;

/// <summary>The certificates of the structures and those of what listens with TLS.</summary>
internal static class CertificateCheck
{
    /// <summary>30 days: a renewal takes weeks.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    public static IEnumerable<Diagnosis> RunStructures(GatewayConfiguration configuration, DateTimeOffset now)
    {
        if (configuration.Dmp is not { } dmp) return [];
        const string Key = "Dmp:Certificates";
        List<StructureOptions> structures =
        [
            .. configuration.Ris?.Structures ?? [], .. configuration.Source?.Structures ?? [],
        ];
        try
        {
            using var store = FileStructureCertificates.Load(dmp.Certificates, structures);
            return [.. store.Expiries().DistinctBy(e => (e.Structure, e.Use)).Select(
                e => Judge(Key, $"the certificate {e.Use} of the structure {e.Structure}", e.NotAfter, now))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            return [Diagnosis.Fail(Key, e.Message, "See docs/operations/configuration.md for the files of a structure.")];
        }
    }

    public static Diagnosis RunTls(string key, DicomTlsOptions tls, DateTimeOffset now)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key);
            return Judge(key, $"the certificate in {tls.Certificate}", new DateTimeOffset(certificate.NotAfter), now);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return Diagnosis.Fail(
                key, $"{tls.Certificate} with its key cannot be used: {e.Message}",
                "Both are PEM, the key is not encrypted and belongs to the certificate.");
        }
    }

    private static Diagnosis Judge(string key, string what, DateTimeOffset notAfter, DateTimeOffset now)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{what} ends on {notAfter:yyyy-MM-dd}");
        if (notAfter <= now) return Diagnosis.Fail(key, text, "It has ended: replace its file, drimbox takes the new one by itself.");
        return notAfter - now < Soon
            ? Diagnosis.Warn(key, text, "Renew it: drimbox takes the new file by itself.")
            : Diagnosis.Ok(key, text);
    }
}
