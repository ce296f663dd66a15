using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Mail;

/// <summary>An outbox row that carries a mail. All else is in the report: what is sent follows from it, byte for
/// byte.</summary>
/// <param name="Unanswered">How often the mail server got it and did not answer.</param>
public sealed record ReportMailPayload(ReportId Report, string MessageId, int Unanswered = 0);

/// <summary>An outbox row that carries a business acknowledgement of a mail (ZAM^Z02, ZAM^Z03).</summary>
public sealed record MailAckPayload(BusinessAck Ack, string ControlId, DateTimeOffset MessageTime);

/// <summary>The mails of reports in the outbox.</summary>
public static class ReportMail
{
    public const string Kind = "report.mail";
    public const string AckKind = "report.mail-ack";

    /// <summary>Message-IDs of the mails of a node, by which notifications find their report.</summary>
    public static string AliasKind(string node) => $"{node}/mail";

    /// <summary>A lane for each report and mailbox: the versions reach it in order, and a mailbox that takes nothing
    /// holds up no other. The address itself may name a patient.</summary>
    public static string LaneOf(string node, ReportId report, MailAddress recipient)
    {
        var text = Encoding.UTF8.GetBytes($"{report}\n{recipient.ToString().ToLowerInvariant()}");
        return $"{node}/mail/{Convert.ToHexStringLower(SHA256.HashData(text).AsSpan(0, 8))}";
    }

    /// <param name="aliases">Gets the Message-IDs.</param>
    internal static IEnumerable<OutboxRow> RowsOf(
        ReportGrainParts parts, ReportId report, ReportDecision decision, DecisionContext context,
        List<AliasRow> aliases)
    {
        foreach (var mail in decision.Mails)
        {
            aliases.Add(new AliasRow(AliasKind(parts.Node), mail.MessageId, report.ToString()));
            yield return new OutboxRow(
                LaneOf(parts.Node, report, mail.Recipient.Address), Kind,
                EventCodec.Write(new ReportMailPayload(report, mail.MessageId)),
                context.Now + DelayOf(mail, parts.Policy.Mail!, context.Now));
        }
    }

    // What was looked at and is tried again need not wait, and what is wrong must not.
    private static TimeSpan DelayOf(MailSending mail, MailPolicy policy, DateTimeOffset now) =>
        mail.IsWithdrawal || mail.DecidedAt != now ? TimeSpan.Zero : policy.Delay;

    internal static IEnumerable<OutboxRow> AcksOf(
        ReportGrainParts parts, ReportState before, ReportDecision decision, DecisionContext context)
    {
        if (parts.AckDestination is not { } lane) return [];
        if (!decision.Events.Any(e => e is MailEnded or MailNoticeReceived)) return [];
        var after = decision.Events.Aggregate(before, ReportDecider.Evolve);
        return MailAcks.Of(after, decision.Events, static at => Timestamp.From(at).ToString())
            .Select(ack => new OutboxRow(
                lane, AckKind, EventCodec.Write(new MailAckPayload(ack, parts.Ids.NewControlId(), context.Now)),
                context.Now));
    }
}
