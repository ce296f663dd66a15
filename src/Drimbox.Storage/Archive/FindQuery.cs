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
    NumberOfPatientRelatedStudies,
    NumberOfPatientRelatedSeries,
    NumberOfPatientRelatedInstances,
    StudyInstanceUid,
    StudyDate,
    StudyTime,
    AccessionNumber,
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
    NumberOfSeriesRelatedInstances,
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
}

/// <summary>One key of a query.</summary>
public sealed record FindMatch(ArchiveAttribute Attribute, FindMatchKind Kind, IReadOnlyList<string> Values)
{
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
}

/// <summary>What to find. Keys of a level above the query's may be given (a hierarchical query must, a relational one
/// may); keys below it are a bug of the caller. Counts can be asked for, not matched.</summary>
/// <param name="ResultsMax">No more rows than this; the default is one more than is ever sent, to see that there were
/// more.</param>
public sealed record FindQuery(
    FindLevel Level, IReadOnlyList<FindMatch> Matches, int ResultsMax = Limits.FindResultsMax + 1);

/// <summary>One match: the values of the keys of the query, and of the unique keys of its level and those above.
/// </summary>
public sealed class FindRow
{
    private static readonly int _attributes = Enum.GetValues<ArchiveAttribute>().Length;

    private readonly string?[] _values = new string?[_attributes];

    /// <summary>The value, "" if it is empty; null if the query did not ask for it. Values of
    /// <see cref="ArchiveAttribute.ModalitiesInStudy"/> are separated by a backslash.</summary>
    public string? this[ArchiveAttribute attribute]
    {
        get => _values[(int)attribute];
        internal set => _values[(int)attribute] = value;
    }
}
