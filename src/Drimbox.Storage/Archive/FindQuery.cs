using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>The attributes that the index knows, by their keywords (PS3.6).</summary>
public enum ArchiveAttribute
{
    PatientId,
    IssuerOfPatientId,
    PatientName,
    PatientBirthDate,
    PatientSex,

    /// <summary>A sequence; the two that follow are attributes of its item.</summary>
    IssuerOfPatientIdQualifiersSequence,
    PatientIdUniversalEntityId,
    PatientIdUniversalEntityIdType,
    NumberOfPatientRelatedStudies,
    NumberOfPatientRelatedSeries,
    NumberOfPatientRelatedInstances,
    StudyInstanceUid,
    StudyDate,
    StudyTime,
    AccessionNumber,

    /// <summary>A sequence; the three that follow are attributes of its item.</summary>
    IssuerOfAccessionNumberSequence,
    AccessionNumberLocalNamespaceEntityId,
    AccessionNumberUniversalEntityId,
    AccessionNumberUniversalEntityIdType,
    StudyId,
    StudyDescription,
    ReferringPhysicianName,
    ModalitiesInStudy,
    NumberOfStudyRelatedSeries,
    NumberOfStudyRelatedInstances,
    SeriesInstanceUid,
    Modality,
    SeriesNumber,
    SeriesDescription,
    SeriesDate,
    SeriesTime,
    PerformedProcedureStepStartDate,
    PerformedProcedureStepStartTime,
    NumberOfSeriesRelatedInstances,

    /// <summary>A sequence; the five that follow are attributes of its items.</summary>
    RequestAttributesSequence,
    RequestAccessionNumber,
    RequestedProcedureId,
    RequestedProcedureDescription,
    ScheduledProcedureStepId,
    ScheduledProcedureStepDescription,
    SopInstanceUid,
    SopClassUid,
    AvailableTransferSyntaxUid,
    InstanceNumber,
    NumberOfFrames,
    Rows,
    Columns,
}

/// <summary>Query/Retrieve Level (PS3.4 C.6.1.1, C.6.2.1); the order is that of the hierarchy.</summary>
public enum FindLevel
{
    Patient,
    Study,
    Series,
    Image,
}

/// <summary>PS3.4 C.2.2.2.</summary>
public enum FindMatchKind
{
    /// <summary>Matches everything and asks for the value.</summary>
    Universal,

    /// <summary>One value.</summary>
    Single,

    /// <summary>Any of the values (List of UID Matching; other attributes may use it too).</summary>
    List,

    /// <summary>One value with <c>*</c> and <c>?</c>.</summary>
    Wildcard,

    /// <summary>Two values, both included; "" is open.</summary>
    Range,

    /// <summary>Of a date with its time: first date and time, last date and time, matched as two instants (C.2.2.2.5.4).
    /// </summary>
    DateTimeRange,

    /// <summary>Some item of a sequence matches all of <see cref="FindMatch.ItemMatches"/> (C.2.2.2.6).</summary>
    Sequence,
}

/// <summary>One key of a query.</summary>
public sealed record FindMatch(ArchiveAttribute Attribute, FindMatchKind Kind, IReadOnlyList<string> Values)
{
    /// <summary>Of a sequence: the keys of an item; none asks for the items as they are.</summary>
    public IReadOnlyList<FindMatch> ItemMatches { get; init; } = [];

    /// <summary>Asks for the value of an attribute.</summary>
    public static FindMatch Return(ArchiveAttribute attribute) => new(attribute, FindMatchKind.Universal, []);

    public static FindMatch Single(ArchiveAttribute attribute, string value) =>
        new(attribute, FindMatchKind.Single, [value]);

    public static FindMatch List(ArchiveAttribute attribute, IReadOnlyList<string> values) =>
        new(attribute, FindMatchKind.List, values);

    public static FindMatch Wildcard(ArchiveAttribute attribute, string pattern) =>
        new(attribute, FindMatchKind.Wildcard, [pattern]);

    public static FindMatch Range(ArchiveAttribute attribute, string from, string to) =>
        new(attribute, FindMatchKind.Range, [from, to]);

    /// <param name="date">The attribute of the date; that of its time is known.</param>
    public static FindMatch DateTimeRange(
        ArchiveAttribute date, string fromDate, string fromTime, string toDate, string toTime) =>
        new(date, FindMatchKind.DateTimeRange, [fromDate, fromTime, toDate, toTime]);

    public static FindMatch Sequence(ArchiveAttribute sequence, params IReadOnlyList<FindMatch> itemMatches) =>
        new(sequence, FindMatchKind.Sequence, []) { ItemMatches = itemMatches };
}

/// <summary>What to find. Keys of a level above the query's may be given (a hierarchical query must, a relational one
/// may); keys below it are a bug of the caller. Counts can be asked for, not matched.</summary>
/// <param name="ResultsMax">No more rows than this; the default is one more than is ever sent, to see that there were
/// more.</param>
public sealed record FindQuery(
    FindLevel Level, IReadOnlyList<FindMatch> Matches, int ResultsMax = Limits.FindResultsMax + 1)
{
    /// <summary>Codes of rejection titles: what was hidden for these reasons is found as if it were not. Default: none.
    /// </summary>
    public IReadOnlyList<string> ShownReasons { get; init; } = [];
}
