using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>What a message asks to be done with its document. Source: CDA volet, ORC-1 / OBX-11 / MSH-9.2.</summary>
public enum ReportAction
{
    /// <summary>ORC-1 NW, OBX-11 F, MDM^T02.</summary>
    Initial,

    /// <summary>ORC-1 RO, OBX-11 C, MDM^T10.</summary>
    Replace,

    /// <summary>ORC-1 CA, OBX-11 D, MDM^T04.</summary>
    Delete,
}

/// <summary>The MetaDMPMSS observations of a message. Source: CDA volet, "Les métadonnées DMP/MSSanté".</summary>
/// <param name="SecretConnection">CONNEXION_SECRETE: a mode of the DMP connection, not of the document.</param>
/// <param name="ChangesVisibilityOnly">MODIF_CONF_CODE: the message only changes visibility.</param>
/// <param name="ToDmp">DESTDMP.</param>
/// <param name="ToProfessionals">DESTMSSANTEPS.</param>
/// <param name="ToPatient">DESTMSSANTEPAT.</param>
/// <param name="WantsReceipt">ACK_RECEPTION.</param>
/// <param name="WantsReadReceipt">ACK_LECTURE_MSS.</param>
public sealed record PublicationChoices(
    Visibility Visibility,
    bool SecretConnection,
    bool ChangesVisibilityOnly,
    bool ToDmp,
    bool ToProfessionals,
    bool ToPatient,
    bool WantsReceipt,
    bool WantsReadReceipt)
{
    /// <summary>To the DMP, visible to everyone, no mail: the default of a report that says nothing else.</summary>
    public static PublicationChoices Default { get; } =
        new(Visibility.Normal, false, false, true, false, false, false, false);
}

/// <summary>A report message (ORU^R01 or MDM of the CDA volet) after reading and validation.</summary>
/// <param name="DocumentId">The document acted on: TXA-12 for MDM, else ClinicalDocument/id.</param>
/// <param name="Parent">The document replaced: relatedDocument, else TXA-13; null if none is named.</param>
/// <param name="Cda">The header, or null for a deletion whose body is no readable document.</param>
/// <param name="Patient">PID.</param>
/// <param name="IdentityReliability">The repetitions of PID-32.</param>
/// <param name="Sender">PRT-5 of PRT-4 = SB.</param>
/// <param name="SenderOrganization">PRT-8 of PRT-4 = SB.</param>
/// <param name="PlacerOrderNumber">ORC-2 or OBR-2, or null.</param>
/// <param name="PatientClass">PV1-2, or null.</param>
/// <param name="RelatedAndParentDisagree">relatedDocument and TXA-13 are both there and differ: relatedDocument
/// won, and the fact is recorded.</param>
public sealed record ReportMessage(
    ReportAction Action,
    InstanceIdentifier DocumentId,
    InstanceIdentifier? Parent,
    CdaHeader? Cda,
    Patient Patient,
    IReadOnlyList<string> IdentityReliability,
    Professional? Sender,
    Organization? SenderOrganization,
    InstanceIdentifier? PlacerOrderNumber,
    string? PatientClass,
    PublicationChoices Choices,
    bool RelatedAndParentDisagree)
{
    /// <summary>The sender that it came from, by its name in the configuration of the receiver; null where senders have
    /// none.</summary>
    public string? Origin { get; init; }

    /// <summary>What the message says about its mail, or null.</summary>
    public MailInstructions? MailInstructions { get; init; }
}
