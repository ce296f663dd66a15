using Drimbox.Core.Identity;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Tests.Storage.Find;

/// <summary>Instances in a list, matched one by one as PS3.4 C.2.2.2 reads: what the index is compared with.</summary>
internal sealed class NaiveIndex
{
    public static readonly A[] ItemAttributes =
    [
        A.RequestAccessionNumber, A.RequestedProcedureDescription, A.ScheduledProcedureStepDescription,
        A.ScheduledProcedureStepId, A.RequestedProcedureId,
    ];

    private readonly List<(InstanceRecord Record, bool IsVisible)> _instances = [];

    // What was counted, until something changes.
    private readonly Dictionary<string, string> _counted = [];

    public IEnumerable<InstanceRecord> Visible => _instances.Where(i => i.IsVisible).Select(i => i.Record);

    public void Add(InstanceRecord record)
    {
        _counted.Clear();
        _instances.Add((record, true));
    }

    public void Hide(Uid sopInstanceUid)
    {
        _counted.Clear();
        var at = _instances.FindIndex(i => i.Record.Instance.SopInstanceUid == sopInstanceUid);
        _instances[at] = (_instances[at].Record, false);
    }

    public void Remove(Uid sopInstanceUid)
    {
        _counted.Clear();
        _instances.RemoveAll(i => i.Record.Instance.SopInstanceUid == sopInstanceUid);
    }

    /// <summary>The entities of the level that match, each with the values that were asked for.</summary>
    public List<string> Find(FindQuery query, params A[] returned) =>
    [
        .. Visible.Where(record => query.Matches.All(match => IsMatch(match, record)))
            .DistinctBy(record => EntityOf(record, query.Level))
            .Select(record => string.Join('|', returned.Select(a => Value(a, record))))
            .Order(StringComparer.Ordinal),
    ];

    public string Value(A attribute, InstanceRecord record) => attribute switch
    {
        A.PatientId => record.Patient.PatientId,
        A.IssuerOfPatientId => record.Patient.IssuerOfPatientId,
        A.PatientName => record.Patient.PatientName,
        A.PatientBirthDate => record.Patient.BirthDate,
        A.PatientSex => record.Patient.Sex,
        A.StudyInstanceUid => record.Study.StudyInstanceUid.ToString(),
        A.StudyDate => record.Study.StudyDate,
        A.StudyTime => record.Study.StudyTime,
        A.AccessionNumber => record.Study.AccessionNumber,
        A.StudyId => record.Study.StudyId,
        A.StudyDescription => record.Study.StudyDescription,
        A.ReferringPhysicianName => record.Study.ReferringPhysicianName,
        A.ModalitiesInStudy => Modalities(record),
        A.NumberOfPatientRelatedStudies => Count(record, FindLevel.Patient, FindLevel.Study),
        A.NumberOfPatientRelatedSeries => Count(record, FindLevel.Patient, FindLevel.Series),
        A.NumberOfPatientRelatedInstances => Count(record, FindLevel.Patient, FindLevel.Image),
        A.NumberOfStudyRelatedSeries => Count(record, FindLevel.Study, FindLevel.Series),
        A.NumberOfStudyRelatedInstances => Count(record, FindLevel.Study, FindLevel.Image),
        A.SeriesInstanceUid => record.Series.SeriesInstanceUid.ToString(),
        A.Modality => record.Series.Modality,
        A.SeriesNumber => record.Series.SeriesNumber,
        A.SeriesDescription => record.Series.SeriesDescription,
        A.SeriesDate => record.Series.SeriesDate,
        A.SeriesTime => record.Series.SeriesTime,
        A.PerformedProcedureStepStartDate => record.Series.PerformedProcedureStepStartDate,
        A.PerformedProcedureStepStartTime => record.Series.PerformedProcedureStepStartTime,
        A.NumberOfSeriesRelatedInstances => Count(record, FindLevel.Series, FindLevel.Image),
        A.SopInstanceUid => record.Instance.SopInstanceUid.ToString(),
        A.SopClassUid => record.Instance.SopClassUid.ToString(),
        A.AvailableTransferSyntaxUid => record.Instance.TransferSyntaxUid.ToString(),
        A.InstanceNumber => record.Instance.InstanceNumber,
        A.NumberOfFrames => record.Instance.NumberOfFrames == 0 ? "" : $"{record.Instance.NumberOfFrames}",
        A.Rows => record.Instance.Rows == 0 ? "" : $"{record.Instance.Rows}",
        A.Columns => record.Instance.Columns == 0 ? "" : $"{record.Instance.Columns}",
        _ => throw new ArgumentOutOfRangeException(nameof(attribute), attribute, null),
    };

