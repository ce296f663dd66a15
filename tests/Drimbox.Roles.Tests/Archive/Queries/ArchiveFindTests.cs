using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Queries;

/// <summary>What a caller of C-FIND sees beyond the baseline: combined date and time, sequences, the limit.</summary>
public sealed class ArchiveFindTests
{
    private static readonly Uid StudyRoot = ArchiveFixture.Find;

    [Fact]
    public async Task A_range_of_dates_with_one_of_times_is_one_interval_once_it_is_agreed_on()
    {
        await using var archive = await StartAsync();
        // From the second at 10 to the third at 9: only the first of these is on no day between 9 and 10.
        await StoreAsync(archive, 1, "20260802", "235900");
        await StoreAsync(archive, 2, "20260802", "095959");
        await StoreAsync(archive, 3, "20260803", "085959");
        await StoreAsync(archive, 4, "20260803", "0900");
        await StoreAsync(archive, 5, "20260803", "0901");
        await StoreAsync(archive, 6, "20260803", "");
        var query = Query(
            "STUDY", (Tag.StudyDate, "20260802-20260803"), (Tag.StudyTime, "1000-0900"), (Tag.StudyInstanceUID, ""));

        Assert.Equal("1.2.1 1.2.3 1.2.4 1.2.6", await FindAsync(archive, query, QueryOptions.DateTimeMatching));
        // Else each by itself, and no time is after ten and before nine.
        Assert.Equal("", await FindAsync(archive, query, QueryOptions.None));

        query = Query("STUDY", (Tag.StudyDate, "20260803-"), (Tag.StudyTime, "0900-"), (Tag.StudyInstanceUID, ""));
        Assert.Equal("1.2.4 1.2.5", await FindAsync(archive, query, QueryOptions.DateTimeMatching));
        query = Query("STUDY", (Tag.StudyDate, "-20260802"), (Tag.StudyTime, "-1000"), (Tag.StudyInstanceUID, ""));
        Assert.Equal("1.2.2", await FindAsync(archive, query, QueryOptions.DateTimeMatching));
        // Two forms of range are two keys (PS3.4 C.2.2.2.5.4).
        query = Query("STUDY", (Tag.StudyDate, "20260802-20260803"), (Tag.StudyTime, "2300-"), (Tag.StudyInstanceUID, ""));
        Assert.Equal("1.2.1", await FindAsync(archive, query, QueryOptions.DateTimeMatching));
    }

    [Fact]
    public async Task Combined_matching_is_agreed_on_and_fuzzy_matching_is_not()
    {
        await using var archive = await StartAsync();
        await using var association = await CallAsync(
            archive, QueryOptions.Relational | QueryOptions.DateTimeMatching | QueryOptions.FuzzySemanticMatching);
        Assert.Equal(
            QueryOptions.Relational | QueryOptions.DateTimeMatching,
            ExtendedNegotiation.Agreed(association.Negotiated, StudyRoot));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_series_is_found_by_the_request_that_it_answers_and_tells_it()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(WithRequests(Ct(1, 1, 1), ("RP-1", "SPS-1"), ("RP-2", "SPS-2")));
        await archive.StoreAsync(WithRequests(Ct(1, 2, 1), ("RP-1", "SPS-2")));
        await archive.StoreAsync(Ct(1, 3, 1));

        Assert.Equal("1.2.1.1 1.2.1.2", await SeriesAsync(("RequestedProcedureID", "RP-1")));
        Assert.Equal("1.2.1.1", await SeriesAsync(("RequestedProcedureID", "RP-2")));
        // All keys of one item (PS3.4 C.2.2.2.6).
        Assert.Equal("1.2.1.2", await SeriesAsync(
            ("RequestedProcedureID", "RP-1"), ("ScheduledProcedureStepID", "SPS-2")));
        Assert.Equal("1.2.1.1 1.2.1.2", await SeriesAsync(("ScheduledProcedureStepID", "SPS*")));
        Assert.Equal("1.2.1.1 1.2.1.2 1.2.1.3", await SeriesAsync(("ScheduledProcedureStepID", "")));
        Assert.Equal("1.2.1.1 1.2.1.2 1.2.1.3", await SeriesAsync());

        var match = Assert.Single(await MatchesAsync(
            archive, Requests(("RequestedProcedureID", "RP-2"), ("ScheduledProcedureStepID", "")), QueryOptions.Relational));
        var item = Assert.Single(match.GetItems(Tag.RequestAttributesSequence));
        Assert.Equal(("RP-2", "SPS-2", 2), (
            item.GetString(Tag.RequestedProcedureID), item.GetString(Tag.ScheduledProcedureStepID), item.Count));
        var whole = await MatchesAsync(archive, Requests(), QueryOptions.Relational);
        Assert.Equal([2, 1, 0], whole.OrderBy(m => m.GetString(Tag.SeriesInstanceUID))
            .Select(m => m.GetItems(Tag.RequestAttributesSequence).Count));
        Assert.Equal("Étape", whole.SelectMany(m => m.GetItems(Tag.RequestAttributesSequence)).First()
            .GetString(Tag.ScheduledProcedureStepDescription));

        Task<string> SeriesAsync(params (string Keyword, string Value)[] keys) =>
            FindAsync(archive, Requests(keys), QueryOptions.Relational, Tag.SeriesInstanceUID);
    }

