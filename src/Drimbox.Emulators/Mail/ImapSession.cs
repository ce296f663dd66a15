using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Drimbox.Core;

namespace Drimbox.Emulators.Mail;

/// <summary>One connection of IMAP4rev1 (RFC 3501) to the one INBOX of an account: STARTTLS, LOGIN, AUTHENTICATE PLAIN,
/// SELECT, SEARCH, FETCH of sizes and whole mails, STORE of \Seen. What a client of notifications uses, no
/// more.</summary>
internal sealed partial class ImapSession(MailLines lines, MailEmulatorOptions options, MailStore store)
{
    private bool _isAuthenticated;
    private bool _isSelected;

    private string Capability => "IMAP4rev1 SASL-IR"
        + (options.Certificate is not null && !lines.IsSecure ? " STARTTLS LOGINDISABLED" : " AUTH=PLAIN");

    private string Address => options.Account!.Address;

    public async Task RunAsync(CancellationToken cancellation)
    {
        await lines.WriteAsync($"* OK [CAPABILITY {Capability}] ready", cancellation);
        while (await CommandAsync(cancellation) is { } line)
        {
            if (line.Split(' ', 3) is not [var tag, var verb, .. var rest]) continue;
            var arguments = rest is [var text] ? text : "";
            if (!await AnswerAsync(tag, verb.ToUpperInvariant(), arguments, cancellation)) return;
        }
    }

