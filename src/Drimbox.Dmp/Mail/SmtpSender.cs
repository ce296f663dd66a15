using System.Net.Sockets;
using System.Security.Cryptography;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Drimbox.Dmp.Mail;

/// <summary>How one attempt to send a mail ended.</summary>
/// <param name="Detail">Our own words and codes: what a server says may name a patient.</param>
/// <param name="Error">Of a refusal.</param>
public sealed record SmtpEnd(DispatchOutcome Outcome, string? Detail, BusinessError? Error = null);

/// <summary>Sends mails to the server of the operator of MSSanté (RFC 5321), with STARTTLS, AUTH where it is
/// configured, and delivery status notifications where the server has them (RFC 3461).</summary>
public sealed class SmtpSender(MailServer server, TimeProvider time)
{
    /// <summary>Sends a mail on a connection of its own.</summary>
    /// <param name="begin">Called before the server gets the message: from then on an end without an answer is
    /// ambiguous.</param>
    public async Task<SmtpEnd> SendAsync(OutgoingMail mail, Action begin, CancellationToken cancellation)
    {
        using var client = new Client(mail, begin);
        try
        {
            await MailConnection.OpenAsync(client, server, time, cancellation);
            using var message = mail.ToMessage();
            await client.SendAsync(
                message, new MailboxAddress("", mail.Sender.ToString()),
                [new MailboxAddress("", mail.Recipient.ToString())], cancellation);
        }
        catch (SmtpCommandException e)
        {
            return Refused(e, client.HasBegun);
        }
        catch (Exception e) when (WhyNot(e) is { } why)
        {
            return client.HasBegun
                ? new SmtpEnd(
                    DispatchOutcome.Ambiguous, $"The mail server did not say whether it took the mail: {why}.")
                : new SmtpEnd(DispatchOutcome.Retry, $"Nothing was sent: {why}.");
        }

        await ByeAsync(client, cancellation);
        return new SmtpEnd(DispatchOutcome.Done, null);
    }

    private static SmtpEnd Refused(SmtpCommandException e, bool hasBegun)
    {
        var reply = (int)e.StatusCode;
        // A greeting, EHLO or AUTH that fails says nothing about this mail.
        var isAboutTheMail = e.ErrorCode != SmtpErrorCode.UnexpectedStatusCode || hasBegun;
        var what = e.ErrorCode switch
        {
            SmtpErrorCode.RecipientNotAccepted => "the recipient",
            SmtpErrorCode.SenderNotAccepted => "the sender",
            SmtpErrorCode.MessageNotAccepted => "the content",
            _ => "the connection",
        };
        return reply >= 500 && isAboutTheMail
            ? new SmtpEnd(
                DispatchOutcome.Quarantine, $"The mail server refused {what} for good ({reply}).", SmtpErrors.Of(reply))
            : new SmtpEnd(DispatchOutcome.Retry, $"The mail server did not take {what} now ({reply}).");
    }

    private static string? WhyNot(Exception e) => e switch
    {
        SslHandshakeException => "the certificate of the server is not accepted, or TLS failed",
        AuthenticationException or SaslException or ServiceNotAuthenticatedException =>
            "the server does not accept our authentication",
        // MailKit says so of STARTTLS and AUTH that the server does not offer.
        NotSupportedException => "the server offers no STARTTLS, or no authentication that we have",
        OperationCanceledException => "the attempt took too long",
        TimeoutException => "the server did not answer in time",
        ProtocolException or ServiceNotConnectedException => "the connection broke, or the server broke the protocol",
        IOException or SocketException => "the connection failed",
        CryptographicException => "our certificate cannot be read",
        _ => null,
    };

    private static async Task ByeAsync(Client client, CancellationToken cancellation)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancellation);
        }
        catch (Exception e) when (WhyNot(e) is not null)
        {
            // The mail is taken; how the connection ends changes nothing.
        }
    }

    private sealed class Client : SmtpClient
    {
        private readonly OutgoingMail _mail;
        private readonly Action _begin;

        public Client(OutgoingMail mail, Action begin)
        {
            _mail = mail;
            _begin = begin;
            LocalDomain = mail.Sender.Domain;
            // The headers are enough to know the mail again; the document need not travel back.
            DeliveryStatusNotificationType = DeliveryStatusNotificationType.HeadersOnly;
        }

        public bool HasBegun { get; private set; }

        protected override string GetEnvelopeId(MimeMessage message) => _mail.EnvelopeId;

        protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(
            MimeMessage message, MailboxAddress mailbox) =>
            DeliveryStatusNotification.Success | DeliveryStatusNotification.Failure | DeliveryStatusNotification.Delay;

        // The last reply before the message.
        protected override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
        {
            _begin();
            HasBegun = true;
            base.OnRecipientAccepted(message, mailbox, response);
        }
    }
}
