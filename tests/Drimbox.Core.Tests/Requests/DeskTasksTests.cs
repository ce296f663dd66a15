using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Tests.Requests;

/// <summary>What a request waits for, through its life.</summary>
public sealed class DeskTasksTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly DeskPolicy Policy = new(TimeSpan.FromMinutes(30), TimeSpan.FromHours(4));

    private static readonly Organization Structure = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "Centre d'imagerie", "FINEG");

    private static readonly StatedPatient Patient = new(
        new Patient(null, null, "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220"), [], null);

    private static readonly Professional Doctor = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");

    private static readonly InstanceIdentifier Order = InstanceIdentifier.Create("1.2.250.1.748.1", "OPN101");
    private static readonly PatientVisit Visit = new("O", null, null, null);
    private static readonly Code Act = new("24725-4", "LN", "Scanner de la tête");
    private static readonly AnatomicRegion Head = new(new Code("774007", "SCT", "tête et/ou cou"), null);

    [Theory]
    // Hours after the start stand after the @; what is due is counted from the event that it waits since.
    [InlineData("", "Nothing", null)]
    [InlineData("received@0", "Answer", 0.5)]
    [InlineData("received@0 accepted@0.25", "Examination", null)]
    [InlineData("received@0 refused@0.25", "Nothing", null)]
    [InlineData("received@0 cancelled@0.25", "Nothing", null)]
    [InlineData("received@0 accepted@0.25 examined@2", "Report", 6.0)]
    [InlineData("received@0 examined@2", "Report", 6.0)]
    // A complement that comes again does not move the date.
    [InlineData("received@0 examined@2 examined@5", "Report", 6.0)]
    [InlineData("received@0 examined@2 drafted@3", "Report", 6.0)]
    [InlineData("received@0 examined@2 drafted@3 reported@4", "Nothing", null)]
    [InlineData("received@0 examined@2 reported@4 withdrawn@8", "Report", 12.0)]
    [InlineData("received@0 examined@2 reported@4 withdrawn@8 reported@9", "Nothing", null)]
    // A study that the report does not name is to be read; one that it names is not, however often it is told of.
    [InlineData("received@0 examined@2 reported@4 examined@5", "Nothing", null)]
    [InlineData("received@0 examined@2 examined-2@3 reported@4 examined-2@5", "Nothing", null)]
    [InlineData("received@0 examined@2 reported@4 examined-2@5", "Report", 9.0)]
    [InlineData("received@0 examined@2 reported@4 examined-2@5 examined-3@6", "Report", 9.0)]
    [InlineData("received@0 examined@2 reported@4 examined-2@5 reported@6", "Nothing", null)]
    // What was reported before documents said which studies they name is taken to name all.
    [InlineData("received@0 examined@2 reported-before@4 examined-2@5", "Nothing", null)]
    public void A_request_waits_for_one_thing_since_what_happened_last(string history, string task, double? dueAfter)
    {
        var state = history.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(
            PlatformRequestState.Empty, (s, step) => PlatformRequestDecider.Evolve(s, EventOf(step, s)));

        var wait = DeskTasks.Of(state, Policy);

        Assert.Equal((task, dueAfter is { } hours ? Start.AddHours(hours) : null), (wait.Task.ToString(), wait.DueAt));
    }

    [Fact]
    public void Late_is_what_was_due_before_now()
    {
        var wait = new DeskWait(DeskTask.Answer, Start, Start.AddMinutes(30));

        Assert.False(wait.IsLate(Start.AddMinutes(30)));
        Assert.True(wait.IsLate(Start.AddMinutes(31)));
        Assert.False(new DeskWait(DeskTask.Examination, Start, null).IsLate(Start.AddYears(1)));
    }

    [Theory]
    [InlineData("received@0", false)]
    [InlineData("received@0 accepted@1", false)]
    [InlineData("received@0 examined@1", true)]
    [InlineData("received@0 cancelled@1", false)]
    public void A_draft_is_kept_once_there_are_images_and_is_gone_when_it_is_signed(string history, bool taken)
    {
        var state = history.Split(' ').Aggregate(
            PlatformRequestState.Empty, (s, step) => PlatformRequestDecider.Evolve(s, EventOf(step, s)));

        var decision = PlatformRequestDecider.Decide(
            state, new SaveDraft(new StoredObject("00", 1), "alice"), new DecisionContext(Start, new SequentialIds()));

        Assert.Equal(taken ? null : RefusalReason.WrongState, decision.Refusal?.Reason);
        Assert.Null(decision.Outgoing);
        if (!taken) return;
        var drafted = decision.Events.Aggregate(state, PlatformRequestDecider.Evolve);
        Assert.Equal("alice", drafted.Draft!.Actor);
        Assert.Null(PlatformRequestDecider.Evolve(drafted, EventOf("reported@2", drafted)).Draft);
    }

    [Fact]
    public void An_order_has_so_many_studies_and_no_more()
    {
        var state = PlatformRequestDecider.Evolve(
            PlatformRequestState.Empty, EventOf("received@0", PlatformRequestState.Empty));
        for (var i = 1; i <= Limits.ExaminationsPerRequestMax; i++) state = After(state, Examination(i));

        Assert.Equal(Limits.ExaminationsPerRequestMax, state.Examinations.Count);
        Assert.Equal(RefusalReason.OverLimit, Tell(state, Examination(99)).Refusal!.Reason);
        // One that is known may be told of again.
        Assert.Null(Tell(state, Examination(1)).Refusal);

        static PlatformRequestState After(PlatformRequestState state, PostExamination told) =>
            Tell(state, told).Events.Aggregate(state, PlatformRequestDecider.Evolve);

        static PlatformRequestDecision Tell(PlatformRequestState state, PostExamination told) =>
            PlatformRequestDecider.Decide(
                state, new ReceivePostExaminations([told]), new DecisionContext(Start, new SequentialIds()));
    }

    private static PlatformRequestEvent EventOf(string step, PlatformRequestState state)
    {
        var (what, hours) = (step.Split('@')[0], double.Parse(
            step.Split('@')[1], System.Globalization.CultureInfo.InvariantCulture));
        var at = Start.AddHours(hours);
        return what switch
        {
            "received" => new RequestReceived(
                new ImagingRequest(
                    Order, Patient, Visit, "20261102", null, Doctor, null, Structure, "Céphalées", [],
                    new Code("CT", "DCM", "Scanner"), [], Head, [], null, null, null), at),
            "cancelled" => new CancellationReceived(
                new RequestCancellation(Order, Patient, Visit, "20261102", null, Doctor, null, Structure, null), at),
            "accepted" or "refused" => new RequestAnswered(
                new RequestResponse(Order, Patient, what == "accepted", Doctor, Structure, null, []), "alice", "C", at),
            "examined" => new PostExaminationReceived(Examination(1), at),
            "examined-2" => new PostExaminationReceived(Examination(2), at),
            "examined-3" => new PostExaminationReceived(Examination(3), at),
            "drafted" => new ReportDrafted(new StoredObject("00", 1), "alice", at),
            "reported" => new ReportSent(
                DocumentOf(state) with { Studies = [.. state.Examinations.Select(e => e.StudyInstanceUid)] },
                "alice", "C", at),
            "reported-before" => new ReportSent(DocumentOf(state), "alice", "C", at),
            _ => new ReportDeletionSent(state.LastDocument!, "alice", "C", at),
        };
    }

    private static PostExamination Examination(int study) => new(
        Order, Patient, Visit, "20261102", 730, Order, Act, Uid.Parse($"1.2.{study}"), Act, null, Act, null, null, [],
        []);

    private static PlatformDocument DocumentOf(PlatformRequestState state) => new(
        InstanceIdentifier.Create("1.2.250.1.999.7", $"D{state.Documents.Count}"), Order, state.LastDocument?.DocumentId,
        state.Documents.Count + 1, new StoredObject("00", 1), Patient, Visit, Structure);
}
