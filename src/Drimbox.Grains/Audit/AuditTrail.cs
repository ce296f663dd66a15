using Drimbox.Core.Audit;
using Drimbox.Storage;

namespace Drimbox.Grains.Audit;

/// <summary>The audit trail of a node (DB.CS.06): what happens is told here, where it happens. A record that could not
/// be written is an exception, and what it is of is not done (docs/adr/0028).</summary>
public sealed class AuditTrail(FlowStore store, AuditNode node, TimeProvider time)
{
    public AuditNode Node => node;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The record of an event, for a commit that writes more than it.</summary>
    public AuditRecord Of(AuditEvent e) => AuditRecord.Of(e, node.Source);

    /// <summary>Writes an event; it is durable then.</summary>
    /// <exception cref="StorageFaultException">It is not written.</exception>
    public Task RecordAsync(AuditEvent e, CancellationToken cancellationToken) =>
        store.RecordAsync(Of(e), cancellationToken);

    /// <summary>Writes events that have happened already, whoever has given up waiting for them.</summary>
    /// <inheritdoc cref="RecordAsync"/>
    public async Task RecordPastAsync(IEnumerable<AuditRecord> records)
    {
        foreach (var record in records) await store.RecordAsync(record, CancellationToken.None);
    }
}
