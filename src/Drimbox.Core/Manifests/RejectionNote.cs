using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>Why images are rejected: the document titles of IHE RAD IOCM (RAD-66), codes of PS3.16 D.</summary>
public enum RejectionReason
{
    /// <summary>113001 DCM.</summary>
    Quality,

    /// <summary>113037 DCM.</summary>
    PatientSafety,

    /// <summary>113038 DCM.</summary>
    IncorrectWorklistEntry,

    /// <summary>113039 DCM.</summary>
    DataRetentionPolicyExpired,
}

/// <summary>
/// A note that withdraws instances: a Key Object Selection document stored like an image (IHE RAD TF-3, IOCM). The
/// instances in it must leave the manifest.
/// </summary>
/// <param name="Patient">As the PACS knows it: identifier of the site or INS, name, birth date, sex.</param>
/// <param name="Series">The rejected instances by series.</param>
public sealed record RejectionNote(
    Uid SopInstanceUid,
    Uid SeriesInstanceUid,
    DateTimeOffset CreatedAt,
    RejectionReason Reason,
    string Manufacturer,
    Patient Patient,
    ManifestStudy Study,
    IReadOnlyList<ManifestSeries> Series)
{
    /// <summary>The SOP Instance UIDs that are rejected.</summary>
    public IEnumerable<Uid> RejectedInstances => Series.SelectMany(s => s.Instances).Select(i => i.SopInstanceUid);
}
