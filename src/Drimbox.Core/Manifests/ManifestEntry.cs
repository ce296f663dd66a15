using System.Globalization;
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

    /// <summary>The entry of <paramref name="version"/>, or null where the report's own metadata do not suffice.
    /// </summary>
    public static DocumentEntry? TryFrom(
        ManifestVersion version, Uid study, StudyReport report, Visibility visibility, SourcePolicy policy) =>
        TryDescribe(study, version.Requests, report, policy) is { } entry
            ? entry with
            {
                UniqueId = version.UniqueId,
                CreationTime = version.CreatedAt.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture),
                Hash = version.Sha1,
                Size = version.File.Length,
                Visibility = visibility,
            }
            : null;

    /// <summary>What the entry says whatever the version and its visibility: a manifest whose description changes is
    /// replaced (DB.SO.13).</summary>
    internal static DocumentEntry? TryDescribe(
        Uid study, IReadOnlyList<ReferencedRequest> requests, StudyReport report, SourcePolicy policy)
    {
        // The times and the setting are those of this study; another of the report speaks where it is silent.
        var header = report.Header with
        {
            ServiceEvents = [.. report.Header.ServiceEvents.OrderBy(e => e.StudyInstanceUid == study ? 0 : 1)],
        };
        var entry = ReportEntry.TryFrom(header, "DocumentKOS", "", 0, Visibility.Normal, policy.Defaults, out _);
        if (entry is null) return null;
        return entry with
        {
            UniqueId = default,
            MimeType = "application/dicom",
            ClassCode = ClassCode,
            TypeCode = TypeCode,
            FormatCode = FormatCode,
            EventCodes = EventCodesOf(study, report, entry),
            Authors = [AuthorOf(report, entry)],
            CreationTime = "",
            Title = "Reference d'Objets d'un Examen d'Imagerie",
            ReferenceIds = ReferencesOf(study, requests),
        };
    }

    // DB.SO.19: the structure that publishes is the one that answers for the report.
    private static Author AuthorOf(StudyReport report, DocumentEntry entry) => entry.Authors[0] with
    {
        Institution = report.Header.ResponsibleOrganization ?? entry.Authors[0].Institution,
    };

    /// <summary>Modality and region of this study alone; the acts belong to the report.</summary>
    private static List<Code> EventCodesOf(Uid study, StudyReport report, DocumentEntry entry)
    {
        var ofStudy = report.Header.ServiceEvents.Where(e => e.StudyInstanceUid == study)
            .SelectMany(e => e.Modalities.Concat(e.Regions)).Select(c => c.Value).ToHashSet(StringComparer.Ordinal);
        return entry.EventCodes.Where(c => ofStudy.Contains(c.Value)).ToList();
    }

    /// <summary>One KOS is one study: its UID, and the orders and accession numbers that led to it.</summary>
    private static List<ReferenceId> ReferencesOf(Uid study, IReadOnlyList<ReferencedRequest> requests)
    {
        var references = new List<ReferenceId>();
        foreach (var request in requests)
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
