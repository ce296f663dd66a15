using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>What a DRIMbox source knows of itself.</summary>
/// <param name="SourceId">SubmissionSet.sourceId: the OID of this DRIMbox.</param>
/// <param name="Manufacturer">(0008,0070) of its manifests.</param>
/// <param name="RetrieveHost">The stable host name (and port) of the retrieve URLs.</param>
/// <param name="OwnStructures">The structures that it publishes for: it holds their certificates.</param>
/// <param name="TimeZone">Of the site: (0008,0201) and the dates of the manifest; the zone of document times that
/// have no offset.</param>
/// <param name="Defaults">Metadata that a report may lack.</param>
public sealed record SourcePolicy(
    Uid SourceId,
    string Manufacturer,
    string RetrieveHost,
    IReadOnlySet<InstanceIdentifier> OwnStructures,
    TimeZoneInfo TimeZone,
    Publications.ReportEntryDefaults Defaults)
{
    /// <summary>What kind of manifest is made.</summary>
    public ManifestProfile Profile { get; init; } = ManifestProfile.DrimM;

    /// <summary>(0040,E011) where the profile has it: the system that gives the images.</summary>
    public Uid RetrieveLocationUid { get; init; } = SourceId;
}
