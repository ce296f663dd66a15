using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>A study of a source without its wires: the decisions alone, a PACS that shows what the test says, and a
/// registry with the rules of XDS.</summary>
internal sealed class StudyHistory
{
    private readonly SequentialIds _ids = new();
    private readonly Queue<Submission> _waiting = new();
    private DateTimeOffset _now = new(2026, 11, 2, 10, 0, 0, TimeSpan.Zero);
    private bool _mustAsk;

    public StudyState State { get; private set; } = StudyState.Empty;

    /// <summary>What the PACS shows.</summary>
    public StudyFindings Pacs { get; set; } = Findings(3);

    public FakeDmpRegistry Registry { get; } = new();

    public List<WithheldReason> Alerts { get; } = [];

    public List<WithheldReason> AlertsOver { get; } = [];

    public InstanceIdentifier Published => Assert.Single(Registry.Approved);

    public StudyDecision Do(StudyCommand command)
    {
        _now += TimeSpan.FromSeconds(1);
        var decision = StudyDecider.Decide(
            Study, State, command, Policy, new DecisionContext(_now, _ids));
        State = decision.Events.Aggregate(State, StudyDecider.Evolve);
        if (decision.Submission is { } submission) _waiting.Enqueue(submission);
        if (decision.Alert is { } alert) Alerts.Add(alert);
        if (decision.AlertOver is { } over) AlertsOver.Add(over);
        _mustAsk |= decision.Evaluate;
        return decision;
    }

    public StudyDecision Receive(ReportMessage message) => Do(new ReceiveReportCopy(message));

    /// <summary>Asks the PACS as the worker of the source does.</summary>
    public StudyDecision Ask()
    {
        _mustAsk = false;
        if (State.ActiveReports(Study).Count == 0) return Do(new RecordFindings(Pacs, null));
        ManifestFile? built = null;
        if (!ManifestPlan.IsCurrent(Study, State, Pacs, Policy)
            && ManifestPlan.Plan(Study, State, Pacs, Policy, new DecisionContext(_now, _ids)) is { } manifest)
        {
            built = new ManifestFile(manifest, new StoredObject(new string('a', 64), 100), new string('b', 40));
        }

        return Do(new RecordFindings(Pacs, built));
    }

    /// <summary>Ends the submission that is on its way.</summary>
    public void End(DispatchOutcome outcome = DispatchOutcome.Done)
    {
        var submission = _waiting.Dequeue();
        if (outcome == DispatchOutcome.Done) Registry.Submit(submission);
        Do(new EndManifestSubmission(submission.SubmissionSetUniqueId, outcome, "detail"));
    }

    /// <summary>Lets everything happen that waits.</summary>
    public void Settle()
    {
        for (var steps = 0; _mustAsk || _waiting.Count > 0; steps++)
        {
            Assert.True(steps < 20, "It never comes to rest.");
            if (_waiting.Count > 0) End();
            else Ask();
        }
    }
}
