using System.Security.Cryptography;
using Drimbox.Dmp.Trust;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Hosting;

/// <summary>Looks at the certificates of the structures every minute: takes files that were replaced, and raises an
/// alarm 90, 60, 30, 14, 7 and 1 days before one ends, and when it has ended.</summary>
internal sealed class CertificateWatch : IAsyncDisposable
{
    /// <summary>1 min: who renews a certificate sees in the log at once whether it was taken.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly IReadOnlyList<FileStructureCertificates> _stores;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ExpiryAlarms _alarms = new();
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private string? _unusable;

    public CertificateWatch(
        IReadOnlyList<FileStructureCertificates> stores, TimeProvider time, ILogger<CertificateWatch> logger)
    {
        _stores = stores;
        _time = time;
        _logger = logger;
        Look();
        _timer = time.CreateTimer(_ => Look(), null, Interval, Interval);
    }

    /// <summary>Of every structure that a role of this process acts for.</summary>
    public IReadOnlyList<CertificateExpiry> Expiries =>
        [.. _stores.SelectMany(store => store.Expiries()).DistinctBy(expiry => (expiry.Structure, expiry.Use))];

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        lock (_gate) LookAtEach();
    }

    private void LookAtEach()
    {
        foreach (var store in _stores)
        {
            try
            {
                if (!store.Reload()) continue;
                _unusable = null;
                TrustLog.CertificatesTaken(_logger);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
                or FormatException)
            {
                // Files that are being copied are whole at the next look; the same trouble is told once.
                if (_unusable == e.Message) continue;
                _unusable = e.Message;
                TrustLog.CertificatesUnusable(_logger, e.Message);
            }
        }

        foreach (var (expiry, days) in _alarms.Due(Expiries, _time.GetUtcNow()))
        {
            if (days == 0) TrustLog.CertificateExpired(_logger, expiry.Structure, expiry.Use, expiry.NotAfter);
            else TrustLog.CertificateExpires(_logger, expiry.Structure, expiry.Use, days, expiry.NotAfter);
        }
    }
}
