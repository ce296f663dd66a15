using System.Collections.Frozen;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Archive;

/// <summary>An identifier of a query, understood.</summary>
/// <param name="Keys">What is returned.</param>
/// <param name="ItemKeys">By sequence: what is returned of its items, in the order of the tags.</param>
/// <param name="HasUnsupportedKeys">Some keys are not matched or not returned: FF01.</param>
internal sealed record UnderstoodQuery(
    FindQuery Query, IReadOnlyList<Tag> Keys, IReadOnlyDictionary<Tag, IReadOnlyList<Tag>> ItemKeys,
    bool HasUnsupportedKeys);

/// <summary>Turns the identifier of a C-FIND into a query of the index. Source: PS3.4 C.2.2.2 for the kinds of
/// matching, C.6 for the keys.</summary>
internal static class QueryKeys
{
    private static readonly FrozenDictionary<Tag, (A Attribute, FindLevel Level)> Supported =
        new Dictionary<Tag, (A, FindLevel)>
    {
        [Tag.PatientID] = (A.PatientId, FindLevel.Patient),
        [Tag.IssuerOfPatientID] = (A.IssuerOfPatientId, FindLevel.Patient),
        [Tag.PatientName] = (A.PatientName, FindLevel.Patient),
        [Tag.PatientBirthDate] = (A.PatientBirthDate, FindLevel.Patient),
        [Tag.PatientSex] = (A.PatientSex, FindLevel.Patient),
        [Tag.IssuerOfPatientIDQualifiersSequence] = (A.IssuerOfPatientIdQualifiersSequence, FindLevel.Patient),
        [Tag.NumberOfPatientRelatedStudies] = (A.NumberOfPatientRelatedStudies, FindLevel.Patient),
        [Tag.NumberOfPatientRelatedSeries] = (A.NumberOfPatientRelatedSeries, FindLevel.Patient),
        [Tag.NumberOfPatientRelatedInstances] = (A.NumberOfPatientRelatedInstances, FindLevel.Patient),
        [Tag.StudyInstanceUID] = (A.StudyInstanceUid, FindLevel.Study),
        [Tag.StudyDate] = (A.StudyDate, FindLevel.Study),
        [Tag.StudyTime] = (A.StudyTime, FindLevel.Study),
        [Tag.AccessionNumber] = (A.AccessionNumber, FindLevel.Study),
        [Tag.IssuerOfAccessionNumberSequence] = (A.IssuerOfAccessionNumberSequence, FindLevel.Study),
        [Tag.StudyID] = (A.StudyId, FindLevel.Study),
        [Tag.StudyDescription] = (A.StudyDescription, FindLevel.Study),
        [Tag.ReferringPhysicianName] = (A.ReferringPhysicianName, FindLevel.Study),
        [Tag.ModalitiesInStudy] = (A.ModalitiesInStudy, FindLevel.Study),
        [Tag.NumberOfStudyRelatedSeries] = (A.NumberOfStudyRelatedSeries, FindLevel.Study),
        [Tag.NumberOfStudyRelatedInstances] = (A.NumberOfStudyRelatedInstances, FindLevel.Study),
        [Tag.SeriesInstanceUID] = (A.SeriesInstanceUid, FindLevel.Series),
        [Tag.Modality] = (A.Modality, FindLevel.Series),
        [Tag.SeriesNumber] = (A.SeriesNumber, FindLevel.Series),
        [Tag.SeriesDescription] = (A.SeriesDescription, FindLevel.Series),
        [Tag.SeriesDate] = (A.SeriesDate, FindLevel.Series),
        [Tag.SeriesTime] = (A.SeriesTime, FindLevel.Series),
        [Tag.PerformedProcedureStepStartDate] = (A.PerformedProcedureStepStartDate, FindLevel.Series),
        [Tag.PerformedProcedureStepStartTime] = (A.PerformedProcedureStepStartTime, FindLevel.Series),
        [Tag.RequestAttributesSequence] = (A.RequestAttributesSequence, FindLevel.Series),
        [Tag.NumberOfSeriesRelatedInstances] = (A.NumberOfSeriesRelatedInstances, FindLevel.Series),
        [Tag.SOPInstanceUID] = (A.SopInstanceUid, FindLevel.Image),
        [Tag.SOPClassUID] = (A.SopClassUid, FindLevel.Image),
        [Tag.AvailableTransferSyntaxUID] = (A.AvailableTransferSyntaxUid, FindLevel.Image),
        [Tag.InstanceNumber] = (A.InstanceNumber, FindLevel.Image),
        [Tag.NumberOfFrames] = (A.NumberOfFrames, FindLevel.Image),
        [Tag.Rows] = (A.Rows, FindLevel.Image),
        [Tag.Columns] = (A.Columns, FindLevel.Image),
    }.ToFrozenDictionary();

