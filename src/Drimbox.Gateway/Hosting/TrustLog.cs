using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Hosting;

/// <summary>Events 6000 and on: certificates and signatures.</summary>
internal static partial class TrustLog
{
    [LoggerMessage(6000, LogLevel.Information, "The certificates of the structures were replaced and are in use")]
    public static partial void CertificatesTaken(ILogger logger);

    [LoggerMessage(6001, LogLevel.Error, "The certificates of the structures stay the former ones: {Reason}")]
    public static partial void CertificatesUnusable(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Warning,
        "The certificate {Use} of the structure {Structure} ends in {Days} days or less, at {NotAfter:u}")]
    public static partial void CertificateExpires(
        ILogger logger, string structure, string use, int days, DateTimeOffset notAfter);

    [LoggerMessage(6003, LogLevel.Error,
        "The certificate {Use} of the structure {Structure} has ended at {NotAfter:u}: the DMP refuses it")]
    public static partial void CertificateExpired(
        ILogger logger, string structure, string use, DateTimeOffset notAfter);
}
