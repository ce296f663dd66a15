using System.Text;

namespace Drimbox.Dicom.Json;

/// <summary>IS and DS in the form that JSON gives numbers.</summary>
internal static class JsonNumber
{
    /// <summary>Turns the text of IS or DS into a JSON number without a change of its value or of its digits after
    /// the point: no plus sign, no leading zeros, digits on both sides of the point (RFC 8259 section 6).</summary>
    /// <param name="text">Without surrounding spaces.</param>
    internal static bool TryNormalise(string text, bool isInteger, out ReadOnlySpan<byte> number)
    {
        number = default;
        // PS3.5 6.2: DS has 16 characters, IS 12. Far longer ones are no numbers to anyone.
        if (text.Length > 64 || !Ascii.IsValid(text)) return false;
        var rest = text.AsSpan();
        var result = new StringBuilder(text.Length + 2);
        if (rest is ['+' or '-', ..])
        {
            if (rest[0] == '-') result.Append('-');
            rest = rest[1..];
        }

        var whole = TakeDigits(ref rest);
        var fraction = ReadOnlySpan<char>.Empty;
        if (rest is ['.', ..] && !isInteger)
        {
            rest = rest[1..];
            fraction = TakeDigits(ref rest);
        }

        if (whole.IsEmpty && fraction.IsEmpty) return false;
        whole = whole.TrimStart('0');
        result.Append(whole.IsEmpty ? "0" : whole);
        if (!fraction.IsEmpty) result.Append('.').Append(fraction);
        if (rest is ['e' or 'E', ..] && !isInteger)
        {
            result.Append('E');
            rest = rest[1..];
            if (rest is ['+' or '-', ..])
            {
                result.Append(rest[0]);
                rest = rest[1..];
            }

            var exponent = TakeDigits(ref rest);
            if (exponent.IsEmpty) return false;
            result.Append(exponent);
        }

        if (!rest.IsEmpty) return false;
        number = Encoding.ASCII.GetBytes(result.ToString());
        return true;
    }

    private static ReadOnlySpan<char> TakeDigits(scoped ref ReadOnlySpan<char> rest)
    {
        var count = rest.IndexOfAnyExceptInRange('0', '9');
        if (count < 0) count = rest.Length;
        var digits = rest[..count];
        rest = rest[count..];
        return digits;
    }
}
