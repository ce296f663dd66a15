using System.Text;

namespace Drimbox.Hl7.Er7;

/// <summary>The character sets of the CI-SIS volets. Source: MSH-18, HL7 table 0211.</summary>
public sealed class Er7Charset
{
    private readonly Encoding _encoding;

    private Er7Charset(string code, Encoding encoding)
    {
        Code = code;
        _encoding = encoding;
    }

    public static Er7Charset Utf8 { get; } = new("UNICODE UTF-8", new UTF8Encoding(false));

    // Code page 28605: Latin 9, with the euro sign, œ and Œ.
    public static Er7Charset Iso885915 { get; } =
        new("8859/15", CodePagesEncodingProvider.Instance.GetEncoding(28605) ?? Encoding.Latin1);

    /// <summary>The value of MSH-18.</summary>
    public string Code { get; }

    /// <summary>The set that MSH-18 names, or null for one that the volets do not allow. An absent MSH-18 means ASCII,
    /// which UTF-8 contains.</summary>
    public static Er7Charset? For(string code) => code.Trim() switch
    {
        "" or "UNICODE UTF-8" => Utf8,
        "8859/15" => Iso885915,
        _ => null,
    };

    public string GetString(ReadOnlySpan<byte> bytes) => _encoding.GetString(bytes);

    public byte[] GetBytes(string text) => _encoding.GetBytes(text);

    /// <summary>True if <paramref name="bytes"/> can be text of this set.</summary>
    public bool IsValid(ReadOnlySpan<byte> bytes) =>
        !ReferenceEquals(this, Utf8) || System.Text.Unicode.Utf8.IsValid(bytes);
}
