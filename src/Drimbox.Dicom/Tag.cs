using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drimbox.Dicom;

/// <summary>The tag of a data element: group and element number. Source: PS3.5 7.1. The static properties are the
/// keywords of PS3.6, letter for letter.</summary>
/// <param name="Value">Group in the upper 16 bits, element in the lower.</param>
public readonly partial record struct Tag(uint Value) : IComparable<Tag>
{
    public Tag(ushort group, ushort element) : this(((uint)group << 16) | element)
    {
    }

    public ushort Group => (ushort)(Value >> 16);

    public ushort Element => (ushort)(Value & 0xFFFF);

    /// <summary>PS3.5 7.8: odd groups are private (those up to 0007 and FFFF are invalid, and private all the same
    /// to a reader that must keep them).</summary>
    public bool IsPrivate => (Value & 0x1_0000) != 0;

    /// <summary>PS3.5 7.8.1: (gggg,0010-00FF) reserves a block of a private group.</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x10 and <= 0xFF;

    /// <summary>PS3.5 7.2.</summary>
    public bool IsGroupLength => Element == 0;

    public static bool operator <(Tag left, Tag right) => left.Value < right.Value;

    public static bool operator >(Tag left, Tag right) => left.Value > right.Value;

    public static bool operator <=(Tag left, Tag right) => left.Value <= right.Value;

    public static bool operator >=(Tag left, Tag right) => left.Value >= right.Value;

    /// <summary>Reads <c>ggggeeee</c>, <c>gggg,eeee</c>, <c>(gggg,eeee)</c> or a keyword of PS3.6.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out Tag tag)
    {
        tag = default;
        if (string.IsNullOrEmpty(s)) return false;
        var digits = s;
        if (digits is ['(', .., ')']) digits = digits[1..^1];
        if (digits.Length == 9 && digits[4] == ',') digits = digits.Remove(4, 1);
        if (digits.Length == 8
            && uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            tag = new Tag(value);
            return true;
        }

        return DataDictionary.TryFindTag(s, out tag);
    }

    public int CompareTo(Tag other) => Value.CompareTo(other.Value);

    public override string ToString() => $"({Group:X4},{Element:X4})";
}