    // By sequence, the attributes of its items in the order of the tags.
    private static readonly FrozenDictionary<Tag, (Tag Tag, A Attribute)[]> SupportedInItems =
        new Dictionary<Tag, (Tag, A)[]>
    {
        [Tag.IssuerOfAccessionNumberSequence] =
        [
            (Tag.LocalNamespaceEntityID, A.AccessionNumberLocalNamespaceEntityId),
            (Tag.UniversalEntityID, A.AccessionNumberUniversalEntityId),
            (Tag.UniversalEntityIDType, A.AccessionNumberUniversalEntityIdType),
        ],
        [Tag.IssuerOfPatientIDQualifiersSequence] =
        [
            (Tag.UniversalEntityID, A.PatientIdUniversalEntityId),
            (Tag.UniversalEntityIDType, A.PatientIdUniversalEntityIdType),
        ],
        [Tag.RequestAttributesSequence] =
        [
            (Tag.AccessionNumber, A.RequestAccessionNumber),
            (Tag.RequestedProcedureDescription, A.RequestedProcedureDescription),
            (Tag.ScheduledProcedureStepDescription, A.ScheduledProcedureStepDescription),
            (Tag.ScheduledProcedureStepID, A.ScheduledProcedureStepId),
            (Tag.RequestedProcedureID, A.RequestedProcedureId),
        ],
    }.ToFrozenDictionary();

    private static readonly IReadOnlyDictionary<Tag, IReadOnlyList<Tag>> NoItemKeys =
        new Dictionary<Tag, IReadOnlyList<Tag>>();

    // PS3.4 C.2.2.2.5.4: what is one moment.
    private static readonly (A Date, A Time)[] Moments =
    [
        (A.StudyDate, A.StudyTime), (A.SeriesDate, A.SeriesTime),
        (A.PerformedProcedureStepStartDate, A.PerformedProcedureStepStartTime),
    ];

    private static readonly (Tag Tag, FindLevel Level)[] UniqueKeys =
    [
        (Tag.PatientID, FindLevel.Patient), (Tag.StudyInstanceUID, FindLevel.Study),
        (Tag.SeriesInstanceUID, FindLevel.Series),
    ];

    private static readonly A[] Counts =
    [
        A.NumberOfPatientRelatedStudies, A.NumberOfPatientRelatedSeries, A.NumberOfPatientRelatedInstances,
        A.NumberOfStudyRelatedSeries, A.NumberOfStudyRelatedInstances, A.NumberOfSeriesRelatedInstances,
    ];

    /// <summary>The unique keys of all levels.</summary>
    public static IReadOnlyList<Tag> UniqueKeyTags { get; } =
        [Tag.PatientID, Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID];

    /// <summary>The attribute of the index that answers <paramref name="tag"/>.</summary>
    public static A AttributeOf(Tag tag) => Supported[tag].Attribute;

    /// <summary>What can be returned at a level: its own attributes and those above it.</summary>
    public static IEnumerable<Tag> TagsOf(FindLevel level) =>
        Supported.Where(key => key.Value.Level <= level).Select(key => key.Key);

    /// <summary>The keys that belong to a level, in the order of their tags.</summary>
    public static IReadOnlyList<Tag> TagsAt(FindLevel level) =>
        [.. Supported.Where(key => key.Value.Level == level).Select(key => key.Key).Order()];

    /// <summary>PS3.4 C.6.1.1 and C.6.2.1: the levels of the two models.</summary>
    /// <returns>Null for a level that the model does not have.</returns>
    public static FindLevel? LevelOf(string? level, bool isPatientRoot) => level switch
    {
        "PATIENT" when isPatientRoot => FindLevel.Patient,
        "STUDY" => FindLevel.Study,
        "SERIES" => FindLevel.Series,
        "IMAGE" => FindLevel.Image,
        _ => null,
    };

