namespace Drimbox.Core;

// Metrics: docs/operations/metrics.md.
public static partial class Limits
{
    /// <summary>500 series of one metric: a role, a peer of the configuration and an outcome are some tens. What is more is
    /// counted and left out, so that no peer fills the memory by its names.</summary>
    public const int MetricSeriesMax = 500;
}
