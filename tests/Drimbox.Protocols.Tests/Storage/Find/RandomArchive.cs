using Drimbox.Core.Identity;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Tests.Storage.Find;

/// <summary>Random instances of few values, so that keys meet them, and random queries of every kind of matching.
/// </summary>
internal sealed class RandomArchive(Random random)
{
    private static readonly string[] Letters = ["a", "A", "é", "œ", "^", "^", " ", "[", "%", "_", "0", "山"];
    private static readonly string[] Modalities = ["CT", "MR", "SR", "US", ""];

    private static readonly A[] Times = [A.StudyTime, A.SeriesTime, A.PerformedProcedureStepStartTime];

    private static readonly A[] Dates =
        [A.PatientBirthDate, A.StudyDate, A.SeriesDate, A.PerformedProcedureStepStartDate];

    private static readonly A[] Uids =
        [A.StudyInstanceUid, A.SeriesInstanceUid, A.SopInstanceUid, A.SopClassUid, A.AvailableTransferSyntaxUid];

    private static readonly A[] Numbers = [A.NumberOfFrames, A.Rows, A.Columns];

    private static readonly (FindLevel Level, A[] Keys)[] KeysOfLevels =
    [
        (FindLevel.Patient, [A.PatientId, A.IssuerOfPatientId, A.PatientName, A.PatientBirthDate, A.PatientSex]),
        (FindLevel.Study,
        [
            A.StudyInstanceUid, A.StudyDate, A.StudyTime, A.AccessionNumber, A.StudyId, A.StudyDescription,
            A.ReferringPhysicianName, A.ModalitiesInStudy,
        ]),
        (FindLevel.Series,
        [
            A.SeriesInstanceUid, A.Modality, A.SeriesNumber, A.SeriesDescription, A.SeriesDate, A.SeriesTime,
            A.PerformedProcedureStepStartDate, A.PerformedProcedureStepStartTime, A.RequestAttributesSequence,
        ]),
        (FindLevel.Image,
        [
            A.SopInstanceUid, A.SopClassUid, A.AvailableTransferSyntaxUid, A.InstanceNumber, A.NumberOfFrames, A.Rows,
            A.Columns,
        ]),
    ];

    private int _serial;