    /// <summary>PS3.4 C.4.1.2.1 and C.4.2.2.1: a hierarchical caller names, with a single value, the unique key of each
    /// level above the one that it asks at. One that negotiated relational queries need not (C.4.1.3.2).</summary>
    /// <returns>The status that refuses it, or null.</returns>
    public static DimseStatus? RefuseHierarchy(
        DataSet identifier, FindLevel level, bool isPatientRoot, QueryOptions options)
    {
        if (options.HasFlag(QueryOptions.Relational)) return null;
        foreach (var (tag, above) in UniqueKeys)
        {
            // PS3.4 C.6.2.1: in the study root a patient's attributes belong to the study level.
            if (above >= level || (above == FindLevel.Patient && !isPatientRoot)) continue;
            var values = identifier.GetStrings(tag);
            if (values.Count != 1 || values[0].Length == 0 || values[0].AsSpan().ContainsAny('*', '?'))
                return DimseStatus.DataSetDoesNotMatchSopClass.With("A unique key of a level above is not single-valued.");
        }

        return null;
    }

    /// <param name="options">What was agreed with the caller.</param>
    /// <returns>The query, or the status that refuses it.</returns>
    public static (UnderstoodQuery? Query, DimseStatus Refusal) Understand(
        DataSet identifier, FindLevel level, QueryOptions options = QueryOptions.None)
    {
        var matches = new List<FindMatch>();
        var keys = new List<Tag>();
        Dictionary<Tag, IReadOnlyList<Tag>>? itemKeys = null;
        var hasUnsupported = false;
        foreach (var element in identifier.Elements)
        {
            var tag = element.Tag;
            if (IsControl(tag)) continue;
            if (!Supported.TryGetValue(tag, out var key) || key.Level > level)
            {
                // PS3.4 C.4.1.1.4: FF01 says that a key was ignored; it is neither matched nor returned.
                hasUnsupported = true;
                continue;
            }

            // PS3.5 7.1: once. Else each repetition is a term of the statement and a walk through the identifier.
            if (keys.Contains(tag)) return (null, DimseStatus.CannotUnderstand.With("A key occurs twice."));
            keys.Add(tag);
            var (match, refusal) = SupportedInItems.TryGetValue(tag, out var supported)
                ? UnderstandItems(element, key.Attribute, supported, itemKeys ??= [], ref hasUnsupported)
                : UnderstandKey(identifier, element, key.Attribute, ref hasUnsupported);
            if (match is null) return (null, refusal);
            matches.Add(match);
        }

        if (options.HasFlag(QueryOptions.DateTimeMatching)) JoinMoments(matches);
        return (
            new UnderstoodQuery(
                new FindQuery(level, matches), keys, itemKeys ?? NoItemKeys, hasUnsupported), default);
    }

    private static bool IsControl(Tag tag) => tag.IsGroupLength || tag == Tag.QueryRetrieveLevel
        || tag == Tag.SpecificCharacterSet || tag == Tag.RetrieveAETitle || tag == Tag.InstanceAvailability;

    private static (FindMatch? Match, DimseStatus Refusal) UnderstandKey(
        DataSet identifier, in DataElement element, A attribute, ref bool hasUnsupported)
    {
        // A key in another VR than its own would read as empty and match everything; so would a list over 64 KiB,
        // which PS3.5 6.2.2 writes as UN.
        if (!TryGiveOwnVr(identifier, element, out var vr))
            return (null, DimseStatus.CannotUnderstand.With("A key is not in its value representation."));
        var values = identifier.GetStrings(element.Tag);
        if (Counts.Contains(attribute))
        {
            hasUnsupported |= values.Any(value => value.Length > 0);
            return (FindMatch.Return(attribute), default);
        }

        // Attack A13: a list that long, or a value that no stored one can be as long as, is not looked for.
        if (values.Count > Limits.UidListMax)
            return (null, DimseStatus.OutOfResources.With("Too many values in one key."));
        if (values.Any(value => value.Length > Limits.MatchValueLengthMax))
            return (null, DimseStatus.CannotUnderstand.With("A key value is too long."));
        return (MatchOf(attribute, vr, values), default);
    }

