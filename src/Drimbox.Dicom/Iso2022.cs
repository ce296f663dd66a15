using System.Buffers;

namespace Drimbox.Dicom;

/// <summary>Text with code extensions. Source: PS3.5 6.1.2.4 and 6.1.2.5; ISO/IEC 2022.</summary>
internal static class Iso2022
{
    private const byte Escape = 0x1B;
    private const int StackMax = 256;

    // Two escape sequences of four bytes and a character of two.
    private const int EncodedCharMax = 10;

    internal static string Decode(ReadOnlySpan<byte> bytes, Vr vr, Repertoire first)
    {
        var initialG1 = first.IsShifted ? Repertoire.Ascii : first;
        var initialG0 = first.Name == "13" ? first : Repertoire.Ascii;
        Repertoire g0 = initialG0, g1 = initialG1;
        // No set here makes more characters than it takes bytes.
        char[]? rented = null;
        var text = bytes.Length <= StackMax
            ? stackalloc char[StackMax]
            : rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        var length = 0;
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
                text[length++] = (char)b;
                i++;
                continue;
            }

            var set = b < 0x80 ? g0 : g1;
            if (set.IsTwoByte && b is not 0x20)
            {
                if (i + 1 == bytes.Length)
                {
                    text[length++] = '\uFFFD';
                    break;
                }

                length += set.DecodePair(b, bytes[i + 1], text[length..]);
                i += 2;
                continue;
            }

            var end = i + 1;
            while (end < bytes.Length && bytes[end] >= 0x20 && (bytes[end] < 0x80) == (b < 0x80)
                   && !IsDelimiter(bytes[end], vr)) end++;
            length += set.Decode(bytes[i..end], vr, text[length..]);
            i = end;
        }

        var decoded = new string(text[..length]);
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        return decoded;
    }

    internal static byte[] Encode(string text, Vr vr, Repertoire[] repertoires)
    {
        var initial = repertoires[0].IsShifted ? Repertoire.Ascii : repertoires[0];
        Repertoire g0 = Repertoire.Ascii, g1 = initial;
        var rented = ArrayPool<byte>.Shared.Rent((text.Length + 1) * EncodedCharMax);
        var bytes = rented.AsSpan();
        var length = 0;
        Span<byte> encoded = stackalloc byte[4];
        foreach (var c in text)
        {
            if (c < 0x80)
            {
                // PS3.5 6.1.2.5.3: back to ISO 646 before a delimiter, a control character and the end.
                if (g0.IsTwoByte) length += WriteEscape(bytes[length..], Repertoire.Ascii.G0Escape!);
                g0 = Repertoire.Ascii;
                if (c < 0x20 || IsDelimiter((byte)c, vr)) g1 = initial;
                bytes[length++] = (byte)c;
                continue;
            }

            if (!TryFind(c, g0, g1, repertoires, encoded, out var set, out var count))
            {
                if (g0.IsTwoByte) length += WriteEscape(bytes[length..], Repertoire.Ascii.G0Escape!);
                g0 = Repertoire.Ascii;
                bytes[length++] = (byte)'?';
                continue;
            }

            var high = set.G1Escape is not null;
            if (high && !ReferenceEquals(g1, set))
            {
                length += WriteEscape(bytes[length..], set.G1Escape!);
                g1 = set;
            }
            else if (!high && !ReferenceEquals(g0, set))
            {
                length += WriteEscape(bytes[length..], set.G0Escape!);
                g0 = set;
            }

            foreach (var b in encoded[..count]) bytes[length++] = (byte)(set.IsTwoByte && high ? b | 0x80 : b);
        }

        if (g0.IsTwoByte) length += WriteEscape(bytes[length..], Repertoire.Ascii.G0Escape!);
        var result = bytes[..length].ToArray();
        ArrayPool<byte>.Shared.Return(rented);
        return result;
    }

    // The sets in use first, so that no escape is written without need.
    private static bool TryFind(
        char c, Repertoire g0, Repertoire g1, Repertoire[] all, Span<byte> encoded, out Repertoire set, out int count)
    {
        set = g0;
        if (g0.TryEncode(c, encoded, out count)) return true;
        set = g1;
        if (g1.TryEncode(c, encoded, out count)) return true;
        foreach (var candidate in all)
        {
            set = candidate;
            if (candidate.TryEncode(c, encoded, out count)) return true;
        }

        return false;
    }

    private static int WriteEscape(Span<byte> bytes, string sequence)
    {
        bytes[0] = Escape;
        for (var i = 0; i < sequence.Length; i++) bytes[1 + i] = (byte)sequence[i];
        return 1 + sequence.Length;
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
