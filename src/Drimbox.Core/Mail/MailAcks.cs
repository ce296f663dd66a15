using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>The business acknowledgements that follow from what became of a mail: ZAM^Z02 where the message of the
/// report asked for ACK_RECEPTION, ZAM^Z03 where it asked for ACK_LECTURE_MSS. Source: CDA volet, page
/// acteurs-transactions, notes 2 and 3.</summary>
public static class MailAcks
{
    // Page error-codes, applicationErrorCondition: the one for all else.
    private const string Other = "906";

    /// <param name="time">Writes EVN-2.</param>
    public static IReadOnlyList<BusinessAck> Of(
        ReportState after, IReadOnlyList<ReportEvent> events, Func<DateTimeOffset, string> time)
    {
        var acks = new List<BusinessAck>();
        foreach (var e in events)
        {
            var (messageId, kind, error, at) = e switch
            {
                MailEnded { Outcome: DispatchOutcome.Quarantine } ended =>
                    (ended.MessageId, (BusinessAckKind?)BusinessAckKind.MailReception, ended.Error, ended.EndedAt),
                MailNoticeReceived { Notice: var notice } received =>
                    (received.MessageId, KindOf(notice.Kind), ErrorOf(notice), notice.At),
                _ => ("", null, null, default),
            };
            if (kind is not { } about) continue;
            // The creator hears of documents; the news of a withdrawal is none.
            if (after.Mails.Find(m => m.MessageId == messageId) is not { IsWithdrawal: false } mail) continue;
            if (after.Find(mail.DocumentId) is not { ControlId: { } carrier } version) continue;
            var isWanted = about == BusinessAckKind.MailReception
                ? version.Choices.WantsReceipt
                : version.Choices.WantsReadReceipt;
            if (!isWanted) continue;
            acks.Add(new BusinessAck(
                about, carrier, error is null, time(at), mail.Recipient.Address.ToString(), mail.Recipient.PersonId,
                error));
        }

        return acks;
    }

    private static BusinessAckKind? KindOf(MailNoticeKind kind) => kind switch
    {
        MailNoticeKind.Delivered or MailNoticeKind.Relayed or MailNoticeKind.Undelivered =>
            BusinessAckKind.MailReception,
        MailNoticeKind.Read or MailNoticeKind.Deleted or MailNoticeKind.NotIntegrated => BusinessAckKind.MailReading,
        MailNoticeKind.Delayed => null,
        _ => throw Invariant.Unreachable(kind),
    };

    private static BusinessError? ErrorOf(MailNotice notice) => notice.Kind switch
    {
        MailNoticeKind.Undelivered => notice.Error ?? SmtpErrors.Of(SmtpErrors.Failed),
        MailNoticeKind.NotIntegrated =>
            notice.Error ?? new BusinessError(Other, "Document non intégré", "applicationErrorCondition"),
        MailNoticeKind.Deleted =>
            notice.Error ?? new BusinessError(Other, "Courriel supprimé sans être lu", "applicationErrorCondition"),
        _ => null,
    };
}
