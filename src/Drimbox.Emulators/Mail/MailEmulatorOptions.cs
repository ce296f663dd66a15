using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Emulators.Mail;

/// <summary>How the emulated operator of MSSanté behaves when nobody told it to misbehave.</summary>
public sealed record MailEmulatorOptions
{
    /// <summary>With its private key, for STARTTLS; null: none is offered, and mail is taken in clear.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>TCP port of SMTP on 127.0.0.1; 0 (default) takes a free one.</summary>
    public int SmtpPort { get; init; }

    /// <summary>TCP port of IMAP on 127.0.0.1; 0 (default) takes a free one.</summary>
    public int ImapPort { get; init; }

    /// <summary>Who may send (SMTP) and read the mailbox of that address (IMAP); null: nobody is asked, and no mailbox
    /// can be read.</summary>
    public MailAccount? Account { get; init; }

    /// <summary>Default true: a delivery status notification comes for each mail that asks for one (NOTIFY=SUCCESS).
    /// </summary>
    public bool SendsDeliveryStatus { get; init; } = true;

    /// <summary>SIZE of EHLO. Default 35 MB.</summary>
    public int SizeMax { get; init; } = 35_000_000;
}

/// <summary>A mailbox with its password.</summary>
public sealed record MailAccount(string Address, string Password);

/// <summary>A mail that was taken by SMTP.</summary>
/// <param name="Number">From 1, in the order of arrival.</param>
/// <param name="EnvelopeId">ENVID of MAIL (RFC 3461), or null.</param>
/// <param name="Notify">NOTIFY of RCPT, or null.</param>
/// <param name="Content">As sent: headers and body, dots unstuffed.</param>
/// <param name="WasSecure">It came over TLS.</param>
/// <param name="User">Who authenticated, or null.</param>
public sealed record ReceivedMail(
    int Number,
    string Sender,
    string Recipient,
    string? EnvelopeId,
    string? Notify,
    byte[] Content,
    bool WasSecure,
    string? User)
{
    /// <summary>A header as it stands, unfolded; null if it is absent.</summary>
    public string? Header(string name) => MailHeaders.Find(Content, name);
}
