using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Walks over items of type (1), reserved (1), length (2), value. Source: PS3.8 9.3.2.1 and later.</summary>
internal ref struct ItemReader(ReadOnlySpan<byte> bytes)
{
    public const int HeaderSize = 4;

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <returns>False where the next item runs past the end of what holds it.</returns>
    public bool TryRead(out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (_rest.Length < HeaderSize) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length > _rest.Length - HeaderSize) return false;
        type = _rest[0];
        value = _rest.Slice(HeaderSize, length);
        _rest = _rest[(HeaderSize + length)..];
        return true;
    }

    /// <summary>A 16-bit length followed by that many bytes, as inside the user items of PS3.7 D.3.3.</summary>
    public static bool TryReadPrefixed(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < 2) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length > rest.Length - 2) return false;
        value = rest.Slice(2, length);
        rest = rest[(2 + length)..];
        return true;
    }

    /// <summary>PS3.8 annex F: ISO 646 digits and dots, not padded. Trailing NUL or space of older peers is
    /// cut.</summary>
    /// <param name="uid">The default value where the text is not a UID; the context is then refused by itself.</param>
    /// <returns>False where the text is longer than any UID may be.</returns>
    public static bool TryReadUid(ReadOnlySpan<byte> value, out Uid uid)
    {
        uid = default;
        var text = value.TrimEnd("\0 "u8);
        if (text.Length > Limits.UidLengthMax) return false;
        _ = Uid.TryParse(Encoding.ASCII.GetString(text), out uid);
        return true;
    }
}
