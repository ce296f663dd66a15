using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Attacks;

/// <summary>Attack A13: a C-FIND whose keys are SQL, patterns of other languages, or more than anyone asks for.
/// </summary>
public sealed class FindAttackTests : IAsyncLifetime
{
    private const int Studies = 40;

    private static readonly string[] Pieces =
    [
        "'", "\"", ";", "--", "%", "_", "*", "?", "[", "]", "[^a]", "/*", "' OR 1=1--", "a", "A", "b", "é", "E", "1", "0",
        " ",
    ];

    private readonly List<(string Uid, string Accession, string Description, string Name, string Date)> _rows = [];
    private ArchiveFixture _archive = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync();
        var random = new Random(13);
        await using var association = await _archive.CallAsync(
            CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))]));
        var scu = new CStoreScu(association);
        for (var study = 1; study <= Studies; study++)
        {
            var ct = Ct(study, 1, 1);
            var row = (
                Uid: $"1.2.{study}", Accession: Word(random, 3, wildcards: false),
                Description: Word(random, 5, wildcards: false), Name: Name(random, wildcards: false),
                Date: random.Next(6) == 0 ? "" : $"202608{random.Next(1, 29):D2}");
            Set(ct, Tag.AccessionNumber, row.Accession);
            Set(ct, Tag.StudyDescription, row.Description);
            Set(ct, Tag.PatientName, row.Name);
            Set(ct, Tag.StudyDate, row.Date);
            Assert.Equal(DimseStatus.Success, await scu.SendAsync(ArchiveFixture.Source(ct)));
            _rows.Add(row);
        }

        await association.ReleaseAsync();
    }

    public ValueTask DisposeAsync() => _archive.DisposeAsync();

    /// <summary>Property: what the archive finds is what a naive matcher finds in memory, whatever is asked.</summary>
    [Fact]
    public async Task A13_every_query_finds_what_a_reference_matcher_finds()
    {
        var random = new Random(Seed.Get());
        await using var association = await _archive.CallAsync(CFindScu.ContextFor(Find));
        var scu = new CFindScu(association);
        var matched = 0;
        for (var i = 0; i < 400; i++)
        {
            var accession = random.Next(3) == 0 ? Word(random, 4, wildcards: true) : "";
            var description = random.Next(3) == 0 ? Word(random, 4, wildcards: true) : "";
            var name = random.Next(3) == 0 ? Name(random, wildcards: true) : "";
            var (from, to) = ($"202608{random.Next(1, 29):D2}", $"202608{random.Next(1, 29):D2}");
            var date = random.Next(6) switch
            {
                0 => from, 1 => $"{from}-{to}", 2 => $"{from}-", 3 => $"-{to}", 4 => "-", _ => "",
            };
            var uids = random.Next(4) == 0
                ? string.Join('\\', Enumerable.Range(0, random.Next(1, 20)).Select(_ => $"1.2.{random.Next(1, 60)}"))
                : "";
            var query = Query("STUDY");
            Set(query, Tag.AccessionNumber, accession);
            Set(query, Tag.StudyDescription, description);
            Set(query, Tag.PatientName, name);
            Set(query, Tag.StudyDate, date);
            Set(query, Tag.StudyInstanceUID, uids);
            var found = new List<string>();
            await foreach (var match in scu.FindAsync(Find, query)) found.Add(match.GetString(Tag.StudyInstanceUID)!);
            var expected = _rows.Where(row => Text(accession, row.Accession) && Text(description, row.Description)
                && Text(NameFolding.FoldPersonName(name).Alphabetic, NameFolding.FoldPersonName(row.Name).Alphabetic)
                && Date(date, row.Date) && (uids.Length == 0 || uids.Split('\\').Contains(row.Uid)));
            Assert.True(
                expected.Select(row => row.Uid).Order().SequenceEqual(found.Order()),
                $"[{accession}] [{description}] [{name}] [{date}] [{uids}]: {string.Join(' ', found)}; expected "
                + string.Join(", ", expected));
            matched += found.Count;
        }

        Assert.InRange(matched, 400, 400 * Studies);
        await association.ReleaseAsync();
    }

    [Theory]
    [InlineData("' OR 1=1--")]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("*%*'")]
    [InlineData("x'; DROP TABLE study; --")]
    [InlineData("[0-9]*")]
    public async Task A13_sql_is_text_like_any_other(string value)
    {
        Assert.Empty(await _archive.FindAsync("STUDY", (Tag.StudyID, value)));
        Assert.Equal(Studies, (await _archive.FindAsync("STUDY", (Tag.StudyInstanceUID, ""))).Count);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("?")]
    public async Task A13_a_pattern_made_to_backtrack_ends_at_once(string wildcard)
    {
        var ct = Ct(90, 1, 1);
        // As long as a value of the scan may be, and never the last letter of the pattern.
        Set(ct, Tag.StudyDescription, new string('a', Limits.ScannedValueBytesMax));
        await _archive.StoreAsync(ct);
        var pattern = string.Concat(Enumerable.Repeat($"a{wildcard}", 60)) + "*b";
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Empty(await _archive.FindAsync("STUDY", (Tag.StudyDescription, pattern)));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A13_more_than_a_limit_is_refused_by_its_status()
    {
        Assert.Equal(0xA700, await RefusalAsync(Query(
            "STUDY", (Tag.StudyInstanceUID, string.Join('\\', Enumerable.Range(0, 10_000).Select(i => $"1.2.{i}"))))));
        Assert.Equal(0xA700, await RefusalAsync(Query(
            "STUDY", (Tag.StudyInstanceUID, string.Join('\\', Enumerable.Range(0, 1_001).Select(i => $"1.2.{i}"))))));
        Assert.Equal(0xC000, await RefusalAsync(Query("STUDY", (Tag.PatientName, new string('A', 65_534)))));
        Assert.Equal(0xA900, await RefusalAsync(Query("STUDY*")));
        Assert.Equal(0xA900, await RefusalAsync(Query("' OR 1=1")));
        Assert.Equal(0xA900, await RefusalAsync(new DataSet()));
        // More than any identifier needs, though nothing in it is asked of the index.
        var large = Query("STUDY");
        large.SetBytes(new Tag(0x0009_1010), Vr.OB, new byte[Limits.IdentifierBytesMax]);
        Assert.Equal(0xA700, await RefusalAsync(large));
        Assert.Equal(1_000, Limits.UidListMax);
        Assert.Equal(Studies, (await _archive.FindAsync("STUDY", (Tag.StudyInstanceUID, string.Join(
            '\\', Enumerable.Range(1, 1_000).Select(i => $"1.2.{i}"))))).Count);
    }

    [Fact]
    public async Task A13_a_key_that_comes_twice_is_C000()
    {
        // PS3.5 7.1: an element occurs once. As bytes, since a data set of ours cannot hold it twice.
        var query = DataSetWriter.ToBytes(
            Query("STUDY", (Tag.AccessionNumber, "ACN1")), TransferSyntax.ExplicitVRLittleEndian);
        var again = Convert.FromHexString("08005000" + "5348" + "0400" + "41434E31");
        byte[] twice = [.. query, .. Enumerable.Repeat(again, 3_000).SelectMany(b => b)];
        Assert.Equal(0xC000, await RefusalAsync(DataSetReader.TryRead(
            twice, TransferSyntax.ExplicitVRLittleEndian, out _)!));
    }

    [Fact]
    public async Task A13_sequences_and_unknown_keys_are_left_out_of_the_match()
    {
        var query = Query("STUDY", (Tag.StudyInstanceUID, "1.2.1\\1.2.2"), (Tag.ManufacturerModelName, "X"));
        var item = new DataSet(query);
        item.SetString(Tag.CodeValue, "' OR 1=1--");
        item.SetSequence(Tag.ProcedureCodeSequence, new DataSet(item));
        query.SetSequence(Tag.ProcedureCodeSequence, item);
        await using var association = await _archive.CallAsync(CFindScu.ContextFor(Find));
        var found = await new CFindScu(association).FindAsync(Find, query).ToListAsync();
        Assert.Equal(["1.2.1", "1.2.2"], found.Select(m => m.GetString(Tag.StudyInstanceUID)).Order());
        Assert.All(
            found,
            m => Assert.False(m.Contains(Tag.ProcedureCodeSequence) || m.Contains(Tag.ManufacturerModelName)));
    }

    private async Task<int> RefusalAsync(DataSet query)
    {
        await using var association = await _archive.CallAsync(CFindScu.ContextFor(Find));
        var failure = await Assert.ThrowsAsync<DimseFailureException>(
            async () => await new CFindScu(association).FindAsync(Find, query).ToListAsync());
        // The association stands.
        await association.ReleaseAsync();
        return failure.Status.Code;
    }

    private static void Set(DataSet dataSet, Tag tag, string value)
    {
        if (value.Length == 0) dataSet.SetEmpty(tag);
        else dataSet.SetString(tag, value);
    }

    private static string Word(Random random, int pieces, bool wildcards)
    {
        var word = string.Concat(
            Enumerable.Range(0, random.Next(1, pieces + 1)).Select(_ => Pieces[random.Next(Pieces.Length)]));
        if (!wildcards && random.Next(2) == 0) word = word.Replace('*', 'a').Replace('?', 'b');
        // Spaces at the ends do not count, and SH has 16 characters.
        word = word.Trim();
        return word.Length > 16 ? word[..16].Trim() : word;
    }

    // PS3.5 6.2.1.2: the equals sign would begin another group, which is matched by itself.
    private static string Name(Random random, bool wildcards) =>
        Word(random, 4, wildcards).Replace('=', '+').Replace('^', ':');

    // PS3.4 C.2.2.2.1 and C.2.2.2.4.
    private static bool Text(string pattern, string value)
    {
        if (pattern.All(c => c == '*')) return true;
        return pattern.AsSpan().ContainsAny('*', '?') ? Glob(pattern, value) : pattern == value;
    }

    private static bool Glob(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty) return text.IsEmpty;
        if (pattern[0] == '*')
        {
            for (var skip = 0; skip <= text.Length; skip++)
            {
                if (Glob(pattern[1..], text[skip..])) return true;
            }

            return false;
        }

        return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Glob(pattern[1..], text[1..]);
    }

    // PS3.4 C.2.2.2.5.
    private static bool Date(string range, string value)
    {
        if (range.Length == 0 || range == "-") return true;
        var (from, to) = range.Contains('-', StringComparison.Ordinal)
            ? (range.Split('-')[0], range.Split('-')[1])
            : (range, range);
        return value.Length > 0 && (from.Length == 0 || string.CompareOrdinal(value, from) >= 0)
            && (to.Length == 0 || string.CompareOrdinal(value, to) <= 0);
    }
}
