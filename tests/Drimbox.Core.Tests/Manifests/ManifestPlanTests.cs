using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Tests.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Manifests;

/// <summary>What a manifest says.</summary>
public sealed class ManifestPlanTests
{
    private readonly StudyHistory _study = new();

    [Fact]
    [Requirement("DB.SO.18")]
    public void A_manifest_lists_every_visible_instance_with_the_address_of_its_series()
    {
        _study.Receive(Message(Header("A")));

        var manifest = Plan(Findings(2));

        var series = Assert.Single(manifest.Series);
        Assert.Equal(
            "https://drimbox.example.org/studies/1.2.250.1.999.9.1/series/1.2.250.1.999.9.1.1", series.RetrieveUrl);
        Assert.Equal(
            ["1.2.250.1.999.9.1.1.1", "1.2.250.1.999.9.1.1.2"],
            series.Instances.Select(i => i.SopInstanceUid.ToString()));
        Assert.Equal([1, 2], series.Instances.Select(i => i.InstanceNumber));
        Assert.Equal(new ManifestStudy(Study, "20261102", "100000", "TDM THORAX"), manifest.Study);
        Assert.Equal(StudyFixture.Patient, manifest.Patient);
        Assert.Equal(new ManifestAuthor("Drimbox", "CENTRE D'IMAGERIE", "300017985"), manifest.Author);
        Assert.Equal(
            "Examen : TDM THORAX\nActe = Scanner du thorax\n"
            + "Série-1.2.250.1.999.9.1.1 : CT @Thorax : PARENCHYME\n",
            manifest.Description);
    }

    [Fact]
    public void Series_and_instances_stand_in_the_order_of_their_numbers_whatever_the_order_of_the_answer()
    {
        _study.Receive(Message(Header("A")));
        var first = Findings(11).Series[0];
        var second = new SeriesFinding(
            Uid.Parse("1.2.250.1.999.9.1.0"), "CT", "2", "OS", "CHEST",
            [new InstanceFinding(
                Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), Uid.Parse("1.2.250.1.999.9.1.0.1"), "", null)]);

        var manifest = Plan(Findings(0) with
        {
            Series = [second, first with { Instances = [.. first.Instances.Reverse()] }],
        });

        Assert.Equal([1, 2], manifest.Series.Select(s => s.SeriesNumber));
        Assert.Equal(Enumerable.Range(1, 11), manifest.Series[0].Instances.Select(i => i.InstanceNumber!.Value));
    }

    [Fact]
    public void A_series_without_instances_is_left_out()
    {
        _study.Receive(Message(Header("A")));
        var empty = new SeriesFinding(Uid.Parse("1.2.3"), "CT", "2", "", "", []);

        Assert.Single(Plan(Findings(1) with { Series = [.. Findings(1).Series, empty] }).Series);
    }

    [Fact]
    public void An_image_is_marked_as_long_as_it_and_its_note_are_shown()
    {
        _study.Receive(Message(Header("A")));
        var note = new InstanceFinding(
            Uid.Parse("1.2.840.10008.5.1.4.1.1.88.59"), Uid.Parse("1.2.250.1.999.9.1.2.1"), "1", null);
        var notes = new SeriesFinding(Uid.Parse("1.2.250.1.999.9.1.2"), "KO", "2", "", "", [note]);
        KeyImage MarkOf(string image, string by) =>
            new(Uid.Parse("1.2.250.1.999.9.1.1." + image), Uid.Parse(by), notes.SeriesInstanceUid, "Coupe");
        var mark = MarkOf("2", note.SopInstanceUid.ToString());
        var findings = Findings(2) with
        {
            Series = [.. Findings(2).Series, notes],
            KeyImages = [MarkOf("3", note.SopInstanceUid.ToString()), mark, MarkOf("1", "1.2.3")],
        };

        Assert.Equal([mark], Plan(findings).KeyImages);
        Assert.Equal([notes], findings.KeyObjectSeries);
        Assert.NotEqual(
            ManifestPlan.ContentKeyOf(Study, _study.State, findings, Policy),
            ManifestPlan.ContentKeyOf(Study, _study.State, findings with { KeyImages = [] }, Policy));
    }

    [Fact]
    public void The_entry_has_the_times_of_its_study_and_not_those_of_another_in_the_report()
    {
        var header = Header("A", studies: [OtherStudy, Study]);
        _study.Receive(Message(header with
        {
            ServiceEvents =
            [
                header.ServiceEvents[0] with { Start = "20261101080000+0100", Stop = "20261101083000+0100" },
                header.ServiceEvents[1],
            ],
        }));
        _study.Settle();

        var entry = ManifestEntry.TryFrom(
            _study.State.Current!, Study, _study.State.Reports[^1], Visibility.Normal, Policy)!;

        Assert.Equal(("20261102090000", null), (entry.ServiceStartTime, entry.ServiceStopTime));
    }

    [Theory]
    [InlineData("patient")]
    [InlineData("accession")]
    [InlineData("absent")]
    [InlineData("withdrawn")]
    public void What_may_not_be_published_has_no_plan(string why)
    {
        _study.Receive(Message(Header("A")));
        if (why == "withdrawn") _study.Receive(Deletion("A"));
        var findings = why switch
        {
            "patient" => Findings(1, patientId: "IPP999"),
            "accession" => Findings(1, accession: "ACN999"),
            "absent" => Findings(0),
            _ => Findings(1),
        };

        Assert.Null(ManifestPlan.Plan(Study, _study.State, findings, Policy, Context));
    }

    private static DecisionContext Context => new(
        new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.Zero), new SequentialIds());

    private Manifest Plan(StudyFindings findings)
    {
        var manifest = ManifestPlan.Plan(Study, _study.State, findings, Policy, Context);
        Assert.NotNull(manifest);
        return manifest;
    }
}
