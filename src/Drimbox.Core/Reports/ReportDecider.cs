using Drimbox.Core.Mail;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>
/// The rules of a report in the RIS (docs/adr/0005): a change is a new version, nothing is overwritten, and the
/// registry ends with exactly one Approved entry, the head, or none. One of the two deciders that return a
/// <see cref="Submission"/>.
/// </summary>
public static class ReportDecider
{
    public static ReportDecision Decide(
        ReportState state, ReportCommand command, RisPolicy policy, DecisionContext context) => command switch
        {
            ReceiveReport receive => Receive(state, receive, policy, context),
            AmendReport amend => Amend(state, amend, policy, context),
            ChangeVisibility change => Change(state, change, policy, context),
            DecidePublication decide => Publish(state, decide, policy, context),
            ReviewOpposition review => Review(state, review, policy, context),
            ReceiveBusinessAck receive => Acknowledge(state, receive, context),
            EndSubmission end => Follow(
                state, [new SubmissionEnded(end.SubmissionSetUniqueId, end.Outcome, end.Detail, context.Now)],
                policy, context),
            RetryPublication retry => Follow(
                state, [new PublicationRetried(retry.Actor, context.Now)], policy, context),
            CorrectMetadata correct => Correct(state, correct, policy, context),
            ChangeMailRecipients change => ChangeMail(state, change, policy, context),
            EndMail end => Send(state, MailDecisions.End(state, end, policy.Mail, context.Now)),
            ReceiveMailNotice notice => MailDecisions.IsNews(state, notice)
                ? new ReportDecision(
                    [new MailNoticeReceived(notice.MessageId, notice.Notice, context.Now)], null, [], null)
                : Nothing,
            RetryMail retry => Send(state, MailDecisions.Retry(state, retry, policy.Mail, context.Now)),
            _ => throw Invariant.Unreachable(command),
        };

    public static ReportState Evolve(ReportState state, ReportEvent e) => e switch
    {
        ReportVersionReceived received => WithHead(state with { Versions = state.Versions.Add(received.Version) }),
        ReportWithdrawn gone => WithHead(state with
        {
            Deletions = state.Deletions.Add(new LineageNode(gone.DocumentId, gone.Parent, gone.VersionNumber, 0)),
        }),
        VisibilityChanged change => state with
        {
            ChosenVisibility = change.Visibility, DecidedMasks = ReportState.EveryMask,
        },
        PublicationDecided decided => PublicationDecisions.Evolve(state, decided),
        FeedingOppositionStated stated => state with { FeedingIsOpposed = stated.Opposes },
        BusinessAckReceived received => state with { BusinessAcks = state.BusinessAcks.Add(received) },
        ReportsMerged merged => Merge(state, merged.OtherState),
        ReportMergedInto into => state with { MergedInto = into.Survivor },
        SubmissionDecided decided => state with
        {
            Publication = state.Publication.Decided(decided.SubmissionSetUniqueId, decided.Step),
        },
        SubmissionEnded ended => state with
        {
            Publication = state.Publication.Ended(ended.SubmissionSetUniqueId, ended.Outcome),
        },
        PublicationRetried => state with { Publication = state.Publication.Retried() },
        MetadataCorrected corrected => state with
        {
            Corrections = state.Corrections.Add(corrected), Publication = state.Publication.Retried(),
        },
        MailRecipientsChanged or MailDecided or MailEnded or MailNoticeReceived or MailRetried =>
            MailDecisions.Evolve(state, e),
        ReportInputRefused or LineageContradicted or VersionOvertaken => state,
        _ => throw Invariant.Unreachable(e),
    };

    /// <summary>Joins <paramref name="other"/> to this report before a command is decided: a message named
    /// documents of both. The events belong to the survivor's stream.</summary>
    public static IReadOnlyList<ReportEvent> Join(ReportId otherId, ReportState other) =>
        [new ReportsMerged(otherId, other)];

