using Drimbox.Storage;

namespace Drimbox.Tests.Grains;

/// <summary>The outbox of a store, as a test wants it to behave.</summary>
internal sealed class WatchedOutbox(IOutbox store) : IOutbox
{
    /// <summary>False: other processes may take what it has claimed.</summary>
    public bool HoldsLeases { get; set; } = true;

    /// <summary>Called with each result before it is recorded; what it throws is what the dispatcher meets.</summary>
    public Action<OutboxResult> Completing { get; set; } = _ => { };

    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, int max, CancellationToken cancellationToken) =>
        store.ClaimAsync(owner, lease, max, cancellationToken);

    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands, CancellationToken cancellationToken) =>
        store.ClaimAsync(owner, lease, demands, cancellationToken);

    public Task<bool> CompleteAsync(OutboxResult result, CancellationToken cancellationToken)
    {
        Completing(result);
        return store.CompleteAsync(result, cancellationToken);
    }

    public Task<bool> RenewAsync(long id, long epoch, TimeSpan lease, CancellationToken cancellationToken) =>
        store.RenewAsync(id, epoch, lease, cancellationToken);

    public Task<bool> ReleaseAsync(long id, long epoch, CancellationToken cancellationToken) =>
        store.ReleaseAsync(id, epoch, cancellationToken);

    public Task<DateTimeOffset?> NextDueAsync(IReadOnlyList<string>? kinds, CancellationToken cancellationToken) =>
        store.NextDueAsync(kinds, cancellationToken);

    public Task<IReadOnlyList<string>> OpenKindsAsync(CancellationToken cancellationToken) =>
        store.OpenKindsAsync(cancellationToken);

    public ValueTask WaitForWorkAsync(DateTimeOffset? until, CancellationToken cancellationToken) =>
        store.WaitForWorkAsync(until, cancellationToken);

    public void Wake() => store.Wake();
}