    public static string ItemValue(A attribute, RequestAttributes item) => attribute switch
    {
        A.RequestAccessionNumber => item.AccessionNumber,
        A.RequestedProcedureDescription => item.RequestedProcedureDescription,
        A.ScheduledProcedureStepDescription => item.ScheduledProcedureStepDescription,
        A.ScheduledProcedureStepId => item.ScheduledProcedureStepId,
        _ => item.RequestedProcedureId,
    };

    public static bool IsItemMatch(FindMatch sequence, RequestAttributes item) =>
        sequence.ItemMatches.All(match => IsText(match, ItemValue(match.Attribute, item)));

    private bool IsMatch(FindMatch match, InstanceRecord record)
    {
        switch (match.Attribute)
        {
            case A.RequestAttributesSequence:
                return match.ItemMatches.All(key => key.Kind == FindMatchKind.Universal)
                    || record.Series.RequestAttributes.Any(item => IsItemMatch(match, item));
            case A.ModalitiesInStudy:
                return match.Kind == FindMatchKind.Universal
                    || Modalities(record).Split('\\').Any(m => m.Length > 0 && IsText(match, m));
            case A.PatientName:
                return IsName(match, record.Patient.PatientName);
            case A.ReferringPhysicianName:
                return match.Kind == FindMatchKind.Universal
                    || match.Values.Any(v => IsGroup(
                        NameFolding.FoldPersonName(v).Alphabetic,
                        NameFolding.FoldPersonName(record.Study.ReferringPhysicianName).Alphabetic,
                        match.Kind == FindMatchKind.Wildcard));
            case A.StudyTime or A.SeriesTime or A.PerformedProcedureStepStartTime:
                return IsTime(match, Value(match.Attribute, record));
            case A.StudyDate or A.SeriesDate or A.PerformedProcedureStepStartDate
                when match.Kind == FindMatchKind.DateTimeRange:
                var time = match.Attribute switch
                {
                    A.StudyDate => record.Study.StudyTime,
                    A.SeriesDate => record.Series.SeriesTime,
                    _ => record.Series.PerformedProcedureStepStartTime,
                };
                return IsMoment(match.Values, Value(match.Attribute, record), time);
            default:
                return IsText(match, Value(match.Attribute, record));
        }
    }

    private static bool IsText(FindMatch match, string value) => match.Kind switch
    {
        FindMatchKind.Universal => true,
        FindMatchKind.Single => match.Values[0] == value,
        FindMatchKind.List => match.Values.Contains(value),
        FindMatchKind.Wildcard => IsLike(match.Values[0], value),
        FindMatchKind.Range when match.Values.All(v => v.Length == 0) => true,
        FindMatchKind.Range => value.Length > 0
            && (match.Values[0].Length == 0 || string.CompareOrdinal(value, match.Values[0]) >= 0)
            && (match.Values[1].Length == 0 || string.CompareOrdinal(value, match.Values[1]) <= 0),
        _ => throw new ArgumentOutOfRangeException(nameof(match), match.Kind, null),
    };

    // As numbers: 1030 is 10:30:00.000000 at the beginning of a range and 10:30:59.999999 at its end.
    private static bool IsTime(FindMatch match, string value) => match.Kind switch
    {
        FindMatchKind.Universal => true,
        FindMatchKind.Range when match.Values.All(v => v.Length == 0) => true,
        _ when value.Length == 0 => false,
        FindMatchKind.Range => (match.Values[0].Length == 0 || Micros(value, '0') >= Micros(match.Values[0], '0'))
            && (match.Values[1].Length == 0 || Micros(value, '0') <= Micros(match.Values[1], '9')),
        _ => match.Values.Any(v => Micros(v, '0') == Micros(value, '0')),
    };

