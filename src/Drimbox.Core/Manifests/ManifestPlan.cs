using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>What the manifest of a study should say now: its reports and what the PACS shows. Two plans with the same
/// content key are one manifest, whatever their identifiers and dates (the diff of DB.SO.13).</summary>
public static class ManifestPlan
{
    /// <summary>The manifest, or null where none may be published. Key Object Selection Document Storage and the other
    /// classes that are no images are listed too: a manifest references each visible instance.</summary>
    public static Manifest? Plan(
        Uid study, StudyState state, StudyFindings findings, SourcePolicy policy, DecisionContext context)
    {
        var active = state.ActiveReports(study);
        if (active.Count == 0 || Obstacle(study, active, findings, policy) is not null) return null;
        var newest = active[^1];
        var structure = newest.Header.ResponsibleOrganization;
        var events = EventsOf(study, active);
        var regions = string.Join(", ", events.SelectMany(e => e.Regions).Select(c => c.Display).Distinct());
        var acts = events.SelectMany(e => e.Acts).Select(c => c.Display).Distinct().ToList();
        var shown = ShownOf(findings);
        return new Manifest(
            context.Ids.NewUid(),
            context.Ids.NewUid(),
            TimeZoneInfo.ConvertTime(context.Now, policy.TimeZone),
            new ManifestAuthor(policy.Manufacturer, structure?.Name ?? "", structure?.Id.Extension ?? ""),
            newest.Patient,
            new ManifestStudy(study, findings.StudyDate, findings.StudyTime, findings.StudyDescription),
            RequestsOf(active),
            shown.Select(s => SeriesOf(study, s, policy)).ToList(),
            ManifestText.Compose(
                findings.StudyDescription, acts,
                shown.Select(s => new SeriesCaption(
                    s.SeriesInstanceUid, s.Modality, regions.Length > 0 ? regions : s.BodyPartExamined,
                    s.SeriesDescription)).ToList()),
            KeyImagesOf(findings, shown))
        {
            Profile = policy.Profile,
            Library = policy.Profile.DescribesImages ? ImageLibraryPlan.Of(events, shown) : null,
        };
    }

    /// <summary>Why no manifest of the study may be published; null: one may.</summary>
    public static Incoherence? Obstacle(
        Uid study, IReadOnlyList<StudyReport> active, StudyFindings findings, SourcePolicy policy)
    {
        if (ManifestCoherence.Find(active, findings) is { } incoherence) return incoherence;
        if (!policy.Profile.DescribesImages) return null;
        var missing = ImageLibraryPlan.Missing(
            findings, active[^1], RequestsOf(active), EventsOf(study, active), ShownOf(findings));
        return missing.Count == 0
            ? null
            : new Incoherence(WithheldReason.IncompleteForProfile, string.Join(", ", missing), "");
    }

    /// <summary>True if the newest manifest still says what it should, leads to the present host, and is not one that
    /// left the registry (its unique id cannot be published again).</summary>
    public static bool IsCurrent(Uid study, StudyState state, StudyFindings findings, SourcePolicy policy)
    {
        if (state.Current is not { } current) return false;
        var status = state.Publication.Documents.GetValueOrDefault(current.UniqueId)?.Status;
        return status is null or AvailabilityStatus.Approved
            && (current.RetrieveHost ?? policy.RetrieveHost) == policy.RetrieveHost
            && current.ContentKey == ContentKeyOf(study, state, findings, policy);
    }

    /// <summary>The content key of the plan, or null where no manifest can be made.</summary>
    public static string? ContentKeyOf(Uid study, StudyState state, StudyFindings findings, SourcePolicy policy) =>
        Plan(study, state, findings, policy, new DecisionContext(default, new NoIds())) is { } plan
            ? ContentKeyOf(plan, state, policy)
            : null;

    /// <summary>SHA-256 of a manifest and its metadata, without its own identifiers and dates, its visibility (which
    /// changes without a new document) and its URLs (a manifest that is re-issued for another host lists the same
    /// images).</summary>
    public static string ContentKeyOf(Manifest manifest, StudyState state, SourcePolicy policy)
    {
        var study = manifest.Study.StudyInstanceUid;
        var content = manifest with
        {
            SopInstanceUid = default,
            SeriesInstanceUid = default,
            CreatedAt = default,
            Series =
            [
                .. manifest.Series.Select(s => s with
                {
                    RetrieveUrl = null,
                    // Some makers write it into a national manifest, where it says nothing that the URL does not say.
                    RetrieveLocationUid = manifest.Profile.LeadsToBaseUri ? s.RetrieveLocationUid : null,
                }),
            ],
        };
        var entry = ManifestEntry.TryDescribe(study, manifest.Requests, state.ActiveReports(study)[^1], policy);
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { content, entry })));
    }

    private static List<ImagingServiceEvent> EventsOf(Uid study, IReadOnlyList<StudyReport> active) =>
        active.SelectMany(r => r.Header.ServiceEvents).Where(e => e.StudyInstanceUid == study).ToList();

    private static List<ReferencedRequest> RequestsOf(IReadOnlyList<StudyReport> active) =>
        active.SelectMany(r => r.Header.Orders).Select(RequestOf).Distinct().ToList();

    // A PACS answers in any order; the same images are the same manifest.
    private static List<SeriesFinding> ShownOf(StudyFindings findings) =>
        findings.Series.Where(s => s.Instances.Count > 0)
            .OrderBy(s => NumberOf(s.SeriesNumber) ?? int.MaxValue).ThenBy(s => s.SeriesInstanceUid).ToList();

    private static ReferencedRequest RequestOf(ImagingOrder order) => new(
        order.AccessionNumber, order.PlacerOrderNumber.IsEmpty ? null : order.PlacerOrderNumber);

    private static ManifestSeries SeriesOf(Uid study, SeriesFinding series, SourcePolicy policy) => new(
        series.SeriesInstanceUid,
        NumberOf(series.SeriesNumber),
        ManifestReissue.UrlOf(policy.Profile, policy.RetrieveHost, study, series.SeriesInstanceUid),
        series.Instances
            .Select(i => new ManifestInstance(
                i.SopClassUid, i.SopInstanceUid, NumberOf(i.InstanceNumber), i.NumberOfFrames))
            .OrderBy(i => i.InstanceNumber ?? int.MaxValue).ThenBy(i => i.SopInstanceUid).ToList())
    {
        RetrieveLocationUid = policy.Profile.LeadsToBaseUri ? policy.RetrieveLocationUid : null,
    };

    /// <summary>A mark needs its note and its image: either may have been rejected.</summary>
    private static List<KeyImage> KeyImagesOf(StudyFindings findings, List<SeriesFinding> shown)
    {
        if (findings.KeyImages.Count == 0) return [];
        var visible = shown.SelectMany(s => s.Instances).Select(i => i.SopInstanceUid).ToHashSet();
        return findings.KeyImages
            .Where(k => visible.Contains(k.SopInstanceUid) && visible.Contains(k.NoteSopInstanceUid)).Distinct()
            .OrderBy(k => k.SopInstanceUid).ThenBy(k => k.NoteSopInstanceUid).Take(Limits.KeyImagesMax).ToList();
    }

    private static int? NumberOf(string text) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    private sealed class NoIds : IIdSource
    {
        public Uid NewUid() => default;

        public string NewUuid() => "";
    }
}
