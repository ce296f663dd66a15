using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Key image notes that the PACS shows: the source fetches them, and marks their images in the manifest.
/// </summary>
public sealed class KeyImageNotesTests
{
    private static readonly Uid Note = Uid.Parse("1.2.250.1.999.9.1.900.1");

    [Fact]
    [Requirement("DB.SO.18")]
    public async Task The_images_of_a_note_are_marked_and_stay_so_when_the_note_cannot_be_fetched_again()
    {
        await using var access = await ImageAccessFixture.StartEmptyAsync(TimeSpan.FromSeconds(30));
        var source = access.Source;
        var images = Images(4);
        var marked = new[] { UidOf(images[1]), UidOf(images[2]) }.Order().ToList();
        source.Pacs.Instances = [.. images, NoteOf(images[1], images[2])];

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal(marked, await MarkedAsync(source));
        Assert.Equal(1, source.Pacs.Moves);

        source.Pacs.MoveFailure = DimseStatus.OutOfResources;
        source.Pacs.Instances = [images[0], images[1], images[2], NoteOf(images[1], images[2])];
        await source.Node.NoticeAsync(Study, "operator", SourceFixture.Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        Assert.Equal(marked, await MarkedAsync(source));
        Assert.Equal(2, source.Pacs.Moves);
    }

    [Fact]
    public async Task A_manifest_does_not_wait_for_a_note_and_marks_it_at_the_next_look()
    {
        await using var access = await ImageAccessFixture.StartEmptyAsync(TimeSpan.FromSeconds(30));
        var source = access.Source;
        var images = Images(2);
        source.Pacs.Instances = [.. images, NoteOf(images[0])];
        source.Pacs.MoveFailure = DimseStatus.OutOfResources;

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        Assert.Empty(await MarkedAsync(source));

        source.Pacs.MoveFailure = null;
        await source.Node.NoticeAsync(Study, "operator", SourceFixture.Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        Assert.Equal([UidOf(images[0])], await MarkedAsync(source));
    }

    [Fact]
    public async Task Nothing_is_fetched_without_image_access_or_for_a_study_that_may_not_be_published()
    {
        await using var source = await SourceFixture.StartAsync();
        var images = Images(2);
        source.Pacs.Instances = [.. images, NoteOf(images[0])];

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Empty(await MarkedAsync(source));
        Assert.Equal(0, source.Pacs.Moves);

        await using var access = await ImageAccessFixture.StartEmptyAsync(TimeSpan.FromSeconds(30));
        var others = Images(2, patientId: "IPP999");
        access.Source.Pacs.Instances = [.. others, NoteOf(others[0])];
        await access.Source.SendAsync(ReportAction.Initial, Report("A"));
        await access.Source.Events.WhenAsync(SourceEvents.Withheld, 1);
        Assert.Equal(0, access.Source.Pacs.Moves);
    }

    private static Uid UidOf(DataSet image) => image.GetUid(Tag.SOPInstanceUID);

    private static async Task<IEnumerable<Uid>> MarkedAsync(SourceFixture source)
    {
        var manifest = await source.RetrieveAsync(await source.ApprovedAsync());
        Assert.Contains(manifest.Series.SelectMany(s => s.Instances), i => i.SopInstanceUid == Note);
        Assert.All(manifest.KeyImages, k => Assert.Equal(Note, k.NoteSopInstanceUid));
        return manifest.KeyImages.Select(k => k.SopInstanceUid).Order();
    }

    // A rejection note of the same images with another title.
    private static DataSet NoteOf(params DataSet[] marked)
    {
        var first = marked[0];
        var note = RejectionNoteDataSet.Encode(new RejectionNote(
            Note, Uid.Parse("1.2.250.1.999.9.1.900"), new DateTimeOffset(2026, 11, 2, 11, 0, 0, TimeSpan.FromHours(1)),
            RejectionReason.Quality, "OTHER",
            new Patient(
                null, new LocalPatientId(first.GetString(Tag.PatientID)!, "1.2.250.1.213.4.5.2.4", "SITE"), "PAT-TROIS",
                "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", ""),
            new ManifestStudy(
                first.GetUid(Tag.StudyInstanceUID), first.GetString(Tag.StudyDate)!, first.GetString(Tag.StudyTime)!,
                first.GetString(Tag.StudyDescription)!),
            [.. marked.GroupBy(i => i.GetUid(Tag.SeriesInstanceUID)).Select(series => new ManifestSeries(
                series.Key, null, null,
                [.. series.Select(i => new ManifestInstance(i.GetUid(Tag.SOPClassUID), UidOf(i)))]))]));
        note.GetItems(Tag.ConceptNameCodeSequence)[0].SetString(Tag.CodeValue, "113000");
        note.SetString(Tag.AccessionNumber, first.GetString(Tag.AccessionNumber));
        return note;
    }
}
