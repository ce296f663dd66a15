using System.Globalization;
using System.Text.RegularExpressions;
using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using MimeKit;

namespace Drimbox.Dmp.Mail;

/// <summary>What a notification says of one mail of ours.</summary>
/// <param name="MessageId">Of our mail, without brackets; or its envelope id alone, where the notification names
/// nothing else.</param>
public sealed record MailNotification(string MessageId, MailNotice Notice);

/// <summary>Reads delivery status notifications (RFC 3464), disposition notifications (RFC 8098) and the plain mail
/// that the CDA volet for mail has for systems that were not asked for one.</summary>
public static partial class NotificationReader
{
    // RFC 8098 has it in Error; the CDA volet for mail had it in Disposition before its version 1.1.3.
    private const string DefaultErrorTable = "applicationErrorCondition";

    /// <summary>Reads a mail as it is stored (RFC 5322).</summary>
    /// <returns>Nothing for bytes that are no mail, for a mail that is no notification, and for one that names no mail
    /// that it is about.</returns>
    public static IReadOnlyList<MailNotification> Read(Stream mail)
    {
        try
        {
            using var message = MimeMessage.Load(mail);
            return Read(message);
        }
        catch (FormatException)
        {
            return [];
        }
    }

    internal static IReadOnlyList<MailNotification> Read(MimeMessage message)
    {
        if (message.MessageId is not { Length: > 0 } source) return [];
        var at = message.Date;
        return message.Body switch
        {
            MultipartReport { ReportType: { } type } report
                when type.Equals("delivery-status", StringComparison.OrdinalIgnoreCase) => Delivery(report, source, at),
            MultipartReport { ReportType: { } type } report
                when type.Equals("disposition-notification", StringComparison.OrdinalIgnoreCase) =>
                Disposition(report, source, at),
            _ => Plain(message, source, at),
        };
    }

    // Original-Envelope-Id: 0f…                     (once)
    // Final-Recipient: rfc822; a@b.mssante.fr       (for each recipient)
    // Action: failed
    // Status: 5.1.1
    // Diagnostic-Code: smtp; 550 5.1.1 unknown
    private static List<MailNotification> Delivery(MultipartReport report, string source, DateTimeOffset at)
    {
        var found = new List<MailNotification>();
        if (report.OfType<MessageDeliveryStatus>().FirstOrDefault() is not { StatusGroups: { Count: > 1 } groups })
            return found;
        var original = Original(report) ?? groups[0]["Original-Envelope-Id"]?.Trim();
        if (string.IsNullOrEmpty(original)) return found;
        foreach (var group in groups.Skip(1))
        {
            MailNoticeKind? kind = group["Action"]?.Trim().ToLowerInvariant() switch
            {
                "delivered" => MailNoticeKind.Delivered,
                "relayed" or "expanded" => MailNoticeKind.Relayed,
                "delayed" => MailNoticeKind.Delayed,
                "failed" => MailNoticeKind.Undelivered,
                _ => null,
            };
            if (kind is not { } known) continue;
            var error = known == MailNoticeKind.Undelivered ? DeliveryError(group) : null;
            found.Add(new MailNotification(
                original, new MailNotice(known, source, AddressOf(group["Final-Recipient"]), error, at)));
        }

        return found;
    }

    private static BusinessError DeliveryError(HeaderList group) =>
        group["Diagnostic-Code"] is { } diagnostic && SmtpReply().Match(diagnostic) is { Success: true } reply
            ? SmtpErrors.Of(int.Parse(reply.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))
            : SmtpErrors.OfStatus(group["Status"]?.Trim());

