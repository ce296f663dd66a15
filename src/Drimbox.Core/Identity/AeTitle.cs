using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Identity;

/// <summary>An Application Entity title. Source: PS3.5 6.2, AE: at most 16 characters of the default repertoire
/// without backslash and control characters; leading and trailing spaces are not significant.</summary>
[JsonConverter(typeof(ParsableJsonConverter<AeTitle>))]
public readonly record struct AeTitle : IParsable<AeTitle>
{
    private readonly string? _value;

    private AeTitle(string value) => _value = value;

    public bool IsEmpty => _value is null;

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out AeTitle result)
    {
        result = default;
        var text = s?.Trim(' ');
        if (string.IsNullOrEmpty(text) || text.Length > Limits.AeTitleLengthMax) return false;
        foreach (var c in text)
        {
            if (c is < ' ' or > '~' or '\\') return false;
        }

        result = new AeTitle(text);
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, out AeTitle result) => TryParse(s, null, out result);

    /// <exception cref="FormatException"><paramref name="s"/> is not an AE title.</exception>
    public static AeTitle Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var title) ? title : throw new FormatException("Not an AE title (PS3.5 6.2).");

    public override string ToString() => _value ?? "";
}
