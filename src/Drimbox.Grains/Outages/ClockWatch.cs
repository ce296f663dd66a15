using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Outages;

/// <summary>Compares the clock of a process that shares its flow with that of the database. Leases and due times are on the
/// latter, so nothing of the flow rests on the former; a signature and a VIHF do. Tells once when the two are further apart
/// than <see cref="Limits.DatabaseClockSkewMax"/>, and once when they agree again.</summary>
public sealed class ClockWatch(string node, FlowStore store, TimeProvider time, ILogger logger)
{
    private bool _isApart;

    /// <summary>How far this clock is ahead of that of the database; null where it is not known, or is the same clock.</summary>
    public TimeSpan? Skew { get; private set; }

    /// <summary>Looks at once, then every <see cref="Limits.ClockLookInterval"/> until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await store.MeasureSkewAsync(stop) is not { } measured) return;
                Skew = measured.Skew;
                Tell(measured);
                await Task.Delay(Limits.ClockLookInterval, time, stop);
            }
            catch (StorageFaultException)
            {
                // Who writes to the store tells of its faults; an old figure would be taken for a new one.
                Skew = null;
                await Task.Delay(Limits.ClockLookInterval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Tell((TimeSpan Skew, TimeSpan Error) measured)
    {
        var size = measured.Skew.Duration();
        if (!_isApart && size - measured.Error > Limits.DatabaseClockSkewMax)
            OutageLog.ClockApart(logger, node, measured.Skew);
        else if (_isApart && size + measured.Error <= Limits.DatabaseClockSkewMax)
            OutageLog.ClockAgrees(logger, node, measured.Skew);
        else
            return;
        _isApart = !_isApart;
    }
}
