using Drimbox.Core;
using Drimbox.Core.Statistics;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>Counts by day.</content>
public sealed partial class FlowStore
{
    /// <summary>Adds to the counts of their days, all or none. Only for a store that has statistics.</summary>
    /// <exception cref="StorageFaultException">Nothing was added.</exception>
    public Task AddStatisticsAsync(IReadOnlyList<StatisticCount> counts, CancellationToken cancellationToken)
    {
        Invariant.Holds(_options.HasStatistics);
        return _writer.RunAsync(
            db =>
            {
                foreach (var count in counts) StatisticTable.Add(db, count);
                return new Written<bool>(true, true);
            },
            cancellationToken,
            // Two processes that add to the same counts in another order would wait for each other.
            names: static _ => ["statistics"]);
    }

    /// <summary>The counts of these days, both included; only for a store that has statistics.</summary>
    public Task<IReadOnlyList<StatisticCount>> ListStatisticsAsync(
        DateOnly from, DateOnly to, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => StatisticTable.List(db, from, to), cancellationToken);
}
