using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Images that leave or reach the PACS.</summary>
public sealed class StudyChangeTests
{
    [Fact]
    [Requirement("DB.SO.25")]
    [Requirement("DB.SO.26")]
    public async Task A_rejection_note_has_the_PACS_asked_and_the_manifest_replaced()
    {
        await using var source = await StartAsync();
        await source.PublishAsync(images: 4);
        var first = await source.ApprovedAsync();
        var rejected = source.Pacs.Instances.Take(2).ToList();
        source.Pacs.Instances = [.. source.Pacs.Instances.Skip(2)];

        var status = await SourcePacs.StoreAsync(source.Node.DicomEndPoint, SourcePacs.Title, NoteOf(rejected));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        Assert.Equal(DimseStatus.Success, status);
        var second = await source.ApprovedAsync();
        Assert.NotEqual(first.UniqueId, second.UniqueId);
        Assert.Equal(first.EntryUuid, second.Replaces);
        Assert.Equal(
            source.Pacs.Instances.Select(i => i.GetUid(Tag.SOPInstanceUID)),
            (await source.RetrieveAsync(second)).Series.SelectMany(s => s.Instances).Select(i => i.SopInstanceUid));
        Assert.Single(await source.ManifestsAsync(), m => m.Status == AvailabilityStatus.Deprecated);
        Assert.Equal(2, source.Pacs.Associations);
    }

    [Fact]
    [Requirement("DB.SO.26")]
    public async Task A_study_whose_images_are_all_rejected_leaves_the_DMP_though_the_note_is_shown()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var note = NoteOf(source.Pacs.Instances);
        source.Pacs.Instances = [note];

        await SourcePacs.StoreAsync(source.Node.DicomEndPoint, SourcePacs.Title, note);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        Assert.Equal(AvailabilityStatus.Deleted, Assert.Single(await source.ManifestsAsync()).Status);
    }

    [Fact]
    public async Task A_note_is_never_trusted_alone_the_PACS_decides()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();

        await SourcePacs.StoreAsync(source.Node.DicomEndPoint, SourcePacs.Title, NoteOf(source.Pacs.Instances));
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 2);
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        Assert.Equal(2, source.Dmp.Submissions.Count);
        Assert.Single((await source.Node.GetStudyAsync(Study, Token))!.Manifests);
    }

    [Fact]
    public async Task Other_objects_than_rejection_notes_are_refused_with_their_status()
    {
        await using var source = await StartAsync();
        var door = source.Node.DicomEndPoint;
        var manifest = NoteOf(Images(1));
        manifest.GetItems(Tag.ConceptNameCodeSequence)[0].SetString(Tag.CodeValue, "113000");

        Assert.Equal(0x0122, (await SourcePacs.StoreAsync(door, SourcePacs.Title, Images(1)[0])).Code);
        Assert.Equal(0xC000, (await SourcePacs.StoreAsync(door, SourcePacs.Title, manifest)).Code);
        var image = Images(1)[0];
        Assert.Equal(
            0xA900,
            (await SourcePacs.StoreAsync(
                door, SourcePacs.Title, image, SopClass.KeyObjectSelectionDocumentStorage)).Code);
    }

    [Fact]
    public async Task Only_the_configured_PACS_may_call()
    {
        await using var source = await StartAsync();

        var refused = await Assert.ThrowsAsync<AssociationRejectedException>(() => SourcePacs.StoreAsync(
            source.Node.DicomEndPoint, AeTitle.Parse("STRANGER"), NoteOf(Images(1))));

        // PS3.8 9.3.4: calling AE title not recognized.
        Assert.Equal("1/1/3", refused.Rejection.ToString());
    }

    [Fact]
    [Requirement("DB.SO.15")]
    public async Task A_study_that_is_not_there_yet_is_published_when_the_PACS_gives_notice()
    {
        await using var source = await StartAsync();

        Assert.Equal(AckCode.AA, (await source.SendAsync(ReportAction.Initial, Report("A"))).Code);
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Equal((Study, "DB.SO.15"), (alert.StudyInstanceUid, alert.Rule));
        Assert.Contains(
            $"Study {StudyRef.Of(Study)}: no manifest is published: StudyAbsentFromPacs (DB.SO.15)",
            source.Events.Texts);
        Assert.Empty(await source.ManifestsAsync());

        source.Pacs.Instances = Images(2);
        Assert.Equal(AckCode.AA, (await source.SendAsync(Omi("P1", Study))).Code);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
        Assert.Empty(await source.Node.ListAlertsAsync(cancellationToken: Token));
    }

    [Theory]
    [Requirement("DB.SO.16")]
    [Requirement("DB.SO.17")]
    [Requirement("DB.SO.21")]
    [InlineData("IPP999", "ACN101", WithheldReason.PatientMismatch, "DB.SO.16")]
    [InlineData("IPP101", "ACN999", WithheldReason.AccessionMismatch, "DB.SO.17")]
    public async Task Images_of_another_patient_or_order_are_not_published_and_the_administrator_is_told(
        string patientId, string accession, WithheldReason reason, string rule)
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2, patientId, accession);

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Equal((rule, reason.ToString()), (alert.Rule, alert.Reason));
        Assert.Empty(source.Dmp.Submissions);
        // No patient data, no UID in the log.
        Assert.DoesNotContain(source.Events.Texts, text =>
            text.Contains("PAT-TROIS", StringComparison.Ordinal) || text.Contains("IPP", StringComparison.Ordinal)
            || text.Contains(Ins.Extension!, StringComparison.Ordinal)
            || text.Contains(Study.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_PACS_that_cannot_answer_is_asked_again_and_told_once()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Pacs.Failure = DimseStatus.OutOfResources;

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 2);
        Assert.Equal(1, source.Events.CountOf(SourceEvents.Withheld));

        source.Pacs.Failure = null;
        Assert.Null(await source.Node.NoticeAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        await source.ApprovedAsync();
    }

    private static DataSet NoteOf(IReadOnlyList<DataSet> rejected) => RejectionNoteDataSet.Encode(new RejectionNote(
        Uid.Parse("1.2.250.1.999.10.1"),
        Uid.Parse("1.2.250.1.999.10"),
        DateTimeOffset.UnixEpoch,
        RejectionReason.Quality,
        "PACS",
        new Patient(
            null, new LocalPatientId("IPP101", "", "SITE"), "PAT-TROIS", "DOMINIQUE", "", null, "19790328", "F", ""),
        new ManifestStudy(Study, "20261102", "100000", "TDM THORAX"),
        [new ManifestSeries(
            rejected[0].GetUid(Tag.SeriesInstanceUID), 1, null,
            [.. rejected.Select(
                i => new ManifestInstance(i.GetUid(Tag.SOPClassUID), i.GetUid(Tag.SOPInstanceUID)))])]));
}
