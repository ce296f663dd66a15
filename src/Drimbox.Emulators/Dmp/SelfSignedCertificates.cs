using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core.Identity;
using Drimbox.Dmp.Trust;

namespace Drimbox.Emulators.Dmp;

/// <summary>Makes AUTH and SIGN certificates for invented structures, for demonstrations and tests: RSA 2048, valid
/// for a year, self-signed, keys in memory only. Never for a real target.</summary>
public sealed class SelfSignedCertificates(TimeProvider time) : IStructureCertificates, IDisposable
{
    // A quarter of a second of the processor each: a structure that is played again in this process has the same keys.
    private static readonly ConcurrentDictionary<(InstanceIdentifier Structure, string Use), Lazy<RSA>> Keys = new();

    private readonly ConcurrentDictionary<InstanceIdentifier, StructureCertificates> _issued = new();

    /// <summary>The certificates of <paramref name="organization"/>, made at the first call.</summary>
    public StructureCertificates Issue(Organization organization, Code? sector = null) =>
        _issued.GetOrAdd(organization.Id, _ => new StructureCertificates(
            Make(organization, "AUTH"),
            Make(organization, "SIGN"),
            sector ?? new Code("SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé")));

    /// <inheritdoc/>
    public StructureCertificates? Find(InstanceIdentifier organizationId) =>
        _issued.TryGetValue(organizationId, out var issued) ? issued : null;

    public void Dispose()
    {
        foreach (var issued in _issued.Values)
        {
            issued.Authentication.Dispose();
            issued.Signing.Dispose();
        }
    }

    private X509Certificate2 Make(Organization organization, string use)
    {
        var key = Keys.GetOrAdd((organization.Id, use), _ => new Lazy<RSA>(() => RSA.Create(2048))).Value;
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(organization.Id.Extension ?? organization.Id.Root);
        subject.AddOrganizationalUnitName(use);
        subject.AddOrganizationName(organization.Name.Length > 0 ? organization.Name : "TEST");
        subject.AddCountryOrRegion("FR");
        var request = new CertificateRequest(
            subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            use == "SIGN" ? X509KeyUsageFlags.NonRepudiation : X509KeyUsageFlags.DigitalSignature, critical: true));
        var now = time.GetUtcNow();
        lock (key) return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(365));
    }
}
