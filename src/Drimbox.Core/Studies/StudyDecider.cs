using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Studies;

/// <summary>What the DRIMbox source may be asked to do with a study.</summary>
public abstract record StudyCommand;

/// <summary>A copy of a report arrived from a RIS.</summary>
public sealed record ReceiveReportCopy(ReportMessage Message) : StudyCommand;

/// <summary>A replacement of <paramref name="DocumentId"/> is known that is not about this study.</summary>
public sealed record MarkReportReplaced(InstanceIdentifier DocumentId) : StudyCommand;

/// <summary>The images may have changed.</summary>
public sealed record NoticeStudyChange(string Origin) : StudyCommand;

/// <summary>The PACS was asked. <paramref name="Built"/> is the KOS that was encoded for the plan of
/// <see cref="ManifestPlan"/>, or null where the plan asks for none.</summary>
public sealed record RecordFindings(StudyFindings Findings, ManifestFile? Built) : StudyCommand;

/// <summary>The PACS could not be asked.</summary>
/// <param name="IsOutage">It answers about no study at all (docs/adr/0032).</param>
public sealed record RecordPacsUnreachable(bool IsOutage = false) : StudyCommand;

public sealed record EndManifestSubmission(Uid SubmissionSetUniqueId, DispatchOutcome Outcome, string? Detail)
    : StudyCommand
{
    /// <summary>What took effect.</summary>
    public KeptSubmission? Kept { get; init; }
}

public sealed record RetryManifestPublication(string Actor) : StudyCommand;

/// <summary>The newest manifest shall name the present host (DB.SO.31).</summary>
/// <param name="Of">The manifest that <paramref name="Reissued"/> repeats; nothing happens if it is not the newest any
/// more.</param>
public sealed record ReissueManifest(Uid Of, ManifestFile Reissued) : StudyCommand;

/// <summary>A KOS in the object store.</summary>
public sealed record ManifestFile(Manifest Manifest, StoredObject File, string Sha1);

/// <summary>What a command leads to.</summary>
/// <param name="Evaluate">The PACS must be asked (after the quiet time).</param>
/// <param name="Alert">What the administrator must be told now (DB.SO.21), or null.</param>
public sealed record StudyDecision(
    IReadOnlyList<StudyEvent> Events, Submission? Submission, bool Evaluate, WithheldReason? Alert, Refusal? Refusal)
{
    /// <summary>The alert that is over now, or null.</summary>
    public WithheldReason? AlertOver { get; init; }
}

/// <summary>
/// The rules of a manifest (architecture, "Manifests"): wanted while a report counts and an image is visible,
/// replaced only if its content or metadata changed. One of the two deciders that return a
/// <see cref="Submission"/>.
/// </summary>
public static class StudyDecider
{
    public static StudyDecision Decide(
        Uid study, StudyState state, StudyCommand command, SourcePolicy policy, DecisionContext context)
    {
        var decision = DecideEvents(study, state, command, policy, context);
        var (before, after) = (state.Alert?.Reason, decision.Events.Aggregate(state, Evolve).Alert?.Reason);
        return before == after ? decision : decision with { Alert = after, AlertOver = before };
    }

    private static StudyDecision DecideEvents(
        Uid study, StudyState state, StudyCommand command, SourcePolicy policy, DecisionContext context) =>
        command switch
        {
            ReceiveReportCopy copy => Receive(study, state, copy.Message, policy, context),
            MarkReportReplaced replaced => state.Replaced.Contains(StudyReports.KeyOf(replaced.DocumentId))
                ? Nothing
                : Follow(
                    study, state,
                    [new ReportCopyReplaced(StudyReports.KeyOf(replaced.DocumentId), context.Now)], policy, context,
                    evaluate: true),
            NoticeStudyChange notice => state.Reports.IsEmpty
                ? Nothing
                : Follow(
                    study, state, [new StudyChangeNoticed(notice.Origin, context.Now)], policy, context,
                    evaluate: true),
            RecordFindings findings => Record(study, state, findings, policy, context),
            RecordPacsUnreachable unreachable => Withhold(
                study, state, [],
                new ManifestWithheld(WithheldReason.PacsUnreachable, state.ImagesVisible, context.Now)
                {
                    IsOutage = unreachable.IsOutage,
                },
                policy, context),
            EndManifestSubmission end => End(study, state, end, policy, context),
            RetryManifestPublication retry => Follow(
                study, state, [new ManifestPublicationRetried(retry.Actor, context.Now)], policy, context),
            ReissueManifest reissue => Reissue(study, state, reissue, policy, context),
            _ => throw Invariant.Unreachable(command),
        };

