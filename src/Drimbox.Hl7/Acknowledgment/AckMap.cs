using Drimbox.Core;

namespace Drimbox.Hl7.Acknowledgment;

/// <summary>MSA-1. Source: HL7 table 0008; meanings of the CI-SIS pages "acquittement".</summary>
public enum AckCode
{
    /// <summary>Understood and integrated: the sender is free of the message.</summary>
    AA,

    /// <summary>The message is wrong: sending it again as it is will not help.</summary>
    AE,

    /// <summary>Not now: the message may be sent again.</summary>
    AR,
}

/// <summary>A code with the label of the CI-SIS table.</summary>
/// <param name="Value">ERR-3.1 or ERR-5.1.</param>
/// <param name="Text">ERR-3.2 or ERR-5.2.</param>
public sealed record AckErrorCode(string Value, string Text);

/// <summary>How a refusal is answered.</summary>
/// <param name="Hl7Code">ERR-3, HL7 table 0357.</param>
/// <param name="ApplicationCode">ERR-5, only sent in the CDA volet; null where ERR-3 says it all.</param>
public sealed record AckError(AckCode Code, AckErrorCode Hl7Code, AckErrorCode? ApplicationCode);

/// <summary>The answer to every refusal, in one table. Source: CI-SIS "Transmission d'un document CDA-R2 en HL7v2",
/// page error-codes; the choice of 900 to 906 by a receiver that is no LPS is ours (facts document 5.1).</summary>
public static class AckMap
{
    private static readonly AckErrorCode SegmentSequence = new("100", "Segment sequence error");
    private static readonly AckErrorCode RequiredField = new("101", "Required field missing");
    private static readonly AckErrorCode DataType = new("102", "Data type error");
    private static readonly AckErrorCode TableValue = new("103", "Table value not found");
    private static readonly AckErrorCode Cardinality = new("198", "Non-conformant cardinality");
    private static readonly AckErrorCode OtherHl7 = new("199", "Other HL7 Error");
    private static readonly AckErrorCode MessageType = new("200", "Unsupported message type");
    private static readonly AckErrorCode EventCode = new("201", "Unsupported event code");
    private static readonly AckErrorCode Processing = new("202", "Unsupported processing");
    private static readonly AckErrorCode Version = new("203", "Unsupported version");
    private static readonly AckErrorCode Application = new("207", "Application error");

    private static readonly AckErrorCode WrongVersion =
        new("900", "Version du document incorrecte lors d'une demande de remplacement/suppression");

    private static readonly AckErrorCode AuthorNotAllowed =
        new("901", "Auteur non autorisé à remplacer ou supprimer un document");

    private static readonly AckErrorCode UnknownPatient = new("902", "Identifiant patient inconnu");
    private static readonly AckErrorCode InsAbsent = new("903", "INS non présent dans le document");

    private static readonly AckErrorCode InsDifferent =
        new("904", "L'INS transmis ne correspond pas exactement à celui stocké dans la base du consommateur");

    private static readonly AckErrorCode InsIncomplete = new("905", "L’INS transmis n’est pas complet");
    private static readonly AckErrorCode Other = new("906", "Erreur 'Autre'");

    public static AckError For(RefusalReason reason) => reason switch
    {
        RefusalReason.RequiredFieldMissing => Syntax(RequiredField),
        RefusalReason.SegmentSequence => Syntax(SegmentSequence),
        RefusalReason.DataType => Syntax(DataType),
        RefusalReason.TableValue => Syntax(TableValue),
        RefusalReason.Cardinality => Syntax(Cardinality),
        RefusalReason.Malformed => Syntax(OtherHl7),
        RefusalReason.OverLimit => Syntax(OtherHl7),
        RefusalReason.UnsupportedMessageType => Syntax(MessageType),
        RefusalReason.UnsupportedEvent => Syntax(EventCode),
        RefusalReason.UnsupportedProcessingId => Syntax(Processing),
        RefusalReason.UnsupportedVersion => Syntax(Version),
        RefusalReason.StaleDocumentVersion => Business(WrongVersion),
        RefusalReason.AuthorNotAllowed => Business(AuthorNotAllowed),
        // The page has one code for "not your document to change" and none for "not our structure".
        RefusalReason.ForeignStructure => Business(AuthorNotAllowed),
        RefusalReason.UnknownPatient => Business(UnknownPatient),
        RefusalReason.InsAbsent => Business(InsAbsent),
        RefusalReason.PatientMismatch => Business(InsDifferent),
        RefusalReason.InsIncomplete => Business(InsIncomplete),
        RefusalReason.IdentifierReused => Business(Other),
        RefusalReason.UnknownTarget => Business(Other),
        RefusalReason.WrongState => Business(Other),
        RefusalReason.Unavailable => new AckError(AckCode.AR, Application, Other),
        _ => throw Invariant.Unreachable(reason),
    };

    private static AckError Syntax(AckErrorCode code) => new(AckCode.AE, code, null);

    private static AckError Business(AckErrorCode code) => new(AckCode.AE, Application, code);
}
