using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Mail;
using Drimbox.Ris;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Whom a user adds to the recipients of a report, and whom not any more.</summary>
internal sealed record MailRecipientChange(IReadOnlyList<string>? Add, IReadOnlyList<string>? Remove);

/// <summary>The routes of reports by MSSanté.</summary>
internal static class RisMailRoutes
{
    public static void Map(RouteGroupBuilder group, RisNode ris)
    {
        group.MapPost("/reports/{report}/mail-recipients",
            (string report, MailRecipientChange change, HttpContext context, CancellationToken cancellation) =>
                RisRoutes.WithReportAsync(ris, report, async id =>
                    Parse(change.Add) is { } added && Parse(change.Remove) is { } removed
                        ? Answers.Of(await ris.ChangeMailRecipientsAsync(
                            id, added, removed, AdministrationServer.ActorOf(context), cancellation))
                        : Answers.Bad("A recipient is a mail address, as adam.hoda@test-ci-sis.mssante.fr."),
                    cancellation));
        group.MapPost("/reports/{report}/mail-retry",
            (string report, HttpContext context, CancellationToken cancellation) =>
                RisRoutes.WithReportAsync(ris, report, async id => Answers.Of(await ris.RetryMailAsync(
                    id, AdministrationServer.ActorOf(context), cancellation)), cancellation));
        group.MapPost("/mailbox/look", async (CancellationToken cancellation) =>
        {
            try
            {
                return await ris.LookIntoMailboxAsync(cancellation) is { } taken
                    ? Results.Ok(new { notifications = taken })
                    : Answers.Missing("This RIS has no mailbox (Ris:Mail:Mailbox).");
            }
            catch (MailboxFaultException e)
            {
                return Answers.Bad(e.Message);
            }
        });
    }

    private static List<MailAddress>? Parse(IReadOnlyList<string>? texts)
    {
        var addresses = new List<MailAddress>();
        foreach (var text in texts ?? [])
        {
            if (!MailAddress.TryParse(text, null, out var address)) return null;
            addresses.Add(address);
        }

        return addresses;
    }
}

/// <summary>Mails as the administration interface shows them.</summary>
internal static class RisMailViews
{
    public static object Recipients(IReadOnlyList<MailRecipient> recipients) => recipients.Select(r => new
    {
        address = Address(r.Address.ToString()),
        kind = r.Kind,
        reason = r.Reason,
    });

    public static object Mails(ReportState state) => state.Mails.Select(m => new
    {
        document = m.DocumentId.ToString(),
        address = Address(m.Recipient.Address.ToString()),
        status = m.Status,
        tellsOfWithdrawal = m.IsWithdrawal,
        messageId = m.MessageId,
        decidedAt = m.DecidedAt,
        endedAt = m.EndedAt,
        detail = m.Detail,
        error = m.Error is { } error ? $"{error.Code} {error.Text}" : null,
        notices = m.Notices.Select(n => new
        {
            kind = n.Kind,
            at = n.At,
            error = n.Error is { } why ? $"{why.Code} {why.Text}" : null,
        }),
    });

    /// <summary>The address of a patient is made of the INS: matricule@patient.mssante.fr.</summary>
    public static string? Address(string? address) =>
        address?.Contains("@patient.", StringComparison.OrdinalIgnoreCase) == true ? "(patient)" : address;
}
