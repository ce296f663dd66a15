using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>What the administrator is told: once when it begins, and once when it ends.</summary>
[Requirement("DB.SO.21")]
public sealed class StudyAlertTests
{
    private readonly StudyHistory _study = new();

    [Fact]
    public void An_alert_opens_once_whatever_comes_meanwhile_and_ends_once()
    {
        _study.Pacs = Findings(3, accession: "ACN999");
        _study.Receive(Message(Header("A")));
        _study.Settle();
        var since = _study.State.Alert?.Since;
        _study.Receive(Message(Header("B", "A", minute: 1)));
        _study.Settle();
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();

        Assert.Equal([WithheldReason.AccessionMismatch], _study.Alerts);
        Assert.Empty(_study.AlertsOver);
        Assert.Equal(since, _study.State.Alert?.Since);

        _study.Pacs = Findings(3);
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();

        Assert.Equal([WithheldReason.AccessionMismatch], _study.AlertsOver);
        Assert.Null(_study.State.Alert);
        Assert.Single(_study.Alerts);
    }

    [Fact]
    public void Another_reason_ends_the_first_alert_and_opens_its_own()
    {
        _study.Pacs = Findings(3, "IPP999");
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Pacs = Findings(3, accession: "ACN999");
        _study.Ask();

        Assert.Equal([WithheldReason.PatientMismatch, WithheldReason.AccessionMismatch], _study.Alerts);
        Assert.Equal([WithheldReason.PatientMismatch], _study.AlertsOver);
        Assert.Equal("ACN999", _study.State.Alert?.Found);
    }

    [Fact]
    public void Another_wrong_value_is_shown_and_is_no_new_alert()
    {
        _study.Pacs = Findings(3, accession: "ACN998");
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Pacs = Findings(3, accession: "ACN999");
        _study.Ask();

        Assert.Single(_study.Alerts);
        Assert.Equal("ACN999", _study.State.Alert?.Found);
    }

    [Fact]
    public void An_outage_of_the_PACS_neither_ends_nor_repeats_what_was_found_before()
    {
        _study.Pacs = Findings(3, accession: "ACN999");
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Do(new RecordPacsUnreachable());
        _study.Ask();

        Assert.Equal([WithheldReason.AccessionMismatch], _study.Alerts);
        Assert.Empty(_study.AlertsOver);
    }

    [Fact]
    [Requirement("DB.SO.21")]
    public void A_PACS_that_answers_about_no_study_is_no_alert_of_one()
    {
        _study.Receive(Message(Header("A")));
        _study.Do(new RecordPacsUnreachable(IsOutage: true));

        Assert.Empty(_study.Alerts);
        Assert.Equal(WithheldReason.PacsUnreachable, _study.State.Withheld?.Reason);
        // It answers about the others meanwhile.
        _study.Do(new RecordPacsUnreachable());
        Assert.Equal([WithheldReason.PacsUnreachable], _study.Alerts);
    }

    [Fact]
    public void The_last_report_takes_the_alert_with_it()
    {
        _study.Pacs = Findings(3, accession: "ACN999");
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Receive(Deletion("A"));

        Assert.Equal([WithheldReason.AccessionMismatch], _study.AlertsOver);
        Assert.Null(_study.State.Alert);
    }

    [Fact]
    [Requirement("DB.SO.04")]
    public void A_study_remembers_the_PACS_that_holds_it_and_a_change_of_place_is_no_change_of_the_manifest()
    {
        _study.Pacs = Findings(3) with { Pacs = "north" };
        _study.Receive(Message(Header("A")));
        _study.Settle();
        Assert.Equal("north", _study.State.Pacs);

        _study.Pacs = Findings(3) with { Pacs = "south" };
        _study.Ask();
        _study.Settle();

        Assert.Equal("south", _study.State.Pacs);
        Assert.Single(_study.State.Manifests);
        Assert.Equal(1, _study.Registry.Submissions);
        Assert.Equal(_study.State.Current!.UniqueId, _study.Published);
    }
}
