using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>When a study has a manifest in the DMP, and which one.</summary>
public sealed class StudyDeciderTests
{
    private readonly StudyHistory _study = new();

    [Fact]
    [Requirement("DB.SO.11")]
    public void A_report_of_a_study_with_images_publishes_one_manifest()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();

        Assert.Equal(_study.State.Current!.UniqueId, _study.Published);
        Assert.Equal(1, _study.Registry.Submissions);
        Assert.Empty(_study.Alerts);
    }

    [Fact]
    [Requirement("DB.SO.11")]
    public void A_report_without_a_qualified_INS_or_not_meant_for_the_DMP_publishes_nothing()
    {
        _study.Receive(Message(Header("A")) with { IdentityReliability = ["PROV"] });
        _study.Receive(Message(Header("B"), PublicationChoices.Default with { ToDmp = false }));
        _study.Settle();

        Assert.Equal(0, _study.Registry.Submissions);
    }

    [Fact]
    [Requirement("DB.SO.15")]
    public void A_study_that_is_absent_from_the_PACS_waits_with_one_alert_and_is_published_when_its_images_arrive()
    {
        _study.Pacs = StudyFindings.Nothing(Study);
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();

        Assert.Equal([WithheldReason.StudyAbsentFromPacs], _study.Alerts);
        Assert.Equal(WithheldReason.StudyAbsentFromPacs, _study.State.Withheld?.Reason);
        Assert.Equal(0, _study.Registry.Submissions);

        _study.Pacs = Findings(3);
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();

        Assert.Equal(_study.State.Current!.UniqueId, _study.Published);
        Assert.Null(_study.State.Withheld);
    }

    [Theory]
    [Requirement("DB.SO.16")]
    [Requirement("DB.SO.17")]
    [InlineData("IPP999", "SITE", "ACN101", WithheldReason.PatientMismatch)]
    [InlineData("IPP101", "ANOTHER SITE", "ACN101", WithheldReason.PatientMismatch)]
    [InlineData("IPP101", "SITE", "ACN999", WithheldReason.AccessionMismatch)]
    [InlineData("IPP101", "SITE", "", WithheldReason.AccessionMismatch)]
    public void Images_of_another_patient_or_order_withhold_the_manifest(
        string patientId, string issuer, string accession, WithheldReason reason)
    {
        _study.Pacs = Findings(3, patientId, issuer, accession);
        _study.Receive(Message(Header("A")));
        _study.Settle();

        Assert.Equal([reason], _study.Alerts);
        Assert.Equal(reason, _study.State.Withheld?.Reason);
        Assert.Equal(0, _study.Registry.Submissions);
    }

    [Fact]
    public void A_PACS_that_does_not_answer_is_told_once_and_leaves_a_published_manifest_alone()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Do(new RecordPacsUnreachable());
        _study.Do(new RecordPacsUnreachable());

        Assert.Equal([WithheldReason.PacsUnreachable], _study.Alerts);
        Assert.Equal(_study.State.Current!.UniqueId, _study.Published);
    }

    [Fact]
    public void Two_reports_of_a_study_make_one_manifest_with_the_orders_of_both()
    {
        _study.Receive(Message(Header("A")));
        _study.Receive(Message(Header("C", accession: "ACN102", minute: 5) with
        {
            Orders = [.. Header("C").Orders, .. Header("C", accession: "ACN102").Orders],
        }));
        _study.Settle();

        Assert.Equal(_study.State.Current!.UniqueId, _study.Published);
        Assert.Equal(
            ["ACN101", "ACN102"], _study.State.Current.Requests.Select(r => r.AccessionNumber?.Extension));
    }

    [Fact]
    [Requirement("DB.SO.97")]
    public void The_manifest_is_as_hidden_as_the_most_hidden_of_its_reports()
    {
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient)));
        _study.Receive(Message(Header("C", minute: 5), Choices(Visibility.MaskedFromProfessionals)));
        _study.Settle();

        Assert.Equal(
            Visibility.InvisibleToPatient | Visibility.MaskedFromProfessionals,
            _study.Registry.VisibilityOf(_study.Published));
    }

    [Fact]
    [Requirement("DB.SO.97")]
    public void A_change_of_visibility_is_followed_without_a_new_manifest()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient, decided: true)));
        _study.Settle();

        Assert.Equal(Visibility.InvisibleToPatient, _study.Registry.VisibilityOf(_study.Published));
        Assert.Single(_study.State.Manifests);
    }

    [Fact]
    public void A_copy_that_is_repeated_late_does_not_undo_a_decided_visibility()
    {
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient)));
        _study.Receive(Message(Header("A"), Choices(Visibility.Normal, decided: true)));
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient)));
        _study.Settle();

        Assert.Equal(Visibility.Normal, _study.Registry.VisibilityOf(_study.Published));
    }

    [Fact]
    public void The_same_document_sent_again_can_hide_the_manifest_but_not_show_it()
    {
        _study.Receive(Message(Header("A")));
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient)));
        _study.Receive(Message(Header("A")));
        _study.Settle();

        Assert.Equal(Visibility.InvisibleToPatient, _study.Registry.VisibilityOf(_study.Published));
    }

    [Fact]
    [Requirement("DB.SO.13")]
    [Requirement("DB.SO.26")]
    [Requirement("FAQ/KOS.2")]
    public void Images_that_leave_the_PACS_replace_the_manifest()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        var first = _study.Published;
        _study.Pacs = Findings(2);
        _study.Do(new NoticeStudyChange("IOCM"));
        _study.Settle();

        Assert.NotEqual(first, _study.Published);
        Assert.Equal([3, 2], _study.State.Manifests.Select(m => m.Instances));
    }

    [Fact]
    [Requirement("DB.SO.26")]
    [Requirement("FAQ/KOS.3")]
    public void A_study_that_loses_its_last_image_loses_its_manifest_though_the_note_is_still_shown()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        _study.Pacs = Findings(0) with
        {
            Series = [new SeriesFinding(
                Uid.Parse("1.2.3"), "KO", "59", "", "",
                [new InstanceFinding(
                    Uid.Parse("1.2.840.10008.5.1.4.1.1.88.59"), Uid.Parse("1.2.3.1"), "1",
                    null)])],
        };
        _study.Do(new NoticeStudyChange("IOCM"));
        _study.Settle();

        Assert.Empty(_study.Registry.Approved);
        Assert.Equal(WithheldReason.StudyAbsentFromPacs, _study.State.Withheld?.Reason);
    }

    [Fact]
    [Requirement("DB.SO.13")]
    [Requirement("FAQ/KOS.1")]
    public void A_report_whose_metadata_changed_replaces_the_manifest_and_one_with_the_same_does_not()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        var first = _study.Published;
        _study.Receive(Message(Header("B", "A", minute: 1)));
        _study.Settle();
        Assert.Equal(first, _study.Published);

        _study.Receive(Message(Header("C", "B", minute: 2, doctor: "PAUL")));
        _study.Settle();
        Assert.NotEqual(first, _study.Published);
    }

    [Fact]
    public void The_same_images_in_another_order_are_the_same_manifest()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
        var series = _study.Pacs.Series[0];
        _study.Pacs = _study.Pacs with { Series = [series with { Instances = [.. series.Instances.Reverse()] }] };
        _study.Do(new NoticeStudyChange("IOCM"));
        _study.Settle();

        Assert.Single(_study.State.Manifests);
        Assert.Equal(1, _study.Registry.Submissions);
    }

    [Fact]
    public void A_manifest_that_was_encoded_for_what_is_no_longer_so_is_dropped_and_the_PACS_is_asked_again()
    {
        _study.Receive(Message(Header("A")));
        var plan = ManifestPlan.Plan(
            Study, _study.State, _study.Pacs, Policy, new DecisionContext(default, new SequentialIds()))!;
        _study.Receive(Message(Header("B", "A", minute: 1) with
        {
            Orders = [.. Header("B").Orders, .. Header("B", accession: "ACN102").Orders],
        }));

        var decision = _study.Do(new RecordFindings(
            _study.Pacs, new ManifestFile(plan, new StoredObject(new string('a', 64), 1), "")));

        Assert.True(decision.Evaluate);
        Assert.Null(decision.Submission);
        _study.Settle();
        Assert.Single(_study.Registry.Approved);
    }

    [Fact]
    public void A_submission_that_the_DMP_refused_waits_for_a_person()
    {
        _study.Receive(Message(Header("A")));
        _study.Ask();
        _study.End(DispatchOutcome.Quarantine);
        _study.Settle();
        Assert.Equal("detail", _study.State.Refused?.Detail);
        Assert.Empty(_study.Registry.Approved);

        _study.Do(new RetryManifestPublication("operator"));
        _study.Settle();
        Assert.Null(_study.State.Refused);
        Assert.Single(_study.Registry.Approved);
    }
}
