using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Dicom.Web;

/// <summary>A media type, or a media range of an Accept field. Source: RFC 9110 8.3.1 and 12.5.1; PS3.18 8.7.</summary>
public sealed class MediaType
{
    private readonly IReadOnlyList<(string Name, string Value)> _parameters;

    private MediaType(string type, string subtype, IReadOnlyList<(string Name, string Value)> parameters)
    {
        Type = type;
        Subtype = subtype;
        _parameters = parameters;
    }

    /// <summary>Lower case; <c>*</c> in a range.</summary>
    public string Type { get; }

    /// <summary>Lower case; <c>*</c> in a range.</summary>
    public string Subtype { get; }

    /// <summary>Type and subtype: <c>application/dicom</c>.</summary>
    public string Essence => $"{Type}/{Subtype}";

    /// <summary>The weight, 0 to 1; 1 where none is given or it is none.</summary>
    public double Quality =>
        double.TryParse(this["q"], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality)
        && quality is >= 0 and <= 1 ? quality : 1;

    /// <summary>The value of a parameter, or null. Names are compared without regard to case.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var (known, value) in _parameters)
            {
                if (string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) return value;
            }

            return null;
        }
    }

    /// <summary>Reads one: <c>multipart/related; type="application/dicom"; boundary=x</c>. Senders leave the quotes of
    /// the type away, so a value without quotes may have any character but separators of the list.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out MediaType? mediaType)
    {
        mediaType = null;
        if (string.IsNullOrEmpty(text) || text.Length > Limits.MediaTypeLengthMax) return false;
        var parts = Split(text, ';');
        var slash = parts[0].IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return false;
        var type = parts[0][..slash].Trim().ToLowerInvariant();
        var subtype = parts[0][(slash + 1)..].Trim().ToLowerInvariant();
        if (!IsToken(type) || !IsToken(subtype)) return false;
        var parameters = new List<(string, string)>();
        foreach (var part in parts.Skip(1))
        {
            if (part.Trim().Length == 0) continue;
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !IsToken(part[..equals].Trim())) return false;
            parameters.Add((part[..equals].Trim(), Unquote(part[(equals + 1)..].Trim())));
        }

        mediaType = new MediaType(type, subtype, parameters);
        return true;
    }

    /// <summary>Reads a list, as Accept has it. What is not a media type is passed over (PS3.18 8.7.7).</summary>
    public static IReadOnlyList<MediaType> ParseList(string? text)
    {
        var list = new List<MediaType>();
        if (text is null || text.Length > Limits.AcceptLengthMax) return list;
        foreach (var part in Split(text, ','))
        {
            if (TryParse(part, out var mediaType)) list.Add(mediaType);
        }

        return list;
    }

    // At separators that are not inside a quoted string.
    private static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (isQuoted && text[i] == '\\') i++;
            else if (text[i] == '"') isQuoted = !isQuoted;
            else if (!isQuoted && text[i] == separator)
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static string Unquote(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"') return value;
        var text = new StringBuilder(value.Length);
        for (var i = 1; i < value.Length - 1; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length - 1) i++;
            text.Append(value[i]);
        }

        return text.ToString();
    }

    // RFC 9110 5.6.2.
    private static bool IsToken(string text) =>
        text.Length > 0 && text.All(
            c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}
