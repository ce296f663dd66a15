using System.Text.Json.Serialization;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Studies;

/// <summary>What happened to a study in the DRIMbox source.</summary>
[JsonDerivedType(typeof(ReportCopyReceived), nameof(ReportCopyReceived))]
[JsonDerivedType(typeof(ReportCopyDeleted), nameof(ReportCopyDeleted))]
[JsonDerivedType(typeof(ReportCopyReplaced), nameof(ReportCopyReplaced))]
[JsonDerivedType(typeof(ReportCopyVisibilityChanged), nameof(ReportCopyVisibilityChanged))]
[JsonDerivedType(typeof(StudyChangeNoticed), nameof(StudyChangeNoticed))]
[JsonDerivedType(typeof(ManifestBuilt), nameof(ManifestBuilt))]
[JsonDerivedType(typeof(ManifestReissued), nameof(ManifestReissued))]
[JsonDerivedType(typeof(ManifestConfirmed), nameof(ManifestConfirmed))]
[JsonDerivedType(typeof(ManifestWithheld), nameof(ManifestWithheld))]
[JsonDerivedType(typeof(StudyAlertClosed), nameof(StudyAlertClosed))]
[JsonDerivedType(typeof(StudyLocated), nameof(StudyLocated))]
[JsonDerivedType(typeof(ManifestSubmissionDecided), nameof(ManifestSubmissionDecided))]
[JsonDerivedType(typeof(ManifestSubmissionEnded), nameof(ManifestSubmissionEnded))]
[JsonDerivedType(typeof(ManifestPublicationRetried), nameof(ManifestPublicationRetried))]
public abstract record StudyEvent;

public sealed record ReportCopyReceived(StudyReport Report) : StudyEvent;

public sealed record ReportCopyDeleted(InstanceIdentifier DocumentId, DateTimeOffset RecordedAt) : StudyEvent;

/// <summary>A document that is not about this study replaces one that is: a correction took the study away.</summary>
public sealed record ReportCopyReplaced(InstanceIdentifier DocumentId, DateTimeOffset RecordedAt) : StudyEvent;

/// <param name="Decided">MODIF_CONF_CODE: the message was sent to change the visibility.</param>
public sealed record ReportCopyVisibilityChanged(
    InstanceIdentifier DocumentId, Visibility Visibility, bool Decided, DateTimeOffset RecordedAt) : StudyEvent
{
    /// <summary>DESTDMP of such a message; null: the destination stays.</summary>
    public bool? ToDmp { get; init; }
}

/// <summary>The PACS or an administrator says that the images may have changed; the PACS is asked again.</summary>
/// <param name="Origin">IOCM, OMI^O23, or the administrator.</param>
public sealed record StudyChangeNoticed(string Origin, DateTimeOffset RecordedAt) : StudyEvent;

public sealed record ManifestBuilt(ManifestVersion Version) : StudyEvent;

/// <summary>The newest manifest once more, with retrieve URLs of another host (DB.SO.31). The PACS was not
/// asked.</summary>
public sealed record ManifestReissued(ManifestVersion Version) : StudyEvent;

/// <summary>The PACS was asked, and the newest manifest still says what it shows.</summary>
public sealed record ManifestConfirmed(DateTimeOffset RecordedAt) : StudyEvent;

/// <summary>DB.SO.15–17 and DB.SO.21: no publication, the administrator is told.</summary>
/// <param name="ImagesVisible">False if the PACS shows no image (a published manifest then leaves the DMP).</param>
public sealed record ManifestWithheld(WithheldReason Reason, bool ImagesVisible, DateTimeOffset RecordedAt)
    : StudyEvent
{
    /// <summary>What the report says; empty where there is nothing to compare.</summary>
    public string Expected { get; init; } = "";

    /// <summary>What the PACS says.</summary>
    public string Found { get; init; } = "";

    /// <summary>True where the PACS is away for every study: that is told once, and not of each. Null in records from
    /// before it was told so.</summary>
    public bool? IsOutage { get; init; }
}

/// <summary>No report counts any more: what did not fit has nobody to fit.</summary>
public sealed record StudyAlertClosed(DateTimeOffset RecordedAt) : StudyEvent;

/// <summary>The images are in this PACS, of several.</summary>
public sealed record StudyLocated(string Pacs, DateTimeOffset RecordedAt) : StudyEvent;

public sealed record ManifestSubmissionDecided(
    Uid SubmissionSetUniqueId, PublicationStep Step, DateTimeOffset DecidedAt) : StudyEvent;

public sealed record ManifestSubmissionEnded(
    Uid SubmissionSetUniqueId, DispatchOutcome Outcome, string? Detail, DateTimeOffset EndedAt) : StudyEvent
{
    /// <summary>What had gone out, if it took effect; null in records from before it was kept.</summary>
    public KeptSubmission? Kept { get; init; }
}

/// <summary>A submission as it was sent, kept whatever the DMP does with it (DB.SO.22).</summary>
/// <param name="Metadata">The lcm:SubmitObjectsRequest (XML).</param>
/// <param name="Signature">The XAdES document (XML); null for ITI-57, which has none.</param>
/// <param name="TargetEntryUuid">The entry that it replaced, changed or deleted, as the registry named it; null for a
/// first publication.</param>
public sealed record KeptSubmission(StoredObject Metadata, StoredObject? Signature, string? TargetEntryUuid);

public sealed record ManifestPublicationRetried(string Actor, DateTimeOffset RecordedAt) : StudyEvent;