    // PS3.4 C.2.2.2.6: one item, whose keys some item of the entity matches; no key in it asks for the items whole.
    private static (FindMatch? Match, DimseStatus Refusal) UnderstandItems(
        in DataElement element, A sequence, (Tag Tag, A Attribute)[] supported,
        Dictionary<Tag, IReadOnlyList<Tag>> itemKeys, ref bool hasUnsupported)
    {
        if (element.Sequence is null && element.Length > 0)
            return (null, DimseStatus.CannotUnderstand.With("A key is not in its value representation."));
        if (element.Sequence is { Count: > 1 })
            return (null, DimseStatus.DataSetDoesNotMatchSopClass.With("A sequence key has more than one item."));
        var matches = new List<FindMatch>();
        var keys = new List<Tag>();
        if (element.Sequence is [{ Count: > 0 } item])
        {
            foreach (var key in item.Elements)
            {
                var tagOf = key.Tag;
                if (!IsControl(tagOf)) hasUnsupported |= !Array.Exists(supported, s => s.Tag == tagOf);
            }

            foreach (var (tag, attribute) in supported)
            {
                if (!item.TryGet(tag, out var key)) continue;
                var (match, refusal) = UnderstandKey(item, key, attribute, ref hasUnsupported);
                if (match is null) return (null, refusal);
                keys.Add(tag);
                matches.Add(match);
            }
        }

        if (matches.Count == 0) keys.AddRange(supported.Select(s => s.Tag));
        itemKeys.Add(element.Tag, keys);
        return (FindMatch.Sequence(sequence, matches), default);
    }

    // C.2.2.2.5.4: where both have the same form of range.
    private static void JoinMoments(List<FindMatch> matches)
    {
        foreach (var (dateOf, timeOf) in Moments)
        {
            var date = matches.FindIndex(match => match.Attribute == dateOf && match.Kind == FindMatchKind.Range);
            var time = matches.FindIndex(match => match.Attribute == timeOf && match.Kind == FindMatchKind.Range);
            if (date < 0 || time < 0) continue;
            var (dates, times) = (matches[date].Values, matches[time].Values);
            if (dates[0].Length > 0 != times[0].Length > 0 || dates[1].Length > 0 != times[1].Length > 0) continue;
            matches[date] = FindMatch.DateTimeRange(dateOf, dates[0], times[0], dates[1], times[1]);
            matches[time] = FindMatch.Return(timeOf);
        }
    }

    private static bool TryGiveOwnVr(DataSet identifier, in DataElement element, out Vr vr)
    {
        vr = DataDictionary.TryFind(element.Tag, out var entry) ? entry.Vr : element.Vr;
        if (vr == element.Vr) return true;
        if (element.Sequence is not null || element.Fragments is not null) return false;
        identifier.Set(new DataElement(element.Tag, vr, element.Value.ToArray()));
        return true;
    }

    private static FindMatch MatchOf(A attribute, Vr vr, IReadOnlyList<string> values)
    {
        var present = values.Where(value => value.Length > 0).ToList();
        // PS3.4 C.2.2.2.3; a lone asterisk is universal in every VR, since so many callers mean it.
        if (present.Count == 0 || present.All(value => value.All(c => c == '*'))) return FindMatch.Return(attribute);
        if (present.Count > 1) return FindMatch.List(attribute, present);
        var value = present[0];
        // C.2.2.2.5: a range has a hyphen, and neither date nor time can have one otherwise.
        if (vr is Vr.DA or Vr.TM && value.IndexOf('-', StringComparison.Ordinal) is var hyphen and >= 0)
            return FindMatch.Range(attribute, value[..hyphen].Trim(), value[(hyphen + 1)..].Trim());
        // C.2.2.2.4: not in UIDs, numbers, dates and times.
        var mayBePattern = vr is not (Vr.UI or Vr.IS or Vr.US or Vr.DA or Vr.TM);
        return mayBePattern && value.AsSpan().ContainsAny('*', '?')
            ? FindMatch.Wildcard(attribute, value)
            : FindMatch.Single(attribute, value);
    }
}
