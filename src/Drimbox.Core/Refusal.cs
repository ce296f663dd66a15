namespace Drimbox.Core;

/// <summary>Why a peer or a rule says no. Each protocol answers from one table over all of these.</summary>
public enum RefusalReason
{
    /// <summary>A segment, element or field that the profile requires is not there.</summary>
    RequiredFieldMissing,

    /// <summary>Segments out of order, or a required segment absent.</summary>
    SegmentSequence,

    /// <summary>A value is not of its data type (base64 that is not XML, a date that is none).</summary>
    DataType,

    /// <summary>A code is not in the table or value set that the profile fixes.</summary>
    TableValue,

    /// <summary>More or fewer occurrences than the profile allows.</summary>
    Cardinality,

    /// <summary>The message cannot be read beyond its header.</summary>
    Malformed,

    UnsupportedMessageType,
    UnsupportedEvent,
    UnsupportedProcessingId,
    UnsupportedVersion,

    /// <summary>A replacement or deletion of a document that is not the newest one known.</summary>
    StaleDocumentVersion,

    /// <summary>The acting organisation is not the one that authored the document.</summary>
    AuthorNotAllowed,

    UnknownPatient,

    /// <summary>The message or document carries no INS.</summary>
    InsAbsent,

    /// <summary>The patient of the document is not the patient of the message.</summary>
    PatientMismatch,

    /// <summary>The INS is there without all its traits.</summary>
    InsIncomplete,

    /// <summary>The organisation of the legal authenticator is not one of the RIS's own structures.</summary>
    ForeignStructure,

    /// <summary>The same message or document identifier was used before for other bytes.</summary>
    IdentifierReused,

    /// <summary>A request, report or document that the command names is not known.</summary>
    UnknownTarget,

    /// <summary>The command does not fit the present state (a refused request that is accepted, say).</summary>
    WrongState,

    /// <summary>Larger, deeper or more than a limit of <see cref="Limits"/>.</summary>
    OverLimit,

    /// <summary>Not now: full, draining or starting. The sender may send again.</summary>
    Unavailable,
}

/// <summary>An ordinary "no", with what the peer or the operator needs to mend it.</summary>
/// <param name="Reason">Which rule.</param>
/// <param name="Detail">One sentence of ours; never a value from the message, so it may be logged.</param>
/// <param name="Location">Where, in the notation of the protocol (<c>PID^1^3</c>), or null.</param>
public sealed record Refusal(RefusalReason Reason, string Detail, string? Location = null);
