using Drimbox.Core.Publications;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Resynchronisation;

/// <summary>How a study of a resynchronisation ended (DB.SO.88).</summary>
public enum ResyncOutcome
{
    /// <summary>The manifest says what the PACS shows.</summary>
    Unchanged,
    Published,
    Replaced,
    VisibilityChanged,

    /// <summary>The PACS shows no image any more: the manifest leaves the DMP.</summary>
    Removed,

    /// <summary>A study of the PACS without a report that counts: it has no manifest.</summary>
    WithoutReport,

    /// <summary>The run is about another PACS.</summary>
    OtherPacs,

    /// <inheritdoc cref="WithheldReason.StudyAbsentFromPacs"/>
    StudyAbsentFromPacs,

    /// <inheritdoc cref="WithheldReason.PatientMismatch"/>
    PatientMismatch,

    /// <inheritdoc cref="WithheldReason.AccessionMismatch"/>
    AccessionMismatch,

    /// <summary>The PACS was reached and could not tell about the study.</summary>
    PacsFailed,

    /// <summary>A day that the PACS did not list; the studies of it that are known here were gone through.</summary>
    DayNotListed,

    /// <inheritdoc cref="WithheldReason.IncompleteForProfile"/>
    IncompleteForProfile,
}

/// <summary>What the outcomes mean for the statistics.</summary>
public static class ResyncOutcomes
{
    /// <summary>The outcome of a look at a study that the PACS could be asked about.</summary>
    /// <param name="decided">The change of the DMP that it led to, or null.</param>
    /// <param name="withheld">Why no manifest is published, or null.</param>
    public static ResyncOutcome Of(SubmissionKind? decided, WithheldReason? withheld) => decided switch
    {
        SubmissionKind.Publish => ResyncOutcome.Published,
        SubmissionKind.Replace => ResyncOutcome.Replaced,
        SubmissionKind.ChangeVisibility => ResyncOutcome.VisibilityChanged,
        SubmissionKind.Delete => ResyncOutcome.Removed,
        _ => withheld switch
        {
            WithheldReason.StudyAbsentFromPacs => ResyncOutcome.StudyAbsentFromPacs,
            WithheldReason.PatientMismatch => ResyncOutcome.PatientMismatch,
            WithheldReason.AccessionMismatch => ResyncOutcome.AccessionMismatch,
            WithheldReason.PacsUnreachable => ResyncOutcome.PacsFailed,
            WithheldReason.IncompleteForProfile => ResyncOutcome.IncompleteForProfile,
            null => ResyncOutcome.Unchanged,
            _ => throw Invariant.Unreachable(withheld),
        },
    };

    public static bool IsChange(ResyncOutcome outcome) =>
        outcome is ResyncOutcome.Published or ResyncOutcome.Replaced or ResyncOutcome.VisibilityChanged
            or ResyncOutcome.Removed;

    /// <summary>Somebody must look at it.</summary>
    public static bool IsFailure(ResyncOutcome outcome) => outcome >= ResyncOutcome.StudyAbsentFromPacs;
}
