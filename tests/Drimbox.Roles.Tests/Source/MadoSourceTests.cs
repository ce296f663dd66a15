using System.ComponentModel.DataAnnotations;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Source;
using Drimbox.Source.Manifests;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A source that is configured to make the European manifest.</summary>
public sealed class MadoSourceTests
{
    [Fact]
    [Requirement("IHE RAD MADO 6.X.2")]
    public async Task Its_manifests_describe_the_images_and_lead_to_them()
    {
        await using var access = await ImageAccessFixture.StartAsync(configure: Mado);
        var source = access.Source;

        var document = await source.ApprovedAsync();

        // As in XDS-I.b, and so as for the national manifest (6.X.2.2).
        Assert.Equal(("IMG-KOS", "application/dicom"), (document.TypeCode, document.MimeType));
        var manifest = await source.RetrieveAsync(document);
        Assert.Equal(ManifestProfile.Mado, manifest.Profile);
        Assert.Equal(["67734004"], manifest.Library!.Regions.Select(r => r.Value));
        Assert.Equal(
            manifest.Series.Select(s => s.SeriesInstanceUid), manifest.Library.Series.Select(s => s.SeriesInstanceUid));
        var shown = source.Pacs.Instances[0];
        Assert.Equal(
            ("CT", shown.GetString(Tag.SeriesDate), shown.GetString(Tag.SeriesTime), "CHEST"),
            (manifest.Library.Series[0].Modality, manifest.Library.Series[0].Date, manifest.Library.Series[0].Time,
                manifest.Library.Series[0].BodyPartExamined));
        Assert.NotEmpty(manifest.Library.Series[0].Date);
        Assert.All(manifest.Series, series =>
        {
            Assert.Equal("https://drimbox.example.org/", series.RetrieveUrl);
            Assert.Equal("1.2.250.1.999.1", series.RetrieveLocationUid.ToString());
        });

        // What a reader makes of the base URI is a series here.
        using var request = access.Request(Study, manifest.Series[0].SeriesInstanceUid);
        Assert.Equal(
            new Uri(manifest.AddressOf(manifest.Series[0])!).AbsolutePath, request.RequestUri!.AbsolutePath);
        using var response = await access.SendAsync(request);
        Assert.Equal(
            manifest.Series[0].Instances.Count, (await ImageAccessFixture.ReadAsync(response)).Count);
    }

    [Fact]
    public async Task What_it_cannot_say_is_told_to_the_administrator_and_mended_by_the_next_report()
    {
        await using var source = await StartAsync(configure: Mado);
        source.Pacs.Instances = Images(2);
        foreach (var image in source.Pacs.Instances) image.SetEmpty(Tag.BodyPartExamined);
        var report = Report("A");
        var vague = report with
        {
            ServiceEvents =
            [
                .. report.ServiceEvents.Select(e => e with { Regions = [new Code("999", ReportCodes.SnomedCt, "Autre")] }),
            ],
        };

        await source.SendAsync(ReportAction.Initial, vague);
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var repair = Assert.Single(await source.Node.ListRepairsAsync(cancellationToken: Token));
        Assert.Equal(
            (WithheldReason.IncompleteForProfile, "IHE RAD MADO 6.X.2", "Target Region"),
            (repair.Reason, repair.Rule, repair.Expected));
        Assert.Contains("Target Region", repair.Fix, StringComparison.Ordinal);
        Assert.Empty(source.Dmp.Submissions);

        await source.SendAsync(ReportAction.Replace, Report("B", "A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal(ManifestProfile.Mado, (await source.RetrieveAsync(await source.ApprovedAsync())).Profile);
        Assert.Empty(await source.Node.ListRepairsAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task Another_profile_replaces_a_manifest_when_its_study_is_looked_at()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var national = await source.ApprovedAsync();
        Assert.Equal(ManifestProfile.DrimM, (await source.RetrieveAsync(national)).Profile);

        source.Configure = Mado;
        await source.RestartAsync();
        Assert.Null(await source.Node.NoticeAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        var european = await source.ApprovedAsync();
        Assert.Equal(national.EntryUuid, european.Replaces);
        Assert.Equal(ManifestProfile.Mado, (await source.RetrieveAsync(european)).Profile);
    }

    [Theory]
    [InlineData("mado", null, null)]
    [InlineData("drim-m", "1.2.250.1.999.1.7", null)]
    [InlineData("MADO", null, "Profile: 'MADO' is none of drim-m, mado")]
    [InlineData("", null, "Profile: '' is none of drim-m, mado")]
    [InlineData("mado", "1.02", "RetrieveLocationUid: is no UID (PS3.5 9.1)")]
    public void The_configuration_names_a_profile_that_there_is(string profile, string? location, string? error)
    {
        var options = new ManifestOptions { Profile = profile, RetrieveLocationUid = location };

        var errors = options.Validate(new ValidationContext(options))
            .Select(result => $"{Assert.Single(result.MemberNames)}: {result.ErrorMessage}");

        Assert.Equal(error is null ? [] : [error], errors);
    }

    private static SourceOptions Mado(SourceOptions options) =>
        options with { Manifest = new ManifestOptions { Profile = "mado" } };
}
