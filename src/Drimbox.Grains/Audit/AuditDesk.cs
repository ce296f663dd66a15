using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Storage;

namespace Drimbox.Grains.Audit;

/// <summary>The audit trail for those who may read it (DB.CS.10). Each look is an event of the trail itself, written
/// before anything is shown.</summary>
/// <param name="path">Where the trail is reached, for the record.</param>
public sealed class AuditDesk(FlowStore store, AuditTrail trail, string path)
{
    /// <summary>The records that an answer of the filter has, the newest first.</summary>
    /// <param name="actor">Who looks.</param>
    /// <exception cref="StorageFaultException">The look could not be recorded, or the store failed.</exception>
    public async Task<IReadOnlyList<AuditRow>> SearchAsync(
        AuditFilter filter, string actor, CancellationToken cancellationToken)
    {
        await LookAsync("search", actor, cancellationToken);
        return await store.ListAuditAsync(filter, cancellationToken);
    }

    /// <inheritdoc cref="SearchAsync"/>
    public async Task<AuditRow?> FindAsync(long id, string actor, CancellationToken cancellationToken)
    {
        await LookAsync($"{id}", actor, cancellationToken);
        return await store.FindAuditAsync(id, cancellationToken);
    }

    /// <summary>Whether every record is as it was written.</summary>
    /// <param name="known">A record whose hash somebody wrote down, or null.</param>
    /// <inheritdoc cref="SearchAsync"/>
    public async Task<AuditVerdict> VerifyAsync(AuditLink? known, string actor, CancellationToken cancellationToken)
    {
        await LookAsync("verify", actor, cancellationToken);
        return await store.VerifyAuditAsync(known, cancellationToken);
    }

    /// <summary>Tells of an export, which then reads with <see cref="ReadAllAsync"/>.</summary>
    /// <inheritdoc cref="SearchAsync"/>
    public Task BeginExportAsync(string actor, CancellationToken cancellationToken) =>
        LookAsync("export", actor, cancellationToken);

    /// <summary>Every record as of now, trail by trail, the oldest first.</summary>
    public async IAsyncEnumerable<AuditRow> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (trail, _, last) in await store.ListAuditTrailsAsync(cancellationToken))
        {
            for (var at = AuditLink.BeginningOf(trail).Id; at < last.Id;)
            {
                var page = await store.ReadAuditAsync(at, Limits.AuditPage, cancellationToken);
                if (page.Count == 0) break;
                foreach (var row in page.Where(row => row.Link.Id <= last.Id)) yield return row;
                at = page[^1].Link.Id;
            }
        }
    }

    // PS3.15 A.5.3.2. What was searched for may be a patient: it is not needed to tell who looked.
    private Task LookAsync(string what, string actor, CancellationToken cancellationToken) => trail.RecordAsync(
        AuditEvents.LogUsed(trail.Node, actor, $"{path}/{what}", trail.Now), cancellationToken);
}
