using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>The rules of sending a report by MSSanté: one mail for each version and mailbox.</summary>
public static class MailDecisions
{
    /// <summary>Message-ID of a version for a mailbox, without brackets. It tells nothing of either.</summary>
    public static string MessageIdOf(
        InstanceIdentifier document, MailAddress recipient, MailPolicy policy, bool isWithdrawal = false)
    {
        var text = Encoding.UTF8.GetBytes(
            $"{document}\n{recipient.ToString().ToLowerInvariant()}{(isWithdrawal ? "\nwithdrawn" : "")}");
        return $"{Convert.ToHexStringLower(SHA256.HashData(text).AsSpan(0, 16))}@{policy.Sender.Domain}";
    }

    /// <summary>True for a mail that still shall leave: the version is the newest, and the mailbox one of its
    /// recipients; or it is still withdrawn.</summary>
    public static bool IsWanted(ReportState state, MailSending mail, MailPolicy policy) =>
        state.Head == mail.DocumentId
        && (mail.IsWithdrawal
            ? state.HeadIsWithdrawn
            : MailRecipients.Of(state, policy).Any(r => r.Address == mail.Recipient.Address));

    /// <summary>What follows from a change of the report: a mail for each recipient that has none of this version. One
    /// that no rule allows ends at once, so that it is seen.</summary>
    internal static IReadOnlyList<ReportEvent> Due(ReportState state, MailPolicy? policy, DateTimeOffset now)
    {
        if (policy is null || state.HeadVersion is not { } head) return [];
        if (state.HeadIsWithdrawn) return Withdrawals(state, head, policy, now);
        // Without a rendition nothing of a document whose INS is not qualified may leave.
        if (!head.InsQualified && head.Mail is null) return [];
        var events = new List<ReportEvent>();
        foreach (var recipient in MailRecipients.Of(state, policy))
        {
            var messageId = MessageIdOf(head.DocumentId, recipient.Address, policy);
            if (state.Mails.Find(m => m.MessageId == messageId) is { Outcome: not DispatchOutcome.Stale }) continue;
            events.Add(new MailDecided(messageId, head.DocumentId, recipient, state.Visibility, now));
            if (MailRecipients.Refuse(head, recipient, policy) is (var error, var detail))
                events.Add(new MailEnded(messageId, DispatchOutcome.Quarantine, error, detail, now, false));
        }

        return events;
    }

    /// <summary>A mailbox that has a version of a withdrawn report is told so, once after the last version that it
    /// got.</summary>
    private static List<ReportEvent> Withdrawals(
        ReportState state, ReportVersion head, MailPolicy policy, DateTimeOffset now)
    {
        var events = new List<ReportEvent>();
        foreach (var mailbox in state.Mails.Where(m => m.MayHaveArrived).GroupBy(m => m.Recipient.Address))
        {
            var last = mailbox.Last();
            if (last.IsWithdrawal) continue;
            var messageId = MessageIdOf(last.DocumentId, mailbox.Key, policy, isWithdrawal: true);
            if (state.Mails.Find(m => m.MessageId == messageId) is { Outcome: not DispatchOutcome.Stale }) continue;
            events.Add(new MailDecided(messageId, head.DocumentId, last.Recipient, state.Visibility, now)
            {
                IsWithdrawal = true,
            });
        }

        return events;
    }

    /// <summary>The end of a mail. One that may have arrived after the report was withdrawn is told of that
    /// too.</summary>
    internal static IReadOnlyList<ReportEvent> End(
        ReportState state, EndMail command, MailPolicy? policy, DateTimeOffset now)
    {
        var ended = new MailEnded(
            command.MessageId, command.Outcome, command.Error, command.Detail, now, command.MayHaveArrived);
        var after = Evolve(state, ended);
        return after.HeadIsWithdrawn ? [ended, .. Due(after, policy, now)] : [ended];
    }

    /// <summary>True for events after which recipients may be without the newest version, or without the news of its
    /// end.</summary>
    internal static bool MayBeDue(ReportEvent e) =>
        e is ReportVersionReceived or ReportWithdrawn or VisibilityChanged or PublicationDecided
            or MailRecipientsChanged;

