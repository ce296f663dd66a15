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
/// own. Keys stay in memory; <see cref="Reload"/> takes files that were replaced.
/// </summary>
public sealed class FileStructureCertificates : IStructureCertificates, IDisposable
{
    /// <summary>TRE_R02-SecteurActivite.</summary>
    private const string Sectors = "1.2.250.1.71.4.2.4";

    private static readonly string[] Extensions = [".auth.pfx", ".sign.pfx", ".sector", ".password"];

    private readonly string _folder;
    private readonly IReadOnlyCollection<StructureOptions> _structures;
    private volatile Loaded _loaded;

    private FileStructureCertificates(string folder, IReadOnlyCollection<StructureOptions> structures, Loaded loaded)
    {
        _folder = folder;
        _structures = structures;
        _loaded = loaded;
    }

    /// <exception cref="IOException">A file is absent or cannot be read.</exception>
    /// <exception cref="CryptographicException">A file is no PKCS #12, its password is another, or it has no RSA key;
    /// the message names the file.</exception>
    /// <exception cref="FormatException">A sector file does not hold a code.</exception>
    public static FileStructureCertificates Load(string folder, IReadOnlyCollection<StructureOptions> structures) =>
        new(folder, structures, LoadAll(folder, structures));

    /// <inheritdoc/>
    public StructureCertificates? Find(InstanceIdentifier organizationId) =>
        organizationId is { Root: NationalAuthorities.Organizations, Extension: { } id }
            ? _loaded.ByStructure.GetValueOrDefault(id)
            : null;

    /// <summary>Takes the files anew if one was replaced since they were read. What is in use stays in use until it is
    /// done with; if the new files cannot be taken, the old certificates stay.</summary>
    /// <returns>True if there are new certificates.</returns>
    /// <inheritdoc cref="Load" path="/exception"/>
    public bool Reload()
    {
        if (StampOf(_folder, _structures) == _loaded.Stamp) return false;

        // The old ones may be signing or handshaking just now: the collector ends them.
        _loaded = LoadAll(_folder, _structures);
        return true;
    }

    /// <summary>When each certificate ends.</summary>
    public IReadOnlyList<CertificateExpiry> Expiries() =>
    [
        .. _loaded.ByStructure.OrderBy(one => one.Key, StringComparer.Ordinal).SelectMany(one => new[]
        {
            CertificateExpiry.Of(one.Key, "auth", one.Value.Authentication),
            CertificateExpiry.Of(one.Key, "sign", one.Value.Signing),
        }),
    ];

    public void Dispose() => Dispose(_loaded.ByStructure.Values);

    private static Loaded LoadAll(string folder, IReadOnlyCollection<StructureOptions> structures)
    {
        // Before the files: one that is replaced meanwhile is taken at the next look.
        var stamp = StampOf(folder, structures);
        var loaded = new Dictionary<string, StructureCertificates>(StringComparer.Ordinal);
        try
        {
            foreach (var structure in structures)
                loaded[structure.Id] = LoadOne(folder, structure.Id, OwnerOf(structure));
            return new Loaded(loaded.ToFrozenDictionary(StringComparer.Ordinal), stamp);
        }
        catch
        {
            Dispose(loaded.Values);
            throw;
        }
    }

    private static string OwnerOf(StructureOptions structure) => structure.LegalEntity ?? structure.Id;

    private static string StampOf(string folder, IReadOnlyCollection<StructureOptions> structures) => string.Join(
        '|', structures.SelectMany(structure => new[] { structure.Id, OwnerOf(structure) }.Distinct())
            .SelectMany(id => Extensions, (id, extension) =>
            {
                var file = new FileInfo(Path.Combine(folder, id + extension));
                return file.Exists ? $"{file.LastWriteTimeUtc.Ticks}:{file.Length}" : "";
            }));

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

    private sealed record Loaded(FrozenDictionary<string, StructureCertificates> ByStructure, string Stamp);
}
