using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Mail;
using MimeKit;
using MimeKit.Text;

namespace Drimbox.Dmp.Mail;

/// <summary>A file of a mail.</summary>
/// <param name="Subtype">Of application: zip, pdf.</param>
public sealed record MailAttachment(string Subtype, string Name, byte[] Content);

/// <summary>A mail, as it goes to one mailbox. The same values give the same bytes.</summary>
/// <param name="MessageId">Without brackets.</param>
/// <param name="PreviousMessageId">Of the version before to the same mailbox, or null.</param>
/// <param name="ReplyTo">Null: the sender.</param>
/// <param name="AsksForReading">RFC 8098: a disposition notification, to the sender.</param>
/// <param name="EndsTheExchange">X-MSS-MES: FIN, for a patient who shall not answer.</param>
/// <param name="Attachments">IHE_XDM.zip and the document as PDF; none tells that a report was withdrawn.</param>
public sealed record OutgoingMail(
    string MessageId,
    string? PreviousMessageId,
    DateTimeOffset Date,
    MailAddress Sender,
    string SenderName,
    MailAddress Recipient,
    MailAddress? ReplyTo,
    string Subject,
    string Text,
    bool AsksForReading,
    bool EndsTheExchange,
    IReadOnlyList<MailAttachment> Attachments)
{
    /// <summary>What a delivery status notification gives back as Original-Envelope-Id (RFC 3461 4.4).</summary>
    public string EnvelopeId => MessageId[..MessageId.IndexOf('@', StringComparison.Ordinal)];

    internal MimeMessage ToMessage()
    {
        var message = new MimeMessage();
        message.From.Add(new MailboxAddress(Encoding.UTF8, SenderName, Sender.ToString()));
        message.To.Add(MailboxOf(Recipient));
        if (ReplyTo is { } answer) message.ReplyTo.Add(MailboxOf(answer));
        message.Subject = Subject;
        message.Date = Date;
        message.MessageId = MessageId;
        if (PreviousMessageId is { } previous)
        {
            message.InReplyTo = previous;
            message.References.Add(previous);
        }

        if (AsksForReading) message.Headers.Add(HeaderId.DispositionNotificationTo, Sender.ToString());
        if (EndsTheExchange) message.Headers.Add("X-MSS-MES", "FIN");
        // MSSanté, socle 2, ECO.2.2.3: text in UTF-8. Quoted-printable and base64 pass every server unchanged, with
        // lines of 76 characters.
        var text = new TextPart(TextFormat.Plain) { ContentTransferEncoding = ContentEncoding.QuotedPrintable };
        text.SetText(Encoding.UTF8, Text);
        message.Body = text;
        if (Attachments.Count == 0) return message;
        var body = new Multipart("mixed") { text };
        foreach (var attachment in Attachments) body.Add(PartOf(attachment));
        // MimeKit draws a boundary; a repetition must have the same.
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(MessageId)).AsSpan(0, 16);
        body.Boundary = "=_" + Convert.ToHexStringLower(hash);
        message.Body = body;
        return message;
    }

    private static MailboxAddress MailboxOf(MailAddress address) => new(Encoding.UTF8, "", address.ToString());

    private static MimePart PartOf(MailAttachment attachment) =>
        new("application", attachment.Subtype)
        {
            Content = new MimeContent(new MemoryStream(attachment.Content, writable: false)),
            ContentDisposition = new ContentDisposition(ContentDisposition.Attachment),
            ContentTransferEncoding = ContentEncoding.Base64,
            FileName = attachment.Name,
        };
}