    /// <summary>A command with its literals put in their place.</summary>
    private async Task<string?> CommandAsync(CancellationToken cancellation)
    {
        var command = new StringBuilder();
        while (true)
        {
            if (await lines.ReadTextAsync(Limits.MailCommandBytesMax, cancellation) is not { } line) return null;
            if (Literal().Match(line) is not { Success: true } literal) return command.Append(line).ToString();
            command.Append(line[..literal.Index]);
            var count = int.Parse(literal.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            if (count > Limits.MailCommandBytesMax) return null;
            if (!literal.Groups[2].Success) await lines.WriteAsync("+ go ahead", cancellation);
            if (await lines.ReadExactlyAsync(count, cancellation) is not { } bytes) return null;
            command.Append('"').Append(Encoding.UTF8.GetString(bytes)).Append('"');
        }
    }

    private async Task<bool> AnswerAsync(string tag, string verb, string arguments, CancellationToken cancellation)
    {
        switch (verb)
        {
            case "CAPABILITY":
                await lines.WriteAsync($"* CAPABILITY {Capability}", cancellation);
                break;
            case "NOOP" or "ID" or "CHECK" or "CLOSE":
                break;
            case "STARTTLS" when options.Certificate is not null && !lines.IsSecure:
                await lines.WriteAsync($"{tag} OK go ahead", cancellation);
                await lines.SecureAsync(options.Certificate, cancellation);
                return true;
            case "LOGIN" or "AUTHENTICATE" when lines.IsSecure || options.Certificate is null:
                _isAuthenticated = verb == "LOGIN" ? Logs(arguments) : await PlainAsync(arguments, cancellation);
                if (_isAuthenticated) break;
                await lines.WriteAsync($"{tag} NO [AUTHENTICATIONFAILED] unknown user or wrong password", cancellation);
                return true;
            case "LIST" when _isAuthenticated:
                await lines.WriteAsync(
                    arguments.EndsWith("\"\"", StringComparison.Ordinal)
                        ? "* LIST (\\Noselect) \"/\" \"\""
                        : "* LIST (\\HasNoChildren) \"/\" INBOX",
                    cancellation);
                break;
            case "SELECT" or "EXAMINE" when _isAuthenticated:
                _isSelected = true;
                await lines.WriteAsync(Selected(), cancellation);
                await lines.WriteAsync($"{tag} OK [READ-WRITE] selected", cancellation);
                return true;
            case "UID" when _isSelected:
                await UidAsync(arguments, cancellation);
                break;
            case "LOGOUT":
                await lines.WriteAsync("* BYE", cancellation);
                await lines.WriteAsync($"{tag} OK bye", cancellation);
                return false;
            default:
                await lines.WriteAsync($"{tag} BAD not here, or not now", cancellation);
                return true;
        }

        await lines.WriteAsync($"{tag} OK done", cancellation);
        return true;
    }

    // LOGIN "user" "password"
    private bool Logs(string arguments)
    {
        var words = Quoted().Matches(arguments).Select(m => m.Groups[1].Success ? m.Groups[1].Value : m.Value).ToList();
        return options.Account is { } account && words is [var user, var password]
            && user == account.Address && password == account.Password;
    }

    private async Task<bool> PlainAsync(string arguments, CancellationToken cancellation)
    {
        var parts = arguments.Split(' ', 2);
        if (!parts[0].Equals("PLAIN", StringComparison.OrdinalIgnoreCase)) return false;
        var response = parts.Length == 2 ? parts[1] : null;
        if (response is null)
        {
            await lines.WriteAsync("+ ", cancellation);
            response = await lines.ReadTextAsync(Limits.MailCommandBytesMax, cancellation) ?? "";
        }

        var bytes = new byte[response.Length];
        return Convert.TryFromBase64String(response, bytes, out var count)
            && options.Account is { } account
            && Encoding.UTF8.GetString(bytes, 0, count).Split('\0') is [_, var user, var password]
            && user == account.Address && password == account.Password;
    }

    private string Selected()
    {
        var mails = store.Mailbox(Address);
        return string.Join(
            "\r\n",
            $"* {mails.Count} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen)", "* OK [PERMANENTFLAGS (\\Seen)] flags",
            "* OK [UIDVALIDITY 1] valid", $"* OK [UIDNEXT {mails.Count + 1}] next");
    }

    private async Task UidAsync(string arguments, CancellationToken cancellation)
    {
        var parts = arguments.Split(' ', 3);
        var mails = store.Mailbox(Address);
        switch (parts[0].ToUpperInvariant())
        {
            case "SEARCH":
                var unseen = arguments.Contains("UNSEEN", StringComparison.OrdinalIgnoreCase);
                var found = mails.Where(m => !unseen || !m.IsSeen);
                await lines.WriteAsync(
                    string.Join(' ', found.Select(m => $"{m.Uid}").Prepend("* SEARCH")), cancellation);
                break;
            case "FETCH" when parts.Length == 3:
                foreach (var mail in Chosen(mails, parts[1])) await FetchAsync(mail, parts[2], cancellation);
                break;
            case "STORE" when parts.Length == 3 && parts[2].StartsWith("+FLAGS", StringComparison.OrdinalIgnoreCase):
                foreach (var mail in Chosen(mails, parts[1])) store.MarkSeen(Address, mail.Uid);
                break;
        }
    }

    private async Task FetchAsync(StoredMail mail, string items, CancellationToken cancellation)
    {
        var flags = mail.IsSeen ? "\\Seen" : "";
        if (!items.Contains("BODY", StringComparison.OrdinalIgnoreCase))
        {
            await lines.WriteAsync(
                $"* {mail.Uid} FETCH (UID {mail.Uid} FLAGS ({flags}) RFC822.SIZE {mail.Content.Length})", cancellation);
            return;
        }

        await lines.WriteAsync($"* {mail.Uid} FETCH (UID {mail.Uid} BODY[] {{{mail.Content.Length}}}", cancellation);
        await lines.WriteAsync(mail.Content, cancellation);
        await lines.WriteAsync(")", cancellation);
    }

    // 1,3:5,7:*
    private static IEnumerable<StoredMail> Chosen(IReadOnlyList<StoredMail> mails, string set)
    {
        var ranges = set.Split(',').Select(range => range.Split(':', 2)).Select(bounds =>
            (From: Number(bounds[0]), To: Number(bounds[^1]))).ToList();
        return mails.Where(m => ranges.Exists(r => m.Uid >= r.From && m.Uid <= r.To));
    }

    private static int Number(string text) =>
        text == "*" ? int.MaxValue
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"\{(\d{1,6})(\+)?\}$")]
    private static partial Regex Literal();

    [GeneratedRegex("\"([^\"]*)\"|[^\\s\"]+")]
    private static partial Regex Quoted();
}
