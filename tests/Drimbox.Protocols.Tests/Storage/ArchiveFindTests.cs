using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using static Drimbox.Tests.Storage.ArchiveFixture;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Tests.Storage;

public abstract class ArchiveFindTests(IndexPlace place) : IndexTests(place)
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await AddAsync(1, "LECŒUR^RENÉ", "CT", "20260101", "081500", "A%_[1]");
        await AddAsync(2, "lecoeur^rene^^^", "MR", "20260215", "1200", "a%_[1]");
        await AddAsync(3, "DUPONT", "CT", "20260215", "", "B*2");
        await AddAsync(4, "Dupont^Zoé", "US", "", "235959.999999", "");
        await AddAsync(5, "YAMADA^TAROU=山田^太郎=やまだ^たろう", "CT", "20261231", "10", "C?3");
        await AddAsync(6, "O'NEIL ^ ANNE  ", "DX", "19991231", "10:30:00", "' OR 1=1 --");
    }

    [Theory]
    [InlineData("lecoeur^rené", "1 2")] // case, accents and œ do not count
    [InlineData("LECŒUR", "")] // a single value is the whole value
    [InlineData("LECŒUR*", "1 2")]
    [InlineData("lec?eur*", "1 2")]
    [InlineData("*^RENE", "1 2")]
    [InlineData("dupont^*", "3 4")] // an empty given name may be left away
    [InlineData("dupont^*^*", "3 4")]
    [InlineData("dupont^z*", "4")]
    [InlineData("dupont^*e", "4")]
    [InlineData("山田*", "5")] // any group
    [InlineData("やまだ^たろう", "5")]
    [InlineData("YAMADA*=山田*", "5")]
    [InlineData("YAMADA*=*=やま*", "5")]
    [InlineData("DUPONT*=山田*", "")]
    [InlineData("=山田^太郎", "5")]
    [InlineData("O’NEIL^ANNE", "6")] // spaces around components, the typographic apostrophe
    [InlineData("*", "1 2 3 4 5 6")]
    [InlineData("%", "")]
    [InlineData("[A-Z]*", "")]
    public async Task Person_names_match_folded_and_by_group(string pattern, string expected) =>
        Assert.Equal(expected, await FindAsync(Match(A.PatientName, pattern)));

    [Theory]
    [InlineData("A%_[1]", "1")]
    [InlineData("A*", "1")] // case counts outside of names (PS3.4 C.2.2.2.4)
    [InlineData("?%_[1]", "1 2")]
    [InlineData("A%_[?]", "1")]
    [InlineData("*[1]", "1 2")]
    [InlineData("A?_[1]", "1")]
    [InlineData("??", "")]
    [InlineData("B*", "3")]
    [InlineData("***", "1 2 3 4 5 6")]
    [InlineData("' OR 1=1 --", "6")]
    [InlineData("_%", "")]
    public async Task Text_matches_by_character_and_wildcard(string pattern, string expected) =>
        Assert.Equal(expected, await FindAsync(Match(A.AccessionNumber, pattern)));

    [Theory]
    [InlineData("20260215", "20260215", "2 3")]
    [InlineData("20260102", "20261231", "2 3 5")]
    [InlineData("20260215", "", "2 3 5")]
    [InlineData("", "20260101", "1 6")] // no date is in no range
    [InlineData("", "", "1 2 3 4 5 6")]
    [InlineData("20270101", "20260101", "")]
    public async Task Dates_match_in_a_range_with_both_ends(string from, string to, string expected) =>
        Assert.Equal(expected, await FindAsync(FindMatch.Range(A.StudyDate, from, to)));

    [Theory]
    [InlineData("0815", "1030", "1 5 6")]
    [InlineData("10", "10", "5 6")] // the hour is all of it
    [InlineData("120000.000001", "", "4")]
    [InlineData("", "0900", "1")]
    [InlineData("235959.999999", "235959.999999", "4")]
    public async Task Times_match_whatever_their_precision(string from, string to, string expected) =>
        Assert.Equal(expected, await FindAsync(FindMatch.Range(A.StudyTime, from, to)));

    [Fact]
    public async Task A_list_matches_any_of_its_values_and_takes_a_thousand()
    {
        List<string> uids = [.. Enumerable.Range(1000, 998).Select(i => $"1.2.3.{i}"), "1.2.3.2", "1.2.3.5"];
        Assert.Equal("2 5", await FindAsync(FindMatch.List(A.StudyInstanceUid, uids)));
        Assert.Equal("", await FindAsync(FindMatch.List(A.StudyInstanceUid, [])));
        Assert.Equal("1 3 4 5", await FindAsync(FindMatch.List(A.ModalitiesInStudy, ["CT", "US"])));
        uids.Add("1.2.3.1");
        await Assert.ThrowsAsync<InvariantException>(() => FindAsync(FindMatch.List(A.StudyInstanceUid, uids)));
    }

    [Fact]
    public async Task Modalities_in_study_are_those_of_its_series()
    {
        var second = Instance(1, 2, 1);
        await Index.InsertAsync(
            second with { Series = second.Series with { Modality = "SR" } }, Token);
        Assert.Equal("1", await FindAsync(FindMatch.Single(A.ModalitiesInStudy, "SR")));
        Assert.Equal("1 3 5", await FindAsync(FindMatch.Wildcard(A.ModalitiesInStudy, "C*")));
        var row = Assert.Single(await RowsAsync(
            FindLevel.Study, FindMatch.Single(A.StudyInstanceUid, "1.2.3.1"), FindMatch.Return(A.ModalitiesInStudy)));
        Assert.Equal("CT\\SR", row[A.ModalitiesInStudy]);
    }

    [Fact]
    public async Task A_row_tells_the_keys_that_were_asked_for_and_the_unique_ones()
    {
        var row = Assert.Single(await RowsAsync(
            FindLevel.Image,
            FindMatch.Single(A.StudyInstanceUid, "1.2.3.1"),
            FindMatch.Single(A.Rows, "512"),
            FindMatch.Return(A.NumberOfFrames),
            FindMatch.Return(A.SeriesTime),
            FindMatch.Return(A.NumberOfStudyRelatedInstances),
            FindMatch.Return(A.NumberOfPatientRelatedStudies),
            FindMatch.Return(A.PatientName)));
        Assert.Equal("1.2.3.1.1.1", row[A.SopInstanceUid]);
        Assert.Equal("IPP-1", row[A.PatientId]);
        Assert.Equal(("512", "", "1016", "1", "1", "LECŒUR^RENÉ"),
            (row[A.Rows], row[A.NumberOfFrames], row[A.SeriesTime], row[A.NumberOfStudyRelatedInstances],
                row[A.NumberOfPatientRelatedStudies], row[A.PatientName]));
        Assert.Null(row[A.Columns]);
        Assert.Empty(await RowsAsync(FindLevel.Image, FindMatch.Single(A.Rows, "many")));
    }

    [Fact]
    public async Task No_more_rows_come_than_asked_for()
    {
        var query = new FindQuery(FindLevel.Study, [], ResultsMax: 4);
        Assert.Equal(4, (await Index.FindAsync(query, Token).ToListAsync(Token)).Count);
    }

    [Fact]
    public async Task Finds_equal_a_naive_matcher_over_random_data()
    {
        var random = new Random(Seed.Get());
        string[] alphabet = ["a", "A", "é", "œ", "^", " ", "*", "?", "[", "%", "_", "0", "1", "山"];
        string Word(int max) => string.Concat(Enumerable.Range(0, random.Next(max)).Select(_ => alphabet[random.Next(alphabet.Length)])).Trim();
        var all = new List<(string Uid, string Accession, string Name, string Date)>();
        for (var i = 100; i < 300; i++)
        {
            var (accession, name, date) = (Word(4), Word(5), random.Next(5) == 0 ? "" : $"2026010{random.Next(1, 8)}");
            await AddAsync(i, name, "CT", date, "", accession);
            all.Add(($"{i}", accession, name, date));
        }

        var only = FindMatch.Wildcard(A.StudyInstanceUid, "1.2.3.???");
        for (var i = 0; i < 300; i++)
        {
            var (pattern, from, to) = (Word(4), $"2026010{random.Next(1, 8)}", $"2026010{random.Next(1, 8)}");
            if (pattern.Length == 0) continue;
            Assert.Equal(
                Expected(row => Naive(pattern, row.Accession)),
                await FindAsync(only, FindMatch.Wildcard(A.AccessionNumber, pattern)));
            Assert.Equal(
                Expected(row => row.Date.Length > 0 && string.CompareOrdinal(row.Date, from) >= 0
                    && string.CompareOrdinal(row.Date, to) <= 0 && Naive(pattern, row.Accession)),
                await FindAsync(
                    only, FindMatch.Range(A.StudyDate, from, to), FindMatch.Wildcard(A.AccessionNumber, pattern)));
            if (pattern.Contains('^')) continue;
            // Without '^' in the pattern no component is left away.
            Assert.Equal(
                Expected(row => Naive(
                    NameFolding.FoldPersonName(pattern).Alphabetic, NameFolding.FoldPersonName(row.Name).Alphabetic)),
                await FindAsync(only, FindMatch.Wildcard(A.PatientName, pattern)));
        }

        string Expected(Func<(string Uid, string Accession, string Name, string Date), bool> matches) =>
            string.Join(' ', all.Where(matches).Select(row => row.Uid));
    }

    private static bool Naive(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty) return text.IsEmpty;
        if (pattern[0] == '*')
        {
            for (var skip = 0; skip <= text.Length; skip++)
            {
                if (Naive(pattern[1..], text[skip..])) return true;
            }

            return false;
        }

        return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Naive(pattern[1..], text[1..]);
    }

    private static FindMatch Match(A attribute, string pattern) =>
        pattern.AsSpan().ContainsAny('*', '?')
            ? FindMatch.Wildcard(attribute, pattern)
            : FindMatch.Single(attribute, pattern);

    private Task<InsertResult> AddAsync(int study, string name, string modality, string date, string time, string accession)
    {
        var record = Instance(study, 1, 1, name, $"IPP-{study}");
        return Index.InsertAsync(
            record with
            {
                Study = record.Study with { StudyDate = date, StudyTime = time, AccessionNumber = accession },
                Series = record.Series with { Modality = modality },
            },
            Token);
    }

    private async Task<List<FindRow>> RowsAsync(FindLevel level, params FindMatch[] matches) =>
        await Index.FindAsync(new FindQuery(level, matches), Token).ToListAsync(Token);

    private async Task<string> FindAsync(params FindMatch[] matches) => string.Join(
        ' ', (await RowsAsync(FindLevel.Study, matches)).Select(row => row[A.StudyInstanceUid]![6..]).Order());
}

public sealed class SqliteArchiveFindTests() : ArchiveFindTests(new SqlitePlace());

public sealed class PostgresArchiveFindTests(PostgresCluster cluster) : ArchiveFindTests(new PostgresPlace(cluster));
