using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Identity;

/// <summary>An identifier with the authority that makes it unique: CDA <c>II</c> (root, extension), HL7 <c>EI</c>
/// (EI-3, EI-1) and <c>CX</c> alike. Written <c>root^extension</c>, or the root alone where it is the whole
/// identifier. Source: HL7 CDA R2 data types 2.15; ITI TF-3 4.2.3.2.26 for the text form.</summary>
[JsonConverter(typeof(ParsableJsonConverter<InstanceIdentifier>))]
public readonly record struct InstanceIdentifier : IParsable<InstanceIdentifier>
{
    private const int TextLengthMax = 255;

    private InstanceIdentifier(string root, string? extension)
    {
        Root = root;
        Extension = extension;
    }

    /// <summary>The authority, an OID in practice; empty only for the default value.</summary>
    public string Root { get; }

    /// <summary>The identifier under that authority, or null where the root says it all.</summary>
    public string? Extension { get; }

    public bool IsEmpty => string.IsNullOrEmpty(Root);

    public static bool TryCreate(string? root, string? extension, out InstanceIdentifier result)
    {
        result = default;
        if (string.IsNullOrWhiteSpace(root) || !IsPlain(root)) return false;
        if (string.IsNullOrEmpty(extension)) extension = null;
        if (extension is not null && !IsPlain(extension)) return false;
        if (root.Length + (extension?.Length ?? 0) > TextLengthMax) return false;
        result = new InstanceIdentifier(root, extension);
        return true;
    }

    /// <exception cref="FormatException">Not an identifier.</exception>
    public static InstanceIdentifier Create(string root, string? extension) =>
        TryCreate(root, extension, out var id) ? id : throw new FormatException("Not an instance identifier.");

    public static bool TryParse(
        [NotNullWhen(true)] string? s, IFormatProvider? provider, out InstanceIdentifier result)
    {
        result = default;
        if (s is null) return false;
        var caret = s.IndexOf('^', StringComparison.Ordinal);
        return caret < 0 ? TryCreate(s, null, out result) : TryCreate(s[..caret], s[(caret + 1)..], out result);
    }

    public static InstanceIdentifier Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("Not an instance identifier.");

    public override string ToString() => Extension is null ? Root ?? "" : $"{Root}^{Extension}";

    private static bool IsPlain(string s)
    {
        foreach (var c in s)
        {
            if (c is '^' || char.IsControl(c)) return false;
        }

        return true;
    }
}
