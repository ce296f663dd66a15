using System.Text;

namespace Drimbox.Dicom;

/// <summary>Text with code extensions. Source: PS3.5 6.1.2.4 and 6.1.2.5; ISO/IEC 2022.</summary>
internal static class Iso2022
{
    private const byte Escape = 0x1B;

    internal static string Decode(ReadOnlySpan<byte> bytes, Vr vr, Repertoire first)
    {
        var initialG1 = first.IsShifted ? Repertoire.Ascii : first;
        var initialG0 = first.Name == "13" ? first : Repertoire.Ascii;
        Repertoire g0 = initialG0, g1 = initialG1;
        var text = new StringBuilder(bytes.Length);
        var i = 0;
        while (i < bytes.Length)
        {
            var b = bytes[i];
            if (b == Escape)
            {
                i += 1 + Designate(bytes[(i + 1)..], ref g0, ref g1);
                continue;
            }

            // PS3.5 6.1.2.5.3: control characters and delimiters bring the initial state back.
            if (b < 0x20 || (!g0.IsTwoByte && IsDelimiter(b, vr)))
            {
                (g0, g1) = (initialG0, initialG1);
                text.Append((char)b);
                i++;
                continue;
            }

            var set = b < 0x80 ? g0 : g1;
            if (set.IsTwoByte && b is not 0x20)
            {
                if (i + 1 == bytes.Length)
                {
                    text.Append('\uFFFD');
                    break;
                }

                text.Append(set.DecodePair(b, bytes[i + 1]));
                i += 2;
                continue;
            }

            var end = i + 1;
            while (end < bytes.Length && bytes[end] >= 0x20 && (bytes[end] < 0x80) == (b < 0x80)
                   && !IsDelimiter(bytes[end], vr)) end++;
            text.Append(set.Decode(bytes[i..end], vr));
            i = end;
        }

        return text.ToString();
    }

    internal static byte[] Encode(string text, Vr vr, Repertoire[] repertoires)
    {
        var initial = repertoires[0].IsShifted ? Repertoire.Ascii : repertoires[0];
        Repertoire g0 = Repertoire.Ascii, g1 = initial;
        var bytes = new List<byte>(text.Length * 2);
        foreach (var c in text)
        {
            if (c < 0x80)
            {
                // PS3.5 6.1.2.5.3: back to ISO 646 before a delimiter, a control character and the end.
                if (g0.IsTwoByte) WriteEscape(bytes, Repertoire.Ascii.G0Escape!);
                g0 = Repertoire.Ascii;
                if (c < 0x20 || IsDelimiter((byte)c, vr)) g1 = initial;
                bytes.Add((byte)c);
                continue;
            }

            if (!TryFind(c, g0, g1, repertoires, out var set))
            {
                if (g0.IsTwoByte) WriteEscape(bytes, Repertoire.Ascii.G0Escape!);
                g0 = Repertoire.Ascii;
                bytes.Add((byte)'?');
                continue;
            }

            var high = set.G1Escape is not null;
            if (high && !ReferenceEquals(g1, set))
            {
                WriteEscape(bytes, set.G1Escape!);
                g1 = set;
            }
            else if (!high && !ReferenceEquals(g0, set))
            {
                WriteEscape(bytes, set.G0Escape!);
                g0 = set;
            }

            if (set.TryEncodePairOrNone(c) is { } pair)
            {
                bytes.Add((byte)(high ? pair.First | 0x80 : pair.First));
                bytes.Add((byte)(high ? pair.Second | 0x80 : pair.Second));
            }
            else
            {
                bytes.AddRange(set.Encode(c.ToString()));
            }
        }

        if (g0.IsTwoByte) WriteEscape(bytes, Repertoire.Ascii.G0Escape!);
        return [.. bytes];
    }

    private static (byte First, byte Second)? TryEncodePairOrNone(this Repertoire set, char c) =>
        set.IsTwoByte && set.TryEncodePair(c, out var pair) ? pair : null;

    // The sets in use first, so that no escape is written without need.
    private static bool TryFind(char c, Repertoire g0, Repertoire g1, Repertoire[] all, out Repertoire set)
    {
        foreach (var candidate in (ReadOnlySpan<Repertoire>)[g0, g1, .. all])
        {
            set = candidate;
            if (!ReferenceEquals(set, Repertoire.Ascii) && set.CanEncode(c.ToString())) return true;
        }

        set = Repertoire.Ascii;
        return false;
    }

    private static void WriteEscape(List<byte> bytes, string sequence)
    {
        bytes.Add(Escape);
        foreach (var c in sequence) bytes.Add((byte)c);
    }

    /// <returns>The length of the sequence after ESC; 0 for one that PS3.3 does not define, which is dropped.</returns>
    private static int Designate(ReadOnlySpan<byte> bytes, ref Repertoire g0, ref Repertoire g1)
    {
        foreach (var set in Repertoire.All)
        {
            if (set.G1Escape is { } high && StartsWith(bytes, high))
            {
                g1 = set;
                return high.Length;
            }

            if (set.G0Escape is { } low && StartsWith(bytes, low))
            {
                g0 = low == "(B" ? Repertoire.Ascii : set;
                return low.Length;
            }
        }

        return 0;
    }

    private static bool StartsWith(ReadOnlySpan<byte> bytes, string sequence)
    {
        if (bytes.Length < sequence.Length) return false;
        for (var i = 0; i < sequence.Length; i++)
        {
            if (bytes[i] != sequence[i]) return false;
        }

        return true;
    }

    private static bool IsDelimiter(byte b, Vr vr) => b switch
    {
        (byte)'\\' => !vr.IsSingleText(),
        (byte)'^' or (byte)'=' => vr == Vr.PN,
        _ => false,
    };
}
