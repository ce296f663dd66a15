using Drimbox.Archive;
using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

[assembly: AssemblyFixture(typeof(Drimbox.Tests.PostgresCluster))]

namespace Drimbox.Tests.Archive.Corrections;

/// <summary>Corrections of patients (docs/adr/0019): what is found and what is sent follows them, the files do
/// not.</summary>
public abstract class PatientCorrectionTests : IAsyncLifetime
{
    private static readonly PatientChange Nothing = new();
    private readonly Receiver _workstation = new("WS");
    private ArchiveFixture _archive = null!;

    private PatientCorrections Corrections => _archive.Node.Corrections;

    public async ValueTask InitializeAsync()
    {
        var database = await DatabaseAsync();
        _archive = await StartAsync(
            o => OnLoopback()(o) with { Destinations = [_workstation.Peer], Postgres = database });
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(1, 1, 1, "PAT-UN^ALIX")));
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(2, 1, 1, "PAT-DEUX^DOMINIQUE")));
    }

    public async ValueTask DisposeAsync()
    {
        // Null where the test was skipped.
        if (_archive is not null) await _archive.DisposeAsync();
        await _workstation.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Where the index is; null: in a file.</summary>
    protected abstract Task<PostgresOptions?> DatabaseAsync();

    [Fact]
    public async Task A_merged_patient_is_found_moved_and_searched_as_the_one_it_was_merged_into_and_the_files_stay()
    {
        using var client = new WebClient(_archive.Node);
        var files = await FilesAsync();
        var merged = await MergeAsync("IPP1", "IPP2");
        Assert.Equal([Uid.Parse("1.2.1")], merged.Studies);
        Assert.Equal(["1.2.1 IPP2 PAT-DEUX^DOMINIQUE", "1.2.2 IPP2 PAT-DEUX^DOMINIQUE"], await StudiesAsync());
        Assert.Empty(await _archive.FindAsync("STUDY", (Tag.PatientID, "IPP1")));
        Assert.Equal(2, (await _archive.FindAsync("STUDY", (Tag.PatientID, "IPP2"))).Count);
        Assert.Equal(2, (await _archive.FindAsync("STUDY", (Tag.PatientName, "PAT-DEUX*"))).Count);
        Assert.Equal(2, (await client.SearchAsync("studies?PatientID=IPP2")).Count);
        (Tag, string) study = (Tag.StudyInstanceUID, "1.2.1");
        Assert.Equal(0, (await _archive.MoveAsync("WS", "STUDY", (Tag.PatientID, "IPP1"), study)).Counts.Completed);
        Assert.Equal(1, (await _archive.MoveAsync("WS", "STUDY", (Tag.PatientID, "IPP2"), study)).Counts.Completed);
        Assert.Equal(files, await FilesAsync());
    }

    [Fact]
    public async Task What_is_sent_has_the_patient_of_the_correction_and_says_whom_it_had_before()
    {
        await MergeAsync("IPP1", "IPP2");
        await _archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        using var client = new WebClient(_archive.Node);
        var part = Assert.Single(await client.GetPartsAsync("studies/1.2.1"));
        foreach (var sent in (DataSet[])[Read(_workstation.Stored["1.2.1.1.1"]), Parse(part.Bytes).DataSet])
        {
            Assert.Equal("IPP2", sent.GetString(Tag.PatientID));
            Assert.Equal("PAT-DEUX^DOMINIQUE", sent.GetString(Tag.PatientName));
            var original = Assert.Single(sent.GetItems(Tag.OriginalAttributesSequence));
            Assert.Equal("CT1", original.GetString(Tag.SourceOfPreviousValues));
            Assert.Equal("ARCHIVE", original.GetString(Tag.ModifyingSystem));
            Assert.Equal("COERCE", original.GetString(Tag.ReasonForTheAttributeModification));
            Assert.Matches("^[0-9]{14}\\.[0-9]{6}\\+0000$", original.GetString(Tag.AttributeModificationDateTime)!);
            var replaced = Assert.Single(original.GetItems(Tag.ModifiedAttributesSequence));
            Assert.Equal("IPP1", replaced.GetString(Tag.PatientID));
            Assert.Equal("PAT-UN^ALIX", replaced.GetString(Tag.PatientName));
            Assert.Equal(2, replaced.Count);
            // All else is as it was received.
            sent.Remove(Tag.OriginalAttributesSequence);
            sent.SetString(Tag.PatientID, "IPP1");
            sent.SetString(Tag.PatientName, "PAT-UN^ALIX");
            Assert.Equal(
                DataSetWriter.ToBytes(Ct(1, 1, 1, "PAT-UN^ALIX"), TransferSyntax.ExplicitVRLittleEndian),
                DataSetWriter.ToBytes(sent, TransferSyntax.ExplicitVRLittleEndian));
        }

        using var metadata = await client.GetAsync("studies/1.2.1/metadata");
        var text = await metadata.Content.ReadAsStringAsync();
        Assert.Contains("IPP2", text, StringComparison.Ordinal);
        // The other study of the patient goes out byte for byte.
        await _archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.2"));
        Assert.Equal(
            DataSetWriter.ToBytes(Ct(2, 1, 1, "PAT-DEUX^DOMINIQUE"), TransferSyntax.ExplicitVRLittleEndian),
            _workstation.Stored["1.2.2.1.1"]);
    }

    [Fact]
    public async Task Compressed_pixels_go_out_as_they_are_and_a_conversion_is_corrected_too()
    {
        var compressed = Ct(3, 1, 1);
        var fragments = new EncapsulatedFragments();
        fragments.Add([]);
        fragments.Add([1, 2, 3, 4]);
        compressed.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        await _archive.StoreAsAsync("CT1", compressed, TransferSyntax.JPEGLSLossless);
        await CorrectAsync("IPP3", new PatientChange(Name: "PAT-QUATRE^ALIX"));
        using var client = new WebClient(_archive.Node);
        var sent = Parse(Assert.Single(await client.GetPartsAsync("studies/1.2.3")).Bytes);
        Assert.Equal("PAT-QUATRE^ALIX", sent.DataSet.GetString(Tag.PatientName));
        Assert.True(sent.DataSet.TryGet(Tag.PixelData, out var pixels));
        Assert.Equal([1, 2, 3, 4], pixels.Fragments!.ElementAt(1).ToMemory().ToArray());

        await _archive.StoreAsAsync("CT1", Ct(4, 1, 1), TransferSyntax.ImplicitVRLittleEndian);
        await CorrectAsync("IPP4", new PatientChange(Name: "PAT-QUATRE^ALIX"));
        var converted = Parse(Assert.Single(await client.GetPartsAsync("studies/1.2.4")).Bytes);
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, converted.TransferSyntax);
        Assert.Equal("PAT-QUATRE^ALIX", converted.DataSet.GetString(Tag.PatientName));
    }

    [Fact]
    public async Task A_name_that_the_character_set_of_a_file_lacks_goes_out_in_utf8_with_all_other_text()
    {
        var image = Ct(3, 1, 1);
        image.SetString(Tag.StudyDescription, "TÊTE ÉTENDUE");
        await _archive.StoreAsync(image);
        await CorrectAsync("IPP3", new PatientChange(Name: "ΑΛΦΑ^ΒΗΤΑ"));
        await _archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.3"));
        var sent = Read(_workstation.Stored["1.2.3.1.1"]);
        Assert.Equal("ISO_IR 192", sent.GetString(Tag.SpecificCharacterSet));
        Assert.Equal("ΑΛΦΑ^ΒΗΤΑ", sent.GetString(Tag.PatientName));
        Assert.Equal("TÊTE ÉTENDUE", sent.GetString(Tag.StudyDescription));
        var original = Assert.Single(sent.GetItems(Tag.OriginalAttributesSequence));
        Assert.Equal("CORRECT", original.GetString(Tag.ReasonForTheAttributeModification));
    }

    [Fact]
    public async Task Undone_everything_is_as_it_was_and_later_corrections_hold_on()
    {
        var before = await StudiesAsync();
        var merge = await MergeAsync("IPP1", "IPP2");
        var correction = await CorrectAsync("IPP2", new PatientChange(Name: "PAT-DIX^DOMINIQUE", BirthDate: "19800101"));
        Assert.Equal(["1.2.1 IPP2 PAT-DIX^DOMINIQUE", "1.2.2 IPP2 PAT-DIX^DOMINIQUE"], await StudiesAsync());
        Assert.Equal(["1.2.1"], (await UndoAsync(merge)).Studies.Select(study => study.ToString()));
        Assert.Equal(["1.2.1 IPP1 PAT-UN^ALIX", "1.2.2 IPP2 PAT-DIX^DOMINIQUE"], await StudiesAsync());
        await UndoAsync(correction);
        Assert.Equal(before, await StudiesAsync());
        await _archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(
            DataSetWriter.ToBytes(Ct(1, 1, 1, "PAT-UN^ALIX"), TransferSyntax.ExplicitVRLittleEndian),
            _workstation.Stored["1.2.1.1.1"]);
        var again = await Corrections.UndoAsync(merge.Entry!.Id, "root", default);
        Assert.Equal(RefusalReason.WrongState, again.Refusal!.Reason);
        // History stays.
        var entries = await _archive.Node.Index.Corrections.ListAsync(null, 10, default);
        Assert.Equal([CorrectionKind.Correct, CorrectionKind.Merge], entries.Select(entry => entry.Kind));
        Assert.All(entries, entry => Assert.Equal(("root", "root", 0), (entry.Actor, entry.UndoneBy, entry.Studies)));
    }

    [Fact]
    public async Task What_comes_later_under_the_former_patient_is_corrected_as_it_comes()
    {
        await MergeAsync("IPP1", "IPP2");
        var later = Ct(3, 1, 1, "PAT-UN^ALIX");
        later.SetString(Tag.PatientID, "IPP1");
        await _archive.StoreAsync(later);
        await _archive.StoreAsync(Ct(1, 1, 2, "PAT-UN^ALIX"));
        // The modality corrects what it sent, and knows nothing of the merge: it is no stranger.
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(1, 1, 1, "PAT-UN^ALIX", fill: 9)));
        Assert.Equal(
            ["1.2.1 IPP2 PAT-DEUX^DOMINIQUE", "1.2.2 IPP2 PAT-DEUX^DOMINIQUE", "1.2.3 IPP2 PAT-DEUX^DOMINIQUE"],
            await StudiesAsync());
        // A message may come before the images.
        var order = new CorrectionOrder(
            CorrectionKind.Merge, new PatientKey("IPP8", "", ""), default,
            PatientChange.To(new PatientIdentity("IPP2", "", "", "", "PAT-DEUX^DOMINIQUE", "19790328", "F")), "HIS",
            "ADT^A40");
        Assert.Equal(RefusalReason.UnknownTarget, (await Corrections.RecordAsync(order, default)).Refusal!.Reason);
        Assert.Null((await Corrections.RecordAsync(order with { EvenIfUnknown = true }, default)).Refusal);
        await _archive.StoreAsync(Ct(8, 1, 1, "PAT-HUIT^ALIX"));
        Assert.Contains("1.2.8 IPP2 PAT-DEUX^DOMINIQUE", await StudiesAsync());
    }

    [Fact]
    public async Task A_study_is_moved_alone_and_a_move_to_someone_unknown_needs_a_name()
    {
        var second = Ct(3, 1, 1, "PAT-UN^ALIX");
        second.SetString(Tag.PatientID, "IPP1");
        await _archive.StoreAsync(second);
        var refused = await Corrections.MoveAsync(
            Uid.Parse("1.2.3"), new PatientReference("IPP9"), Nothing, "root", "", default);
        Assert.Equal(RefusalReason.UnknownTarget, refused.Refusal!.Reason);
        var moved = await Corrections.MoveAsync(
            Uid.Parse("1.2.3"), new PatientReference("IPP9"),
            new PatientChange(Name: "PAT-NEUF^ALIX", BirthDate: "19700101", Sex: "M"), "root", "", default);
        Assert.Null(moved.Refusal);
        Assert.Equal(
            ["1.2.1 IPP1 PAT-UN^ALIX", "1.2.2 IPP2 PAT-DEUX^DOMINIQUE", "1.2.3 IPP9 PAT-NEUF^ALIX"],
            await StudiesAsync());
        // What then becomes of that patient is of the study too.
        await Corrections.MergeAsync(new("IPP9"), new("IPP2"), Nothing, "root", "", default);
        Assert.Contains("1.2.3 IPP2 PAT-DEUX^DOMINIQUE", await StudiesAsync());
        await UndoAsync(moved);
        Assert.Contains("1.2.3 IPP1 PAT-UN^ALIX", await StudiesAsync());
    }

    [Fact]
    public async Task A_study_in_the_trash_comes_back_as_what_it_is_by_then()
    {
        var merge = await MergeAsync("IPP1", "IPP2");
        var deleted = Assert.IsType<RemovalResult.Done>(
            await _archive.Node.LifeCycle.DeleteAsync(Uid.Parse("1.2.1"), "root", "", default));
        await CorrectAsync("IPP2", new PatientChange(Name: "PAT-DIX^DOMINIQUE"));
        Assert.IsType<RemovalResult.Done>(
            await _archive.Node.LifeCycle.RestoreAsync(deleted.Removal.Id, "root", default));
        Assert.Equal(["1.2.1 IPP2 PAT-DIX^DOMINIQUE", "1.2.2 IPP2 PAT-DIX^DOMINIQUE"], await StudiesAsync());
        await UndoAsync(merge);
        Assert.Contains("1.2.1 IPP1 PAT-UN^ALIX", await StudiesAsync());
    }

    [Fact]
    public async Task An_index_that_is_made_again_has_the_corrections_and_they_can_be_undone()
    {
        var merge = await MergeAsync("IPP1", "IPP2");
        await CorrectAsync("IPP2", new PatientChange(Name: "PAT-DIX^DOMINIQUE"));
        var studies = await StudiesAsync();
        var entries = await _archive.Node.Index.Corrections.ListAsync(null, 10, default);
        await _archive.Node.StopAsync();
        var report = await new IndexRebuild(
            _archive.DataFolder, "pacs",
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) },
            _archive.Node.Options.Postgres).RunAsync();
        Assert.True(report.HistoryKept);
        await _archive.StartNodeAsync();
        Assert.Equal(studies, await StudiesAsync());
        Assert.Equal(entries, await _archive.Node.Index.Corrections.ListAsync(null, 10, default));
        await UndoAsync(merge);
        Assert.Equal(["1.2.1 IPP1 PAT-UN^ALIX", "1.2.2 IPP2 PAT-DIX^DOMINIQUE"], await StudiesAsync());
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_leaves_nothing()
    {
        var other = Ct(3, 1, 1);
        other.SetString(Tag.PatientID, "IPP1");
        other.SetString(Tag.IssuerOfPatientID, "ELSEWHERE");
        await _archive.StoreAsync(other);
        var before = await StudiesAsync();
        async Task RefusedAsync(RefusalReason reason, Task<CorrectionResult> correction) =>
            Assert.Equal(reason, (await correction).Refusal?.Reason);
        Task<CorrectionResult> Correct(PatientReference patient, PatientChange to) =>
            Corrections.CorrectAsync(patient, to, "root", "", default);

        await RefusedAsync(RefusalReason.UnknownTarget, Correct(new("IPP7"), new PatientChange(Name: "X^Y")));
        await RefusedAsync(RefusalReason.WrongState, Correct(new("IPP1"), new PatientChange(Name: "X^Y")));
        await RefusedAsync(RefusalReason.WrongState, Correct(new("IPP1", ""), new PatientChange(Name: "PAT-UN^ALIX")));
        await RefusedAsync(RefusalReason.WrongState, Correct(new("IPP1", ""), new PatientChange(PatientId: "")));
        await RefusedAsync(RefusalReason.DataType, Correct(new("IPP1", ""), new PatientChange(Name: "X\\Y")));
        await RefusedAsync(RefusalReason.DataType, Correct(new("IPP1", ""), new PatientChange(BirthDate: "1979")));
        await RefusedAsync(RefusalReason.DataType, Correct(new("IPP1", ""), new PatientChange(Sex: "W")));
        await RefusedAsync(
            RefusalReason.WrongState,
            Corrections.MergeAsync(new("IPP2"), new("IPP2"), Nothing, "root", "", default));
        await RefusedAsync(
            RefusalReason.UnknownTarget,
            Corrections.MoveAsync(Uid.Parse("1.2.77"), new("IPP2"), Nothing, "root", "", default));
        await RefusedAsync(RefusalReason.UnknownTarget, Corrections.UndoAsync(7, "root", default));
        Assert.Equal(before, await StudiesAsync());
        Assert.Empty(await _archive.Node.Index.Corrections.ListAsync(null, 10, default));
        // By its issuer it is one patient, and the other stays.
        Assert.Null((await Correct(new("IPP1", ""), new PatientChange(Name: "PAT-ONZE^ALIX"))).Refusal);
        Assert.Equal(
            ["1.2.1 IPP1 PAT-ONZE^ALIX", "1.2.2 IPP2 PAT-DEUX^DOMINIQUE", "1.2.3 IPP1 PAT-TROIS^DOMINIQUE"],
            await StudiesAsync());
    }

    private async Task<CorrectionResult> MergeAsync(string patient, string into) => Done(
        await Corrections.MergeAsync(new(patient), new(into), Nothing, "root", "two files of one person", default));

    private async Task<CorrectionResult> CorrectAsync(string patient, PatientChange to) => Done(
        await Corrections.CorrectAsync(new(patient), to, "root", "", default));

    private async Task<CorrectionResult> UndoAsync(CorrectionResult correction) => Done(
        await Corrections.UndoAsync(correction.Entry!.Id, "root", default));

    private static CorrectionResult Done(CorrectionResult result)
    {
        Assert.Null(result.Refusal);
        return result;
    }

    private async Task<List<string>> StudiesAsync() =>
    [
        .. (await _archive.FindAsync(
            "STUDY", (Tag.StudyInstanceUID, ""), (Tag.PatientID, ""), (Tag.PatientName, "")))
            .Select(m => string.Join(
                ' ', m.GetString(Tag.StudyInstanceUID), m.GetString(Tag.PatientID), m.GetString(Tag.PatientName)))
            .Order(StringComparer.Ordinal),
    ];

    private async Task<List<string>> FilesAsync()
    {
        var files = new List<string>();
        foreach (var file in _archive.Files().Order())
        {
            var hash = System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file));
            files.Add($"{Path.GetFileName(file)} {Convert.ToHexString(hash)}");
        }

        return files;
    }

    private static DataSet Read(byte[] bytes) =>
        DataSetReader.ReadMemory(bytes, TransferSyntax.ExplicitVRLittleEndian).DataSet;
}

public sealed class SqlitePatientCorrectionTests : PatientCorrectionTests
{
    protected override Task<PostgresOptions?> DatabaseAsync() => Task.FromResult<PostgresOptions?>(null);
}

public sealed class PostgresPatientCorrectionTests(PostgresCluster cluster) : PatientCorrectionTests
{
    protected override async Task<PostgresOptions?> DatabaseAsync() =>
        new() { ConnectionString = await cluster.CreateDatabaseAsync(), Schema = "pacs" };
}
