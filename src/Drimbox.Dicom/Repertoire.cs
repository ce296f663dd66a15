using System.Text;

namespace Drimbox.Dicom;

/// <summary>One coded character set: a row of PS3.3 tables C.12-2 to C.12-5.</summary>
internal sealed class Repertoire
{
    // The Encoding objects of the code pages that the shared framework brings; none is registered globally.
    private static readonly Repertoire[] Known =
    [
        new("6", 20127, "(B", null), new("100", 28591, "(B", "-A"), new("101", 28592, "(B", "-B"),
        new("109", 28593, "(B", "-C"), new("110", 28594, "(B", "-D"), new("144", 28595, "(B", "-L"),
        new("127", 28596, "(B", "-G"), new("126", 28597, "(B", "-F"), new("138", 28598, "(B", "-H"),
        new("148", 28599, "(B", "-M"), new("203", 28605, "(B", "-b"), new("166", 874, "(B", "-T"),
        new("13", 0, "(J", ")I"),
        new("87", 20932, "$B", null) { IsShifted = true, IsTwoByte = true },
        new("159", 20932, "$(D", null) { IsShifted = true, IsTwoByte = true, SecondByteMask = 0x7F },
        new("149", 51949, null, "$)C") { IsShifted = true, IsTwoByte = true },
        new("58", 936, null, "$)A") { IsShifted = true, IsTwoByte = true },
        new("192", 65001, null, null) { IsMultiByteAlone = true },
        new("GB18030", 54936, null, null) { IsMultiByteAlone = true },
        new("GBK", 936, null, null) { IsMultiByteAlone = true },
    ];

    private readonly Lazy<Encoding> _encoding;

    private Repertoire(string name, int codePage, string? g0, string? g1)
    {
        Name = name;
        G0Escape = g0;
        G1Escape = g1;
        _encoding = new Lazy<Encoding>(() => Open(codePage));
    }

    internal static Repertoire Ascii => Known[0];

    internal static IReadOnlyList<Repertoire> All => Known;

    /// <summary>The ISO registration number, or the name.</summary>
    internal string Name { get; }

    /// <summary>What follows ESC to designate it as G0 (bytes 21-7E), or null.</summary>
    internal string? G0Escape { get; }

    /// <summary>What follows ESC to designate it as G1 (bytes A1-FE), or null.</summary>
    internal string? G1Escape { get; }

    /// <summary>Used only after an escape sequence: it is never the initial state.</summary>
    internal bool IsShifted { get; private init; }

    internal bool IsTwoByte { get; private init; }

    /// <summary>ISO_IR 192, GB18030, GBK: no code extensions.</summary>
    internal bool IsMultiByteAlone { get; private init; }

    /// <summary>How code page 20932 tells JIS X 0212 from JIS X 0208: the second byte without its high bit.</summary>
    private byte SecondByteMask { get; init; } = 0xFF;

    /// <summary>By a term of PS3.3 C.12.1.1.2; spellings seen in the field (<c>ISO-IR 100</c>, <c>ISO_IR100</c>)
    /// are taken too.</summary>
    internal static Repertoire? Find(string term)
    {
        term = term.Trim();
        if (term.Length == 0) return Ascii;
        var ir = term.IndexOf("IR", StringComparison.Ordinal);
        var name = ir < 0 ? term : term[(ir + 2)..].TrimStart(' ', '_', '-');
        foreach (var repertoire in Known)
        {
            if (string.Equals(repertoire.Name, name, StringComparison.Ordinal)) return repertoire;
        }

        return null;
    }

    internal string Decode(ReadOnlySpan<byte> bytes, Vr vr)
    {
        if (Name == "13") return DecodeJisX0201(bytes, vr);
        // The default repertoire: see CharacterSet.Default.
        return (ReferenceEquals(this, Ascii) ? Encoding.Latin1 : _encoding.Value).GetString(bytes);
    }

    internal byte[] Encode(string text) => Name == "13" ? EncodeJisX0201(text) : _encoding.Value.GetBytes(text);

