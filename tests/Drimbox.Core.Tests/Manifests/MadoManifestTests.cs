using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Tests.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Manifests;

/// <summary>The European manifest is another profile of the same decisions.</summary>
public sealed class MadoManifestTests
{
    private static readonly SourcePolicy Mado = Policy with
    {
        Profile = ManifestProfile.Mado, RetrieveLocationUid = Uid.Parse("1.2.250.1.999.1.7"),
    };

    private readonly StudyHistory _study = new();

    [Fact]
    [Requirement("IHE RAD MADO 6.X.2")]
    public void It_says_of_the_images_what_the_report_and_the_PACS_say()
    {
        _study.Receive(Message(Header("A")));

        var manifest = Plan(Findings(2), Mado);

        Assert.Equal(ManifestProfile.Mado, manifest.Profile);
        Assert.Equal([new CodedEntry("67734004", "SCT", "Upper trunk")], manifest.Library!.Regions);
        var (series, described) = (Assert.Single(manifest.Series), Assert.Single(manifest.Library.Series));
        Assert.Equal(
            (series.SeriesInstanceUid, "CT", "20261102", "100500", "PARENCHYME", "CHEST"),
            (described.SeriesInstanceUid, described.Modality, described.Date, described.Time, described.Description,
                described.BodyPartExamined));
        Assert.Equal(
            [new DocumentTitle(Uid.Parse("1.2.250.1.999.9.1.1.2"), new CodedEntry("113000", "DCM", "Of Interest"))],
            described.Titles);
        // Table 6.X.2.14-1: a base URI, and the service that it is of.
        Assert.Equal("https://drimbox.example.org/", series.RetrieveUrl);
        Assert.Equal(Uid.Parse("1.2.250.1.999.1.7"), series.RetrieveLocationUid);
        Assert.Equal(
            "https://drimbox.example.org/studies/1.2.250.1.999.9.1/series/1.2.250.1.999.9.1.1",
            manifest.AddressOf(series));
        var national = Plan(Findings(2), Policy);
        Assert.Null(national.Library);
        Assert.Equal(national.Series[0].RetrieveUrl, national.AddressOf(national.Series[0]));
    }

    [Theory]
    [InlineData("737561001", "OTHER", "1141981001")]
    [InlineData("69536005", "OTHER", "774007")]
    [InlineData("80891009", "CHEST", "80891009")]
    [InlineData("999", "CHESTABDPELVIS", "67734004 63337009")]
    [InlineData("999", "LSPINE", "1141981001")]
    [InlineData("999", "knee", "61685007")]
    public void A_region_of_the_report_goes_before_the_body_part_of_the_images(
        string reported, string bodyPart, string expected)
    {
        _study.Receive(Message(Reporting(reported)));

        var regions = Plan(Findings(1, bodyPart), Mado).Library!.Regions;

        Assert.Equal(expected.Split(' '), regions.Select(r => r.Value));
        Assert.All(regions, region => Assert.Equal("SCT", region.Scheme));
    }

    [Theory]
    [InlineData("date", "Study Date")]
    [InlineData("time", "Study Time")]
    [InlineData("modality", "Modality")]
    [InlineData("region", "Target Region")]
    [InlineData("order", "Placer Order Number")]
    [InlineData("date order", "Study Date, Placer Order Number")]
    public void What_nobody_tells_withholds_it_names_what_is_missing_and_is_no_matter_for_the_national_manifest(
        string without, string missing)
    {
        var header = without == "region" ? Reporting("999") : Header("A");
        if (without.EndsWith("order", StringComparison.Ordinal))
            header = header with { Orders = [new ImagingOrder(default, header.Orders[0].AccessionNumber)] };
        _study.Receive(Message(header));
        var findings = Findings(2, without == "region" ? "" : "CHEST");
        findings = findings with
        {
            StudyDate = without.StartsWith("date", StringComparison.Ordinal) ? "" : findings.StudyDate,
            StudyTime = without == "time" ? "" : findings.StudyTime,
            Series = [findings.Series[0] with { Modality = without == "modality" ? "" : "CT" }],
        };

        Assert.Null(ManifestPlan.Plan(Study, _study.State, findings, Mado, Context));

        var withheld = Assert.Single(StudyDecider.Decide(
            Study, _study.State, new RecordFindings(findings, null), Mado, Context).Events.OfType<ManifestWithheld>());
        Assert.Equal((WithheldReason.IncompleteForProfile, missing), (withheld.Reason, withheld.Expected));
        Assert.Null(ManifestPlan.Obstacle(Study, _study.State.ActiveReports(Study), findings, Policy));
    }

