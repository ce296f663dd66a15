using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Hosting;

/// <summary>Removes what a crash left unfinished in a folder that processes share: there a start may not, since others may be at
/// work. Done by the one process that has the duty.</summary>
/// <param name="sweep">Removes what is older, and says how many files it were.</param>
public sealed class IncomingSweep(FlowStore store, Func<TimeSpan, int> sweep, TimeProvider time, ILogger logger)
{
    /// <summary>The name of the duty (docs/adr/0035).</summary>
    public const string Duty = "incoming";

    /// <summary>Looks at once, then every <see cref="Limits.IncomingSweepInterval"/> until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await store.HasDutyAsync(Duty, stop) && sweep(Limits.IncomingAgeMax) is > 0 and var count)
                    IncomingSweepLog.Swept(logger, count);
            }
            catch (StorageFaultException)
            {
                // The server or the folder is away: the next look is soon enough.
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(Limits.IncomingSweepInterval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
