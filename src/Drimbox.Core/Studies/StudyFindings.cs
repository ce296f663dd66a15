using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;

namespace Drimbox.Core.Studies;

/// <summary>An instance that the PACS shows. Values as it answered C-FIND.</summary>
public sealed record InstanceFinding(Uid SopClassUid, Uid SopInstanceUid, string InstanceNumber, int? NumberOfFrames)
{
    /// <summary>(0040,A043) of a document, where the PACS answers it; null otherwise.</summary>
    public CodedEntry? Title { get; init; }
}

/// <summary>A series that the PACS shows.</summary>
public sealed record SeriesFinding(
    Uid SeriesInstanceUid,
    string Modality,
    string SeriesNumber,
    string SeriesDescription,
    string BodyPartExamined,
    IReadOnlyList<InstanceFinding> Instances)
{
    /// <summary>DA, (0008,0021); empty where it was not asked for, or has no value.</summary>
    public string SeriesDate { get; init; } = "";

    /// <summary>TM, (0008,0031); as <see cref="SeriesDate"/>.</summary>
    public string SeriesTime { get; init; } = "";
}

/// <summary>What a PACS answers for one study: one query operation per study (DB.SO.12), hierarchical as PS3.4
/// C.4.1 asks. No series means that the PACS shows no image of it.</summary>
/// <param name="StudyDate">DA, (0008,0020).</param>
/// <param name="StudyTime">TM, (0008,0030).</param>
public sealed record StudyFindings(
    Uid StudyInstanceUid,
    string PatientId,
    string IssuerOfPatientId,
    string AccessionNumber,
    string StudyDate,
    string StudyTime,
    string StudyDescription,
    IReadOnlyList<SeriesFinding> Series)
{
    /// <summary>Key Object Selection Document Storage: notes about images, none itself.</summary>
    private static readonly Uid KeyObjectSelection = Uid.Parse("1.2.840.10008.5.1.4.1.1.88.59");

    /// <summary>The name of the PACS that answered so; null for the only one of the source.</summary>
    public string? Pacs { get; init; }

    /// <summary>Who assigned <see cref="PatientId"/>, where the configuration says what the issuer of this PACS stands
    /// for; null: only <see cref="IssuerOfPatientId"/> tells, if it is there.</summary>
    public PatientIdDomain? PatientDomain { get; init; }

    /// <summary>OID of who assigned <see cref="AccessionNumber"/>; empty where nobody says.</summary>
    public string AccessionAuthority { get; init; } = "";

    /// <summary>What the key image notes among the instances mark: C-FIND does not tell, they were fetched.</summary>
    public IReadOnlyList<KeyImage> KeyImages { get; init; } = [];

    /// <summary>The series of nothing but Key Object Selection documents: where key image notes are.</summary>
    public IEnumerable<SeriesFinding> KeyObjectSeries => Series.Where(
        s => s.Instances.Count > 0 && s.Instances.All(i => i.SopClassUid == KeyObjectSelection));

    /// <summary>No image is visible: what is left of a study whose images were all rejected may be the rejection note.
    /// </summary>
    public bool IsEmpty => Series.All(s => s.Instances.All(i => i.SopClassUid == KeyObjectSelection));

    public static StudyFindings Nothing(Uid studyInstanceUid) =>
        new(studyInstanceUid, "", "", "", "", "", "", []);
}
