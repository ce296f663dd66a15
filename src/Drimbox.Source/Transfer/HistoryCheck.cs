using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Studies;

namespace Drimbox.Source.Transfer;

/// <summary>Whether a history that comes from elsewhere holds together: its records, its manifests and the metadata
/// under which they were sent, and whether this source can go on with it.</summary>
internal static class HistoryCheck
{
    /// <param name="files">The bytes that came with it, by their SHA-256.</param>
    /// <returns>The first thing that is wrong, without a value; null if nothing is.</returns>
    public static string? Check(StudyHistory history, IReadOnlyDictionary<string, byte[]> files, SourcePolicy policy)
    {
        var state = history.State;
        if (state.Publication.Approved.Except(state.Manifests.Select(m => m.UniqueId)).Any())
            return "what is in the DMP is no manifest of the study";
        if (state.Manifests.Select(m => m.SopInstanceUid).Distinct().Count() != state.Manifests.Count)
            return "two manifests have one SOP Instance UID";
        foreach (var report in state.Reports)
        {
            // DB.SO.19: a replacement is sent with the certificates of the structure.
            if (report.Choices.ToDmp && (report.Header.ResponsibleOrganization is not { } structure
                || !policy.OwnStructures.Contains(structure.Id)))
                return "the structure of a report is not one of this source";
        }

        return state.Manifests.Select((version, i) => Check(version, i + 1, history, files))
                .FirstOrDefault(p => p is not null)
            ?? history.Kept().Select(kept => Check(kept.Decided, kept.Ended.Kept!, state, files))
                .FirstOrDefault(p => p is not null);
    }

    private static string? Check(
        ManifestVersion version, int sequence, StudyHistory history, IReadOnlyDictionary<string, byte[]> files)
    {
        var name = $"manifest {sequence}";
        if (version.Sequence != sequence) return $"{name} has another number";
        if (!files.TryGetValue(version.File.Sha256, out var bytes) || bytes.Length != version.File.Length)
            return $"{name}: its KOS is missing";
        if (Convert.ToHexStringLower(SHA1.HashData(bytes)) != version.Sha1)
            return $"{name}: its SHA-1 is not that of the KOS";
        if (!DicomFile.TryRead(bytes, out var file, out var refusal)
            || KosDataSet.TryRead(file!.DataSet, out refusal) is not { } kos)
            return $"{name}: {refusal!.Detail}";
        if (kos.SopInstanceUid != version.SopInstanceUid) return $"{name}: the KOS has another SOP Instance UID";
        if (kos.Study.StudyInstanceUid != history.Study) return $"{name}: the KOS is of another study";
        if (kos.Series.Sum(s => s.Instances.Count) != version.Instances)
            return $"{name}: the KOS lists another number of instances";
        return version.RetrieveHost is { } host && ManifestReissue.HostOf(kos) != host
            ? $"{name}: the KOS leads to another host"
            : null;
    }

    private static string? Check(
        ManifestSubmissionDecided decided,
        KeptSubmission kept,
        StudyState state,
        IReadOnlyDictionary<string, byte[]> files)
    {
        var name = $"submission {decided.SubmissionSetUniqueId}";
        if (!files.TryGetValue(kept.Metadata.Sha256, out var bytes)) return $"{name}: its metadata are missing";
        if (kept.Signature is { } signature && !files.ContainsKey(signature.Sha256))
            return $"{name}: its signature is missing";
        if (HardenedXml.TryLoad(bytes, Limits.SoapPartBytesMax, out var refusal) is not { } xml)
            return $"{name}: {refusal!.Detail}";
        var set = xml.Descendants(XdsNames.Rim + "RegistryPackage").FirstOrDefault() is { } package
            ? SubmissionSetCodec.TryRead(package, [])
            : null;
        if (set?.UniqueId != decided.SubmissionSetUniqueId) return $"{name}: the metadata are of another submission";
        if (decided.Step.Document is not { } document) return null;
        var entry = xml.Descendants(XdsNames.Rim + "ExtrinsicObject")
            .Where(e => (string?)e.Attribute("mimeType") == "application/dicom")
            .Select(e => DocumentEntryCodec.TryRead(e, stored: true, [])?.Entry).FirstOrDefault();
        if (entry is null || entry.UniqueId != document) return $"{name}: the metadata describe another document";
        if (state.Manifests.Find(m => m.UniqueId == document) is not { } version)
            return $"{name}: its manifest is missing";
        if (entry.Hash != version.Sha1 || entry.Size != version.File.Length)
            return $"{name}: hash or size in the metadata are not those of the KOS";
        var kos = files[version.File.Sha256];
        if (!DicomFile.TryRead(kos, out var file, out _)
            || KosDataSet.TryRead(file!.DataSet, out _)?.Patient.Ins != entry.PatientId)
            return $"{name}: the patient of the metadata is not that of the KOS";
        return decided.Step.Kind is SubmissionKind.Publish && kept.TargetEntryUuid is not null
            ? $"{name}: a first publication has no entry that it replaces"
            : null;
    }
}
