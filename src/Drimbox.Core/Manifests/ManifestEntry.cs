using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>The DocumentEntry of a manifest. Source: facts document 2.2, from the metadata of the national samples;
/// what the report says (people, places, times) comes from its own entry.</summary>
public static class ManifestEntry
{
    /// <summary>TRE_A03, class "imaging".</summary>
    private static readonly Code ClassCode = new("31", ReportCodes.DocumentClasses, "Imagerie médicale");

    private static readonly Code TypeCode = new(
        "IMG-KOS", "1.2.250.1.213.1.1.4.12", "Reference d'objets d'un examen d'imagerie");

    private static readonly Code FormatCode = new(
        "1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1",
        "Document de Références d'objets d'imagerie selon profil IHE RAD XDS-I");

    /// <summary>The entry of <paramref name="version"/>, or null where the report's own metadata do not suffice.</summary>
    public static DocumentEntry? TryFrom(
        ManifestVersion version,
        Uid study,
        StudyReport report,
        Visibility visibility,
        SourcePolicy policy,
        out Refusal? refusal)
    {
        var entry = ReportEntry.TryFrom(report.Header, "", "", 0, visibility, policy.Defaults, out refusal);
        if (entry is null) return null;
        return entry with
        {
            SymbolicId = "DocumentKOS",
            UniqueId = version.UniqueId,
            MimeType = "application/dicom",
            ClassCode = ClassCode,
            TypeCode = TypeCode,
            FormatCode = FormatCode,
            EventCodes = EventCodesOf(study, report, entry),
            CreationTime = version.Manifest.CreatedAt.UtcDateTime.ToString("yyyyMMddHHmmss"),
            Title = "Reference d'Objets d'un Examen d'Imagerie",
            Hash = version.Sha1,
            Size = version.File.Length,
            ReferenceIds = ReferencesOf(study, version.Manifest),
        };
    }

    /// <summary>Modality and region of this study alone; the acts belong to the report.</summary>
    private static List<Code> EventCodesOf(Uid study, StudyReport report, DocumentEntry entry)
    {
        var ofStudy = report.Header.ServiceEvents.Where(e => e.StudyInstanceUid == study)
            .SelectMany(e => e.Modalities.Concat(e.Regions)).Select(c => c.Value).ToHashSet(StringComparer.Ordinal);
        return entry.EventCodes.Where(c => ofStudy.Contains(c.Value)).ToList();
    }

    /// <summary>One KOS is one study: its UID, and the orders and accession numbers that led to it.</summary>
    private static List<ReferenceId> ReferencesOf(Uid study, Manifest manifest)
    {
        var references = new List<ReferenceId>();
        foreach (var request in manifest.Requests)
        {
            if (request.AccessionNumber is { } accession)
                references.Add(new ReferenceId(ReferenceIdType.Accession, accession));
            if (request.PlacerOrderNumber is { } order)
                references.Add(new ReferenceId(ReferenceIdType.Order, order));
        }

        references.Add(new ReferenceId(
            ReferenceIdType.StudyInstanceUid, InstanceIdentifier.Create(study.ToString(), null)));
        return references.Distinct().ToList();
    }
}
