using System.Text;

namespace Drimbox.Emulators.Mail;

/// <summary>The headers of a mail (RFC 5322 2.2), read without a mail library: what a peer's library writes is judged
/// by other code than its own.</summary>
internal static class MailHeaders
{
    public static string? Find(ReadOnlySpan<byte> content, string name)
    {
        var end = content.IndexOf("\r\n\r\n"u8);
        var lines = Encoding.UTF8.GetString(end < 0 ? content : content[..end]).Split("\r\n");
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) continue;
            var value = new StringBuilder(lines[i][(name.Length + 1)..]);
            while (i + 1 < lines.Length && lines[i + 1] is [' ' or '\t', ..]) value.Append(lines[++i]);
            return value.ToString().Trim();
        }

        return null;
    }
}
