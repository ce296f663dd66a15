using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Statistics;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Statistics;

/// <summary>Counts what happens at the doors of the source, by the day of the site (DB.SO.87). Counting never waits:
/// the counts go into the store every few seconds, when they are asked for, and at the stop.</summary>
internal sealed class SourceStatistics(FlowStore store, TimeZoneInfo zone, TimeProvider time, ILogger log)
    : IAsyncDisposable
{
    private const string OtherCauses = "other";

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _storing = new(1);
    private readonly HashSet<(string Subject, string Cause)> _causes = [];
    private Dictionary<(DateOnly Day, string Subject, string Cause), long> _counts = [];
    private DateOnly _day;
    private bool _isTold;
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    /// <param name="cause">Of an error: a code or our own words, nothing of a patient; null for a success.</param>
    public void Count(string subject, string? cause = null) => Add(subject, cause ?? "");

    public void Measure(string subject, TimeSpan duration) =>
        Add(subject, DurationBuckets.IndexOf(duration).ToString(CultureInfo.InvariantCulture));

    /// <summary>What was counted on these days, both included, until now.</summary>
    /// <exception cref="StorageFaultException">The store failed.</exception>
    public async Task<IReadOnlyList<DayStatistics>> ListAsync(
        DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        await StoreAsync(cancellationToken);
        return DayStatistics.Of(await store.ListStatisticsAsync(from, to, cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await TryStoreAsync();
        _stopping.Dispose();
        _storing.Dispose();
    }

    private void Add(string subject, string cause)
    {
        if (cause.Length > Limits.StatisticsCauseLengthMax) cause = cause[..Limits.StatisticsCauseLengthMax];
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time.GetUtcNow(), zone).DateTime);
        lock (_gate)
        {
            if (day != _day)
            {
                _day = day;
                _causes.Clear();
            }

            if (!_causes.Contains((subject, cause)))
            {
                if (_causes.Count(known => known.Subject == subject) >= Limits.StatisticsCausesMax) cause = OtherCauses;
                _causes.Add((subject, cause));
            }

            var key = (day, subject, cause);
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Limits.StatisticsInterval, time, _stopping.Token);
                await TryStoreAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }

    private async Task TryStoreAsync()
    {
        try
        {
            await StoreAsync(CancellationToken.None);
            _isTold = false;
        }
        catch (StorageFaultException e)
        {
            // Every few seconds, as long as the disk is full.
            if (!_isTold) SourceLog.StatisticsNotStored(log, e.Fault.ToString());
            _isTold = true;
        }
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        // One at a time: who asks sees what the one before is writing.
        await _storing.WaitAsync(cancellationToken);
        try
        {
            Dictionary<(DateOnly Day, string Subject, string Cause), long> taken;
            lock (_gate) (taken, _counts) = (_counts, []);
            if (taken.Count == 0) return;
            try
            {
                await store.AddStatisticsAsync(
                    [.. taken.Select(c => new StatisticCount(c.Key.Day, c.Key.Subject, c.Key.Cause, c.Value))],
                    CancellationToken.None);
            }
            catch (StorageFaultException)
            {
                lock (_gate)
                {
                    foreach (var (key, count) in taken) _counts[key] = _counts.GetValueOrDefault(key) + count;
                }

                throw;
            }
        }
        finally
        {
            _storing.Release();
        }
    }
}
