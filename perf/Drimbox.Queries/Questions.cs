using System.Diagnostics;
using System.Globalization;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Queries;

/// <summary>Asks a Study Root FIND SCP and measures, from the last byte of the request to what is told of each
/// figure.</summary>
internal sealed class Questions(int port, string calledAe, Population population, long studies, Random random)
{
    private const int FirstMatches = 100;

    // What a work list of a viewer shows; the two that cost an archive a count come only where they are named.
    private static readonly Tag[] Returned =
    [
        Tag.StudyDate, Tag.StudyTime, Tag.AccessionNumber, Tag.StudyDescription, Tag.PatientName, Tag.PatientID,
        Tag.PatientBirthDate, Tag.StudyInstanceUID, Tag.StudyID,
    ];

    private static readonly Tag[] Counted = [Tag.ModalitiesInStudy, Tag.NumberOfStudyRelatedInstances];

    /// <summary>Keys of one attribute, half of which no study has: microseconds to the final response.</summary>
    public string Keys(string keyword, int count)
    {
        using var wire = Connect();
        var misses = 0;
        var times = Measure(wire, count, i =>
        {
            var study = random.NextInt64(studies);
            if (i % 2 == 1) study += studies + 4;
            var (tag, value) = keyword switch
            {
                "PatientID" => (Tag.PatientID, population.PatientId(study)),
                "AccessionNumber" => (Tag.AccessionNumber, population.AccessionNumber(study)),
                _ => (Tag.StudyInstanceUID, population.StudyUid(study)),
            };
            return Identifier(Counted, (tag, value));
        }, (i, matches) =>
        {
            if (matches > 0 != (i % 2 == 0))
                throw new InvalidDataException($"Key {i} of {keyword}: {matches} matches.");
            misses += matches == 0 ? 1 : 0;
        });
        return $$"""{"key":"{{keyword}}","keys":{{count}},"misses":{{misses}},"final":{{Percentiles(times.Final)}}}""";
    }

    /// <summary>Ranges of some days with a modality.</summary>
    public string DatesAndModality(int days, int count)
    {
        using var wire = Connect();
        var found = new List<int>();
        var times = Measure(wire, count, _ =>
        {
            var from = DateTime.ParseExact(
                population.Date(random.NextInt64(studies)), "yyyyMMdd", CultureInfo.InvariantCulture);
            var range = $"{from:yyyyMMdd}-{from.AddDays(days - 1):yyyyMMdd}";
            return Identifier(
                Counted, (Tag.StudyDate, range),
                (Tag.ModalitiesInStudy, population.Modality(random.NextInt64(studies))));
        }, (_, matches) => found.Add(matches));
        return Answer($"{days} days and modality", count, found, times);
    }

    /// <summary>Beginnings of family names, in lower case.</summary>
    public string NamePrefixes(int length, int count)
    {
        using var wire = Connect();
        var found = new List<int>();
        var times = Measure(
            wire, count,
            _ =>
            {
                var name = population.PatientName(random.NextInt64(studies));
                return Identifier(Counted, (Tag.PatientName, name[..length].ToLowerInvariant() + "*"));
            },
            (_, matches) => found.Add(matches));
        return Answer($"PN prefix of {length}", count, found, times);
    }

    /// <summary>A query for every study, cancelled when its first match is there: from the last byte of C-CANCEL-RQ to
    /// the last byte of the final response, with the matches that came before it.</summary>
    public string Cancelled(int count)
    {
        using var wire = Connect();
        var (times, found) = (new List<double>(), new List<int>());
        for (var i = 0; i < count; i++)
        {
            var id = (ushort)(i + 1);
            var request = new CommandSet { CommandField = CommandField.CFindRq, MessageId = id };
            wire.Send(wire.Message(request, Identifier([])));
            if (wire.NextStatus() is not (0xFF00 or 0xFF01)) throw new InvalidDataException("There are no studies.");
            wire.Send(Wire.CancelOf(id));
            var sent = Stopwatch.GetTimestamp();
            var matches = 1;
            ushort status;
            while ((status = wire.NextStatus()) is 0xFF00 or 0xFF01) matches++;
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
            if (status != 0xFE00) throw new InvalidDataException($"A cancelled query ended with {status:X4}.");
            found.Add(matches);
        }

        found.Sort();
        return $$"""
            {"key":"all, cancelled","keys":{{count}},"matches":{{found[count / 2]}},"final":{{Percentiles(times)}}}
            """;
    }

    /// <summary>Every study of the archive.</summary>
    public string All(bool withCounts, int rounds)
    {
        using var wire = Connect();
        var found = new List<int>();
        var times = Measure(
            wire, rounds, _ => Identifier(withCounts ? Counted : []), (_, matches) => found.Add(matches));
        var rates = times.Final.Select((time, i) => found[i] / (time / 1e6)).Order().ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"withCounts":{{(withCounts ? "true" : "false")}},"matches":{{found[^1]}},"rate":{{rates[rates.Count / 2]:F0}}}
            """);
    }

    private Wire Connect() => new(
        port, calledAe, SopClass.StudyRootQueryRetrieveInformationModelFind, TransferSyntax.ExplicitVRLittleEndian.Uid);

    private static byte[] Identifier(Tag[] counted, params (Tag Tag, string Value)[] keys)
    {
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "STUDY");
        foreach (var tag in Returned.Concat(counted)) identifier.SetEmpty(tag);
        foreach (var (tag, value) in keys) identifier.SetString(tag, value);
        return DataSetWriter.ToBytes(identifier, TransferSyntax.ExplicitVRLittleEndian);
    }

    private static (List<double> First, List<double> Final) Measure(
        Wire wire, int count, Func<int, byte[]> identifier, Action<int, int> check)
    {
        var (first, final) = (new List<double>(), new List<double>());
        for (var i = 0; i < count; i++)
        {
            var message = wire.Message(
                new CommandSet { CommandField = CommandField.CFindRq, MessageId = (ushort)(i + 1) }, identifier(i));
            var matches = 0;
            wire.Send(message);
            var sent = Stopwatch.GetTimestamp();
            ushort status;
            while ((status = wire.NextStatus()) is 0xFF00 or 0xFF01)
            {
                if (++matches == FirstMatches) first.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
            }

            final.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
            if (matches < FirstMatches) first.Add(final[^1]);
            if (status is not (0 or 0xA700)) throw new InvalidDataException($"The final status is {status:X4}.");
            check(i, matches);
        }

        return (first, final);
    }

    private static string Answer(
        string what, int count, List<int> found, (List<double> First, List<double> Final) times)
    {
        found.Sort();
        return $$"""
            {"key":"{{what}}","keys":{{count}},"matches":{{found[count / 2]}},"first100":{{
                Percentiles(times.First)}},"final":{{Percentiles(times.Final)}}}
            """;
    }

    private static string Percentiles(List<double> microseconds)
    {
        var sorted = microseconds.Order().ToArray();
        double At(double part) => sorted[(int)(part * (sorted.Length - 1))];
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"p50":{{At(0.5):F0}},"p99":{{At(0.99):F0}},"max":{{sorted[^1]:F0}}}""");
    }
}