    [Fact]
    public void Whose_patient_it_is_is_looked_at_first()
    {
        _study.Receive(Message(Header("A")));
        var findings = Findings(1) with { PatientId = "IPP999", StudyDate = "" };

        Assert.Equal(
            WithheldReason.PatientMismatch,
            ManifestPlan.Obstacle(Study, _study.State.ActiveReports(Study), findings, Mado)!.Reason);
    }

    [Fact]
    public void Another_profile_replaces_what_was_published_and_what_images_are_about_is_part_of_the_content()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        Assert.True(ManifestPlan.IsCurrent(Study, _study.State, _study.Pacs, Policy));
        Assert.False(ManifestPlan.IsCurrent(Study, _study.State, _study.Pacs, Mado));

        string? KeyOf(StudyFindings findings, SourcePolicy policy) =>
            ManifestPlan.ContentKeyOf(Study, _study.State, findings, policy);
        var later = Findings(2) with { Series = [Findings(2).Series[0] with { SeriesTime = "120000" }] };
        Assert.Equal(KeyOf(Findings(2), Policy), KeyOf(later, Policy));
        Assert.NotEqual(KeyOf(Findings(2), Mado), KeyOf(later, Mado));
        // The host is none of it, as for the national manifest.
        Assert.Equal(KeyOf(later, Mado), KeyOf(later, Mado with { RetrieveHost = "new.example.org" }));
        Assert.NotEqual(
            KeyOf(later, Mado), KeyOf(later, Mado with { RetrieveLocationUid = Uid.Parse("1.2.250.1.999.1.8") }));
    }

    [Fact]
    public void A_national_manifest_that_names_its_service_has_the_same_content()
    {
        _study.Receive(Message(Header("A")));
        var manifest = Plan(Findings(2), Policy);
        var named = manifest with
        {
            Series = [.. manifest.Series.Select(s => s with { RetrieveLocationUid = Uid.Parse("1.2.3") })],
        };

        Assert.Equal(
            ManifestPlan.ContentKeyOf(manifest, _study.State, Policy),
            ManifestPlan.ContentKeyOf(named, _study.State, Policy));
    }

    [Fact]
    public void A_manifest_under_another_host_stays_what_it_was_made_as()
    {
        _study.Receive(Message(Header("A")));
        var manifest = Plan(Findings(2), Mado);

        // The configuration says drim-m by now: its manifest could be made from the PACS alone.
        var moved = ManifestReissue.Rewrite(manifest, Policy with { RetrieveHost = "new.example.org" }, Context);

        Assert.Equal((ManifestProfile.Mado, manifest.Library), (moved.Profile, moved.Library));
        Assert.Equal("https://new.example.org/", Assert.Single(moved.Series).RetrieveUrl);
        Assert.Equal("new.example.org", ManifestReissue.HostOf(moved));
        Assert.Equal(manifest.Series[0].RetrieveLocationUid, moved.Series[0].RetrieveLocationUid);
    }

    [Fact]
    [Requirement("DB.SO.13")]
    public void The_key_of_a_national_manifest_is_the_one_that_was_kept_before_there_was_another_profile()
    {
        _study.Receive(Message(Header("A")));

        Assert.Equal(
            "abff7050945dab2c03331a5db898efe75a300804873e94de2d060261727e5ac6", ManifestPlan.ContentKeyOf(Study, _study.State, StudyFixture.Findings(3), Policy));
    }

    private static DecisionContext Context => new(
        new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.Zero), new SequentialIds());

    private static CdaHeader Reporting(string region)
    {
        var header = Header("A");
        return header with
        {
            ServiceEvents =
            [
                .. header.ServiceEvents.Select(e => e with
                {
                    Regions = [new Code(region, "2.16.840.1.113883.6.96", "Région")],
                }),
            ],
        };
    }

    // With when the series began, and a note among its instances.
    private static StudyFindings Findings(int images, string bodyPart = "CHEST")
    {
        var findings = StudyFixture.Findings(images);
        var series = findings.Series[0];
        return findings with
        {
            Series =
            [
                series with
                {
                    SeriesDate = "20261102",
                    SeriesTime = "100500",
                    BodyPartExamined = bodyPart,
                    Instances =
                    [
                        .. series.Instances.Select((instance, i) => instance with
                        {
                            Title = i == 1 ? new CodedEntry("113000", "DCM", "Of Interest") : null,
                        }),
                    ],
                },
            ],
        };
    }

    private Manifest Plan(StudyFindings findings, SourcePolicy policy)
    {
        var manifest = ManifestPlan.Plan(Study, _study.State, findings, policy, Context);
        Assert.NotNull(manifest);
        return manifest;
    }
}
