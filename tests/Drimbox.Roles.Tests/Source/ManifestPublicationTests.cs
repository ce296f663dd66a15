using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Emulators.Dmp;
using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>From the copy of a report to the manifest in the DMP, on the wire.</summary>
public sealed class ManifestPublicationTests
{
    [Fact]
    [Requirement("DB.SO.11")]
    [Requirement("DB.SO.18")]
    public async Task A_report_publishes_the_manifest_of_its_study_with_its_metadata()
    {
        await using var source = await StartAsync();

        await source.PublishAsync();

        var document = await source.ApprovedAsync();
        Assert.Equal(
            ("IMG-KOS", "31", "application/dicom"), (document.TypeCode, document.ClassCode, document.MimeType));
        Assert.Equal("Reference d'Objets d'un Examen d'Imagerie", document.Title);
        Assert.Equal(["N"], document.ConfidentialityCodes);
        Assert.Equal(
            [
                "ACN101^^^&1.2.250.1.925.1&ISO^urn:ihe:iti:xds:2013:accession",
                "OPN101^^^&1.2.250.1.748.1&ISO^urn:ihe:iti:xds:2013:order",
                "1.2.250.1.999.9.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
            ],
            document.ReferenceIds);
        var manifest = await source.RetrieveAsync(document);
        Assert.Equal(document.UniqueId.Root, manifest.SopInstanceUid.ToString());
        Assert.Equal(Study, manifest.Study.StudyInstanceUid);
        Assert.Equal(Ins, manifest.Patient.Ins);
        Assert.Equal(
            source.Pacs.Instances.Select(i => i.GetUid(Tag.SOPInstanceUID)),
            manifest.Series.SelectMany(s => s.Instances).Select(i => i.SopInstanceUid));
        Assert.All(manifest.Series, s => Assert.Equal(
            $"https://drimbox.example.org/studies/{Study}/series/{s.SeriesInstanceUid}", s.RetrieveUrl));
        Assert.Equal(1, source.Pacs.Associations);
    }

    [Fact]
    [Requirement("DB.SO.12")]
    public async Task A_report_of_two_studies_publishes_a_manifest_of_each()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = [.. Images(2), .. Images(2, study: OtherStudy)];

        await source.SendAsync(ReportAction.Initial, Report("A", null, Study, OtherStudy));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var manifests = await source.ManifestsAsync();
        Assert.Equal(2, manifests.Count(m => m.Status == AvailabilityStatus.Approved));
        Assert.Equal(2, source.Pacs.Associations);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Requirement("DB.SO.97")]
    [Requirement("DB.SO.03")]
    public async Task A_visibility_change_is_a_metadata_update_and_the_patient_no_longer_sees_the_manifest(bool byMdm)
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var before = await source.ApprovedAsync();

        // A first version has no parent: MDM^T10 wants one, so that MDM says T02 again.
        var message = byMdm
            ? Mdm("V1", ReportAction.Initial, Report("A"), Hidden)
            : Oru("V1", ReportAction.Replace, Report("A"), Hidden);
        Assert.Equal(AckCode.AA, (await source.SendAsync(message)).Code);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var after = await source.ApprovedAsync();
        Assert.Equal(before.UniqueId, after.UniqueId);
        Assert.Equal(["N", "INVISIBLE_PATIENT"], after.ConfidentialityCodes);
        Assert.Empty(await source.Dmp.DocumentsAsync(Ins, Audience.Patient, Token));
        Assert.Single(await source.Dmp.DocumentsAsync(Ins, Audience.Professional, Token));
        Assert.EndsWith("UpdateDocumentSet", source.Dmp.Submissions[^1].Action, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Requirement("DB.SO.97")]
    [Requirement("DB.SO.03")]
    [Requirement("FAQ/KOS.3")]
    public async Task A_withdrawn_report_deletes_the_manifest_and_its_KOS_stays_here(bool byMdm)
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var published = await source.ApprovedAsync();

        var message = byMdm
            ? Mdm("D1", ReportAction.Delete, Report("A"))
            : Oru("D1", ReportAction.Delete, Report("A"));
        Assert.Equal(AckCode.AA, (await source.SendAsync(message)).Code);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        Assert.Equal(AvailabilityStatus.Deleted, Assert.Single(await source.ManifestsAsync()).Status);
        var study = await source.Node.GetStudyAsync(Study, Token);
        var kept = Assert.Single(study!.Manifests);
        Assert.Equal(AvailabilityStatus.Deleted, kept.Status);
        Assert.Equal(published.UniqueId.Root, kept.KosUid.ToString());
        var file = await source.Node.ReadManifestAsync(kept.KosUid, Token);
        Assert.Equal(4, Read(file).Series.Sum(s => s.Instances.Count));
        Assert.False(Assert.Single(study.Reports).Counts);
    }

    [Fact]
    public async Task A_correction_with_the_same_images_and_metadata_changes_nothing_in_the_DMP()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();

        await source.SendAsync(ReportAction.Replace, Report("B", "A"));
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 2);
        await source.SendAsync(ReportAction.Delete, Report("B", "A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        // After the publication came the deletion, and nothing between them.
        Assert.Equal(2, source.Dmp.Submissions.Count);
        Assert.Single((await source.Node.GetStudyAsync(Study, Token))!.Manifests);
    }
}
