using Drimbox.Core.Identity;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Tests.Storage.Find;

/// <summary>Which index a query begins with: that does not depend on what the database guesses.</summary>
public sealed class FindPlanTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private ArchiveIndex _index = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _index = await ArchiveIndex.OpenAsync(new ArchiveIndexOptions { Folder = _folder.Path }, Token);

    public async ValueTask DisposeAsync()
    {
        await _index.DisposeAsync();
        _folder.Dispose();
    }

    public static TheoryData<FindLevel, string, FindMatch[]> Plans => new()
    {
        { FindLevel.Patient, "patient_attributes", [FindMatch.Single(A.PatientId, "1")] },
        { FindLevel.Study, "study_accession_number", [FindMatch.Single(A.AccessionNumber, "1"), Dates] },
        { FindLevel.Study, "study_accession_number", [Dates, FindMatch.List(A.AccessionNumber, ["1", "2"])] },
        { FindLevel.Study, "patient_attributes", [FindMatch.Single(A.PatientId, "1"), Dates] },
        { FindLevel.Study, "study_study_date", [Dates, FindMatch.Wildcard(A.PatientName, "*A"), Modality] },
        { FindLevel.Study, "study_study_date", [FindMatch.DateTimeRange(A.StudyDate, "20260101", "10", "", "")] },
        { FindLevel.Study, "patient_ideographic", [FindMatch.Wildcard(A.PatientName, "山*")] },
        { FindLevel.Study, "patient_phonetic", [FindMatch.Wildcard(A.PatientName, "==や*")] },
        { FindLevel.Study, "patient_name_folded", [FindMatch.Wildcard(A.PatientName, "DUPONT^*")] },
        { FindLevel.Series, "study_uid", [StudyUid, FindMatch.Single(A.Modality, "CT")] },
        { FindLevel.Series, "series_uid", [StudyUid, FindMatch.Single(A.SeriesInstanceUid, "2")] },
        { FindLevel.Series, "request_requested_procedure_id", [Request, FindMatch.Single(A.Modality, "CT")] },
        { FindLevel.Image, "instance_uid", [StudyUid, FindMatch.Single(A.SopInstanceUid, "2")] },
        { FindLevel.Image, "series_uid", [FindMatch.Single(A.SeriesInstanceUid, "1"), Number] },
    };

    // By their aliases.
    private static readonly string[] LargeTables = ["p", "s", "e", "i", "r"];

    private static FindMatch Dates => FindMatch.Range(A.StudyDate, "20260101", "20261231");

    private static FindMatch StudyUid => FindMatch.Single(A.StudyInstanceUid, "1");

    private static FindMatch Number => FindMatch.Single(A.InstanceNumber, "2");

    private static FindMatch Modality => FindMatch.Single(A.ModalitiesInStudy, "CT");

    private static FindMatch Request =>
        FindMatch.Sequence(A.RequestAttributesSequence, FindMatch.Single(A.RequestedProcedureId, "1"));

    [Theory]
    [MemberData(nameof(Plans))]
    public async Task A_query_begins_with_the_index_of_its_most_selective_key(
        FindLevel level, string index, FindMatch[] matches)
    {
        var plan = await _index.ExplainAsync(new FindQuery(level, matches), Token);
        // A name is in one of three columns; each arm begins with its own index.
        Assert.Contains(plan, step => step.Contains($"INDEX {index} (", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => LargeTables.Contains(step.Replace("SCAN ", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(A.PatientId, FindMatchKind.Single, "IPP-1", "patient_attributes")]
    [InlineData(A.PatientId, FindMatchKind.Wildcard, "IPP*", "patient_attributes")]
    [InlineData(A.PatientName, FindMatchKind.Wildcard, "DUP*", "patient_name_folded")]
    [InlineData(A.PatientName, FindMatchKind.Single, "DUPONT", "patient_name_folded")]
    [InlineData(A.AccessionNumber, FindMatchKind.Single, "ACC1", "study_accession_number")]
    [InlineData(A.AccessionNumber, FindMatchKind.Wildcard, "ACC*", "study_accession_number")]
    [InlineData(A.StudyInstanceUid, FindMatchKind.Single, "1.2", "study_uid")]
    [InlineData(A.StudyInstanceUid, FindMatchKind.List, "1.2", "study_uid")]
    [InlineData(A.StudyDate, FindMatchKind.Single, "20260101", "study_study_date")]
    [InlineData(A.StudyDate, FindMatchKind.Range, "20260101", "study_study_date")]
    public async Task Study_keys_are_found_by_an_index(A key, FindMatchKind kind, string value, string index)
    {
        var match = new FindMatch(key, kind, kind == FindMatchKind.Range ? [value, value] : [value]);
        var plan = await _index.ExplainAsync(
            new FindQuery(FindLevel.Study, [match, FindMatch.Single(A.ModalitiesInStudy, "CT")]), Token);
        Assert.Contains(plan, step => step.Contains(index, StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => step.StartsWith("SCAN", StringComparison.Ordinal) && !step.Contains("json_each", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_two_ranges_the_shorter_one_is_read()
    {
        for (var study = 0; study < 40; study++)
        {
            var record = ArchiveFixture.Instance(study, 1, 1, study < 30 ? $"MANY^{study}" : $"FEW^{study}", $"P{study}");
            await _index.InsertAsync(
                record with
                {
                    Study = record.Study with { StudyDate = study % 10 == 0 ? "20260101" : "20260202" },
                },
                Token);
        }

        Assert.Contains("study_study_date", await FirstAsync("many*", "20260101"), StringComparison.Ordinal);
        Assert.Contains("patient_name_folded", await FirstAsync("few*", "20260202"), StringComparison.Ordinal);

        async Task<string> FirstAsync(string name, string date) => string.Join('\n', await _index.ExplainAsync(
            new FindQuery(FindLevel.Study, [FindMatch.Wildcard(A.PatientName, name), FindMatch.Single(A.StudyDate, date)]),
            Token));
    }
}
