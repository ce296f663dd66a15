using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

/// <summary>Versions, renditions, quarantine and issuers in the index.</summary>
public abstract class KeptFileTests(IndexPlace place) : IndexTests(place)
{
    private static readonly Uid JpegLs = Uid.Parse("1.2.840.10008.1.2.4.80");

    [Fact]
    public async Task A_replacement_stands_and_what_it_replaced_is_a_prior_version()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        var second = With(first, "second", 'c');
        Assert.IsType<SettleResult.Done>(await ReplaceAsync(second));

        var standing = await StandingAsync();
        Assert.Equal((2, second.File), (standing.Instance.Version, standing.Instance.File));
        var prior = Assert.Single(await Index.FilesOfAsync(standing.Instance.RowId, Token));
        Assert.Equal((1, first.File), (prior.Version, prior.File));
        Assert.Equal(standing.Instance.RowId, Assert.Single(await Index.ListVersionedAsync(0, 10, Token)).RowId);
        Assert.Equal(
            ("CT1", "replaced"),
            (await Index.EventsOfAsync(first.Instance.SopInstanceUid, Token)).Select(e => (e.Actor, e.Action)).Single());
        // What stands is what an arrival is compared with.
        Assert.IsType<InsertResult.SameBytes>(await InsertAsync(second));
        Assert.IsType<InsertResult.Known>(await InsertAsync(first));
    }

    [Fact]
    public async Task A_replacement_and_what_it_hides_are_one_transaction()
    {
        await InsertAsync(Instance(1, 1, 1));
        await InsertAsync(Instance(1, 2, 1));
        var before = Index.Transactions;
        var note = With(Instance(1, 1, 1), "second", 'c') with { Hides = new([Uid.Parse("1.2.3.1.2.1")], "113001") };
        Assert.Equal(1, Assert.IsType<SettleResult.Done>(await ReplaceAsync(note)).Hidden);
        Assert.Equal(1, Index.Transactions - before);
        Assert.False((await Index.FindInstanceAsync(Uid.Parse("1.2.3.1.2.1"), Token))!.Visible);
    }

    [Fact]
    public async Task A_released_note_hides_with_its_release()
    {
        await InsertAsync(Instance(1, 2, 1));
        var note = Instance(1, 1, 1) with { Hides = new([Uid.Parse("1.2.3.1.2.1")], "113001") };
        await Index.AdoptQuarantinedAsync(Quarantined(note), Token);
        var quarantined = Assert.Single(await Index.ListQuarantineAsync(0, 10, Token));
        var before = Index.Transactions;
        var released = await Index.ReleaseAsync(quarantined, null, note, 1, "root", Token);
        Assert.Equal(1, Assert.IsType<SettleResult.Done>(released).Hidden);
        Assert.Equal(1, Index.Transactions - before);
    }

    [Fact]
    public async Task Of_two_that_replace_the_same_thing_one_has_to_decide_again()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        var expected = await StandingAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Index.ReplaceAsync(
            expected, With(first, $"{i}", (char)('0' + i)), "CT1", Token)));

        Assert.Single(results.OfType<SettleResult.Done>());
        var standing = await StandingAsync();
        Assert.All(results.OfType<SettleResult.Changed>(), changed => Assert.True(standing.IsStill(changed.Standing)));
        Assert.Equal(2, standing.Instance.Version);
        Assert.Single(await Index.FilesOfAsync(standing.Instance.RowId, Token));
    }

    [Fact]
    public async Task A_decision_that_rests_on_what_was_hidden_or_removed_meanwhile_is_taken_again()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        var expected = await StandingAsync();
        await Index.HideAsync(new([first.Instance.SopInstanceUid], "113001"), Token);
        var changed = Assert.IsType<SettleResult.Changed>(
            await Index.ReplaceAsync(expected, With(first, "second", 'c'), "CT1", Token));
        Assert.False(changed.Standing!.Instance.Visible);
        await Index.RemoveAsync([expected.Instance.RowId], Token);
        Assert.Null(Assert.IsType<SettleResult.Changed>(
            await Index.AddRenditionAsync(changed.Standing, With(first, "second", 'c'), "CT1", Token)).Standing);
        Assert.Empty(await Index.ListFurtherAsync(0, 10, Token));
    }

    [Fact]
    public async Task A_sender_that_changes_its_mind_to_and_fro_keeps_two_files()
    {
        var (a, b) = (Instance(1, 1, 1), With(Instance(1, 1, 1), "b", 'b'));
        await InsertAsync(a);
        await ReplaceAsync(b);
        var freed = new List<string>();
        for (var turn = 0; turn < 6; turn++)
        {
            var next = turn % 2 == 0 ? a : b;
            var result = await ReplaceAsync(next with { File = next.File with { FileName = $"turn-{turn}" } });
            freed.AddRange(Assert.IsType<SettleResult.Done>(result).Freed);
        }

        Assert.Equal([a.File.FileName, "b", "turn-0", "turn-1", "turn-2", "turn-3"], freed);
        Assert.Single(await Index.FilesOfAsync((await StandingAsync()).Instance.RowId, Token));
    }

    [Fact]
    public async Task A_rendition_is_found_with_its_instance_and_counted_with_it_once()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        var compressed = Compressed(first, "compressed");
        await Index.AddRenditionAsync(await StandingAsync(), compressed, "CT1", Token);

        Assert.Equal(compressed.File, Assert.Single((await StandingAsync()).Instance.Renditions).File);
        Assert.IsType<InsertResult.SameBytes>(await InsertAsync(compressed));
        var study = Assert.Single(await FindAsync(FindLevel.Study, ArchiveAttribute.NumberOfStudyRelatedInstances));
        Assert.Equal("1", study[ArchiveAttribute.NumberOfStudyRelatedInstances]);
        Assert.Single(await FindAsync(FindLevel.Image));
        var moved = Assert.Single(await Index.InstancesOfAsync(
            new FindQuery(FindLevel.Image, []), Token).ToListAsync(Token));
        Assert.Equal(JpegLs, Assert.Single(moved.Renditions).TransferSyntaxUid);
        Assert.Empty(await Index.ListVersionedAsync(0, 10, Token));

        // The next version begins without it; restoring the former brings both back.
        await ReplaceAsync(With(first, "second", 'c'));
        Assert.Empty((await StandingAsync()).Instance.Renditions);
        var files = await Index.FilesOfAsync(moved.RowId, Token);
        Assert.Equal([1, 1], files.Select(file => file.Version));
        var result = await Index.RestoreAsync(
            await StandingAsync(), 1, [Renamed(compressed, "r1"), Renamed(first, "r2")], "root", Token);
        Assert.Equal([first.File.FileName, "compressed"], Assert.IsType<SettleResult.Done>(result).Freed.Order(StringComparer.Ordinal));
        var restored = (await StandingAsync()).Instance;
        Assert.Equal((3, JpegLs), (restored.Version, restored.TransferSyntaxUid));
        Assert.Equal("r2", Assert.Single(restored.Renditions).File.FileName);
        Assert.Equal("second", Assert.Single(
            await Index.FilesOfAsync(moved.RowId, Token), f => f.Version == 2).File.FileName);
    }

    [Fact]
    public async Task A_correction_corrects_what_a_query_finds_and_moves_what_it_moves()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        await ReplaceAsync(With(first, "second", 'c') with
        {
            Patient = first.Patient with { PatientName = "PAT-TROIS^DOMINIQUE^^DR" },
            Study = first.Study with { AccessionNumber = "ACC9", StudyDescription = "" },
            Series = first.Series with { SeriesInstanceUid = Uid.Parse("1.2.3.1.7"), Modality = "PT" },
        });
        await ReplaceAsync(With(first, "third", 'd') with
        {
            Series = first.Series with
            {
                SeriesInstanceUid = Uid.Parse("1.2.3.1.7"), Modality = "", PerformedProcedureStepStartDate = "20260505",
                RequestAttributes = [new RequestAttributes("ACC9", "RP9", "", "SPS9", "")],
            },
            Patient = first.Patient with { PatientName = "PAT-TROIS^DOMINIQUE^^DR" },
            Study = first.Study with { AccessionNumber = "ACC9" },
        });
        using var db = Place.Connect();
        Assert.Equal("20260505 RP9", db.Use("""
            SELECT e.pps_start_date || ' ' || r.requested_procedure_id
            FROM series e JOIN request_attributes r ON r.series = e.id
            """).TextOrNone());

        var study = Assert.Single(await FindAsync(
            FindLevel.Study, ArchiveAttribute.PatientName, ArchiveAttribute.AccessionNumber,
            ArchiveAttribute.StudyDescription, ArchiveAttribute.ModalitiesInStudy,
            ArchiveAttribute.NumberOfStudyRelatedSeries));
        Assert.Equal("PAT-TROIS^DOMINIQUE^^DR", study[ArchiveAttribute.PatientName]);
        Assert.Equal("ACC9", study[ArchiveAttribute.AccessionNumber]);
        // What the correction does not say stays.
        Assert.Equal("Scanner thorax", study[ArchiveAttribute.StudyDescription]);
        Assert.Equal("PT", study[ArchiveAttribute.ModalitiesInStudy]);
        Assert.Equal("1", study[ArchiveAttribute.NumberOfStudyRelatedSeries]);
        Assert.Single(await FindAsync(FindLevel.Patient));
        Assert.Equal("1.2.3.1.7", Assert.Single(await FindAsync(FindLevel.Series))[ArchiveAttribute.SeriesInstanceUid]);
    }

    [Fact]
    public async Task What_is_hidden_stays_hidden_when_it_is_replaced()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        await Index.HideAsync(new([first.Instance.SopInstanceUid], "113001"), Token);
        await ReplaceAsync(With(first, "second", 'c') with
        {
            Series = first.Series with { SeriesInstanceUid = Uid.Parse("1.2.3.1.7") },
        });
        Assert.False((await StandingAsync()).Instance.Visible);
        Assert.Empty(await FindAsync(FindLevel.Patient));
        Assert.Empty(await FindAsync(FindLevel.Series));
    }

    [Fact]
    public async Task Removing_an_instance_removes_what_is_kept_of_it()
    {
        var first = Instance(1, 1, 1);
        await InsertAsync(first);
        await ReplaceAsync(With(first, "second", 'c'));
        Assert.Equal(1, await Index.RemoveAsync([(await StandingAsync()).Instance.RowId], Token));
        Assert.Empty(await Index.ListFurtherAsync(0, 10, Token));
        Assert.IsType<InsertResult.Inserted>(await InsertAsync(first));
    }

    [Fact]
    public async Task The_same_bytes_are_in_quarantine_once()
    {
        await InsertAsync(Instance(1, 1, 1));
        var standing = await StandingAsync();
        Assert.Empty(await QuarantineAsync("q1", 'c'));
        Assert.Equal(["q2"], await QuarantineAsync("q2", 'c'));
        Assert.Empty(await QuarantineAsync("q3", 'd'));
        var rows = await Index.ListQuarantineAsync(0, 10, Token);
        Assert.Equal(["q1", "q3"], rows.Select(row => row.File.FileName));
        Assert.Equal(QuarantineReason.OtherSender, rows[0].Reason);
        Assert.Equal("q3", await Index.DropQuarantinedAsync(rows[1].RowId, "root", Token));
        Assert.Null(await Index.DropQuarantinedAsync(rows[1].RowId, "root", Token));
        Assert.Equal(rows[0], Assert.Single(await Index.ListQuarantineAsync(0, 10, Token)));

        async Task<IReadOnlyList<string>> QuarantineAsync(string name, char hash)
        {
            var quarantined = Quarantined(With(Instance(1, 1, 1), name, hash));
            return Assert.IsType<SettleResult.Done>(
                await Index.QuarantineAsync(standing, quarantined, "MR9", Token)).Freed;
        }
    }

    [Fact]
    public async Task Identifiers_keep_their_issuers()
    {
        var one = Instance(1, 1, 1);
        OtherPatientId[] others = [new("190017512345678", "", "1.2.250.1.213.1.4.8", "ISO"), new("X", "LAB", "", "")];
        await InsertAsync(one with
        {
            Patient = one.Patient with { IssuerEntity = "1.2.250.1.999.1", IssuerEntityType = "ISO", OtherIds = others },
            Study = one.Study with
            {
                AccessionIssuer = "RIS", AccessionIssuerEntity = "1.2.250.1.999.3", AccessionIssuerEntityType = "ISO",
            },
        });
        // The same number from another authority is another patient.
        var two = Instance(2, 1, 1);
        await InsertAsync(two with { Patient = two.Patient with { IssuerEntity = "1.2.250.1.999.2" } });
        Assert.Equal(2, (await FindAsync(FindLevel.Patient)).Count);
        Assert.Equal(
            new PatientKey("IPP-1", "SITE", "1.2.250.1.999.1"), (await StandingAsync()).Patient);

        using var db = Place.Connect();
        Assert.Equal(2, db.Use("SELECT count(*) FROM other_patient_id").LongOrNone());
        Assert.Equal("1.2.3.1", db.Use("""
            SELECT s.study_instance_uid FROM other_patient_id o JOIN study s ON s.patient = o.patient
            WHERE o.patient_id = '190017512345678' AND o.issuer_entity = '1.2.250.1.213.1.4.8'
            """).TextOrNone());
        Assert.Equal("RIS 1.2.250.1.999.3 ISO", db.Use("""
            SELECT accession_issuer || ' ' || accession_issuer_entity || ' ' || accession_issuer_entity_type
            FROM study WHERE accession_number = 'ACC1'
            """).TextOrNone());
    }

    private static InstanceRecord With(InstanceRecord record, string name, char hash) => record with
    {
        File = record.File with { FileName = name, Digest = new string(hash, 64), DataSetSha256 = new string(hash, 64) },
    };

    private static InstanceRecord Renamed(InstanceRecord record, string name) =>
        record with { File = record.File with { FileName = name } };

    private static InstanceRecord Compressed(InstanceRecord record, string name) => With(record, name, 'e') with
    {
        Instance = record.Instance with { TransferSyntaxUid = JpegLs },
    };

    private Task<InsertResult> InsertAsync(InstanceRecord record) => Index.InsertAsync(record, Token);

    private async Task<StandingInstance> StandingAsync() =>
        (await Index.StandingAsync(Uid.Parse("1.2.3.1.1.1"), Token))!;

    private static QuarantinedFile Quarantined(InstanceRecord record) => new(
        0, record.Instance.SopInstanceUid, record.Instance.SopClassUid, record.Study.StudyInstanceUid,
        record.Series.SeriesInstanceUid, record.Instance.TransferSyntaxUid, record.File, QuarantineReason.OtherSender);

    private async Task<SettleResult> ReplaceAsync(InstanceRecord record) =>
        await Index.ReplaceAsync(await StandingAsync(), record, "CT1", Token);

    private async Task<List<FindRow>> FindAsync(FindLevel level, params ArchiveAttribute[] attributes) =>
        await Index.FindAsync(new FindQuery(level, [.. attributes.Select(FindMatch.Return)]), Token).ToListAsync(Token);
}

public sealed class SqliteKeptFileTests() : KeptFileTests(new SqlitePlace());

public sealed class PostgresKeptFileTests(PostgresCluster cluster) : KeptFileTests(new PostgresPlace(cluster));
