using System.Globalization;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Emulators.Mail;

/// <summary>One connection of SMTP (RFC 5321) with STARTTLS (3207), AUTH (4954), DSN (3461), SIZE (1870), 8BITMIME
/// (6152) and PIPELINING (2920). It is strict about what a client of MSSanté must do: TLS before MAIL, AUTH where there
/// is an account, lines of at most 1,000 bytes, no bare CR or LF, no 8-bit content that was not announced.</summary>
internal sealed class SmtpSession(
    MailLines lines, MailEmulatorOptions options, MailFaults faults, Func<ReceivedMail, Task> take)
{
    private string? _user;
    private string? _sender;
    private string? _envelopeId;
    private bool _is8Bit;
    private readonly List<(string Address, string? Notify)> _recipients = [];
    private bool _offersTls;

    public async Task RunAsync(CancellationToken cancellation)
    {
        _offersTls = options.Certificate is not null;
        if (faults.Next(null, MailFaultKind.Unavailable) is not null)
        {
            await lines.WriteAsync("421 4.3.2 not now", cancellation);
            return;
        }

        if (faults.Next(null, MailFaultKind.NoStartTls) is not null) _offersTls = false;
        await lines.WriteAsync("220 mail.emulator ESMTP", cancellation);
        while (await lines.ReadTextAsync(Limits.MailCommandBytesMax, cancellation) is { } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var (verb, rest) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..].Trim());
            if (!await AnswerAsync(verb.ToUpperInvariant(), rest, cancellation)) return;
        }
    }

    /// <returns>False where the connection ends.</returns>
    private async Task<bool> AnswerAsync(string verb, string rest, CancellationToken cancellation)
    {
        switch (verb)
        {
            case "EHLO":
                Reset();
                await lines.WriteAsync(Extensions(), cancellation);
                return true;
            case "HELO":
                await lines.WriteAsync("250 mail.emulator", cancellation);
                return true;
            case "STARTTLS" when _offersTls && !lines.IsSecure:
                await lines.WriteAsync("220 2.0.0 go ahead", cancellation);
                await lines.SecureAsync(options.Certificate!, cancellation);
                Reset();
                return true;
            case "AUTH" when options.Account is not null && MayTalk:
                await AuthenticateAsync(rest, cancellation);
                return true;
            case "MAIL":
                await lines.WriteAsync(Mail(rest), cancellation);
                return true;
            case "RCPT":
                await lines.WriteAsync(Recipient(rest), cancellation);
                return true;
            case "DATA":
                return await DataAsync(cancellation);
            case "RSET":
                Reset();
                await lines.WriteAsync("250 2.0.0 ok", cancellation);
                return true;
            case "NOOP":
                await lines.WriteAsync("250 2.0.0 ok", cancellation);
                return true;
            case "QUIT":
                await lines.WriteAsync("221 2.0.0 bye", cancellation);
                return false;
            default:
                await lines.WriteAsync("502 5.5.1 not implemented", cancellation);
                return true;
        }
    }

    // Without a certificate everything goes in clear.
    private bool MayTalk => lines.IsSecure || options.Certificate is null;

    private string Extensions()
    {
        var names = new List<string> { "PIPELINING", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES" };
        names.Add(string.Create(CultureInfo.InvariantCulture, $"SIZE {options.SizeMax}"));
        if (_offersTls && !lines.IsSecure) names.Add("STARTTLS");
        if (options.Account is not null && MayTalk) names.Add("AUTH PLAIN LOGIN");
        var all = new List<string> { "mail.emulator" };
        all.AddRange(names);
        return string.Join("\r\n", all.Select((name, i) => (i == all.Count - 1 ? "250 " : "250-") + name));
    }

    private async Task AuthenticateAsync(string rest, CancellationToken cancellation)
    {
        var parts = rest.Split(' ', 2);
        string? user = null;
        string? password = null;
        if (parts[0].Equals("PLAIN", StringComparison.OrdinalIgnoreCase))
        {
            var initial = parts.Length == 2 ? parts[1] : await AskAsync("", cancellation);
            if (Decode(initial).Split('\0') is [_, var u, var p]) (user, password) = (u, p);
        }
        else if (parts[0].Equals("LOGIN", StringComparison.OrdinalIgnoreCase))
        {
            user = Decode(parts.Length == 2 ? parts[1] : await AskAsync("VXNlcm5hbWU6", cancellation));
            password = Decode(await AskAsync("UGFzc3dvcmQ6", cancellation));
        }

        if (user == options.Account!.Address && password == options.Account.Password)
        {
            _user = user;
            await lines.WriteAsync("235 2.7.0 welcome", cancellation);
        }
        else
        {
            await lines.WriteAsync("535 5.7.8 unknown user or wrong password", cancellation);
        }
    }

    private async Task<string> AskAsync(string challenge, CancellationToken cancellation)
    {
        await lines.WriteAsync("334 " + challenge, cancellation);
        return await lines.ReadTextAsync(Limits.MailCommandBytesMax, cancellation) ?? "";
    }

    private static string Decode(string base64)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            return "";
        }
    }

    // MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=0f
    private string Mail(string rest)
    {
        if (!MayTalk) return "530 5.7.0 STARTTLS first";
        if (options.Account is not null && _user is null) return "530 5.7.0 authentication first";
        if (_sender is not null) return "503 5.5.1 one MAIL at a time";
        if (Path(rest, "FROM:") is not (var address, var parameters)) return "501 5.5.4 MAIL FROM:<address>";
        if (options.Account is { } account && !address.Equals(account.Address, StringComparison.OrdinalIgnoreCase))
            return "550 5.7.1 this account sends as itself";
        if (faults.Next(null, MailFaultKind.RefuseSender) is not null) return "550 5.7.1 not from you";
        if (int.TryParse(parameters.GetValueOrDefault("SIZE"), CultureInfo.InvariantCulture, out var size)
            && size > options.SizeMax) return "552 5.3.4 too large";
        _sender = address;
        _envelopeId = parameters.GetValueOrDefault("ENVID");
        _is8Bit = parameters.GetValueOrDefault("BODY") is "8BITMIME";
        return "250 2.1.0 ok";
    }

    // RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@b
    private string Recipient(string rest)
    {
        if (_sender is null) return "503 5.5.1 MAIL first";
        if (Path(rest, "TO:") is not (var address, var parameters)) return "501 5.5.4 RCPT TO:<address>";
        switch (faults.Next(address, MailFaultKind.Greylist, MailFaultKind.RefuseRecipient))
        {
            case MailFaultKind.Greylist:
                return "450 4.2.1 come again later";
            case MailFaultKind.RefuseRecipient:
                return $"550 5.1.1 <{address}> is unknown here";
            default:
                _recipients.Add((address, parameters.GetValueOrDefault("NOTIFY")));
                return "250 2.1.5 ok";
        }
    }

    private async Task<bool> DataAsync(CancellationToken cancellation)
    {
        if (_recipients.Count == 0)
        {
            await lines.WriteAsync("503 5.5.1 RCPT first", cancellation);
            return true;
        }

        await lines.WriteAsync("354 go ahead", cancellation);
        var recipient = _recipients[0].Address;
        if (faults.Next(recipient, MailFaultKind.CloseInData) is not null)
        {
            await lines.ReadAsync(Limits.SmtpTextLineBytesMax, cancellation);
            return false;
        }

        var (content, problem) = await ContentAsync(cancellation);
        if (content is null) return false;
        var fault = faults.Next(
            recipient, MailFaultKind.RefuseContent, MailFaultKind.NoRoom, MailFaultKind.CloseAfterData,
            MailFaultKind.LoseAfterData);
        if (fault == MailFaultKind.LoseAfterData) return false;
        var refusal = problem ?? fault switch
        {
            MailFaultKind.RefuseContent => "554 5.6.0 not this content",
            MailFaultKind.NoRoom => "452 4.3.1 no room",
            _ => null,
        };
        if (refusal is null)
        {
            foreach (var (address, notify) in _recipients)
            {
                await take(new ReceivedMail(
                    0, _sender!, address, _envelopeId, notify, content, lines.IsSecure, _user));
            }
        }

        Reset();
        if (fault == MailFaultKind.CloseAfterData) return false;
        await lines.WriteAsync(refusal ?? "250 2.0.0 taken", cancellation);
        return true;
    }

    private async Task<(byte[]? Content, string? Problem)> ContentAsync(CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        string? problem = null;
        while (true)
        {
            byte[]? line;
            try
            {
                line = await lines.ReadAsync(Limits.SmtpTextLineBytesMax - 2, cancellation);
            }
            catch (InvalidDataException e)
            {
                await lines.WriteAsync("554 5.6.0 " + e.Message, cancellation);
                return (null, null);
            }

            if (line is null) return (null, null);
            if (line is [(byte)'.']) return (content.ToArray(), problem);
            var text = line is [(byte)'.', ..] ? line.AsMemory(1) : line;
            if (!_is8Bit && text.Span.ContainsAnyExceptInRange((byte)0, (byte)0x7F))
                problem = "554 5.6.3 8-bit content without BODY=8BITMIME";
            if (content.Length + text.Length > options.SizeMax) problem = "552 5.3.4 too large";
            else content.Write(text.Span);
            content.Write("\r\n"u8);
        }
    }

    private void Reset()
    {
        _sender = null;
        _envelopeId = null;
        _recipients.Clear();
    }

    private static (string Address, Dictionary<string, string> Parameters)? Path(string rest, string keyword)
    {
        if (!rest.StartsWith(keyword, StringComparison.OrdinalIgnoreCase)) return null;
        var parts = rest[keyword.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not [['<', .., '>'] path, .. var options]) return null;
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in options)
        {
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            parameters[equals < 0 ? option : option[..equals]] = equals < 0 ? "" : option[(equals + 1)..];
        }

        return (path[1..^1], parameters);
    }
}