    private static ReportDecision Receive(
        ReportState state, ReceiveReport command, RisPolicy policy, DecisionContext context)
    {
        var message = command.Message with
        {
            DocumentId = state.AsKnown(command.Message.DocumentId),
            Parent = command.Message.Parent is { } named ? state.AsKnown(named) : null,
        };
        command = command with { Message = message };
        if (state.Find(message.DocumentId) is { } known && message.Action != ReportAction.Delete)
        {
            return known.File == command.File && !message.Choices.ChangesVisibilityOnly
                ? Nothing
                : Refused(state, command, context, message.Choices.ChangesVisibilityOnly
                    ? new Refusal(RefusalReason.AuthorNotAllowed, "Visibility is changed by the RIS alone.")
                    : new Refusal(RefusalReason.IdentifierReused, "This document id is known with other bytes."));
        }

        var refusal = ReportAdmission.Check(state, command, policy, context.Now);
        if (refusal is not null) return Refused(state, command, context, refusal);

        var events = new List<ReportEvent>();
        if (command.Patient is { } patient && patient.Opposes != state.FeedingIsOpposed)
            events.Add(new FeedingOppositionStated(patient.Opposes, patient.FeedingStatedAt, context.Now));
        if (message.RelatedAndParentDisagree)
            events.Add(new LineageContradicted(message.DocumentId, "TXA-13 names another parent than relatedDocument."));
        if (message.Action == ReportAction.Delete)
        {
            if (state.Deletions.Exists(d => d.Id == message.DocumentId)) return Nothing;
            events.Add(new ReportWithdrawn(
                message.DocumentId, message.Parent, message.Cda?.VersionNumber, context.Now));
        }
        else
        {
            Invariant.Holds(message.Cda is not null);
            events.Add(new ReportVersionReceived(new ReportVersion(
                state.Versions.Count + 1, ReportOrigin.Platform, message.DocumentId, message.Parent, message.Cda,
                message.Patient, message.IdentityReliability, command.File, command.Sha1, message.Choices, message.Sender, message.SenderOrganization,
                message.PatientClass, context.Now)
            {
                ControlId = command.ControlId,
                Mail = command.Mail,
                MailInstructions = message.MailInstructions,
                TreatingPhysician = command.Patient?.TreatingPhysician,
                Requester = command.Requester,
            }));
        }

        return Follow(state, events, policy, context);
    }

    private static ReportDecision Amend(
        ReportState state, AmendReport command, RisPolicy policy, DecisionContext context)
    {
        if (state.HeadVersion is not { } head || state.HeadIsWithdrawn)
            return Refuse(RefusalReason.WrongState, "There is no published version to amend.");
        if (command.Header.Replaces != head.DocumentId)
            return Refuse(RefusalReason.StaleDocumentVersion, "The report has a newer version: amend that one.");
        if (state.Find(command.Header.DocumentId) is not null)
            return Refuse(RefusalReason.IdentifierReused, "This document id is known.");

        var version = head with
        {
            Sequence = state.Versions.Count + 1,
            Origin = ReportOrigin.Ris,
            DocumentId = command.Header.DocumentId,
            Parent = head.DocumentId,
            Header = command.Header,
            File = command.File,
            Sha1 = command.Sha1,
            Choices = PublicationDefaults.Restrict(head.Choices, command.Restrictions),
            RecordedAt = context.Now,
            ControlId = null,
            Mail = command.Mail,
            // The texts were written for the version before.
            MailInstructions = head.MailInstructions is { } said
                ? said with { ProfessionalText = null, PatientText = null }
                : null,
            Actor = command.Actor,
            Reason = command.Reason,
        };
        return ReportSubmission.EntryOf(version, state.Visibility, policy, out var refusal) is null
            ? new ReportDecision([], null, [], refusal)
            : Follow(state, [new ReportVersionReceived(version)], policy, context);
    }

    private static ReportDecision Change(
        ReportState state, ChangeVisibility command, RisPolicy policy, DecisionContext context)
    {
        if (state.HeadVersion is null) return Refuse(RefusalReason.UnknownTarget, "The report has no version yet.");
        if (state.HeadIsWithdrawn) return Refuse(RefusalReason.WrongState, "The report is withdrawn.");
        return state.Visibility == command.Visibility
            ? Nothing
            : Follow(
                state, [new VisibilityChanged(command.Visibility, command.Actor, context.Now)], policy, context);
    }

    private static ReportDecision Publish(
        ReportState state, DecidePublication command, RisPolicy policy, DecisionContext context)
    {
        if (PublicationDecisions.Check(state, command) is { } refusal) return new ReportDecision([], null, [], refusal);
        if (PublicationDecisions.HoldsAlready(state, command.Decision)) return Nothing;
        return Follow(
            state,
            [new PublicationDecided(state.Head!.Value, command.Decision, command.By, command.Actor, context.Now)],
            policy, context);
    }

    private static ReportDecision Review(
        ReportState state, ReviewOpposition command, RisPolicy policy, DecisionContext context) =>
        command.Patient is not { } patient || patient.Opposes == state.FeedingIsOpposed
            ? Nothing
            : Follow(
                state, [new FeedingOppositionStated(patient.Opposes, patient.FeedingStatedAt, context.Now)],
                policy, context);