    /// <summary>The mails that those events send on their way.</summary>
    internal static IReadOnlyList<MailSending> Started(IReadOnlyList<ReportEvent> events, ReportState after) =>
        [.. after.Mails.Where(mail => mail.Outcome is null && events.Any(e => e switch
        {
            MailDecided decided => decided.MessageId == mail.MessageId,
            MailRetried retried => retried.MessageId == mail.MessageId,
            _ => false,
        }))];

    internal static Refusal? Check(ReportState state, ChangeMailRecipients command, MailPolicy? policy)
    {
        if (policy is null) return new Refusal(RefusalReason.WrongState, "This RIS does not send by MSSanté.");
        if (state.HeadVersion is null)
            return new Refusal(RefusalReason.UnknownTarget, "The report has no version yet.");
        if (state.HeadIsWithdrawn) return new Refusal(RefusalReason.WrongState, "The report is withdrawn.");
        if (command.Added.Any(address => !policy.IsTrusted(address)))
            return new Refusal(RefusalReason.TableValue, "An address is outside of MSSanté.");
        return MailRecipients.Of(state, policy).Count + command.Added.Count > Limits.MailRecipientsMax
            ? new Refusal(RefusalReason.OverLimit, $"A report has at most {Limits.MailRecipientsMax} recipients.")
            : null;
    }

    internal static MailRecipientsChanged Change(
        ChangeMailRecipients command, MailPolicy policy, DateTimeOffset now) => new(
            [.. command.Added.Select(a => new MailRecipient(a, policy.KindOf(a), MailReason.Added))],
            command.Removed, command.Actor, now);

    /// <summary>The refused mails of the newest version, to be tried again.</summary>
    internal static IReadOnlyList<ReportEvent> Retry(
        ReportState state, RetryMail command, MailPolicy? policy, DateTimeOffset now) =>
        [.. state.Mails
            .Where(m => m.Outcome == DispatchOutcome.Quarantine && policy is not null && IsWanted(state, m, policy)
                && MailRecipients.Refuse(state.HeadVersion!, m.Recipient, policy) is null)
            .Select(m => new MailRetried(m.MessageId, command.Actor, now))];

    /// <summary>True for a notification that is new.</summary>
    internal static bool IsNews(ReportState state, ReceiveMailNotice command) =>
        state.Mails.Find(m => m.MessageId == command.MessageId) is { } mail
        && !mail.Notices.Exists(n => n.SourceId == command.Notice.SourceId && n.Kind == command.Notice.Kind);

    internal static ReportState Evolve(ReportState state, ReportEvent e) => e switch
    {
        MailRecipientsChanged changed => state with { MailChanges = state.MailChanges.Add(changed) },
        MailDecided decided => state with
        {
            Mails = state.Mails.RemoveAll(m => m.MessageId == decided.MessageId).Add(new MailSending(
                decided.MessageId, decided.DocumentId, decided.Recipient, decided.Visibility, decided.DecidedAt)
            {
                IsWithdrawal = decided.IsWithdrawal,
            }),
        },
        MailEnded ended => With(state, ended.MessageId, mail => mail with
        {
            Outcome = ended.Outcome,
            Error = ended.Error,
            Detail = ended.Detail,
            EndedAt = ended.EndedAt,
            MayHaveArrived = mail.MayHaveArrived || ended.MayHaveArrived,
        }),
        MailNoticeReceived received => With(
            state, received.MessageId, mail => mail with { Notices = mail.Notices.Add(received.Notice) }),
        MailRetried retried => With(
            state, retried.MessageId,
            mail => mail with { Outcome = null, Error = null, Detail = null, EndedAt = null }),
        _ => throw Invariant.Unreachable(e),
    };

    private static ReportState With(ReportState state, string messageId, Func<MailSending, MailSending> change) =>
        state.Mails.FindIndex(m => m.MessageId == messageId) is >= 0 and var index
            ? state with { Mails = state.Mails.SetItem(index, change(state.Mails[index])) }
            : state;
}
