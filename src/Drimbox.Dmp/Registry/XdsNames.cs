using System.Xml.Linq;

namespace Drimbox.Dmp.Registry;

/// <summary>XML namespaces of XDS.b. Source: ITI TF-2 appendix V, ITI TF-3 4.2; OASIS ebRS 3.0.</summary>
public static class XdsNames
{
    public static readonly XNamespace Soap12 = "http://www.w3.org/2003/05/soap-envelope";
    public static readonly XNamespace Addressing = "http://www.w3.org/2005/08/addressing";
    public static readonly XNamespace Security =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

    public static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    public static readonly XNamespace Rs = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0";
    public static readonly XNamespace Lcm = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
    public static readonly XNamespace Query = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0";
    public static readonly XNamespace Xds = "urn:ihe:iti:xds-b:2007";
    public static readonly XNamespace Xop = "http://www.w3.org/2004/08/xop/include";
    public static readonly XNamespace Saml = "urn:oasis:names:tc:SAML:2.0:assertion";
    public static readonly XNamespace Signature = "http://www.w3.org/2000/09/xmldsig#";
    public static readonly XNamespace Xades = "http://uri.etsi.org/01903/v1.1.1#";
    public static readonly XNamespace Hl7V3 = "urn:hl7-org:v3";
}

/// <summary>WS-Addressing actions. Source: ITI TF-2 3.18, 3.41, 3.43, 3.57.</summary>
public static class XdsAction
{
    public const string ProvideAndRegisterDocumentSet = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b";
    public const string RegistryStoredQuery = "urn:ihe:iti:2007:RegistryStoredQuery";
    public const string RetrieveDocumentSet = "urn:ihe:iti:2007:RetrieveDocumentSet";
    public const string UpdateDocumentSet = "urn:ihe:iti:2010:UpdateDocumentSet";

    /// <summary>The action of the response. ITI TF-2 appends "Response"; the DMP answers UpdateDocumentSet with
    /// "-Response" (CNAM message examples 2.5), so a reader must not insist.</summary>
    public static string ResponseOf(string action) => action switch
    {
        UpdateDocumentSet => action + "-Response",
        ExistenceTest.Action => ExistenceTest.ResponseAction,
        _ => action + "Response",
    };
}

/// <summary>classificationScheme UUIDs. Source: ITI TF-3 4.2.5.1, tables of the DocumentEntry and SubmissionSet
/// attributes.</summary>
public static class ClassificationScheme
{
    public const string DocumentEntryAuthor = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d";
    public const string ClassCode = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
    public const string TypeCode = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
    public const string FormatCode = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d";
    public const string ConfidentialityCode = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
    public const string HealthcareFacilityTypeCode = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
    public const string PracticeSettingCode = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead";
    public const string EventCodeList = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
    public const string SubmissionSetAuthor = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
    public const string ContentTypeCode = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500";

    /// <summary>classificationNode that makes a RegistryPackage a SubmissionSet (ITI TF-3 4.2.1.1).</summary>
    public const string SubmissionSetNode = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd";

    /// <summary>classificationNode that makes a RegistryPackage a Folder.</summary>
    public const string FolderNode = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2";
}

/// <summary>identificationScheme UUIDs of external identifiers. Source: ITI TF-3 4.2.5.2.</summary>
public static class IdentificationScheme
{
    public const string DocumentEntryPatientId = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
    public const string DocumentEntryUniqueId = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";
    public const string SubmissionSetPatientId = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
    public const string SubmissionSetSourceId = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832";
    public const string SubmissionSetUniqueId = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";
}

/// <summary>objectType of registry objects. Source: ITI TF-3 4.2.5.</summary>
public static class ObjectType
{
    /// <summary>Stable DocumentEntry.</summary>
    public const string StableDocument = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";

    public const string RegistryPackage = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage";
    public const string Association = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association";
    public const string Classification = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification";
    public const string ExternalIdentifier =
        "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier";
}

/// <summary>associationType. Source: ITI TF-3 4.2.2; ITI TF-2 3.57.4.1.3.</summary>
public static class AssociationType
{
    public const string HasMember = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
    public const string Replace = "urn:ihe:iti:2007:AssociationType:RPLC";
    public const string Transform = "urn:ihe:iti:2007:AssociationType:XFRM";
    public const string Append = "urn:ihe:iti:2007:AssociationType:APND";
    public const string TransformAndReplace = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC";
    public const string Signs = "urn:ihe:iti:2007:AssociationType:signs";
    public const string UpdateAvailabilityStatus = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus";
}

/// <summary>Identifiers of stored queries. Source: ITI TF-2 3.18.4.1.2.4.</summary>
public static class StoredQueryId
{
    public const string FindDocuments = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d";
    public const string FindDocumentsByReferenceId = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492";
    public const string GetAssociations = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155";
    public const string FindSubmissionSets = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9";
    public const string GetDocuments = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4";
}
