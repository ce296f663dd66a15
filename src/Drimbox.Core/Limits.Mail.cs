namespace Drimbox.Core;

// MSSanté mail.
public static partial class Limits
{
    /// <summary>25 MB a mail, attachments in base64: the messaging of Mon espace santé takes no more, and refuses with
    /// a mail instead of a reply.</summary>
    public const int MailBytesMax = 25_000_000;

    /// <summary>50 recipients of a report: a hospital stay has five or six correspondents.</summary>
    public const int MailRecipientsMax = 50;

    /// <summary>5 times a mail goes to a server that takes it and does not answer: each may be another copy for the
    /// recipient. Then a person looks.</summary>
    public const int MailsUnansweredMax = 5;

    /// <summary>20,000 characters of a text that a message brings for the mail: a letter has 3,000.</summary>
    public const int MailTextCharactersMax = 20_000;

    /// <summary>40 MB of a notification: one that a disposition notification carries back whole, with room for what
    /// relays add.</summary>
    public const int NotificationBytesMax = 40_000_000;

    /// <summary>500 notifications of one look into the mailbox; the next look takes the rest.</summary>
    public const int NotificationsPerLookMax = 500;

    /// <summary>30 s for one reply of a mail server; RFC 5321 4.5.3.2 has minutes, which are for relays that nobody
    /// waits for. Shorter than <see cref="DispatchAttemptDeadline"/>, so that an attempt tells of its own
    /// timeout.</summary>
    public static readonly TimeSpan MailReplyTimeout = TimeSpan.FromSeconds(30);

    /// <summary>5 min before a mail leaves: time to change its recipients.</summary>
    public static readonly TimeSpan MailDelayDefault = TimeSpan.FromMinutes(5);

    /// <summary>1 min between two looks into the mailbox: notifications come minutes after the mail at best.</summary>
    public static readonly TimeSpan MailboxLookDefault = TimeSpan.FromMinutes(1);

    /// <summary>1,000 characters of a line of the address book: a number and an address have 300 at most.</summary>
    public const int AddressBookLineLengthMax = 1_000;

    /// <summary>1,000 bytes of a line of SMTP with its end (RFC 5321 4.5.3.1.6).</summary>
    public const int SmtpTextLineBytesMax = 1_000;

    /// <summary>12,288 bytes of a command line with AUTH (RFC 4954 4): the longest that SMTP or IMAP peers
    /// send.</summary>
    public const int MailCommandBytesMax = 12_288;
}