    private static ReportDecision Correct(
        ReportState state, CorrectMetadata command, RisPolicy policy, DecisionContext context)
    {
        if (state.Publication.Refused is not { Document: { } document })
            return Refuse(RefusalReason.WrongState, "No publication of this report was refused.");
        return command.Correction.Check() is { } refusal
            ? new ReportDecision([], null, [], refusal)
            : Follow(
                state, [new MetadataCorrected(document, command.Correction, command.Actor, context.Now)], policy,
                context);
    }

    private static ReportDecision Acknowledge(ReportState state, ReceiveBusinessAck command, DecisionContext context) =>
        state.IsNew
            ? Refuse(RefusalReason.UnknownTarget, "No report was sent with this message.")
            : new ReportDecision([new BusinessAckReceived(command.Ack, context.Now)], null, [], null);

    /// <summary>Adds what follows from the events: the copies for the DRIMbox, and the next publication.</summary>
    private static ReportDecision Follow(
        ReportState before, IReadOnlyList<ReportEvent> happened, RisPolicy policy, DecisionContext context)
    {
        var events = new List<ReportEvent>(happened);
        var after = happened.Aggregate(before, Evolve);
        var copies = ReportCopies.Between(before, after);

        // The head that was replaced before it could be sent: said, so that nobody looks for it in the DMP.
        if (before.Wanted is { } overtaken && before.Head != after.Head
            && !before.Publication.Documents.ContainsKey(overtaken.UniqueId)
            && !before.Publication.InFlight.Exists(f => f.Step.Document == overtaken.UniqueId))
        {
            events.Add(new VersionOvertaken(overtaken.UniqueId));
        }

        if (happened.Any(MailDecisions.MayBeDue)) events.AddRange(MailDecisions.Due(after, policy.Mail, context.Now));
        var mails = MailDecisions.Started(events, events.Aggregate(before, Evolve));
        if (after.Publication.Next(after.Wanted) is not { } step)
            return new ReportDecision(events, null, copies, null) { Mails = mails };

        var submission = ReportSubmission.For(after, step, policy, context);
        events.Add(new SubmissionDecided(submission.SubmissionSetUniqueId, step, context.Now));
        return new ReportDecision(events, submission, copies, null) { Mails = mails };
    }

    private static ReportDecision ChangeMail(
        ReportState state, ChangeMailRecipients command, RisPolicy policy, DecisionContext context) =>
        MailDecisions.Check(state, command, policy.Mail) is { } refusal
            ? new ReportDecision([], null, [], refusal)
            : Follow(state, [MailDecisions.Change(command, policy.Mail!, context.Now)], policy, context);

    private static ReportDecision Send(ReportState state, IReadOnlyList<ReportEvent> events) =>
        new(events, null, [], null) { Mails = MailDecisions.Started(events, events.Aggregate(state, Evolve)) };

    private static ReportState WithHead(ReportState state) =>
        state with { Head = Lineage.Head(state.Nodes, state.Withdrawn, state.Head) };

    private static ReportState Merge(ReportState state, ReportState other)
    {
        var next = state.Versions.Count;
        return WithHead(state with
        {
            Versions = state.Versions.AddRange(other.Versions.ConvertAll(v => v with { Sequence = ++next })),
            Deletions = state.Deletions.AddRange(other.Deletions),
            ChosenVisibility = PublicationDecisions.JoinedMasks(state, other),
            DecidedMasks = PublicationDecisions.JoinedDecidedMasks(state, other),
            ChosenToDmp = PublicationDecisions.JoinedToDmp(state, other),
            Decisions = state.Decisions.AddRange(other.Decisions),
            FeedingIsOpposed = state.FeedingIsOpposed || other.FeedingIsOpposed,
            Corrections = state.Corrections.AddRange(other.Corrections),
            BusinessAcks = state.BusinessAcks.AddRange(other.BusinessAcks),
            Mails = state.Mails.AddRange(
                other.Mails.Where(mail => !state.Mails.Exists(m => m.MessageId == mail.MessageId))),
            MailChanges = state.MailChanges.AddRange(other.MailChanges),
            Publication = state.Publication.MergedWith(other.Publication),
        });
    }

    private static ReportDecision Nothing => new([], null, [], null);

    /// <summary>A refused input of a known report is part of its history; the message itself lies in the
    /// inbox.</summary>
    private static ReportDecision Refused(
        ReportState state, ReceiveReport command, DecisionContext context, Refusal refusal) => new(
            state.IsNew
                ? []
                : [new ReportInputRefused(
                    command.Message.DocumentId, command.Message.Action, refusal.Reason, context.Now)],
            null, [], refusal);

    private static ReportDecision Refuse(RefusalReason reason, string detail) =>
        new([], null, [], new Refusal(reason, detail));
}
