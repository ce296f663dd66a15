namespace Drimbox.Storage;

/// <summary>What a dispatcher needs of a store. <see cref="FlowStore"/> and <see cref="ArchiveIndex"/> each have
/// one.</summary>
public interface IOutbox
{
    /// <summary>Leases the heads of the lanes that are due, the highest priority first and the longest ready first among
    /// those.</summary>
    /// <param name="owner">Who; for operations to see.</param>
    /// <param name="lease">Longer than any call that the rows lead to.</param>
    Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, int max, CancellationToken cancellationToken);

    /// <inheritdoc cref="ClaimAsync(string, TimeSpan, int, CancellationToken)"/>
    /// <param name="demands">What may be claimed; each is counted by itself.</param>
    Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands, CancellationToken cancellationToken);

    /// <summary>Records the end of an attempt. False: the lease was lost and nothing was recorded.</summary>
    Task<bool> CompleteAsync(OutboxResult result, CancellationToken cancellationToken);

    /// <summary>Prolongs a lease from now. False: it was lost.</summary>
    Task<bool> RenewAsync(long id, long epoch, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives back a row whose work was not begun, as if it had never been claimed. False: the lease was
    /// lost.</summary>
    Task<bool> ReleaseAsync(long id, long epoch, CancellationToken cancellationToken);

    /// <summary>False while others may take this process for one that is gone, and its leases with it: nothing may begin to
    /// be sent.</summary>
    bool HoldsLeases => true;

    /// <summary>When the next lane can be claimed (in the past: now); null if none waits for time alone.</summary>
    /// <param name="kinds">Of lanes whose head is one of these; null: of all.</param>
    Task<DateTimeOffset?> NextDueAsync(IReadOnlyList<string>? kinds, CancellationToken cancellationToken);

    /// <summary>The kinds of the rows that wait.</summary>
    Task<IReadOnlyList<string>> OpenKindsAsync(CancellationToken cancellationToken);

    /// <summary>Returns when lanes changed or <see cref="Wake"/> was called since the last wait, or at
    /// <paramref name="until"/>. For one waiter.</summary>
    ValueTask WaitForWorkAsync(DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>Ends the wait for work: there is room for more of it.</summary>
    void Wake();
}