    public IEnumerable<InstanceRecord> Instances(int patients)
    {
        for (var p = 0; p < patients; p++)
        {
            var patient = new PatientAttributes(
                $"P{random.Next(patients)}", Pick("", "SITE"), Name(), Date(), Pick("F", "M", "O", ""));
            for (var s = random.Next(1, 4); s > 0; s--)
            {
                var study = new StudyAttributes(
                    Uid(), Date(), Time(), Word(4), Word(2), Word(4), Word(4));
                for (var e = random.Next(1, 4); e > 0; e--)
                {
                    var series = new SeriesAttributes(
                        Uid(), Modalities[random.Next(Modalities.Length)], $"{random.Next(3)}", Word(3), Date(), Time())
                    {
                        PerformedProcedureStepStartDate = Date(),
                        PerformedProcedureStepStartTime = Time(),
                        RequestAttributes = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Request())],
                    };
                    for (var i = random.Next(1, 4); i > 0; i--) yield return Instance(patient, study, series);
                }
            }
        }
    }

    /// <summary>A query with up to four keys that the values of an instance are likely to match.</summary>
    public FindQuery Query(NaiveIndex index)
    {
        var records = index.Visible.ToList();
        var record = records[random.Next(records.Count)];
        var level = (FindLevel)random.Next(4);
        var keys = KeysOfLevels.Where(l => l.Level <= level).SelectMany(l => l.Keys).ToArray();
        random.Shuffle(keys);
        return new FindQuery(level, [.. keys.Take(random.Next(5)).Select(key => Match(key, index, record))]);
    }

    private FindMatch Match(A key, NaiveIndex index, InstanceRecord record)
    {
        if (random.Next(8) == 0 && key != A.RequestAttributesSequence) return FindMatch.Return(key);
        if (key == A.RequestAttributesSequence) return Items(record);
        var value = key == A.ModalitiesInStudy ? record.Series.Modality : index.Value(key, record);
        if (Times.Contains(key)) return TimeMatch(key, value);
        if (Dates.Contains(key)) return DateMatch(key, value);
        if (value.Length == 0) value = Word(3);
        if (value.Length == 0) return FindMatch.Return(key);
        if (Numbers.Contains(key)) return FindMatch.Single(key, value);
        return random.Next(3) switch
        {
            0 => FindMatch.Single(key, value),
            1 => FindMatch.List(key, [value, Uids.Contains(key) ? $"1.2.{random.Next(500)}" : Pick("CT", "P1", "a", "0")]),
            _ when Uids.Contains(key) => FindMatch.Single(key, value),
            _ => FindMatch.Wildcard(key, Pattern(value)),
        };
    }

    private FindMatch Items(InstanceRecord record)
    {
        var items = record.Series.RequestAttributes;
        var item = items.Count == 0 ? Request() : items[random.Next(items.Count)];
        var keys = NaiveIndex.ItemAttributes.Where(_ => random.Next(3) == 0).Select(key =>
        {
            var value = NaiveIndex.ItemValue(key, item);
            return value.Length == 0 || random.Next(4) == 0 ? FindMatch.Return(key)
                : random.Next(2) == 0 ? FindMatch.Single(key, value)
                : FindMatch.Wildcard(key, Pattern(value));
        });
        return FindMatch.Sequence(A.RequestAttributesSequence, [.. keys]);
    }

    private FindMatch DateMatch(A key, string value)
    {
        if (value.Length == 0) value = "20260103";
        var other = Date();
        return random.Next(4) switch
        {
            0 => FindMatch.Single(key, value),
            1 when key != A.PatientBirthDate => WithTimes(FindMatch.DateTimeRange(
                key, Open(value), Time(), Open(other.Length == 0 ? value : other), Time())),
            2 => FindMatch.List(key, [value, "20260105"]),
            _ => FindMatch.Range(key, Open(value), other),
        };

        string Open(string date) => random.Next(4) == 0 ? "" : date;

        // A bound has both or neither.
        FindMatch WithTimes(FindMatch match)
        {
            string[] values = [.. match.Values];
            for (var i = 0; i < 4; i += 2)
            {
                if (values[i].Length == 0) values[i + 1] = "";
                else if (values[i + 1].Length == 0) values[i + 1] = Pick("00", "1030", "0815");
            }

            return match with { Values = values };
        }
    }

    private FindMatch TimeMatch(A key, string value)
    {
        if (value.Length == 0) value = "10";
        return random.Next(3) switch
        {
            0 => FindMatch.Single(key, value),
            1 => FindMatch.Range(key, value, Time()),
            _ => FindMatch.Range(key, random.Next(2) == 0 ? "" : Time(), value),
        };
    }

    // Some characters become wildcards; never all of them asterisks, which is no key.
    private string Pattern(string value)
    {
        var from = random.Next(value.Length + 1);
        var pattern = random.Next(5) switch
        {
            0 => value[..from] + "*",
            1 => "*" + value[from..],
            2 => value[..from] + "*" + value[from..],
            3 when from < value.Length => value[..from] + "?" + value[(from + 1)..],
            _ => value + Pick("*", "^*", "^*^*", "?"),
        };
        return pattern.All(c => c == '*') || !pattern.AsSpan().ContainsAny('*', '?') ? value[..1] + "*" : pattern;
    }

    private InstanceRecord Instance(PatientAttributes patient, StudyAttributes study, SeriesAttributes series)
    {
        var uid = Uid();
        return new InstanceRecord(
            patient, study, series,
            new InstanceAttributes(
                uid, Core.Identity.Uid.Parse(Pick("1.2.1", "1.2.2")), Core.Identity.Uid.Parse(Pick("1.2.3", "1.2.4")),
                $"{random.Next(5)}", random.Next(3), random.Next(3), random.Next(3)),
            new InstanceFile(
                uid.ToString(), 1, new string('a', 64), new string('b', 64), ArchiveFixture.Now, AeTitle.Parse("CT1")));
    }

    private RequestAttributes Request() => new(Word(2), Word(2), Word(3), Word(2), Word(3));

    private Uid Uid() => Core.Identity.Uid.Parse($"1.2.{++_serial}");

    private string Date() => random.Next(5) == 0 ? "" : $"2026010{random.Next(1, 8)}";

    private string Time() => Pick("", "00", "0815", "081500", "10", "1030", "103000.5", "235959.999999");

    private string Name() =>
        random.Next(4) == 0 ? $"{Word(3)}={Word(3)}={Word(3)}".TrimEnd('=') : Word(5);

    private string Word(int max) =>
        string.Concat(Enumerable.Range(0, random.Next(max + 1)).Select(_ => Letters[random.Next(Letters.Length)])).Trim();

    private string Pick(params string[] values) => values[random.Next(values.Length)];
}
