using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Dmp.Trust;

/// <summary>When a certificate of a structure ends.</summary>
/// <param name="Structure">Struct_IdNat.</param>
/// <param name="Use">auth or sign.</param>
/// <param name="NotAfter">UTC.</param>
public sealed record CertificateExpiry(string Structure, string Use, string Thumbprint, DateTimeOffset NotAfter)
{
    /// <summary>Days before the end at which an alarm is due. A renewal at the IGC-Santé takes weeks: the first leaves
    /// a quarter, the last is the working day before.</summary>
    public static readonly IReadOnlyList<int> AlarmDays = [90, 60, 30, 14, 7, 1];

    public static CertificateExpiry Of(string structure, string use, X509Certificate2 certificate) =>
        new(structure, use, certificate.Thumbprint, new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));

    /// <summary>The alarm that stands at <paramref name="now"/>: the smallest of <see cref="AlarmDays"/> that is not
    /// less than the days left, 0 if the certificate has ended, null if more than the largest are left.</summary>
    public int? AlarmAt(DateTimeOffset now)
    {
        var left = NotAfter - now;
        if (left <= TimeSpan.Zero) return 0;
        return AlarmDays.Where(days => left <= TimeSpan.FromDays(days)).Select(days => (int?)days).Min();
    }
}

/// <summary>Says each alarm once: when it begins to stand, and again only for the next one or for another
/// certificate.</summary>
public sealed class ExpiryAlarms
{
    private readonly Dictionary<(string Structure, string Use), (string Thumbprint, int? Alarm)> _said = [];

    /// <summary>The alarms of <paramref name="expiries"/> that were not said yet.</summary>
    public IReadOnlyList<(CertificateExpiry Expiry, int DaysLeft)> Due(
        IReadOnlyList<CertificateExpiry> expiries, DateTimeOffset now)
    {
        var due = new List<(CertificateExpiry, int)>();
        foreach (var expiry in expiries)
        {
            var state = (expiry.Thumbprint, Alarm: expiry.AlarmAt(now));
            var key = (expiry.Structure, expiry.Use);
            if (_said.TryGetValue(key, out var said) && said == state) continue;
            _said[key] = state;
            if (state.Alarm is { } days) due.Add((expiry, days));
        }

        return due;
    }
}
