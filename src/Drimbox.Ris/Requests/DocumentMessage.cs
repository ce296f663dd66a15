using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Messages;

namespace Drimbox.Ris.Requests;

/// <summary>The message that takes a document of a request to the platform: MDM^T02, T10 for one that replaces another,
/// T04 for one that is taken back, with the order number in ORC-2. Source: teleradiology volet, page st_worklfow: documents
/// go by the volet "Transmission d'un document CDA-R2 en HL7v2", each in a message of its own.</summary>
internal static class DocumentMessage
{
    // The platform reads it. It is not for the platform to publish or to mail.
    private static readonly PublicationChoices Nowhere = PublicationChoices.Default with { ToDmp = false };

    /// <param name="isDeletion">The document is taken back; the message carries it all the same.</param>
    public static byte[] Write(
        CdaHeader header,
        ReadOnlyMemory<byte> cda,
        InstanceIdentifier order,
        StatedPatient patient,
        PatientVisit visit,
        MessageEnvelope envelope,
        bool isDeletion = false)
    {
        var message = new ReportMessage(
            isDeletion ? ReportAction.Delete
            : header.Replaces is null ? ReportAction.Initial
            : ReportAction.Replace,
            header.DocumentId,
            isDeletion ? null : header.Replaces,
            header,
            patient.Identity,
            patient.Reliability,
            // Its own authenticator and organisation: it may come from elsewhere.
            Sender: null,
            SenderOrganization: null,
            order,
            visit.PatientClass,
            Nowhere,
            RelatedAndParentDisagree: false);
        return ReportMessageWriter.WriteMdm(message, cda, envelope, visit);
    }
}
