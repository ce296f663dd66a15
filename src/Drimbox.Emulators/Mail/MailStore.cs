using System.Globalization;

namespace Drimbox.Emulators.Mail;

/// <summary>A mail in a mailbox.</summary>
/// <param name="Uid">From 1, in the order of arrival.</param>
internal sealed record StoredMail(int Uid, byte[] Content, bool IsSeen);

/// <summary>The mailboxes of all addresses, in memory: an emulator begins empty.</summary>
internal sealed class MailStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<StoredMail>> _mailboxes = new(StringComparer.OrdinalIgnoreCase);

    public void Put(string address, byte[] content)
    {
        lock (_gate)
        {
            if (!_mailboxes.TryGetValue(address, out var mails)) _mailboxes[address] = mails = [];
            mails.Add(new StoredMail(mails.Count + 1, content, IsSeen: false));
        }
    }

    public IReadOnlyList<StoredMail> Mailbox(string address)
    {
        lock (_gate) return _mailboxes.TryGetValue(address, out var mails) ? mails.ToArray() : [];
    }

    public void MarkSeen(string address, int uid)
    {
        lock (_gate)
        {
            var mails = _mailboxes[address];
            mails[uid - 1] = mails[uid - 1] with { IsSeen = true };
        }
    }
}

/// <summary>Writes notifications as mail systems send them, by hand: what a library reads is written by other code than
/// its own.</summary>
internal static class Notifications
{
    /// <summary>RFC 3464, in the multipart/report of RFC 6522.</summary>
    public static string Delivery(
        ReceivedMail mail, string id, DateTimeOffset at, string action, string status, string? diagnostic) => Report(
            mail, id, at, "delivery-status", "Etat de remise", $"""
            Reporting-MTA: dns; mail.emulator
            {(mail.EnvelopeId is { } envelope ? $"Original-Envelope-Id: {envelope}" : "X-Envelope: none")}

            Original-Recipient: rfc822; {mail.Recipient}
            Final-Recipient: rfc822; {mail.Recipient}
            Action: {action}
            Status: {status}
            {(diagnostic is null ? "Remote-MTA: dns; mail.emulator" : $"Diagnostic-Code: smtp; {diagnostic}")}
            """);

    /// <summary>RFC 8098.</summary>
    public static string Disposition(
        ReceivedMail mail, string id, DateTimeOffset at, string disposition, string? error) => Report(
            mail, id, at, "disposition-notification", "Accuse de lecture", $"""
            Reporting-UA: mail.emulator; emulator
            Original-Recipient: rfc822;{mail.Recipient}
            Final-Recipient: rfc822;{mail.Recipient}
            Original-Message-ID: {mail.Header("Message-Id")}
            Disposition: {disposition}{(error is null ? "" : $"\nError: {error}")}
            """);

    private static string Report(
        ReceivedMail mail, string id, DateTimeOffset at, string type, string subject, string fields) => $"""
        From: <postmaster@mail.emulator>
        To: <{mail.Sender}>
        Date: {at.ToString("r", CultureInfo.InvariantCulture).Replace("GMT", "+0000", StringComparison.Ordinal)}
        Message-ID: <{id}@mail.emulator>
        Subject: {subject}
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type={type}; boundary="=_report"

        --=_report
        Content-Type: text/plain; charset=us-ascii

        {subject}.

        --=_report
        Content-Type: message/{type}

        {fields}

        --=_report
        Content-Type: text/rfc822-headers

        From: <{mail.Sender}>
        Message-ID: {mail.Header("Message-Id")}

        --=_report--

        """.ReplaceLineEndings("\r\n");
}
