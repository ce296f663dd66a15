using Drimbox.Core;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Dmp.Trust;
using Drimbox.Gateway.Hosting;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Trust;

/// <summary>The certificates of a running process: renewed files are taken, and the log tells before one ends.</summary>
public sealed class CertificateWatchTests : IDisposable
{
    private const string Structure = "300017985";
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    private readonly StoreFolder _folder = new();
    private readonly ManualClock _clock = new(Start);
    private readonly EventLines<CertificateWatch> _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_log_tells_90_60_30_14_7_and_1_days_before_and_at_the_end_and_a_renewal_ends_it()
    {
        Write(Start.AddDays(100));
        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);
        await using var watch = new CertificateWatch([certificates], _clock, _log);
        Assert.Empty(_log.Take());

        var days = new List<string>();
        for (var day = 0; day < 101; day++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            days.AddRange(_log.Take().Where(line => line.Contains("sign", StringComparison.Ordinal)).Select(line => line[..4] + day));
        }

        // 6002 with 90, 60, 30, 14, 7 and 1 days left of 100, then 6003.
        Assert.Equal(["6002" + 9, "6002" + 39, "6002" + 69, "6002" + 85, "6002" + 92, "6002" + 98, "6003" + 99], days);

        Write(Start.AddYears(4));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["6000"], _log.Take().Select(line => line[..4]));
        Assert.Equal(
            [Start.AddYears(4), Start.AddYears(4)], watch.Expiries.Select(expiry => expiry.NotAfter));
    }

    [Fact]
    public async Task Files_that_cannot_be_read_are_told_once_and_change_nothing()
    {
        Write(Start.AddYears(3));
        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);
        await using var watch = new CertificateWatch([certificates], _clock, _log);
        await File.WriteAllTextAsync(PathOf("auth.pfx"), "half", TestContext.Current.CancellationToken);

        _clock.Advance(TimeSpan.FromMinutes(1));
        _clock.Advance(TimeSpan.FromMinutes(1));

        var line = Assert.Single(_log.Take());
        Assert.StartsWith("6001", line, StringComparison.Ordinal);
        Assert.Contains(PathOf("auth.pfx"), line, StringComparison.Ordinal);
        Assert.Equal(2, watch.Expiries.Count);
    }

    private string PathOf(string extension) => Path.Combine(_folder.Path, $"{Structure}.{extension}");

    private void Write(DateTimeOffset notAfter)
    {
        foreach (var use in (string[])["auth", "sign"])
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest($"CN={use}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var certificate = request.CreateSelfSigned(Start.AddYears(-1), notAfter);
            File.WriteAllBytes(PathOf($"{use}.pfx"), certificate.Export(X509ContentType.Pkcs12));
        }

        File.WriteAllText(PathOf("sector"), "SA07\n");
    }

    /// <summary>What was logged: the event id and the text.</summary>
    private sealed class EventLines<T> : ILogger<T>
    {
        private readonly List<string> _lines = [];

        public List<string> Take()
        {
            var lines = _lines.ToList();
            _lines.Clear();
            return lines;
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => _lines.Add($"{eventId.Id} {formatter(state, exception)}");
    }
}
