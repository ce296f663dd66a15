using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Dimse;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Source.Transfer;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;
using static Drimbox.Tests.Source.Transfers;

namespace Drimbox.Tests.Source;

/// <summary>What a source keeps of its publications leaves it, and another one goes on with it.</summary>
public sealed class ManifestTransferTests : IDisposable
{
    private readonly StoreFolder _media = new();

    private string Archive => Path.Combine(_media.Path, "archive");

    [Fact]
    [Requirement("DB.SO.22")]
    public async Task A_manifest_is_kept_with_its_reports_and_the_entry_that_it_replaced()
    {
        await using var source = await StartAsync();
        await source.PublishAsync(images: 4);
        var first = await source.ApprovedAsync();
        source.Pacs.Instances = Images(2);
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        var second = await source.ApprovedAsync();

        await source.RestartAsync();

        var kept = await source.Node.ListManifestsAsync(cancellationToken: Token);
        Assert.Equal([first.UniqueId.Root, second.UniqueId.Root], kept.Select(m => m.KosUid.ToString()));
        Assert.Equal([AvailabilityStatus.Deprecated, AvailabilityStatus.Approved], kept.Select(m => m.Status!.Value));
        Assert.All(kept, m => Assert.Equal([Document("A")], m.Reports));
        var replacement = Assert.Single(kept[1].Submissions);
        Assert.Equal((SubmissionKind.Replace, first.EntryUuid), (replacement.Kind, replacement.TargetEntryUuid));
        Assert.Equal(second.SubmissionSetUniqueId, replacement.SubmissionSet.ToString());
        Assert.Equal(
            [SubmissionKind.Publish, SubmissionKind.Replace], kept[0].Submissions.Select(s => s.Kind));
        Assert.Null(kept[0].Submissions[0].TargetEntryUuid);
        Assert.All(kept, m => Assert.All(m.Submissions, s => Assert.True(s.HasMetadata)));
    }

    [Theory]
    [InlineData(TransferLayout.Drimbox, "")]
    [InlineData(TransferLayout.Drimbox, ".zip")]
    [InlineData(TransferLayout.Xdm, "")]
    [InlineData(TransferLayout.Xdm, ".zip")]
    [Requirement("DB.SO.29")]
    [Requirement("DB.SO.30")]
    public async Task Another_DRIMbox_replaces_and_deletes_the_entries_that_it_took_over(
        TransferLayout layout, string suffix)
    {
        await using var source = await StartAsync();
        await source.PublishAsync(images: 4);
        var published = await source.ApprovedAsync();
        var exported = await ExportAsync(source, new ExportOrder(Archive + suffix, layout));
        Assert.Equal((1, 0), (exported.Studies, exported.Refused));

        await source.ReplaceNodeAsync();
        var imported = await ImportAsync(source, Archive + suffix);

        Assert.Empty(imported.Problems);
        Assert.Equal((1, 0, 0), (imported.Studies, imported.Unchanged, imported.Refused));
        var study = await source.Node.GetStudyAsync(Study, Token);
        Assert.Equal(published.UniqueId.Root, Assert.Single(study!.Manifests).KosUid.ToString());
        Assert.Equal(published.EntryUuid, (await source.ApprovedAsync()).EntryUuid);
        await source.RetrieveAsync(published);

        source.Pacs.Instances = Images(2);
        Assert.Null(await source.Node.NoticeAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        var replaced = await source.ApprovedAsync();
        Assert.Equal(published.EntryUuid, replaced.Replaces);
        Assert.Equal(2, (await source.RetrieveAsync(replaced)).Series.Sum(s => s.Instances.Count));

        // It is known by the document alone which studies it is about.
        await source.SendAsync(DeletionWithoutBody());
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        Assert.Equal(
            [AvailabilityStatus.Deprecated, AvailabilityStatus.Deleted],
            (await source.ManifestsAsync()).Select(m => m.Status).Order());
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task After_a_takeover_the_same_images_change_nothing_and_the_same_import_neither()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive));
        await source.ReplaceNodeAsync();
        await ImportAsync(source, Archive);

