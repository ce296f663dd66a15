using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using static Drimbox.Tests.Requests.RequestSamples;

namespace Drimbox.Tests.Requests;

/// <summary>Examinations and documents of a request of the RIS.</summary>
public sealed class RisRequestTests
{
    private static readonly StatedPatient WithoutIns = RequestSamples.Patient with
    {
        Identity = RequestSamples.Patient.Identity with { Ins = null },
    };

    private static readonly Uid OtherStudy = Uid.Parse("1.2.250.1.999.8");

    [Fact]
    public void A_complement_that_names_nothing_is_of_the_one_examination_that_waits()
    {
        var state = Placed("OPN1");
        var study = state.Examinations[0].StudyInstanceUid;

        var sent = Assert.IsType<PostExaminationSent>(Assert.Single(
            Decide(state, new SendPostExamination(Examination("OPN1", null, default), "viewer.test")).Events));

        Assert.Equal(state.AccessionNumber, sent.PostExamination.AccessionNumber);
        Assert.Equal(study, sent.PostExamination.StudyInstanceUid);
        Assert.Equal(
            $"https://viewer.test/IHEInvokeImageDisplay?requestType=STUDY&studyUID={study}&accessionNumber=OPN1",
            sent.PostExamination.PartialViewerUrl);
    }

    [Fact]
    [Requirement("DB/RIS.06")]
    public void Of_several_examinations_each_is_performed_by_its_own_complement()
    {
        var state = Placed("OPN1", examinations: 3);
        var nameless = new SendPostExamination(Examination("OPN1", null, default));
        Assert.Equal(RefusalReason.RequiredFieldMissing, Decide(state, nameless).Refusal?.Reason);

        foreach (var study in state.Examinations.Select(e => e.StudyInstanceUid).Take(2))
            state = After(state, new SendPostExamination(Examination("OPN1", null, study)));
        Assert.Equal([true, true, false], state.Examinations.Select(e => e.IsPerformed));
        // Twice is once.
        var again = new SendPostExamination(Examination("OPN1", null, state.Examinations[0].StudyInstanceUid));
        Assert.Equal([true, true, false], After(state, again).Examinations.Select(e => e.IsPerformed));

        // Now one waits.
        state = After(state, nameless);
        Assert.Equal([true, true, true], state.Examinations.Select(e => e.IsPerformed));
        Assert.Equal(RefusalReason.RequiredFieldMissing, Decide(state, nameless).Refusal?.Reason);
    }

    [Fact]
    public void Images_under_a_UID_of_the_modality_are_of_the_one_examination_that_waits_and_else_of_none_of_them()
    {
        var state = After(Placed("OPN1"), new SendPostExamination(Examination("OPN1", "ACN7", OtherStudy)));
        var made = Assert.Single(state.Examinations);
        Assert.Equal((OtherStudy, true), (made.StudyInstanceUid, made.IsPerformed));
        Assert.Equal("ACN7", state.AccessionNumber!.Value.Extension);

        state = After(
            Placed("OPN1", examinations: 2), new SendPostExamination(Examination("OPN1", null, OtherStudy)));
        Assert.Equal([false, false, true], state.Examinations.Select(e => e.IsPerformed));
    }

    [Fact]
    [Requirement("DB/RIS.06")]
    public void An_examination_is_planned_once_and_only_for_a_request_that_is_open()
    {
        var exam = new PlannedExamination(
            OtherStudy, "E2", new Code("MR", "DCM", "IRM"), Knee, null, IsPerformed: true);
        var plan = new PlanExamination(exam, "alice");
        Assert.Equal(RefusalReason.UnknownTarget, Decide(RisRequestState.Empty, plan).Refusal?.Reason);

        var state = After(Placed("OPN1"), plan);
        // Performed for another request: the platform is still to be told for this one.
        Assert.Equal([false, false], state.Examinations.Select(e => e.IsPerformed));
        var twice = Decide(state, plan);
        Assert.Empty(twice.Events);
        Assert.Null(twice.Refusal);

        var cancelled = state with { Status = RequestStatus.Cancelled };
        Assert.Equal(RefusalReason.WrongState, Decide(cancelled, plan).Refusal?.Reason);
        for (var i = 2; i < Limits.ExaminationsPerRequestMax; i++)
        {
            state = After(state, new PlanExamination(
                exam with { StudyInstanceUid = Uid.Parse($"{OtherStudy}.{i}") }, "alice"));
        }

        plan = new PlanExamination(exam with { StudyInstanceUid = Uid.Parse($"{OtherStudy}.99") }, "alice");
        Assert.Equal(RefusalReason.OverLimit, Decide(state, plan).Refusal?.Reason);
    }

