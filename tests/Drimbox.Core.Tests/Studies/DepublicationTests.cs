using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>What takes a manifest out of the DMP, and how another one comes back.</summary>
public sealed class DepublicationTests
{
    private readonly StudyHistory _study = new();

    [Fact]
    [Requirement("DB.SO.97")]
    public void A_withdrawn_report_takes_the_manifest_along_and_the_KOS_is_kept()
    {
        Publish("A");
        _study.Receive(Deletion("A"));
        _study.Settle();

        Assert.Empty(_study.Registry.Approved);
        var kept = Assert.Single(_study.State.Manifests);
        Assert.Equal(AvailabilityStatus.Deleted, _study.State.Publication.Documents[kept.UniqueId].Status);
    }

    [Fact]
    public void One_of_two_reports_withdrawn_leaves_the_manifest_of_the_other()
    {
        Publish("A");
        _study.Receive(Message(Header("C", minute: 5)));
        _study.Settle();
        _study.Receive(Deletion("A"));
        _study.Settle();

        Assert.Single(_study.Registry.Approved);
    }

    [Fact]
    public void A_deletion_may_spell_the_document_otherwise_than_the_document_does()
    {
        Publish("A");
        _study.Receive(Deletion("A") with
        {
            DocumentId = InstanceIdentifier.Create(DocumentKey.Of(Document("A")), null),
        });
        _study.Settle();

        Assert.Empty(_study.Registry.Approved);
    }

    [Fact]
    public void A_correction_that_drops_the_study_takes_its_manifest_away()
    {
        Publish("A");
        _study.Receive(Message(Header("B", "A", minute: 1, studies: OtherStudy)));
        _study.Settle();

        Assert.Empty(_study.Registry.Approved);
    }

    [Fact]
    public void A_correction_elsewhere_that_came_first_keeps_the_study_from_being_published()
    {
        _study.Receive(Message(Header("A")));
        _study.Do(new MarkReportReplaced(Document("A")));
        _study.Settle();

        Assert.Equal(0, _study.Registry.Submissions);
    }

    [Fact]
    public void A_study_that_is_reported_again_gets_a_manifest_with_a_new_SOP_instance_UID()
    {
        Publish("A");
        var first = _study.Published;
        _study.Receive(Deletion("A"));
        _study.Settle();
        _study.Receive(Message(Header("C", minute: 5)));
        _study.Settle();

        Assert.NotEqual(first, _study.Published);
    }

    [Fact]
    public void A_manifest_that_is_wanted_again_while_its_deletion_is_on_its_way_is_replaced_by_a_new_one()
    {
        Publish("A");
        var first = _study.Published;
        _study.Receive(Deletion("A"));
        _study.Receive(Message(Header("C", minute: 5)));
        // The PACS answers before the DMP does: the manifest still looks as it should.
        _study.Ask();
        _study.End();
        _study.Settle();

        Assert.NotEqual(first, _study.Published);
    }

    [Fact]
    public void A_manifest_that_somebody_else_took_out_of_the_DMP_is_replaced_by_a_new_one()
    {
        Publish("A");
        _study.Receive(Message(Header("A"), Choices(Visibility.InvisibleToPatient, decided: true)));
        _study.End(DispatchOutcome.Stale);
        _study.Settle();

        Assert.Equal(2, _study.State.Manifests.Count);
        Assert.Equal(2, _study.Registry.Submissions);
        Assert.Equal(Visibility.InvisibleToPatient, _study.Registry.VisibilityOf(_study.State.Current!.UniqueId));
    }

    [Fact]
    public void Images_that_come_back_are_published_again()
    {
        Publish("A");
        var first = _study.Published;
        _study.Pacs = StudyFindings.Nothing(Study);
        _study.Do(new NoticeStudyChange("IOCM"));
        _study.Settle();
        Assert.Empty(_study.Registry.Approved);

        _study.Pacs = Findings(3);
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();
        Assert.NotEqual(first, _study.Published);
    }

    [Fact]
    [Requirement("DB.SO.13")]
    public void A_report_that_is_withheld_takes_the_manifest_along_and_brings_another_when_it_is_sent()
    {
        Publish("A");
        var first = _study.Published;
        var withheld = Choices(Visibility.Normal, decided: true) with { ToDmp = false };
        _study.Receive(Message(Header("A"), withheld));
        _study.Settle();
        Assert.Empty(_study.Registry.Approved);

        _study.Receive(Message(Header("A"), withheld with { ToDmp = true }));
        _study.Settle();
        Assert.NotEqual(first, _study.Published);
    }

    private void Publish(string document)
    {
        _study.Receive(Message(Header(document)));
        _study.Settle();
    }
}