    [Fact]
    public async Task An_accession_number_and_a_patient_identifier_are_found_with_their_issuers()
    {
        await using var archive = await StartAsync();
        foreach (var study in (int[])[1, 2])
        {
            var ct = Ct(study, 1, 1);
            SetIssuer(ct, Tag.IssuerOfAccessionNumberSequence, $"1.2.250.1.{study}");
            SetIssuer(ct, Tag.IssuerOfPatientIDQualifiersSequence, $"1.2.250.9.{study}");
            Assert.Equal(DimseStatus.Success, await archive.StoreAsync(ct));
        }

        await archive.StoreAsync(Ct(3, 1, 1));
        foreach (var (tag, root) in ((Tag, string)[])[
            (Tag.IssuerOfAccessionNumberSequence, "1.2.250.1"), (Tag.IssuerOfPatientIDQualifiersSequence, "1.2.250.9")])
        {
            var query = Query("STUDY", (Tag.StudyInstanceUID, ""));
            SetIssuer(query, tag, $"{root}.2");
            var match = Assert.Single(await MatchesAsync(archive, query, QueryOptions.Relational));
            Assert.Equal("1.2.2", match.GetString(Tag.StudyInstanceUID));
            var item = Assert.Single(match.GetItems(tag));
            Assert.Equal(
                ($"{root}.2", "ISO"), (item.GetString(Tag.UniversalEntityID), item.GetString(Tag.UniversalEntityIDType)));
            query = Query("STUDY", (Tag.StudyInstanceUID, ""));
            query.SetSequence(tag);
            var all = await MatchesAsync(archive, query, QueryOptions.Relational);
            Assert.Equal([1, 1, 0], all.OrderBy(m => m.GetString(Tag.StudyInstanceUID)).Select(m => m.GetItems(tag).Count));
        }
    }

