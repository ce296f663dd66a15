using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Dmp.Mail;

namespace Drimbox.Ris.Mail;

/// <summary>A server of the operator of MSSanté, as the configuration file writes it.</summary>
public sealed record MailServerOptions : IValidatableObject
{
    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535; 0 takes that of the protocol: 587 (SMTP submission), 143 (IMAP), 993 with Tls
    /// (IMAP), 465 with Tls (SMTP). Default 0.</summary>
    [Range(0, 65535)]
    public int Port { get; init; }

    /// <summary>StartTls, Tls, or None for a server on this machine. Default StartTls; without it nothing is sent.
    /// </summary>
    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>The authorities that its certificate must come from, and our certificate if it asks for one. Required
    /// unless Security is None.</summary>
    public DicomPeerTlsOptions? Tls { get; init; }

    /// <summary>For AUTH. Default: none, the certificate authenticates.</summary>
    public string? UserName { get; init; }

    /// <summary>A file whose first line is the password. Required with UserName.</summary>
    public string? PasswordFile { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Security != MailSecurity.None && Tls is null)
            yield return new ValidationResult("is required unless Security is None", [nameof(Tls)]);
        if (Security == MailSecurity.None && !IsThisMachine(Host))
            yield return new ValidationResult("None is for a server on this machine", [nameof(Security)]);
        if (UserName is not null && PasswordFile is null)
            yield return new ValidationResult("is required with UserName", [nameof(PasswordFile)]);
        if (PasswordFile is not null && !File.Exists(PasswordFile))
            yield return new ValidationResult("no such file", [nameof(PasswordFile)]);
    }

    internal MailServer ToServer(int port, int portWithTls) => new(
        Host,
        Port != 0 ? Port : Security == MailSecurity.Tls ? portWithTls : port,
        Security,
        UserName,
        PasswordFile is null ? null : File.ReadLines(PasswordFile).FirstOrDefault() ?? "",
        Tls);

    private static bool IsThisMachine(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>How a RIS sends reports by MSSanté.</summary>
public sealed record RisMailOptions : IValidatableObject
{
    // RFC 6409, RFC 8314, RFC 9051.
    private const int SubmissionPort = 587;
    private const int SubmissionsPort = 465;
    private const int ImapPort = 143;
    private const int ImapsPort = 993;

    /// <summary>The mailbox that sends (BAL applicative). No default.</summary>
    [Required]
    public string Sender { get; init; } = "";

    /// <summary>What recipients see beside the address. Default: the name of the first structure.</summary>
    public string? SenderName { get; init; }

    /// <summary>Takes the mails (SMTP). No default.</summary>
    [Required]
    public MailServerOptions? Smtp { get; init; }

    /// <summary>The mailbox that notifications come to (IMAP): that of the sender. Default: none, nothing is heard of
    /// delivery and reading.</summary>
    public MailServerOptions? Mailbox { get; init; }

    /// <summary>The domains of MSSanté. Default mssante.fr; nothing is sent outside of them.</summary>
    [MinLength(1)]
    public IReadOnlyList<string> Domains { get; init; } = ["mssante.fr"];

    /// <summary>A file with a professional a line: PS_IdNat, a space, the MSSanté address. Default: none.</summary>
    public string? AddressBook { get; init; }

    /// <summary>How long a mail waits before it leaves, 0 to 1 day. Default 5 min.</summary>
    public TimeSpan Delay { get; init; } = Limits.MailDelayDefault;

    /// <summary>Time between two looks into the mailbox, 1 s to 1 day. Default 1 min.</summary>
    public TimeSpan LookInterval { get; init; } = Limits.MailboxLookDefault;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!MailAddress.TryParse(Sender, null, out var sender) || !Domains.Any(sender.IsWithin))
            yield return new ValidationResult("must be a mail address within Domains", [nameof(Sender)]);
        if (Delay < TimeSpan.Zero || Delay > TimeSpan.FromDays(1))
            yield return new ValidationResult("must be between 0 and 1 day", [nameof(Delay)]);
        if (LookInterval < TimeSpan.FromSeconds(1) || LookInterval > TimeSpan.FromDays(1))
            yield return new ValidationResult("must be between 1 s and 1 day", [nameof(LookInterval)]);
        if (AddressBook is null) yield break;
        if (!File.Exists(AddressBook))
            yield return new ValidationResult("no such file", [nameof(AddressBook)]);
        else if (MailAddressBook.Load(AddressBook, out var line) is null)
        {
            yield return new ValidationResult(
                $"line {line}: must be PS_IdNat and a mail address", [nameof(AddressBook)]);
        }
    }

    internal MailPolicy ToPolicy() => new(
        MailAddress.Parse(Sender), Domains,
        AddressBook is null
            ? new Dictionary<string, MailAddress>()
            : MailAddressBook.Load(AddressBook, out var line)
                ?? throw new FormatException($"{AddressBook}, line {line}: must be PS_IdNat and a mail address."),
        Delay);

    /// <summary>The server that takes the mails.</summary>
    public MailServer SmtpServer() => Smtp!.ToServer(SubmissionPort, SubmissionsPort);

    /// <summary>The server of the mailbox, or null.</summary>
    public MailServer? MailboxServer() => Mailbox?.ToServer(ImapPort, ImapsPort);
}

/// <summary>The MSSanté addresses of the professionals of a site.</summary>
internal static class MailAddressBook
{
    // 801234567897 adam.hoda@test-ci-sis.mssante.fr
    /// <param name="line">Of the first line that is no entry, from 1; else 0.</param>
    /// <returns>PS_IdNat → address, or null.</returns>
    public static IReadOnlyDictionary<string, MailAddress>? Load(string path, out int line)
    {
        line = 0;
        var number = 0;
        var book = new Dictionary<string, MailAddress>(StringComparer.Ordinal);
        foreach (var text in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(text) || text.StartsWith('#')) continue;
            if (text.Length <= Limits.AddressBookLineLengthMax
                && text.Split((char[])[' ', '\t', ';'], StringSplitOptions.RemoveEmptyEntries)
                    is [var person, var mailbox]
                && MailAddress.TryParse(mailbox, null, out var address))
            {
                book[person] = address;
                continue;
            }

            line = number;
            return null;
        }

        return book;
    }
}
