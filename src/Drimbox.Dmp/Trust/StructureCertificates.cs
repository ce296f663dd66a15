using System.Security.Cryptography.X509Certificates;
using Drimbox.Core.Identity;

namespace Drimbox.Dmp.Trust;

/// <summary>What a structure signs and authenticates with (DB.SO.19, DB.SO.89: chosen by
/// representedOrganization).</summary>
/// <param name="Authentication">ORG AUTH_CLI of the IGC-Santé: client certificate of TLS. Never signs.</param>
/// <param name="Signing">ORG SIGN_CLI (cachet): signs the VIHF and the submission set; with its private key.</param>
/// <param name="Sector">Secteur_Activite, JDV_J61 (<c>SA01</c> in 1.2.250.1.71.4.2.4).</param>
public sealed record StructureCertificates(
    X509Certificate2 Authentication, X509Certificate2 Signing, Code Sector);

/// <summary>The certificates of each structure of a node: a file store in production, generated ones in a
/// demonstration and in tests.</summary>
public interface IStructureCertificates
{
    /// <summary>The certificates of the organisation, or null if it is none of ours.</summary>
    StructureCertificates? Find(InstanceIdentifier organizationId);
}

/// <summary>No certificate is configured for the structure: the operator must add one.</summary>
public sealed class StructureCertificateMissingException(InstanceIdentifier organizationId)
    : Exception($"No certificates are configured for the structure {organizationId}.");

/// <summary>Hash algorithm of a signature that a target demands. SHA-1 only where the DMP still does.</summary>
public enum SignatureHash
{
    Sha256,
    Sha1,
}
