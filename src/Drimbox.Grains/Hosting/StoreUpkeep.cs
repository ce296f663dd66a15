using Drimbox.Grains.Outages;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Hosting;

/// <summary>What every node does for a store that processes share, beside its own work.</summary>
public sealed class StoreUpkeep
{
    private readonly ClockWatch _clock;
    private readonly IncomingSweep _sweep;

    /// <param name="sweep"><see cref="ObjectStore.SweepIncoming"/>, and what else the node writes to before it has its name.</param>
    public StoreUpkeep(string node, FlowStore store, Func<TimeSpan, int> sweep, TimeProvider time, ILoggerFactory loggers)
    {
        _clock = new ClockWatch(node, store, time, loggers.CreateLogger<ClockWatch>());
        _sweep = new IncomingSweep(store, sweep, time, loggers.CreateLogger<IncomingSweep>());
    }

    /// <inheritdoc cref="ClockWatch.Skew"/>
    public TimeSpan? ClockSkew => _clock.Skew;

    /// <summary>Goes on until <paramref name="stop"/>.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_clock.RunAsync(stop), _sweep.RunAsync(stop));
}
