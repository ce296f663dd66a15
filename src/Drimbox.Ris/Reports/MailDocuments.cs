using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Grains.Reports;
using Drimbox.Hl7.Cda;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Reports;

/// <summary>Makes and stores what goes to MSSanté in place of documents whose INS is not qualified.</summary>
internal sealed class MailDocuments(ReportRegister reports, ObjectStore objects, IIdSource ids, ILogger logger)
{
    /// <summary>The rendition of a received document, durable; null where the document itself may be sent, or where
    /// none can be made.</summary>
    public async Task<MailDocument?> KeepAsync(
        ReportMessage message, ReadOnlyMemory<byte> cda, CancellationToken cancellation) =>
        message.Action == ReportAction.Delete
        || QualifiedIns.From(message.Patient, message.IdentityReliability) is not null
            ? null
            : await KeepAsync(message.Parent, cda, cancellation);

    /// <summary>The rendition of a document that replaces <paramref name="parent"/>.</summary>
    public async Task<MailDocument?> KeepAsync(
        InstanceIdentifier? parent, ReadOnlyMemory<byte> cda, CancellationToken cancellation)
    {
        var before = parent is { } replaced && await reports.FindAsync(replaced, cancellation) is { } report
            ? (await reports.GetAsync(report, cancellation)).Find(replaced)?.Mail
            : null;
        var id = NewId();
        var setId = before?.SetId ?? NewId();
        if (MailRendition.TryWrite(cda, id, setId, before?.DocumentId, out var refusal) is not { } rendition)
        {
            RisLog.NoMailDocument(logger, refusal!.Reason);
            return null;
        }

        return new MailDocument(id, setId, await objects.PutAsync(rendition, cancellation));
    }

    private InstanceIdentifier NewId() => InstanceIdentifier.Create(ids.NewUid().ToString(), null);
}