    public static StudyState Evolve(StudyState state, StudyEvent e) => e switch
    {
        // The reports have changed: what the PACS said against the publication is asked anew, and told anew.
        ReportCopyReceived received => state with
        {
            Reports = state.Reports.Add(received.Report),
            Withheld = null,
            ChangedAt = received.Report.RecordedAt,
        },
        ReportCopyDeleted deleted => state with
        {
            Deleted = state.Deleted.Add(deleted.DocumentId),
            Withheld = null,
            ChangedAt = deleted.RecordedAt,
        },
        ReportCopyReplaced replaced => state with
        {
            Replaced = state.Replaced.Add(replaced.DocumentId),
            Withheld = null,
            ChangedAt = replaced.RecordedAt,
        },
        ReportCopyVisibilityChanged change => state with
        {
            Reports = state.Reports.ConvertAll(r => r.DocumentId == change.DocumentId ? Changed(r, change) : r),
            ChangedAt = change.RecordedAt,
        },
        ManifestBuilt built => state with
        {
            Manifests = state.Manifests.Add(built.Version),
            ImagesVisible = true,
            Withheld = null,
            Alert = null,
            ImagesRevision = state.ImagesRevision + 1,
        },
        // Nothing was said of the images.
        ManifestReissued reissued => state with { Manifests = state.Manifests.Add(reissued.Version) },
        ManifestConfirmed => state with { ImagesVisible = true, Withheld = null, Alert = null },
        ManifestWithheld withheld => state with
        {
            Withheld = new Withholding(withheld.Reason, withheld.RecordedAt),
            ImagesVisible = withheld.ImagesVisible,
            Alert = OpenAlert.After(state.Alert, withheld),
            ImagesRevision = state.ImagesRevision + 1,
        },
        StudyAlertClosed => state with { Withheld = null, Alert = null },
        StudyLocated located => state with { Pacs = located.Pacs },
        ManifestSubmissionDecided decided => state with
        {
            Publication = state.Publication.Decided(decided.SubmissionSetUniqueId, decided.Step),
        },
        ManifestSubmissionEnded ended => state with
        {
            Publication = state.Publication.Ended(ended.SubmissionSetUniqueId, ended.Outcome),
            Refused = ended.Outcome == DispatchOutcome.Quarantine
                ? new ManifestRefusal(ended.Detail, ended.EndedAt)
                : null,
        },
        ManifestPublicationRetried => state with { Publication = state.Publication.Retried(), Refused = null },
        StudyChangeNoticed noticed => state with
        {
            ImagesRevision = state.ImagesRevision + 1,
            ChangedAt = noticed.RecordedAt,
        },
        _ => throw Invariant.Unreachable(e),
    };

    private static StudyDecision Receive(
        Uid study, StudyState state, ReportMessage message, SourcePolicy policy, DecisionContext context)
    {
        var key = StudyReports.KeyOf(message.DocumentId);
        if (message.Action == ReportAction.Delete)
        {
            return state.Deleted.Contains(key)
                ? Nothing
                : Follow(study, state, [new ReportCopyDeleted(key, context.Now)], policy, context, evaluate: true);
        }

        Invariant.Holds(message.Cda is not null);
        if (state.Reports.Find(r => StudyReports.KeyOf(r.DocumentId) == key) is { } known)
        {
            var visibility = VisibilityAfter(known.Choices, message.Choices);
            var decided = message.Choices.ChangesVisibilityOnly;
            // The RIS decides whether a report goes to the DMP, and with it the images (DB.SO.13).
            bool? toDmp = decided && message.Choices.ToDmp != known.Choices.ToDmp ? message.Choices.ToDmp : null;
            return visibility == known.Choices.Visibility && toDmp is null
                && (known.Choices.ChangesVisibilityOnly || !decided)
                ? Nothing
                : Follow(
                    study, state,
                    [new ReportCopyVisibilityChanged(known.DocumentId, visibility, decided, context.Now)
                    {
                        ToDmp = toDmp,
                    }],
                    policy, context, evaluate: toDmp is true);
        }

        var report = new StudyReport(
            message.DocumentId, message.Parent, message.Cda, message.Patient,
            QualifiedIns.From(message.Patient, message.IdentityReliability) is not null,
            message.Choices, message.Sender, message.PatientClass, context.Now)
        {
            Origin = message.Origin,
        };
        return Follow(study, state, [new ReportCopyReceived(report)], policy, context, evaluate: true);
    }

