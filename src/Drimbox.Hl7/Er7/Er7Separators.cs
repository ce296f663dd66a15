namespace Drimbox.Hl7.Er7;

/// <summary>The delimiters that a message declares in MSH-1 and MSH-2. Source: HL7 v2.5.1 2.5.4.</summary>
public readonly record struct Er7Separators(
    byte Field, byte Component, byte Repetition, byte Escape, byte Subcomponent)
{
    /// <summary>The recommended ones, and the only ones of the CI-SIS volets: <c>|^~\&amp;</c>.</summary>
    public static Er7Separators Standard { get; } =
        new((byte)'|', (byte)'^', (byte)'~', (byte)'\\', (byte)'&');

    /// <summary>Reads MSH-1 and MSH-2 from the beginning of a message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Er7Separators separators)
    {
        separators = default;
        // MSH|^~\&|…  (HL7 v2.7 adds a fifth encoding character, the truncation mark)
        if (message.Length < 8 || !message.StartsWith("MSH"u8)) return false;
        var field = message[3];
        var encoding = message[4..];
        var length = encoding.IndexOf(field);
        if (length < 0) length = encoding.IndexOfAny((byte)'\r', (byte)'\n');
        if (length < 0) length = encoding.Length;
        if (length is < 4 or > 5) return false;
        ReadOnlySpan<byte> all = [field, .. encoding[..length]];
        for (var i = 0; i < all.Length; i++)
        {
            if (!IsDelimiter(all[i]) || all[..i].Contains(all[i])) return false;
        }

        separators = new Er7Separators(field, all[1], all[2], all[3], all[4]);
        return true;
    }

    // Letters and digits would make every value ambiguous; control characters end segments and frames.
    private static bool IsDelimiter(byte b) => b is > 0x20 and < 0x7F && !char.IsAsciiLetterOrDigit((char)b);
}
