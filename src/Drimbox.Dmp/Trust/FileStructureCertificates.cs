using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dmp.Trust;

/// <summary>
/// The certificates of structures from a folder. For each structure: <c>ID.auth.pfx</c>, <c>ID.sign.pfx</c>,
/// <c>ID.sector</c> (the code of Secteur_Activite, <c>SA07</c>) and, where the files have one, <c>ID.password</c>. ID
/// is the Struct_IdNat; for a site with a legal entity the certificates are those of the latter, and the sector is its
/// own. Read once; keys stay in memory.
/// </summary>
public sealed class FileStructureCertificates : IStructureCertificates, IDisposable
{
    /// <summary>TRE_R02-SecteurActivite.</summary>
    private const string Sectors = "1.2.250.1.71.4.2.4";

    private readonly FrozenDictionary<string, StructureCertificates> _byStructure;

    private FileStructureCertificates(FrozenDictionary<string, StructureCertificates> byStructure) =>
        _byStructure = byStructure;

    /// <exception cref="IOException">A file is absent or cannot be read.</exception>
    /// <exception cref="CryptographicException">A file is no PKCS #12, its password is another, or it has no RSA key;
    /// the message names the file.</exception>
    /// <exception cref="FormatException">A sector file does not hold a code.</exception>
    public static FileStructureCertificates Load(string folder, IReadOnlyCollection<StructureOptions> structures)
    {
        var loaded = new Dictionary<string, StructureCertificates>(StringComparer.Ordinal);
        try
        {
            foreach (var structure in structures)
                loaded[structure.Id] = LoadOne(folder, structure.Id, structure.LegalEntity ?? structure.Id);
            return new FileStructureCertificates(loaded.ToFrozenDictionary(StringComparer.Ordinal));
        }
        catch
        {
            Dispose(loaded.Values);
            throw;
        }
    }

    /// <inheritdoc/>
    public StructureCertificates? Find(InstanceIdentifier organizationId) =>
        organizationId is { Root: NationalAuthorities.Organizations, Extension: { } id }
            ? _byStructure.GetValueOrDefault(id)
            : null;

    public void Dispose() => Dispose(_byStructure.Values);

    private static StructureCertificates LoadOne(string folder, string id, string owner)
    {
        var sectorFile = Path.Combine(folder, id + ".sector");
        var sector = File.ReadAllText(sectorFile).Trim();
        if (sector.Length != 4 || !sector.StartsWith("SA", StringComparison.Ordinal))
            throw new FormatException($"{sectorFile} does not hold a code such as SA07.");
        var path = Path.Combine(folder, owner);
        var password = File.Exists(path + ".password")
            ? File.ReadAllText(path + ".password").TrimEnd('\r', '\n')
            : null;
        var authentication = LoadKey(path + ".auth.pfx", password);
        try
        {
            return new StructureCertificates(
                authentication, LoadKey(path + ".sign.pfx", password), new Code(sector, Sectors, ""));
        }
        catch
        {
            authentication.Dispose();
            throw;
        }
    }

    private static X509Certificate2 LoadKey(string path, string? password)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadPkcs12(
                File.ReadAllBytes(path), password, X509KeyStorageFlags.EphemeralKeySet);
        }
        catch (CryptographicException e)
        {
            throw new CryptographicException($"{path} cannot be opened: {e.Message}", e);
        }

        using var key = certificate.GetRSAPrivateKey();
        if (key is not null) return certificate;
        certificate.Dispose();
        throw new CryptographicException($"{path} has no RSA private key.");
    }

    private static void Dispose(IEnumerable<StructureCertificates> all)
    {
        foreach (var one in all)
        {
            one.Authentication.Dispose();
            one.Signing.Dispose();
        }
    }
}
