using System.Buffers;
using System.Globalization;

namespace Drimbox.Hl7.Er7;

/// <summary>Escape sequences of text values. Source: HL7 v2.5.1 2.7.</summary>
internal static class Er7Escape
{
    /// <summary>The text of a leaf value. A sequence that is not known stays as it is written.</summary>
    public static string Decode(ReadOnlySpan<byte> raw, Er7Separators separators, Er7Charset charset)
    {
        if (!raw.Contains(separators.Escape)) return charset.GetString(raw);
        var buffer = ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            return charset.GetString(buffer.AsSpan(0, Decode(raw, separators, buffer)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Resolves the sequences into <paramref name="target"/>, which is as long as the source or longer: no
    /// sequence is shorter than what it stands for.</summary>
    /// <returns>The bytes written.</returns>
    public static int Decode(ReadOnlySpan<byte> raw, Er7Separators separators, Span<byte> target)
    {
        var written = 0;
        while (raw.Length > 0)
        {
            var start = raw.IndexOf(separators.Escape);
            if (start < 0) start = raw.Length;
            raw[..start].CopyTo(target[written..]);
            written += start;
            raw = raw[start..];
            if (raw.Length == 0) break;

            var length = raw[1..].IndexOf(separators.Escape);
            if (length >= 0 && TryResolve(raw.Slice(1, length), separators, target[written..], out var count))
            {
                written += count;
                raw = raw[(length + 2)..];
                continue;
            }

            target[written++] = raw[0];
            raw = raw[1..];
        }

        return written;
    }

    /// <summary>Writes <paramref name="text"/> so that it can be no delimiter, no segment and no frame end.</summary>
    public static void Encode(string text, Er7Charset charset, IBufferWriter<byte> target)
    {
        foreach (var b in charset.GetBytes(text))
        {
            switch (b)
            {
                case (byte)'|': target.Write(@"\F\"u8); break;
                case (byte)'^': target.Write(@"\S\"u8); break;
                case (byte)'&': target.Write(@"\T\"u8); break;
                case (byte)'~': target.Write(@"\R\"u8); break;
                case (byte)'\\': target.Write(@"\E\"u8); break;
                case (byte)'\n': target.Write(@"\.br\"u8); break;
                case < 0x20 or 0x7F:
                    target.Write([(byte)'\\', (byte)'X', Hex(b >> 4), Hex(b & 15), (byte)'\\']);
                    break;
                default: target.Write([b]); break;
            }
        }
    }

    private static bool TryResolve(
        ReadOnlySpan<byte> code, Er7Separators separators, Span<byte> target, out int count)
    {
        count = 1;
        switch (code)
        {
            case [(byte)'F']: target[0] = separators.Field; return true;
            case [(byte)'S']: target[0] = separators.Component; return true;
            case [(byte)'T']: target[0] = separators.Subcomponent; return true;
            case [(byte)'R']: target[0] = separators.Repetition; return true;
            case [(byte)'E']: target[0] = separators.Escape; return true;
            // HL7 v2.5.1 2.7.1: highlighting has no meaning for us.
            case [(byte)'H'] or [(byte)'N']: count = 0; return true;
            // HL7 v2.5.1 2.7.6: a line break; \.sp\ skips a line and is one for a reader.
            case [(byte)'.', (byte)'b', (byte)'r'] or [(byte)'.', (byte)'s', (byte)'p']:
                target[0] = (byte)'\n';
                return true;
            case [(byte)'X', .. var digits]: return TryHex(digits, target, out count);
            default: return false;
        }
    }

    private static bool TryHex(ReadOnlySpan<byte> digits, Span<byte> target, out int count)
    {
        count = digits.Length / 2;
        if (digits.Length == 0 || digits.Length % 2 != 0) return false;
        for (var i = 0; i < count; i++)
        {
            if (!byte.TryParse(
                    digits.Slice(2 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                return false;
            }

            target[i] = b;
        }

        return true;
    }

    private static byte Hex(int nibble) => (byte)(nibble < 10 ? '0' + nibble : 'A' + nibble - 10);
}