    [Fact]
    public async Task Keys_that_are_not_known_do_not_come_back()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(WithRequests(Ct(1, 1, 1), ("RP-1", "SPS-1")));
        DataSet[] queries =
        [
            Requests(("RequestedProcedureID", "RP-1"), ("RequestedProcedureCodeSequence", "")),
            Query("STUDY", (Tag.PatientAge, "042Y")), Query("STUDY", (Tag.ReferencedStudySequence, "")),
        ];
        foreach (var query in queries)
        {
            var match = Assert.Single(await MatchesAsync(archive, query, QueryOptions.Relational));
            Assert.False(match.Contains(Tag.PatientAge) || match.Contains(Tag.ReferencedStudySequence));
            Assert.All(match.GetItems(Tag.RequestAttributesSequence), item => Assert.Equal(1, item.Count));
        }
    }

    [Fact]
    public async Task A_sequence_key_with_two_items_is_A900()
    {
        await using var archive = await StartAsync();
        var query = Requests(("RequestedProcedureID", "RP-1"));
        var second = new DataSet(query);
        second.SetString(Tag.RequestedProcedureID, "RP-2");
        query.SetSequence(Tag.RequestAttributesSequence, [.. query.GetItems(Tag.RequestAttributesSequence), second]);
        var failure = await Assert.ThrowsAsync<DimseFailureException>(
            () => MatchesAsync(archive, query, QueryOptions.Relational));
        Assert.Equal(0xA900, failure.Status.Code);
    }

    [Fact]
    public async Task More_than_the_configured_number_of_matches_end_with_A700()
    {
        await using var archive = await StartAsync(o => o with { FindResultsMax = 2 });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(2, 1, 1));
        Assert.Equal(2, (await archive.FindAsync("STUDY")).Count);
        await archive.StoreAsync(Ct(3, 1, 1));
        var failure = await Assert.ThrowsAsync<DimseFailureException>(() => archive.FindAsync("STUDY"));
        Assert.Equal(DimseStatus.OutOfResources, failure.Status);
        Assert.Contains("narrower", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DUPONT^ZOE", "")]
    [InlineData("MÜLLER^ZOÉ", "ISO_IR 100")]
    [InlineData("Yamada^Tarou=山田^太郎", "ISO_IR 192")]
    public async Task A_match_is_in_the_smallest_character_set_that_holds_it(string name, string expected)
    {
        await using var archive = await StartAsync();
        var ct = Ct(1, 1, 1);
        ct.SetCharacterSet(CharacterSet.Utf8);
        ct.SetString(Tag.PatientName, name);
        await archive.StoreAsync(ct);
        var match = Assert.Single(await archive.FindAsync("STUDY", (Tag.PatientName, "")));
        Assert.Equal(expected, match.GetString(Tag.SpecificCharacterSet) ?? "");
        Assert.Equal(name, match.GetString(Tag.PatientName));
    }

    private static void SetIssuer(DataSet dataSet, Tag tag, string root)
    {
        var item = new DataSet(dataSet);
        item.SetString(Tag.UniversalEntityID, root);
        item.SetString(Tag.UniversalEntityIDType, "ISO");
        dataSet.SetSequence(tag, item);
    }

    private static DataSet WithRequests(DataSet image, params (string Procedure, string Step)[] requests)
    {
        image.SetSequence(Tag.RequestAttributesSequence, requests.Select(request =>
        {
            var item = new DataSet(image);
            item.SetString(Tag.RequestedProcedureID, request.Procedure);
            item.SetString(Tag.ScheduledProcedureStepID, request.Step);
            item.SetString(Tag.ScheduledProcedureStepDescription, "Étape");
            return item;
        }));
        return image;
    }

    private static DataSet Requests(params (string Keyword, string Value)[] keys)
    {
        var query = Query("SERIES", (Tag.SeriesInstanceUID, ""));
        var item = new DataSet(query);
        foreach (var (keyword, value) in keys)
        {
            Assert.True(Tag.TryParse(keyword, out var tag));
            if (value.Length == 0) item.SetEmpty(tag);
            else item.SetString(tag, value);
        }

        query.SetSequence(Tag.RequestAttributesSequence, item);
        return query;
    }

    private static async Task StoreAsync(ArchiveFixture archive, int study, string date, string time)
    {
        var ct = Ct(study, 1, 1);
        ct.SetString(Tag.StudyDate, date);
        ct.SetString(Tag.StudyTime, time);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(ct));
    }

    private static Task<Association> CallAsync(ArchiveFixture archive, QueryOptions options) =>
        Association.RequestAsync(new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = archive.Node.Port,
            CallingAe = AeTitle.Parse("WS"),
            CalledAe = ArchiveFixture.Archive,
            Contexts = [CFindScu.ContextFor(StudyRoot)],
            Extended = [ExtendedNegotiation.Encode(StudyRoot, options)],
        });

    private static async Task<List<DataSet>> MatchesAsync(ArchiveFixture archive, DataSet query, QueryOptions options)
    {
        await using var association = await CallAsync(archive, options);
        var matches = await new CFindScu(association).FindAsync(StudyRoot, query).ToListAsync();
        await association.ReleaseAsync();
        return matches;
    }

    private static async Task<string> FindAsync(
        ArchiveFixture archive, DataSet query, QueryOptions options, Tag? tag = null) =>
        string.Join(' ', (await MatchesAsync(archive, query, options))
            .Select(m => m.GetString(tag ?? Tag.StudyInstanceUID)).Order());
}
