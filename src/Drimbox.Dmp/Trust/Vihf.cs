using Drimbox.Core.Identity;

namespace Drimbox.Dmp.Trust;

/// <summary>What a verified VIHF says.</summary>
/// <param name="AssertionId">Assertion/@ID: seen once.</param>
/// <param name="Structure">Identifiant_Structure (Struct_IdNat).</param>
/// <param name="SubjectId">NameID: the professional.</param>
/// <param name="PatientId">resource-id: the INS.</param>
public sealed record Vihf(
    string AssertionId, DateTimeOffset IssueInstant, string Structure, string SubjectId, InstanceIdentifier PatientId)
{
    internal const string VersionAttribute = "VIHF_Version";

    /// <summary>CNAM's own examples write Authentification_mode: read in either case.</summary>
    internal const string ModeAttribute = "Authentification_Mode";

    internal const string StructureAttribute = "Identifiant_Structure";
    internal const string SectorAttribute = "Secteur_Activite";
    internal const string ResourceIdAttribute = "urn:oasis:names:tc:xacml:2.0:resource:resource-id";
    internal const string ResourceUrnAttribute = "Ressource_URN";
    internal const string RoleAttribute = "urn:oasis:names:tc:xacml:2.0:subject:role";
    internal const string ResourceUrn = "urn:dmp";
}