    private static StudyDecision Record(
        Uid study, StudyState state, RecordFindings command, SourcePolicy policy, DecisionContext context)
    {
        var active = state.ActiveReports(study);
        if (active.Count == 0) return Nothing;
        IReadOnlyList<StudyEvent> located = command.Findings.Pacs is { } pacs && pacs != state.Pacs
            ? [new StudyLocated(pacs, context.Now)]
            : [];
        if (ManifestPlan.Obstacle(study, active, command.Findings, policy) is { } incoherence)
        {
            var visible = incoherence.Reason != WithheldReason.StudyAbsentFromPacs && state.ImagesVisible;
            return Withhold(
                study, state, located,
                new ManifestWithheld(incoherence.Reason, visible, context.Now)
                {
                    Expected = incoherence.Expected,
                    Found = incoherence.Found,
                },
                policy, context);
        }

        if (ManifestPlan.IsCurrent(study, state, command.Findings, policy))
        {
            // A resynchronisation looks at millions of studies of which there is nothing to say.
            var isKnown = state is { ImagesVisible: true, Withheld: null, Alert: null };
            return Follow(
                study, state, isKnown ? located : [.. located, new ManifestConfirmed(context.Now)], policy, context);
        }

        // The state moved on while the KOS was encoded: ask again, nothing is lost.
        var wanted = ManifestPlan.ContentKeyOf(study, state, command.Findings, policy);
        if (command.Built is not { Manifest: var manifest } built
            || ManifestPlan.ContentKeyOf(manifest, state, policy) != wanted)
        {
            return Follow(study, state, located, policy, context, evaluate: true);
        }

        var version = new ManifestVersion(
            state.Manifests.Count + 1, manifest.SopInstanceUid, manifest.CreatedAt, manifest.Requests,
            manifest.Series.Sum(s => s.Instances.Count), wanted, built.File, built.Sha1)
        {
            RetrieveHost = policy.RetrieveHost,
        };
        return Follow(study, state, [.. located, new ManifestBuilt(version)], policy, context);
    }

    private static StudyDecision Reissue(
        Uid study, StudyState state, ReissueManifest command, SourcePolicy policy, DecisionContext context)
    {
        if (!ManifestReissue.IsDue(study, state, policy) || state.Current!.SopInstanceUid != command.Of) return Nothing;
        var (manifest, file, sha1) = command.Reissued;
        var version = state.Current with
        {
            Sequence = state.Manifests.Count + 1,
            SopInstanceUid = manifest.SopInstanceUid,
            CreatedAt = manifest.CreatedAt,
            File = file,
            Sha1 = sha1,
            RetrieveHost = policy.RetrieveHost,
            ReissueOf = command.Of,
        };
        return Follow(study, state, [new ManifestReissued(version)], policy, context);
    }

    private static StudyDecision End(
        Uid study, StudyState state, EndManifestSubmission end, SourcePolicy policy, DecisionContext context)
    {
        var ended = new ManifestSubmissionEnded(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)
        {
            Kept = end.Kept,
        };
        var after = Evolve(state, ended);

        // The registry let go of the manifest while it became wanted again: its unique id cannot come back (ITI TF-3
        // 4.2.3.2.26), so another one must be built.
        var isGone = after.Wanted(study) is { } wanted
            && after.Publication.Documents.TryGetValue(wanted.UniqueId, out var entry)
            && entry.Status != AvailabilityStatus.Approved;
        return Follow(study, state, [ended], policy, context, isGone);
    }

    private static StudyDecision Withhold(
        Uid study,
        StudyState state,
        IReadOnlyList<StudyEvent> located,
        ManifestWithheld withheld,
        SourcePolicy policy,
        DecisionContext context)
    {
        var isKnown = state.Withheld?.Reason == withheld.Reason && state.ImagesVisible == withheld.ImagesVisible
            && OpenAlert.After(state.Alert, withheld) == state.Alert;
        return isKnown && located.Count == 0
            ? Nothing
            : Follow(study, state, isKnown ? located : [.. located, withheld], policy, context);
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
        if (after.Alert is not null && after.ActiveReports(study).Count == 0)
        {
            happened = [.. happened, new StudyAlertClosed(context.Now)];
            after = Evolve(after, happened[^1]);
        }

        var wantsImages = evaluate && after.ActiveReports(study).Count > 0;
        if (after.Publication.Next(after.Wanted(study)) is not { } step)
            return new StudyDecision(happened, null, wantsImages, null, null);

        var submission = ManifestSubmission.For(study, after, step, policy, context);
        var decided = new ManifestSubmissionDecided(submission.SubmissionSetUniqueId, step, context.Now);
        return new StudyDecision([.. happened, decided], submission, wantsImages, null, null);
    }

    /// <summary>A message sent for it decides the visibility. Another copy of the same document can only hide more,
    /// and not once it was decided: the original may come after the change.</summary>
    private static Visibility VisibilityAfter(PublicationChoices known, PublicationChoices received)
    {
        if (received.ChangesVisibilityOnly) return received.Visibility;
        return known.ChangesVisibilityOnly ? known.Visibility : known.Visibility | received.Visibility;
    }

    private static StudyReport Changed(StudyReport report, ReportCopyVisibilityChanged change) => report with
    {
        Choices = report.Choices with
        {
            Visibility = change.Visibility,
            ToDmp = change.ToDmp ?? report.Choices.ToDmp,
            ChangesVisibilityOnly = report.Choices.ChangesVisibilityOnly || change.Decided,
        },
    };

    private static StudyDecision Nothing => new([], null, false, null, null);
}