    [Fact]
    [Requirement("DB/RIS.06")]
    public void An_examination_that_was_not_made_is_withdrawn_unless_it_is_the_only_one()
    {
        var state = Placed("OPN1", examinations: 2);
        var (first, second) = (state.Examinations[0].StudyInstanceUid, state.Examinations[1].StudyInstanceUid);
        state = After(state, new SendPostExamination(Examination("OPN1", null, first)));
        Assert.Equal(
            RefusalReason.WrongState, Decide(state, new WithdrawExamination(first, "alice")).Refusal?.Reason);
        Assert.Equal(
            RefusalReason.UnknownTarget, Decide(state, new WithdrawExamination(OtherStudy, "alice")).Refusal?.Reason);

        state = After(state, new WithdrawExamination(second, "alice"));
        Assert.Equal(first, Assert.Single(state.Examinations).StudyInstanceUid);
        var only = Placed("OPN2");
        Assert.Equal(
            RefusalReason.WrongState,
            Decide(only, new WithdrawExamination(only.Examinations[0].StudyInstanceUid, "alice")).Refusal?.Reason);
    }

    [Fact]
    [Requirement("DB/RIS.04")]
    public void A_document_that_was_taken_back_does_not_come_again()
    {
        var state = After(Placed("OPN1"), new AttachDocument(Document("A"), "alice"));
        var detach = new DetachDocument(Document("A").Id, "alice");
        Assert.IsType<DocumentDetached>(Decide(state, detach).Outgoing);

        state = After(state, detach);
        Assert.Empty(state.Documents);
        Assert.Equal(RefusalReason.UnknownTarget, Decide(state, detach).Refusal?.Reason);
        Assert.Equal(
            RefusalReason.WrongState, Decide(state, new AttachDocument(Document("A"), "alice")).Refusal?.Reason);
    }

    [Fact]
    [Requirement("DB/RIS.04")]
    public void A_document_is_attached_and_sent_once()
    {
        var attach = new AttachDocument(Document("A"), "alice");
        var first = Decide(Placed("OPN1"), attach);
        var sent = Assert.IsType<DocumentAttached>(first.Outgoing);
        Assert.Equal(Order("OPN1"), sent.Delivery.PlacerOrderNumber);

        var state = After(Placed("OPN1"), attach);
        Assert.Null(Decide(state, attach).Outgoing);
        Assert.Equal(
            RefusalReason.WrongState,
            Decide(state with { Status = RequestStatus.Refused }, new AttachDocument(Document("B"), "alice"))
                .Refusal?.Reason);
    }

    [Fact]
    [Requirement("DB/RIS.04")]
    public void A_document_has_many_requests_and_an_identifier_has_one_document()
    {
        var context = new DecisionContext(Now, new SequentialIds());
        var state = RequestDocumentState.Empty;
        foreach (var orders in (string[][])[["1", "2"], ["2", "3"], ["1"]])
        {
            var decision = RequestDocumentDecider.Decide(
                state, new FileRequestDocument(Document("A"), [.. orders.Select(Order)], "alice"), context);
            Assert.Null(decision.Refusal);
            state = decision.Events.Aggregate(state, RequestDocumentDecider.Evolve);
        }

        Assert.Equal([Order("1"), Order("2"), Order("3")], state.Orders);
        var other = RequestDocumentDecider.Decide(
            state, new FileRequestDocument(Document("A", "other bytes"), [Order("4")], "alice"), context);
        Assert.Equal(RefusalReason.IdentifierReused, other.Refusal?.Reason);
        Assert.Empty(other.Events);
    }

    [Fact]
    public void Requests_that_share_something_are_of_one_patient()
    {
        var one = Placed("1");
        var same = one with { Request = Request("2") };
        var unidentified = one with
        {
            Request = Request("3", patient: WithoutIns),
        };
        var other = one with { Request = Request("4", patient: PatientOf("279035121518990")) };

        Assert.Null(RequestFilingRules.Check([one, same, unidentified, RisRequestState.Empty]));
        Assert.Equal(RefusalReason.PatientMismatch, RequestFilingRules.Check([one, same, other])?.Reason);
    }
}