    private static bool IsMoment(IReadOnlyList<string> bounds, string date, string time)
    {
        if (bounds[0].Length == 0 && bounds[2].Length == 0) return true;
        if (date.Length == 0) return false;
        var value = (long.Parse(date), Micros(time, '0'));
        return (bounds[0].Length == 0 || value.CompareTo((long.Parse(bounds[0]), Micros(bounds[1], '0'))) >= 0)
            && (bounds[2].Length == 0 || value.CompareTo((long.Parse(bounds[2]), Micros(bounds[3], '9'))) <= 0);
    }

    private static long Micros(string time, char fill) =>
        long.Parse(time.Replace(".", "", StringComparison.Ordinal).Replace(":", "", StringComparison.Ordinal)
            .PadRight(12, fill));

    private static bool IsName(FindMatch match, string name)
    {
        if (match.Kind == FindMatchKind.Universal) return true;
        var isPattern = match.Kind == FindMatchKind.Wildcard;
        var stored = Groups(name);
        return match.Values.Any(value =>
        {
            var wanted = Groups(value);
            return value.Contains('=', StringComparison.Ordinal)
                ? Enumerable.Range(0, 3).All(g => wanted[g].Length == 0 || IsGroup(wanted[g], stored[g], isPattern))
                : wanted[0].Length == 0 || IsGroup(wanted[0], stored[0], isPattern)
                    || stored.Skip(1).Any(group => group.Length > 0 && IsGroup(wanted[0], group, isPattern));
        });

        static string[] Groups(string text)
        {
            var (alphabetic, ideographic, phonetic) = NameFolding.FoldPersonName(text);
            return [alphabetic, ideographic, phonetic];
        }
    }

    // Components at the end that the pattern leaves open may be absent.
    private static bool IsGroup(string wanted, string stored, bool isPattern)
    {
        if (wanted.Length == 0) return true;
        if (!isPattern) return wanted == stored;
        if (IsLike(wanted, stored)) return true;
        if (wanted.Count(c => c == '^') > 4) return false;
        while (wanted.LastIndexOf('^') is var at and >= 0 && wanted[(at + 1)..].All(c => c == '*'))
        {
            wanted = wanted[..at];
            if (IsLike(wanted, stored)) return true;
        }

        return false;
    }

    private static bool IsLike(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty) return text.IsEmpty;
        if (pattern[0] == '*')
        {
            for (var skip = 0; skip <= text.Length; skip++)
            {
                if (IsLike(pattern[1..], text[skip..])) return true;
            }

            return false;
        }

        return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && IsLike(pattern[1..], text[1..]);
    }

    private string Modalities(InstanceRecord record) => Counted(
        $"modalities of {record.Study.StudyInstanceUid}",
        () => string.Join('\\', Visible.Where(other => other.Study.StudyInstanceUid == record.Study.StudyInstanceUid)
            .Select(other => other.Series.Modality).Where(m => m.Length > 0).Distinct().Order(StringComparer.Ordinal)));

    private string Count(InstanceRecord record, FindLevel within, FindLevel of)
    {
        var entity = EntityOf(record, within);
        return Counted($"{of} of {within} {entity}", () => $"""
            {Visible.Where(r => EntityOf(r, within) == entity).Select(r => EntityOf(r, of)).Distinct().Count()}
            """);
    }

    private string Counted(string what, Func<string> count)
    {
        if (!_counted.TryGetValue(what, out var counted)) _counted.Add(what, counted = count());
        return counted;
    }

    private static string EntityOf(InstanceRecord record, FindLevel level) => level switch
    {
        FindLevel.Patient => record.Patient.ToString(),
        FindLevel.Study => record.Study.StudyInstanceUid.ToString(),
        FindLevel.Series => record.Series.SeriesInstanceUid.ToString(),
        _ => record.Instance.SopInstanceUid.ToString(),
    };
}
