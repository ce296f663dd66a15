using System.Text;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Studies;

namespace Drimbox.Source.Audit;

/// <summary>What the audit trail keeps of the exchanges with the DMP: each of them, whatever its end (DB.SO.44,
/// DB.SO.45).</summary>
internal sealed class SubmissionAudit(AuditTrail trail, XdsTarget target)
{
    /// <summary>For the commit of the attempt's end.</summary>
    public IReadOnlyList<AuditRecord> Of(ManifestSubmissionPayload payload, IReadOnlyList<AttemptCall> calls) =>
        [.. calls.Select(call => trail.Of(EventOf(payload, call)))];

    /// <summary>For an end that is recorded elsewhere, or by nobody.</summary>
    public Task RecordAsync(ManifestSubmissionPayload payload, IReadOnlyList<AttemptCall> calls) =>
        trail.RecordPastAsync(Of(payload, calls));

    /// <summary>A submission that is not tried any more, without another exchange.</summary>
    public AuditRecord GivenUp(ManifestSubmissionPayload payload, string? detail)
    {
        var submission = payload.Sealed.Submission;
        return trail.Of(AuditEvents.Submitted(
            trail.Node, submission, AddressOf(submission), payload.Study, AuditOutcome.SeriousFailure,
            "It is not tried any more. " + detail, trail.Now));
    }

    private AuditEvent EventOf(ManifestSubmissionPayload payload, AttemptCall call)
    {
        var submission = payload.Sealed.Submission;
        return call.Query is { } query
            ? AuditEvents.RegistryQueried(
                trail.Node, submission.Author.Person, submission.PatientId, target.Registry, query.Id,
                Encoding.UTF8.GetBytes(query.Write().ToString(System.Xml.Linq.SaveOptions.DisableFormatting)),
                call.Subject!.Value, OutcomeOf(call.Answer), call.Detail, trail.Now)
            : AuditEvents.Submitted(
                trail.Node, submission, AddressOf(submission), payload.Study, OutcomeOf(call.Answer), call.Detail,
                trail.Now);
    }

    private Uri AddressOf(Submission submission) =>
        submission.Kind is SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append
            ? target.Repository
            : target.Registry;

    // PS3.15 A.5.2: 4 where the action is tried again, 8 where it is over.
    private static AuditOutcome OutcomeOf(XdsAnswer? answer) => answer switch
    {
        null => AuditOutcome.MinorFailure,
        { IsSuccess: true } => AuditOutcome.Success,
        _ => XdsOutcomes.Classify(answer).Outcome switch
        {
            DispatchOutcome.Done => AuditOutcome.Success,
            DispatchOutcome.Retry or DispatchOutcome.Ambiguous => AuditOutcome.MinorFailure,
            DispatchOutcome.Stale or DispatchOutcome.Quarantine => AuditOutcome.SeriousFailure,
            var other => throw Invariant.Unreachable(other),
        },
    };
}
