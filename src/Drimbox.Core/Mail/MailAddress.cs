using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Mail;

/// <summary>A mail address as MSSanté has them: a dot-string at a domain name, in ASCII. Source: RFC 5321 4.1.2
/// (Mailbox) without quoted strings and address literals, which no operator of MSSanté gives out.</summary>
[JsonConverter(typeof(ParsableJsonConverter<MailAddress>))]
public readonly record struct MailAddress : IParsable<MailAddress>
{
    // RFC 5321 4.5.3.1.1, .2 and .3: local part, domain, and a path of 256 with its brackets.
    private const int LocalPartLengthMax = 64;
    private const int DomainLengthMax = 253;
    private const int LengthMax = 254;

    private readonly string? _value;

    private MailAddress(string value) => _value = value;

    public bool IsEmpty => _value is null;

    public string LocalPart => _value is null ? "" : _value[..At];

    /// <summary>In lower case: case does not count in a domain name (RFC 1035 2.3.3).</summary>
    public string Domain => _value is null ? "" : _value[(At + 1)..].ToLowerInvariant();

    private int At => _value!.LastIndexOf('@');

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out MailAddress result)
    {
        result = default;
        if (s is null || s.Length > LengthMax) return false;
        var at = s.LastIndexOf('@');
        if (at is < 1 or > LocalPartLengthMax || !IsDotString(s.AsSpan(0, at)) || !IsDomain(s.AsSpan(at + 1)))
            return false;
        result = new MailAddress(s);
        return true;
    }

    /// <exception cref="FormatException">Not an address.</exception>
    public static MailAddress Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var address) ? address : throw new FormatException("Not a mail address.");

    /// <summary>Two spellings of one mailbox: no operator tells mailboxes apart by case, and notifications change it.
    /// </summary>
    public bool Equals(MailAddress other) => string.Equals(_value, other._value, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(_value ?? "");

    public override string ToString() => _value ?? "";

    /// <summary>True for a domain that is <paramref name="domain"/> or below it.</summary>
    public bool IsWithin(string domain) =>
        string.Equals(Domain, domain, StringComparison.OrdinalIgnoreCase)
        || Domain.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);

    private static bool IsDotString(ReadOnlySpan<char> text)
    {
        if (text[0] == '.' || text[^1] == '.' || text.IndexOf("..") >= 0) return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-/=?^_`{|}~.".Contains(c)) return false;
        }

        return true;
    }

    private static bool IsDomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > DomainLengthMax || text[0] is '.' or '-' || text[^1] is '.' or '-') return false;
        if (text.IndexOf("..") >= 0) return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')) return false;
        }

        return text.Contains('.');
    }
}