        var again = await ImportAsync(source, Archive);
        Assert.Equal((0, 1, 0), (again.Studies, again.Unchanged, again.Refused));
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 1);
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        // After the publication came the deletion, and nothing between them.
        Assert.Equal(2, source.Dmp.Submissions.Count);
        // What happened since is no contradiction.
        var later = await ImportAsync(source, Archive);
        Assert.Equal((0, 1, 0), (later.Studies, later.Unchanged, later.Refused));
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task What_was_hidden_stays_hidden_for_a_DRIMbox_that_goes_by_the_metadata_alone()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await source.SendAsync(Oru("V1", ReportAction.Replace, Report("A"), Hidden));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        await ExportAsync(source, new ExportOrder(Archive, TransferLayout.Xdm));

        await source.ReplaceNodeAsync();
        await ImportAsync(source, Archive);
        source.Pacs.Instances = Images(2);
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal(["N", "INVISIBLE_PATIENT"], (await source.ApprovedAsync()).ConfidentialityCodes);
    }

    [Fact]
    [Requirement("DB.SO.29")]
    public async Task The_list_of_an_export_names_each_file_with_its_SHA256_and_the_layout_is_that_of_the_national_one()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive, TransferLayout.Xdm));
        await ExportAsync(source, new ExportOrder(Archive + ".own"));

        foreach (var folder in (string[])[Archive, Archive + ".own"])
        {
            var listed = (await File.ReadAllLinesAsync(Path.Combine(folder, "SHA256SUMS"), Token))
                .Where(l => !l.StartsWith('#'))
                .ToDictionary(l => l[66..], l => l[..64]);
            var there = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f)).Where(f => f != "SHA256SUMS").ToList();
            Assert.Equal(there.Order(StringComparer.Ordinal), listed.Keys.Order(StringComparer.Ordinal));
            Assert.All(listed, file => Assert.Equal(
                file.Value,
                Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, file.Key))))));
        }

        var month = Path.GetFileName(Assert.Single(Directory.GetDirectories(Archive)));
        Assert.Matches("^KA20[0-9]{4}$", month);
        Assert.Equal(
            ["CR.TXT", "KOS_1_1.DCM", "METADATA.XML", "SIGN_1.XML"],
            Directory.GetFiles(Path.Combine(Archive, month, "IHE_XDM", "SS000001")).Select(Path.GetFileName)
                .Order(StringComparer.Ordinal)!);
        Assert.True(File.Exists(Path.Combine(Archive, month, "INDEX.HTM")));
        Assert.Equal(
            "1.2.250.1.999.7;A;279035121518989;1.2.250.1.213.1.4.10;IPP101;1.2.250.1.213.4.5.2.4\r\n",
            await File.ReadAllTextAsync(Path.Combine(Archive, month, "IHE_XDM", "SS000001", "CR.TXT"), Token));
    }

    [Theory]
    [InlineData(TransferLayout.Drimbox)]
    [InlineData(TransferLayout.Xdm)]
    [Requirement("DB.SO.29")]
    public async Task An_export_that_was_cut_off_goes_on_behind_the_last_whole_study(TransferLayout layout)
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = [.. Images(2), .. Images(2, study: OtherStudy)];
        await source.SendAsync(ReportAction.Initial, Report("A", null, Study, OtherStudy));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        await ExportAsync(source, new ExportOrder(Archive, layout));
        var whole = await File.ReadAllLinesAsync(Path.Combine(Archive, "SHA256SUMS"), Token);

        // As a process leaves it that was killed in the second study: some of its files, and half a line.
        var first = Array.FindIndex(whole, l => l.StartsWith("# study", StringComparison.Ordinal));
        var cut = string.Join('\n', whole[..(first + 2)]) + "\n" + whole[first + 2][..30];
        File.Delete(Path.Combine(Archive, "SHA256SUMS"));
        await File.WriteAllTextAsync(Path.Combine(Archive, "SHA256SUMS.part"), cut, Token);
        foreach (var line in whole[(first + 2)..].Where(l => !l.StartsWith('#')))
            File.Delete(Path.Combine(Archive, line[66..]));
        await Assert.ThrowsAsync<TransferException>(() => ImportAsync(source, Archive));
        await Assert.ThrowsAsync<TransferException>(
            () => ExportAsync(source, new ExportOrder(Archive, layout, Study: Study)));

        var rest = await ExportAsync(source, new ExportOrder(Archive, layout));

        Assert.Equal(1, rest.Studies);
        Assert.Equal(whole, await File.ReadAllLinesAsync(Path.Combine(Archive, "SHA256SUMS"), Token));
        await source.ReplaceNodeAsync();
        var import = await ImportAsync(source, Archive);
        Assert.Equal((2, 0), (import.Studies, import.Refused));
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task A_publication_that_was_on_its_way_is_set_aside_and_published_once_when_it_is_tried_again()
    {
        await using var source = await StartAsync();
        var bringBack = await source.TakeDmpDownAsync();
        source.Pacs.Instances = Images(2);
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionDelayed, 1);
        await ExportAsync(source, new ExportOrder(Archive));

        await source.Node.StopAsync(Token);
        await bringBack();
        await source.ReplaceNodeAsync();
        await ImportAsync(source, Archive);
        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Equal("DB.SO.21", alert.Rule);
        Assert.Null(await source.Node.RetryPublicationAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
        Assert.Single(source.Dmp.Submissions);
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task A_study_that_the_PACS_had_not_told_about_is_asked_about_by_whoever_takes_it_over()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Pacs.Failure = DimseStatus.OutOfResources;
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 1);
        await ExportAsync(source, new ExportOrder(Archive));
        await source.Node.StopAsync(Token);
        source.Pacs.Failure = null;

        await source.ReplaceNodeAsync();
        await ImportAsync(source, Archive);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task A_deletion_that_came_before_its_report_holds_for_whoever_takes_over()
    {
        await using var source = await StartAsync();
        Assert.Equal(AckCode.AA, (await source.SendAsync(DeletionWithoutBody())).Code);
        await ExportAsync(source, new ExportOrder(Archive));
        await source.ReplaceNodeAsync();
        await ImportAsync(source, Archive);

        await source.SendAsync(ReportAction.Initial, Report("A"));

        Assert.False(Assert.Single((await source.Node.GetStudyAsync(Study, Token))!.Reports).Counts);
    }

    [Fact]
    [Requirement("DB.SO.29")]
    public async Task An_export_takes_the_days_that_were_asked_for()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var today = source.Node.Today;

        var missed = await ExportAsync(source, new ExportOrder(Archive + "1.zip", From: today.AddDays(1)));
        var hit = await ExportAsync(source, new ExportOrder(Archive + "2.zip", From: today, To: today));

        Assert.Equal((0, 1), (missed.Studies, hit.Studies));
        await using var zip = await ZipFile.OpenReadAsync(Archive + "2.zip", Token);
        Assert.Contains(zip.Entries, e => e.FullName == $"studies/{Study}/history.json");
        Assert.Empty(Directory.GetFiles(_media.Path, "*.sums"));
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task Folders_of_another_product_are_read_without_a_list_of_files_and_handed_on()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive, TransferLayout.Xdm));
        File.Delete(Path.Combine(Archive, "SHA256SUMS"));
        await source.ReplaceNodeAsync();

        Assert.Equal(1, (await ImportAsync(source, Archive)).Studies);
        Assert.Equal(1, (await ImportAsync(source, Archive)).Unchanged);

        await ExportAsync(source, new ExportOrder(Archive + ".again", TransferLayout.Xdm));
        await source.ReplaceNodeAsync();
        var import = await ImportAsync(source, Archive + ".again");
        Assert.Empty(import.Problems);
        Assert.Equal(1, import.Studies);
        var request = await File.ReadAllTextAsync(
            Directory.GetFiles(Archive + ".again", "METADATA.XML", SearchOption.AllDirectories).Single(), Token);
        Assert.Equal(2, request.Split("name=\"URI\"").Length - 1);
        Assert.Equal(1, request.Split("Envelope xmlns").Length - 1);
    }

    public void Dispose() => _media.Dispose();

    // Nothing in it says which studies it is about.
    private static byte[] DeletionWithoutBody() => Encoding.UTF8.GetBytes(Regex.Replace(
        Encoding.UTF8.GetString(Mdm("D1", ReportAction.Delete, Report("A"))), "(?<=\\^Base64\\^)[A-Za-z0-9+/=]+",
        "d2l0aGRyYXdu"));
}
