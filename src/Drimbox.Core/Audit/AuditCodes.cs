namespace Drimbox.Core.Audit;

/// <summary>The codes of audit messages. Source: PS3.16 CID 400 to 405 for DCM; ITI TF-2 and RAD TF-2 for the
/// transactions; PS3.15 A.5.1.2.4 for the types of identifiers, which keep the name of RFC 3881.</summary>
public static class AuditCodes
{
    // ---- EventID (CID 400) ----

    public static readonly AuditCode ApplicationActivity = Dcm("110100", "Application Activity");
    public static readonly AuditCode AuditLogUsed = Dcm("110101", "Audit Log Used");
    public static readonly AuditCode BeginTransferring = Dcm("110102", "Begin Transferring DICOM Instances");
    public static readonly AuditCode InstancesTransferred = Dcm("110104", "DICOM Instances Transferred");
    public static readonly AuditCode Export = Dcm("110106", "Export");
    public static readonly AuditCode Import = Dcm("110107", "Import");
    public static readonly AuditCode ProcedureRecord = Dcm("110111", "Procedure Record");
    public static readonly AuditCode Query = Dcm("110112", "Query");
    public static readonly AuditCode SecurityAlert = Dcm("110113", "Security Alert");
    public static readonly AuditCode UserAuthentication = Dcm("110114", "User Authentication");

    // ---- EventTypeCode (CID 401 to 403) ----

    public static readonly AuditCode ApplicationStart = Dcm("110120", "Application Start");
    public static readonly AuditCode ApplicationStop = Dcm("110121", "Application Stop");
    public static readonly AuditCode Login = Dcm("110122", "Login");
    public static readonly AuditCode NodeAuthentication = Dcm("110126", "Node Authentication");

    public static readonly AuditCode StoredQuery = Ihe("ITI-18", "Registry Stored Query");
    public static readonly AuditCode ProvideAndRegister = Ihe("ITI-41", "Provide and Register Document Set-b");
    public static readonly AuditCode RetrieveDocumentSet = Ihe("ITI-43", "Retrieve Document Set");
    public static readonly AuditCode UpdateDocumentSet = Ihe("ITI-57", "Update Document Set");

    /// <summary>OMI^O23 of a PACS.</summary>
    public static readonly AuditCode ProcedureUpdate = Ihe("RAD-13", "Procedure Update");

    /// <summary>A report by ORU (DB.SO.43).</summary>
    public static readonly AuditCode SendImagingResult = Ihe("RAD-128", "Send Imaging Result");

    /// <summary>A report by MDM (DB.SO.43).</summary>
    public static readonly AuditCode EncapsulatedReport = Ihe("CARD-7", "Encapsulated Report Submission");

    // ---- RoleIDCode (CID 402) ----

    public static readonly AuditCode Application = Dcm("110150", "Application");
    public static readonly AuditCode Destination = Dcm("110152", "Destination Role ID");
    public static readonly AuditCode Source = Dcm("110153", "Source Role ID");

    // ---- ParticipantObjectIDTypeCode (CID 404) ----

    public static readonly AuditCode StudyInstanceUid = Dcm("110180", "Study Instance UID");
    public static readonly AuditCode SopClassUid = Dcm("110181", "SOP Class UID");
    public static readonly AuditCode NodeId = Dcm("110182", "Node ID");
    public static readonly AuditCode PatientNumber = Rfc3881("2", "Patient Number");
    public static readonly AuditCode ReportNumber = Rfc3881("9", "Report Number");
    public static readonly AuditCode UriOf = Rfc3881("12", "URI");

    /// <summary>Source: ITI TF-2 3.41.5.1.1.</summary>
    public static readonly AuditCode SubmissionSet = new(
        "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd", "IHE XDS Metadata", "submission set classificationNode");

    private static AuditCode Dcm(string value, string meaning) => new(value, "DCM", meaning);

    private static AuditCode Ihe(string value, string meaning) => new(value, "IHE Transactions", meaning);

    private static AuditCode Rfc3881(string value, string meaning) => new(value, "RFC-3881", meaning);
}
