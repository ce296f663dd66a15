using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Drimbox.Core.Identity;

/// <summary>The name in a certificate, to compare with another writing of it. Source: RFC 4514. The order of writing (from
/// the leaf or from the country), spaces around separators, the case, and the two names of the state (S, ST) do not matter.
/// </summary>
public sealed class DistinguishedName : IEquatable<DistinguishedName>
{
    private readonly List<(string Type, string Value)> _parts;

    private DistinguishedName(List<(string Type, string Value)> parts) => _parts = parts;

    /// <summary>The first value of a type: <c>CN</c>; null without one.</summary>
    public string? this[string type] =>
        _parts.Find(part => part.Type.Equals(type, StringComparison.OrdinalIgnoreCase)).Value;

    public static bool TryParse(string? text, [NotNullWhen(true)] out DistinguishedName? name)
    {
        name = null;
        var parts = new List<(string Type, string Value)>();
        for (var rest = (text ?? "").AsSpan(); ;)
        {
            var equals = rest.IndexOf('=');
            if (equals < 1) return false;
            var type = rest[..equals].Trim().ToString().ToUpperInvariant();
            rest = rest[(equals + 1)..];
            if (type.Length == 0 || TakeValue(ref rest) is not { } value) return false;
            parts.Add((type == "S" ? "ST" : type, value));
            if (rest.IsEmpty) break;
            rest = rest[1..];
        }

        // From the leaf, as RFC 4514 2.1 has it; a list that ends with the common name is written the other way.
        if (parts[^1].Type == "CN" && parts[0].Type != "CN") parts.Reverse();
        name = new DistinguishedName(parts);
        return true;
    }

    public bool Equals(DistinguishedName? other) =>
        other is not null && _parts.Count == other._parts.Count && _parts.Zip(other._parts).All(pair =>
            pair.First.Type == pair.Second.Type
            && string.Equals(pair.First.Value, pair.Second.Value, StringComparison.OrdinalIgnoreCase));

    public override bool Equals(object? obj) => Equals(obj as DistinguishedName);

    public override int GetHashCode() => _parts.Count == 0
        ? 0
        : HashCode.Combine(_parts.Count, StringComparer.OrdinalIgnoreCase.GetHashCode(_parts[0].Value));

    public override string ToString() => string.Join(", ", _parts.Select(part => $"{part.Type}={part.Value}"));

    // Up to the next separator that is not escaped (RFC 4514 2.4) or quoted (RFC 2253 4).
    private static string? TakeValue(ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart();
        var value = new StringBuilder();
        var isQuoted = rest.StartsWith("\"");
        var at = isQuoted ? 1 : 0;
        var wasEscaped = 0;
        for (; at < rest.Length; at++)
        {
            var c = rest[at];
            if (c == '\\' && at + 1 < rest.Length)
            {
                value.Append(rest[++at]);
                wasEscaped = value.Length;
                continue;
            }

            if (isQuoted ? c == '"' : c is ',' or ';' or '+') break;
            value.Append(c);
        }

        if (isQuoted)
        {
            if (at == rest.Length) return null;
            rest = rest[(at + 1)..].TrimStart();
            if (!rest.IsEmpty && rest[0] is not (',' or ';' or '+')) return null;
            return value.ToString();
        }

        rest = rest[at..];
        while (value.Length > wasEscaped && value[^1] == ' ') value.Length--;
        return value.ToString();
    }
}