    internal bool CanEncode(string text)
    {
        if (IsTwoByte)
        {
            Span<byte> pair = stackalloc byte[4];
            foreach (var c in text)
            {
                if (!TryEncode(c, pair, out _)) return false;
            }

            return true;
        }

        return string.Equals(Decode(Encode(text), Vr.LT), text, StringComparison.Ordinal);
    }

    /// <summary>As <see cref="Decode(ReadOnlySpan{byte}, Vr)"/>, into <paramref name="text"/>.</summary>
    /// <returns>The number of characters.</returns>
    internal int Decode(ReadOnlySpan<byte> bytes, Vr vr, Span<char> text)
    {
        if (!string.Equals(Name, "13", StringComparison.Ordinal))
            return (ReferenceEquals(this, Ascii) ? Encoding.Latin1 : _encoding.Value).GetChars(bytes, text);
        for (var i = 0; i < bytes.Length; i++) text[i] = DecodeJisX0201(bytes[i], vr);
        return bytes.Length;
    }

    /// <summary>Two bytes of a 94×94 set, with or without their high bits.</summary>
    /// <returns>The number of characters.</returns>
    internal int DecodePair(byte first, byte second, Span<char> text) => _encoding.Value.GetChars(
        [(byte)(first | 0x80), (byte)((second | 0x80) & SecondByteMask)], text);

    /// <summary>One character that is not of ISO 646: a byte above 7F, or two 7-bit bytes of a 94×94 set.</summary>
    /// <param name="bytes">At least four.</param>
    internal bool TryEncode(char c, Span<byte> bytes, out int count)
    {
        count = 0;
        if (ReferenceEquals(this, Ascii) || c < 0x80 || char.IsSurrogate(c)) return false;
        if (IsTwoByte)
        {
            if (_encoding.Value.GetBytes([c], bytes) != 2 || bytes[0] < 0xA1) return false;
            if ((bytes[1] & 0x80) != (SecondByteMask & 0x80) || (bytes[1] | 0x80) < 0xA1) return false;
            bytes[0] &= 0x7F;
            bytes[1] &= 0x7F;
            count = 2;
            return true;
        }

        if (string.Equals(Name, "13", StringComparison.Ordinal))
        {
            bytes[0] = EncodeJisX0201(c);
            count = 1;
            return DecodeJisX0201(bytes[0], Vr.LT) == c;
        }

        // What the set lacks becomes a question mark or the nearest letter, which decodes to something else.
        Span<char> back = stackalloc char[4];
        count = _encoding.Value.GetBytes([c], bytes);
        return _encoding.Value.GetChars(bytes[..count], back) == 1 && back[0] == c;
    }

    // ISO 646-JP below 80, half-width katakana from A1 to DF (U+FF61 to U+FF9F).
    private static string DecodeJisX0201(ReadOnlySpan<byte> bytes, Vr vr)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes) text.Append(DecodeJisX0201(b, vr));
        return text.ToString();
    }

    private static char DecodeJisX0201(byte b, Vr vr) => b switch
    {
        // PS3.5 6.1.2.3 note: 5C is the yen sign, and the delimiter of values where there is one.
        0x5C => vr.IsSingleText() ? '\u00A5' : '\\',
        0x7E => '\u203E',
        < 0x80 => (char)b,
        >= 0xA1 and <= 0xDF => (char)(0xFF61 + b - 0xA1),
        _ => '\uFFFD',
    };

    private static byte[] EncodeJisX0201(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = EncodeJisX0201(text[i]);
        return bytes;
    }

    private static byte EncodeJisX0201(char c) => c switch
    {
        '\u00A5' => 0x5C,
        '\u203E' => 0x7E,
        >= '\uFF61' and <= '\uFF9F' => (byte)(c - 0xFF61 + 0xA1),
        < '\u0080' => (byte)c,
        _ => (byte)'?',
    };

    private static Encoding Open(int codePage)
    {
        var encoder = new EncoderReplacementFallback("?");
        var decoder = new DecoderReplacementFallback("\uFFFD");
        return CodePagesEncodingProvider.Instance.GetEncoding(codePage, encoder, decoder)
            ?? Encoding.GetEncoding(codePage, encoder, decoder);
    }
}
