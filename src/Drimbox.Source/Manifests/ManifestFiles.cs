using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Manifests;
using Drimbox.Core.Studies;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;

namespace Drimbox.Source.Manifests;

/// <summary>Manifests as KOS in the object store.</summary>
internal sealed class ManifestFiles(ObjectStore objects)
{
    /// <summary>Encodes a manifest; its KOS is durable then.</summary>
    /// <exception cref="StorageFaultException">It is not.</exception>
    public async Task<ManifestFile> PutAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var file = KosDataSet.ToFile(manifest);
        return new ManifestFile(
            manifest, await objects.PutAsync(file, cancellationToken), Convert.ToHexStringLower(SHA1.HashData(file)));
    }

    /// <summary>What the KOS of a version says; null: it is none.</summary>
    /// <exception cref="StorageFaultException">Absent or corrupt.</exception>
    public async Task<Manifest?> TryReadAsync(ManifestVersion version, CancellationToken cancellationToken)
    {
        var bytes = await objects.ReadAsync(version.File, Limits.KosBytesMax, cancellationToken);
        return DicomFile.TryRead(bytes, out var file, out _) ? KosDataSet.TryRead(file!.DataSet, out _) : null;
    }
}
