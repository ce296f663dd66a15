using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Drimbox.Hl7.Er7;

/// <summary>Where a value stands: <c>PID-3</c>, <c>PID-3[2].4.2</c>, <c>OBX[3]-5.1</c>. Segment occurrences,
/// fields, repetitions, components and subcomponents count from 1; a component of 0 means the whole field.</summary>
public readonly record struct Er7Path(
    string Segment, int Occurrence, int Field, int Repetition, int Component, int Subcomponent)
{
    /// <summary>Reads <c>SEG[occurrence]-field[repetition].component.subcomponent</c>; the brackets and all that
    /// follows the segment may be left away.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Er7Path path)
    {
        path = default;
        if (text is null || text.Length < 3) return false;
        var segment = text[..3];
        if (!IsSegmentName(segment)) return false;
        var rest = text.AsSpan(3);
        int occurrence = 1, field = 0, repetition = 1, component = 0, subcomponent = 0;
        if (!TryBracket(ref rest, ref occurrence)) return false;
        if (rest.Length > 0)
        {
            if (!TryNumber(ref rest, '-', ref field) || !TryBracket(ref rest, ref repetition)) return false;
            if (rest.Length > 0 && !TryNumber(ref rest, '.', ref component)) return false;
            if (rest.Length > 0 && !TryNumber(ref rest, '.', ref subcomponent)) return false;
            if (rest.Length > 0) return false;
        }

        path = new Er7Path(segment, occurrence, field, repetition, component, subcomponent);
        return true;
    }

    /// <exception cref="FormatException"><paramref name="text"/> is no path; for paths in our own tables.</exception>
    public static Er7Path Parse(string text) =>
        TryParse(text, out var path) ? path : throw new FormatException($"Not an HL7 path: {text}");

    /// <summary>Reads what <see cref="ToErl"/> writes.</summary>
    public static bool TryParseErl([NotNullWhen(true)] string? erl, out Er7Path path)
    {
        path = default;
        if (erl?.Split('^') is not { Length: >= 1 and <= 6 } parts || !IsSegmentName(parts[0])) return false;
        Span<int> numbers = [1, 0, 1, 0, 0];
        for (var i = 1; i < parts.Length; i++)
        {
            if (!TryPositive(parts[i], out numbers[i - 1])) return false;
        }

        path = new Er7Path(parts[0], numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        return true;
    }

    /// <summary>True for a segment name: a capital letter and two capitals or digits. Source: HL7 v2.5.1
    /// 2.5.2.</summary>
    public static bool IsSegmentName(ReadOnlySpan<char> name) =>
        name.Length == 3 && char.IsAsciiLetterUpper(name[0])
        && IsNameTail(name[1]) && IsNameTail(name[2]);

    /// <summary>ERL, for ERR-2: <c>MSH^1^12</c>, <c>OBX^3^5^1^1</c>. Source: HL7 v2.5.1 2.A.28.</summary>
    public string ToErl()
    {
        var erl = new StringBuilder(Segment).Append('^').Append(Occurrence);
        if (Field == 0) return erl.ToString();
        erl.Append('^').Append(Field);
        if (Repetition == 1 && Component == 0) return erl.ToString();
        erl.Append('^').Append(Repetition);
        if (Component > 0) erl.Append('^').Append(Component);
        if (Subcomponent > 0) erl.Append('^').Append(Subcomponent);
        return erl.ToString();
    }

    public override string ToString()
    {
        var text = new StringBuilder(Segment);
        if (Occurrence != 1) text.Append('[').Append(Occurrence).Append(']');
        if (Field == 0) return text.ToString();
        text.Append('-').Append(Field);
        if (Repetition != 1) text.Append('[').Append(Repetition).Append(']');
        if (Component > 0) text.Append('.').Append(Component);
        if (Subcomponent > 0) text.Append('.').Append(Subcomponent);
        return text.ToString();
    }

    private static bool IsNameTail(char c) => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c);

    private static bool TryBracket(ref ReadOnlySpan<char> rest, ref int number)
    {
        if (rest.Length == 0 || rest[0] != '[') return true;
        var close = rest.IndexOf(']');
        if (close < 0 || !TryPositive(rest[1..close], out number)) return false;
        rest = rest[(close + 1)..];
        return true;
    }

    private static bool TryNumber(ref ReadOnlySpan<char> rest, char lead, ref int number)
    {
        if (rest[0] != lead) return false;
        var end = 1;
        while (end < rest.Length && char.IsAsciiDigit(rest[end])) end++;
        if (!TryPositive(rest[1..end], out number)) return false;
        rest = rest[end..];
        return true;
    }

    private static bool TryPositive(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
}
