using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Studies;

/// <summary>What the DRIMbox source may be asked to do with a study.</summary>
public abstract record StudyCommand;

/// <summary>A copy of a report arrived from a RIS.</summary>
public sealed record ReceiveReportCopy(ReportMessage Message) : StudyCommand;

/// <summary>The images may have changed.</summary>
public sealed record NoticeStudyChange(string Origin) : StudyCommand;

/// <summary>The PACS was asked. <paramref name="Built"/> is the KOS that was encoded for the plan of
/// <see cref="ManifestPlan"/>, or null where the plan asks for none.</summary>
public sealed record RecordFindings(StudyFindings Findings, ManifestFile? Built) : StudyCommand;

/// <summary>The PACS could not be asked.</summary>
public sealed record RecordPacsUnreachable : StudyCommand;

public sealed record EndManifestSubmission(Uid SubmissionSetUniqueId, DispatchOutcome Outcome, string? Detail)
    : StudyCommand;

public sealed record RetryManifestPublication(string Actor) : StudyCommand;

/// <summary>A KOS in the object store.</summary>
public sealed record ManifestFile(Manifest Manifest, StoredObject File, string Sha1);

/// <summary>What a command leads to.</summary>
/// <param name="Evaluate">The PACS must be asked (after the quiet time).</param>
/// <param name="Alert">What the administrator must be told now (DB.SO.21), or null.</param>
public sealed record StudyDecision(
    IReadOnlyList<StudyEvent> Events, Submission? Submission, bool Evaluate, WithheldReason? Alert, Refusal? Refusal);

/// <summary>
/// The rules of a manifest (architecture, "Manifests"): wanted while a report counts and an image is visible,
/// replaced only if its content or metadata changed. One of the two deciders that return a
/// <see cref="Submission"/>.
/// </summary>
public static class StudyDecider
{
    public static StudyDecision Decide(
        Uid study, StudyState state, StudyCommand command, SourcePolicy policy, DecisionContext context) =>
        command switch
        {
            ReceiveReportCopy copy => Receive(study, state, copy.Message, policy, context),
            NoticeStudyChange notice => state.Reports.IsEmpty
                ? new StudyDecision([], null, false, null, null)
                : Follow(
                    study, state, [new StudyChangeNoticed(notice.Origin, context.Now)], policy, context,
                    evaluate: true),
            RecordFindings findings => Record(study, state, findings, policy, context),
            RecordPacsUnreachable => Withhold(
                study, state, WithheldReason.PacsUnreachable, state.ImagesVisible, policy, context),
            EndManifestSubmission end => Follow(
                study, state,
                [new ManifestSubmissionEnded(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)],
                policy, context),
            RetryManifestPublication retry => Follow(
                study, state, [new ManifestPublicationRetried(retry.Actor, context.Now)], policy, context),
            _ => throw Invariant.Unreachable(command),
        };

    public static StudyState Evolve(StudyState state, StudyEvent e) => e switch
    {
        ReportCopyReceived received => state with { Reports = state.Reports.Add(received.Report) },
        ReportCopyDeleted deleted => state with { Deleted = state.Deleted.Add(deleted.DocumentId) },
        ReportCopyVisibilityChanged change => state with
        {
            Reports = state.Reports.ConvertAll(r => r.DocumentId == change.DocumentId
                ? r with { Choices = r.Choices with { Visibility = change.Visibility } }
                : r),
        },
        ManifestBuilt built => state with
        {
            Manifests = state.Manifests.Add(built.Version),
            ImagesVisible = true,
            Withheld = null,
        },
        ManifestConfirmed => state with { ImagesVisible = true, Withheld = null },
        ManifestWithheld withheld => state with
        {
            Withheld = withheld.Reason,
            ImagesVisible = withheld.ImagesVisible,
        },
        ManifestSubmissionDecided decided => state with
        {
            Publication = state.Publication.Decided(decided.SubmissionSetUniqueId, decided.Step),
        },
        ManifestSubmissionEnded ended => state with
        {
            Publication = state.Publication.Ended(ended.SubmissionSetUniqueId, ended.Outcome),
        },
        ManifestPublicationRetried => state with { Publication = state.Publication.Retried() },
        StudyChangeNoticed => state,
        _ => throw Invariant.Unreachable(e),
    };

