using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>
/// The manifest of one study: which images there are and where they are fetched. A pure value; the DICOM encoding
/// is <c>Drimbox.Dicom.Kos.KosDataSet</c>. Source: PS3.3 A.35.4, IHE RAD TF-2 4.68, CI-SIS volet IMG-KOS.
/// </summary>
/// <param name="SopInstanceUid">Of this version of the manifest: the XDS uniqueId; a new one at every version.</param>
/// <param name="SeriesInstanceUid">The series of the manifest itself.</param>
/// <param name="CreatedAt">The creation instant with the offset of the site (XDS creationTime). Whole seconds are
/// kept.</param>
/// <param name="Author">Who makes and issues it.</param>
/// <param name="Patient">The identity; its INS must be there.</param>
/// <param name="Study">The study, as the PACS describes it.</param>
/// <param name="Requests">One for each pair of order and accession number.</param>
/// <param name="Series">The series with their images, in the order in which they are to be shown.</param>
/// <param name="Description">The text under "Key Object Description"; see <see cref="ManifestText"/>.</param>
/// <param name="KeyImages">Images marked as of interest by a key image note, which <see cref="Series"/> holds.
/// </param>
public sealed record Manifest(
    Uid SopInstanceUid,
    Uid SeriesInstanceUid,
    DateTimeOffset CreatedAt,
    ManifestAuthor Author,
    Patient Patient,
    ManifestStudy Study,
    IReadOnlyList<ReferencedRequest> Requests,
    IReadOnlyList<ManifestSeries> Series,
    string Description,
    IReadOnlyList<KeyImage> KeyImages)
{
    /// <summary>What kind of manifest it is.</summary>
    // The content key does not change with it alone: what it makes differ is in the other members.
    [JsonIgnore]
    public ManifestProfile Profile { get; init; } = ManifestProfile.DrimM;

    /// <summary>Null unless the profile describes the images.</summary>
    // Left out of the content key where there is none: keys that were kept before go on being equal.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageLibrary? Library { get; init; }

    /// <summary>Where WADO-RS finds a series of it; null in a manifest that does not say.</summary>
    public string? AddressOf(ManifestSeries series) => Profile.LeadsToBaseUri && series.RetrieveUrl is { } url
        ? $"{url.TrimEnd('/')}/studies/{Study.StudyInstanceUid}/series/{series.SeriesInstanceUid}"
        : series.RetrieveUrl;
}

/// <summary>The equipment and the place.</summary>
/// <param name="Manufacturer">(0008,0070): the maker of the DRIMbox.</param>
/// <param name="InstitutionName">(0008,0080): the name of the organisation.</param>
/// <param name="InstitutionId">Its FINESS number, tenth component of (0008,0080) in the samples; may be empty.</param>
public sealed record ManifestAuthor(string Manufacturer, string InstitutionName, string InstitutionId);

/// <summary>Study level, from the PACS.</summary>
/// <param name="Date">DA: yyyyMMdd; empty where unknown.</param>
/// <param name="Time">TM: HHmmss, with or without fraction; empty where unknown.</param>
/// <param name="Description">(0008,1030); empty where unknown.</param>
public sealed record ManifestStudy(Uid StudyInstanceUid, string Date, string Time, string Description);

/// <summary>A request that the study answers (item of (0040,A370)).</summary>
/// <param name="AccessionNumber">Root: the authority of (0008,0051); extension: (0008,0050).</param>
/// <param name="PlacerOrderNumber">Root: the authority of (0040,0026); extension: (0040,2016). Null where unknown.
/// </param>
public sealed record ReferencedRequest(InstanceIdentifier? AccessionNumber, InstanceIdentifier? PlacerOrderNumber);

/// <summary>A series and where it is retrieved.</summary>
/// <param name="SeriesNumber">(0020,0011), or null.</param>
/// <param name="RetrieveUrl">(0008,1190): WADO-RS, up to and with the Series Instance UID, or its base URI, as the
/// profile has it; null in a rejection note.</param>
public sealed record ManifestSeries(
    Uid SeriesInstanceUid, int? SeriesNumber, string? RetrieveUrl, IReadOnlyList<ManifestInstance> Instances)
{
    /// <summary>(0040,E011): the system that <see cref="RetrieveUrl"/> leads to; null where the profile has none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Uid? RetrieveLocationUid { get; init; }
}

/// <summary>One instance.</summary>
/// <param name="InstanceNumber">(0020,0013), or null.</param>
/// <param name="NumberOfFrames">(0028,0008), or null for a single frame.</param>
public sealed record ManifestInstance(
    Uid SopClassUid, Uid SopInstanceUid, int? InstanceNumber = null, int? NumberOfFrames = null);

/// <summary>An image that a key image note (KIN) marks as of interest.</summary>
/// <param name="SopInstanceUid">The image.</param>
/// <param name="NoteSopInstanceUid">The note.</param>
/// <param name="NoteSeriesInstanceUid">The series of the note.</param>
/// <param name="Text">The text of the note.</param>
public sealed record KeyImage(Uid SopInstanceUid, Uid NoteSopInstanceUid, Uid NoteSeriesInstanceUid, string Text);