    // Disposition: automatic-action/MDN-sent-automatically; processed/error
    // Error: 902^Identifiant de patient inconnu^applicationErrorCondition| E^Error^errorSeverity
    private static List<MailNotification> Disposition(MultipartReport report, string source, DateTimeOffset at)
    {
        if (report.OfType<MessageDispositionNotification>().FirstOrDefault() is not { Fields: { } fields }) return [];
        var original = IdOf(fields["Original-Message-ID"]) ?? Original(report);
        var disposition = fields["Disposition"]?.Split(';', 2) is [_, var type] ? type.Trim() : null;
        if (original is null || disposition is null) return [];
        var parts = disposition.Split('/', 2);
        // ITI TF-2 3.32.4.1.3: either word, in any case.
        var isError = parts.Length == 2
            && (parts[1].Contains("error", StringComparison.OrdinalIgnoreCase)
                || parts[1].Contains("failure", StringComparison.OrdinalIgnoreCase));
        MailNoticeKind? kind = parts[0].Trim().ToLowerInvariant() switch
        {
            _ when isError => MailNoticeKind.NotIntegrated,
            "displayed" or "dispatched" or "processed" => MailNoticeKind.Read,
            "deleted" => MailNoticeKind.Deleted,
            _ => null,
        };
        if (kind is not { } known) return [];
        var error = isError ? IntegrationError(fields["Error"] ?? After(parts[1], ':')) : null;
        return [new MailNotification(
            original, new MailNotice(known, source, AddressOf(fields["Final-Recipient"]), error, at))];
    }

    // [KO Intégration système !][902] XDM/1.0/DDM+…, with our mail as message/rfc822.
    private static List<MailNotification> Plain(MimeMessage message, string source, DateTimeOffset at)
    {
        if (message.Subject is null || PlainSubject().Match(message.Subject) is not { Success: true } match) return [];
        var original = message.BodyParts.OfType<MessagePart>().Select(part => part.Message?.MessageId)
            .FirstOrDefault(id => !string.IsNullOrEmpty(id)) ?? message.InReplyTo;
        if (string.IsNullOrEmpty(original)) return [];
        var error = match.Groups[1].Success
            ? new BusinessError(match.Groups[1].Value, "Intégration refusée", DefaultErrorTable)
            : null;
        MailAddress? from = MailAddress.TryParse(message.From.Mailboxes.FirstOrDefault()?.Address, null, out var reader)
            ? reader
            : null;
        return [new MailNotification(
            original,
            new MailNotice(MailNoticeKind.NotIntegrated, source, from, error, at))];
    }

    private static BusinessError? IntegrationError(string? text)
    {
        if (text?.Split('|')[0].Split('^') is not [var code, .. var rest]) return null;
        return IntegrationCode().IsMatch(code.Trim())
            ? new BusinessError(
                code.Trim(), rest is [var label, ..] ? label.Trim() : "",
                rest is [_, { Length: > 0 } table, ..] ? table.Trim() : DefaultErrorTable)
            : null;
    }

    /// <summary>The Message-ID of the mail, or of the headers, that a report gives back.</summary>
    private static string? Original(MultipartReport report)
    {
        foreach (var part in report)
        {
            var id = part switch
            {
                MessagePart { Message: { } whole } => whole.MessageId,
                TextPart { ContentType: { MediaSubtype: "rfc822-headers" } } headers => IdOfHeaders(headers.Text),
                _ => null,
            };
            if (!string.IsNullOrEmpty(id)) return id;
        }

        return null;
    }

    private static string? IdOfHeaders(string headers) =>
        MessageIdHeader().Match(headers) is { Success: true } match ? match.Groups[1].Value : null;

    private static string? IdOf(string? field) => field?.Trim().Trim('<', '>').Trim() is { Length: > 0 } id ? id : null;

    // rfc822; a@b.mssante.fr
    private static MailAddress? AddressOf(string? field) =>
        MailAddress.TryParse(After(field, ';')?.Trim(), null, out var address) ? address : null;

    private static string? After(string? text, char separator) =>
        text?.IndexOf(separator, StringComparison.Ordinal) is >= 0 and var at ? text[(at + 1)..] : null;

    [GeneratedRegex(@"(?:^|[;\s])([245]\d\d)(?:[\s-]|$)")]
    private static partial Regex SmtpReply();

    [GeneratedRegex(@"^\[(?:KO Intégration système|Erreur d.intégration) ?! ?\](?:\[(\d{3})\])?")]
    private static partial Regex PlainSubject();

    [GeneratedRegex(@"^\d{3}$")]
    private static partial Regex IntegrationCode();

    [GeneratedRegex(@"^Message-ID:\s*<([^>\s]+)>", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex MessageIdHeader();
}
