using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core.Identity;

namespace Drimbox.Dmp.Trust;

/// <summary>
/// The certificates of structures from a folder. For each structure: <c>ID.auth.pfx</c>, <c>ID.sign.pfx</c>,
/// <c>ID.sector</c> (the code of Secteur_Activite, <c>SA07</c>) and, where the files have one, <c>ID.password</c>. ID
/// is the Struct_IdNat. Keys stay in memory; <see cref="Reload"/> takes files that were replaced.
/// </summary>
public sealed class FileStructureCertificates : IStructureCertificates, IDisposable
{
    /// <summary>TRE_R02-SecteurActivite.</summary>
    private const string Sectors = "1.2.250.1.71.4.2.4";

    private static readonly string[] Extensions = [".auth.pfx", ".sign.pfx", ".sector", ".password"];

    private readonly string _folder;
    private readonly IReadOnlyCollection<string> _structureIds;
    private volatile Loaded _loaded;

    private FileStructureCertificates(string folder, IReadOnlyCollection<string> structureIds, Loaded loaded)
    {
        _folder = folder;
        _structureIds = structureIds;
        _loaded = loaded;
    }

    /// <exception cref="IOException">A file is absent or cannot be read.</exception>
    /// <exception cref="CryptographicException">A file is no PKCS #12, its password is another, or it has no RSA key;
    /// the message names the file.</exception>
    /// <exception cref="FormatException">A sector file does not hold a code.</exception>
    public static FileStructureCertificates Load(string folder, IReadOnlyCollection<string> structureIds) =>
        new(folder, structureIds, LoadAll(folder, structureIds));

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
        if (StampOf(_folder, _structureIds) == _loaded.Stamp) return false;

        // The old ones may be signing or handshaking just now: the collector ends them.
        _loaded = LoadAll(_folder, _structureIds);
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

    private static Loaded LoadAll(string folder, IReadOnlyCollection<string> structureIds)
    {
        // Before the files: one that is replaced meanwhile is taken at the next look.
        var stamp = StampOf(folder, structureIds);
        var loaded = new Dictionary<string, StructureCertificates>(StringComparer.Ordinal);
        try
        {
            foreach (var id in structureIds) loaded[id] = LoadOne(folder, id);
            return new Loaded(loaded.ToFrozenDictionary(StringComparer.Ordinal), stamp);
        }
        catch
        {
            Dispose(loaded.Values);
            throw;
        }
    }

    private static string StampOf(string folder, IReadOnlyCollection<string> structureIds) =>
        string.Join('|', structureIds.SelectMany(id => Extensions, (id, extension) =>
        {
            var file = new FileInfo(Path.Combine(folder, id + extension));
            return file.Exists ? $"{file.LastWriteTimeUtc.Ticks}:{file.Length}" : "";
        }));

    private static StructureCertificates LoadOne(string folder, string id)
    {
        var path = Path.Combine(folder, id);
        var password = File.Exists(path + ".password")
            ? File.ReadAllText(path + ".password").TrimEnd('\r', '\n')
            : null;
        var sector = File.ReadAllText(path + ".sector").Trim();
        if (sector.Length != 4 || !sector.StartsWith("SA", StringComparison.Ordinal))
            throw new FormatException($"{path}.sector does not hold a code such as SA07.");
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
