using Drimbox.Core;
using Drimbox.Core.Resynchronisation;
using Drimbox.Source.Resynchronisation;

namespace Drimbox.Source;

/// <content>Resynchronisation (DB.SO.28).</content>
public sealed partial class SourceNode
{
    /// <summary>Plans a run, and says what it will take. It waits to be started.</summary>
    /// <param name="askPacs">The PACS is asked how many studies it has of each day, up to
    /// <see cref="Limits.ResyncAskedDaysMax"/> days.</param>
    /// <param name="actor">Who plans it, for the record.</param>
    /// <returns>The estimate, or why the plan cannot be.</returns>
    public Task<(ResyncEstimate? Estimate, Refusal? Refusal)> PlanResyncAsync(
        ResyncPlan plan, bool askPacs, string actor, CancellationToken cancellationToken = default) =>
        _resyncDesk.PlanAsync(plan, askPacs, actor, cancellationToken);

    /// <summary>Begins a run or goes on with it (Running), pauses it, or gives it up (Cancelled). One run goes on at a
    /// time.</summary>
    /// <returns>Null, or why not.</returns>
    public Task<Refusal?> MoveResyncAsync(
        long run, ResyncState to, string actor, CancellationToken cancellationToken = default) =>
        _resyncDesk.MoveAsync(run, to, actor, cancellationToken);

    /// <summary>The runs, the newest first, without what failed in them.</summary>
    public Task<IReadOnlyList<ResyncStatus>> ListResyncAsync(
        int max = 100, CancellationToken cancellationToken = default) =>
        _resyncDesk.ListAsync(Math.Min(max, Limits.StudiesListedMax), cancellationToken);

    /// <summary>A run with up to <see cref="Limits.ResyncFailuresListedMax"/> of what failed; null if there is
    /// none.</summary>
    public Task<ResyncStatus?> GetResyncAsync(long run, CancellationToken cancellationToken = default) =>
        _resyncDesk.GetAsync(run, cancellationToken);

    /// <summary>How a run goes where its plan says nothing.</summary>
    public ResyncOptions ResyncDefaults => _options.Resynchronisation;
}