    private static StudyDecision Receive(
        Uid study, StudyState state, ReportMessage message, SourcePolicy policy, DecisionContext context)
    {
        if (message.Action == ReportAction.Delete)
        {
            return state.Deleted.Contains(message.DocumentId)
                ? Nothing
                : Follow(
                    study, state, [new ReportCopyDeleted(message.DocumentId, context.Now)], policy, context,
                    evaluate: state.Reports.Exists(r => r.DocumentId != message.DocumentId));
        }

        Invariant.Holds(message.Cda is not null);
        if (state.Reports.Find(r => r.DocumentId == message.DocumentId) is { } known)
        {
            return known.Choices.Visibility == message.Choices.Visibility
                ? Nothing
                : Follow(
                    study, state,
                    [new ReportCopyVisibilityChanged(message.DocumentId, message.Choices.Visibility, context.Now)],
                    policy, context);
        }

        var report = new StudyReport(
            message.DocumentId, message.Parent, message.Cda, message.Patient,
            QualifiedIns.From(message.Patient, message.IdentityReliability) is not null,
            message.Choices, message.Sender, message.PatientClass, context.Now);
        return Follow(study, state, [new ReportCopyReceived(report)], policy, context, evaluate: true);
    }

    private static StudyDecision Record(
        Uid study, StudyState state, RecordFindings command, SourcePolicy policy, DecisionContext context)
    {
        var active = state.ActiveReports(study);
        if (active.Count == 0) return Nothing;
        if (ManifestCoherence.Check(active, command.Findings) is { } reason)
        {
            var visible = reason != WithheldReason.StudyAbsentFromPacs && state.ImagesVisible;
            return Withhold(study, state, reason, visible, policy, context);
        }

        if (ManifestPlan.IsCurrent(study, state, command.Findings, policy))
            return Follow(study, state, [new ManifestConfirmed(context.Now)], policy, context);

        // The state moved on while the KOS was encoded: ask again, nothing is lost.
        if (command.Built is not { } built
            || ManifestPlan.ContentKey(built.Manifest) != ManifestPlan.ContentKeyOf(study, state, command.Findings, policy))
        {
            return Follow(study, state, [], policy, context, evaluate: true);
        }

        var version = new ManifestVersion(
            state.Manifests.Count + 1, built.Manifest, ManifestPlan.ContentKey(built.Manifest), built.File, built.Sha1,
            context.Now);
        return Follow(study, state, [new ManifestBuilt(version)], policy, context);
    }

    private static StudyDecision Withhold(
        Uid study, StudyState state, WithheldReason reason, bool visible, SourcePolicy policy, DecisionContext context)
    {
        if (state.Withheld == reason && state.ImagesVisible == visible) return Nothing;
        var decision = Follow(
            study, state, [new ManifestWithheld(reason, visible, context.Now)], policy, context);
        return decision with { Alert = reason };
    }

    private static StudyDecision Follow(
        Uid study,
        StudyState before,
        IReadOnlyList<StudyEvent> happened,
        SourcePolicy policy,
        DecisionContext context,
        bool evaluate = false)
    {
        var after = happened.Aggregate(before, Evolve);
        var wantsImages = evaluate && after.ActiveReports(study).Count > 0;
        if (after.Publication.Next(after.Wanted(study)) is not { } step)
            return new StudyDecision(happened, null, wantsImages, null, null);

        var submission = ManifestSubmission.For(study, after, step, policy, context);
        var decided = new ManifestSubmissionDecided(submission.SubmissionSetUniqueId, step, context.Now);
        return new StudyDecision([.. happened, decided], submission, wantsImages, null, null);
    }

    private static StudyDecision Nothing => new([], null, false, null, null);
}
