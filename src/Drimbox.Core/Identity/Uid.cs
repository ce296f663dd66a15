using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Identity;

/// <summary>A DICOM unique identifier. Source: PS3.5 section 9.1: components of digits, without leading zeros,
/// separated by dots, at most 64 characters.</summary>
[JsonConverter(typeof(ParsableJsonConverter<Uid>))]
public readonly record struct Uid : IParsable<Uid>, IComparable<Uid>
{
    private readonly string? _value;

    private Uid(string value) => _value = value;

    /// <summary>True for the default value, which is no UID.</summary>
    public bool IsEmpty => _value is null;

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Uid result)
    {
        result = default;
        if (s is null || !IsWellFormed(s)) return false;
        result = new Uid(s);
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, out Uid result) => TryParse(s, null, out result);

    /// <exception cref="FormatException"><paramref name="s"/> is not a UID.</exception>
    public static Uid Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var uid) ? uid : throw new FormatException("Not a UID (PS3.5 9.1).");

    /// <summary>The UID under 2.25 for a UUID. Source: PS3.5 B.2.</summary>
    public static Uid FromGuid(Guid guid)
    {
        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        return new Uid("2.25." + new UInt128(
            System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])));
    }

    public int CompareTo(Uid other) => string.CompareOrdinal(_value, other._value);

    public override string ToString() => _value ?? "";

    private static bool IsWellFormed(ReadOnlySpan<char> s)
    {
        if (s.Length is 0 or > Limits.UidLengthMax) return false;
        var componentStart = 0;
        for (var i = 0; i <= s.Length; i++)
        {
            if (i < s.Length && s[i] is >= '0' and <= '9') continue;
            if (i < s.Length && s[i] != '.') return false;
            var length = i - componentStart;
            if (length == 0 || (length > 1 && s[componentStart] == '0')) return false;
            componentStart = i + 1;
        }

        return true;
    }
}
