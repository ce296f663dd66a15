using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;

namespace Drimbox.Teleradiology.Requests;

/// <summary>Reads the documents that the RIS sends for a request, by the CDA volet, each in a message of its own. ORC-2
/// says which request. Source: teleradiology volet, page st_worklfow, flux 1.</summary>
internal sealed class AttachmentReader(ObjectStore objects)
{
    public static IReadOnlyList<MessageProfile> Profiles { get; } =
        [CdaProfiles.Oru21, CdaProfiles.Mdm21, CdaProfiles.Oru20, CdaProfiles.Mdm20];

    /// <returns>What the message says, with its document durable, or the reason why it says nothing.</returns>
    public async Task<(List<(InstanceIdentifier Order, PlatformRequestCommand Command)>? Orders, Refusal? Refusal)>
        ReadAsync(Er7Message message, CancellationToken cancellationToken)
    {
        if (ReportMessageReader.TryRead(message, out var refusal) is not { } received) return (null, refusal);
        var document = received.Message;
        if (document.PlacerOrderNumber is not { IsEmpty: false } order)
        {
            return (null, new Refusal(
                RefusalReason.RequiredFieldMissing, "A document names the request that it belongs to.", "ORC^1^2"));
        }

        if (document.Action == ReportAction.Delete)
            return ([(order, new ReceiveAttachmentDeletion(document.DocumentId))], null);
        var file = await objects.PutAsync(received.Cda, cancellationToken);
        var attachment = new RequestAttachment(
            // Only a deletion comes without a document that can be read.
            document.DocumentId, document.Cda!.Type, document.Parent, document.Patient.Ins, file);
        return ([(order, new ReceiveAttachment(attachment))], null);
    }
}
