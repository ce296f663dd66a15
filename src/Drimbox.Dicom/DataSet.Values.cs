using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <content>Typed reading of values. An absent element, an empty value and one of another type read alike: as none.
/// </content>
public sealed partial class DataSet
{
    private CharacterSet? _characterSet;

    /// <summary>The character set in force: of (0008,0005) here, else of the data set around (PS3.3 C.12.1.1.2).
    /// </summary>
    public CharacterSet CharacterSet
    {
        get
        {
            if (_characterSet is { } known) return known;
            if (TryGet(Tag.SpecificCharacterSet, out var element))
                return _characterSet = CharacterSetOf(element.Bytes);
            // Not kept: the parent may still change.
            return Parent?.CharacterSet ?? CharacterSet.Default;
        }
    }

    /// <summary>The first value as text, without padding; numbers in invariant form.</summary>
    public bool TryGetString(Tag tag, [NotNullWhen(true)] out string? value)
    {
        value = GetString(tag);
        return value is not null;
    }

    /// <summary>The first value as text, or null where there is none.</summary>
    public string? GetString(Tag tag)
    {
        if (TryGet(tag, out var element) && element is { IsInMemory: true, Vr: var vr } && vr.IsText()
            && FirstOf(element.Bytes, vr) is { } first)
            return first.Length == 0 ? null : first;
        var values = GetStrings(tag);
        return values.Count == 0 || values[0].Length == 0 ? null : values[0];
    }

    /// <summary>All values as text, without padding. Empty ones between others are kept.</summary>
    public IReadOnlyList<string> GetStrings(Tag tag)
    {
        if (!TryGet(tag, out var element) || element.Length == 0 || !element.IsInMemory) return [];
        if (element.Vr.IsText()) return Texts(element.Vr, element.Bytes);
        if (element.Vr is Vr.UN or Vr.OB or Vr.OW) return [];
        if (element.Vr == Vr.AT)
        {
            return
            [
                .. Enumerate(element, 4, static b => TagAt(b).ToString()),
            ];
        }

        return element.Vr is Vr.FL or Vr.FD or Vr.OF or Vr.OD
            ? [.. GetDoubles(tag).Select(d => d.ToString("R", CultureInfo.InvariantCulture))]
            : [.. GetIntegers(tag).Select(n => n.ToString(CultureInfo.InvariantCulture))];
    }

    /// <summary>The UID, or the default value where there is none or it is not well-formed.</summary>
    public Uid GetUid(Tag tag) => TryGetUid(tag, out var uid) ? uid : default;

    public bool TryGetUid(Tag tag, out Uid uid) => Uid.TryParse(GetString(tag), out uid);

    public IReadOnlyList<Uid> GetUids(Tag tag)
    {
        var uids = new List<Uid>();
        foreach (var text in GetStrings(tag))
        {
            if (Uid.TryParse(text, out var uid)) uids.Add(uid);
        }

        return uids;
    }

    /// <summary>The first value of US, SS, UL, SL, IS if it is there and fits.</summary>
    public bool TryGetInt(Tag tag, out int value)
    {
        value = 0;
        if (!TryGet(tag, out var element)) return false;
        // The common case, without an array: US and IS of one value.
        var bytes = element.Bytes;
        if (element.Vr == Vr.US && bytes.Length == 2)
        {
            value = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            return true;
        }

        if (element.Vr == Vr.IS && Utf8Parser.TryParse(bytes.Trim((byte)' '), out int number, out var used)
            && used == bytes.Trim((byte)' ').Length)
        {
            value = number;
            return true;
        }

        var values = GetIntegers(tag);
        if (values.Count == 0 || values[0] is < int.MinValue or > int.MaxValue) return false;
        value = (int)values[0];
        return true;
    }

    /// <summary>The first value, or null.</summary>
    public int? GetInt(Tag tag) => TryGetInt(tag, out var value) ? value : null;

    /// <summary>All values of US, SS, UL, SL, SV, UV (below 2^63), OL and IS; none if one is not a number.</summary>
    public IReadOnlyList<long> GetIntegers(Tag tag)
    {
        if (!TryGet(tag, out var element) || element.Length == 0 || !element.IsInMemory) return [];
        return element.Vr switch
        {
            Vr.US => Enumerate(element, 2, static b => (long)BinaryPrimitives.ReadUInt16LittleEndian(b)),
            Vr.SS => Enumerate(element, 2, static b => (long)BinaryPrimitives.ReadInt16LittleEndian(b)),
            Vr.UL or Vr.OL => Enumerate(element, 4, static b => (long)BinaryPrimitives.ReadUInt32LittleEndian(b)),
            Vr.SL => Enumerate(element, 4, static b => (long)BinaryPrimitives.ReadInt32LittleEndian(b)),
            Vr.SV => Enumerate(element, 8, BinaryPrimitives.ReadInt64LittleEndian),
            Vr.UV or Vr.OV => Enumerate(element, 8, static b =>
                (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(b), long.MaxValue)),
            Vr.IS => ParseAll<long>(tag, NumberStyles.AllowLeadingSign),
            _ => [],
        };
    }

    /// <summary>All values of FL, FD, DS, or of an integer VR; none if one is not a number.</summary>
    public IReadOnlyList<double> GetDoubles(Tag tag)
    {
        if (!TryGet(tag, out var element) || element.Length == 0 || !element.IsInMemory) return [];
        return element.Vr switch
        {
            Vr.FL or Vr.OF => Enumerate(element, 4, static b => (double)BinaryPrimitives.ReadSingleLittleEndian(b)),
            Vr.FD or Vr.OD => Enumerate(element, 8, BinaryPrimitives.ReadDoubleLittleEndian),
            Vr.DS => ParseAll<double>(tag, NumberStyles.Float),
            _ => [.. GetIntegers(tag).Select(n => (double)n)],
        };
    }

    public double? GetDouble(Tag tag) => GetDoubles(tag) is [var first, ..] ? first : null;

    /// <summary>A DA value, PS3.5 6.2: yyyyMMdd.</summary>
    public DateOnly? GetDate(Tag tag) =>
        DateOnly.TryParseExact(
            GetString(tag), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : null;

    /// <summary>The items of a sequence; none if it is absent.</summary>
    public IReadOnlyList<DataSet> GetItems(Tag tag) =>
        TryGet(tag, out var element) && element.Sequence is { } sequence ? sequence : [];

    /// <summary>The values of a text in the character set in force here, without padding.</summary>
    internal string[] Texts(Vr vr, ReadOnlySpan<byte> bytes) => Split(CharacterSet.Decode(bytes, vr), vr);

    /// <summary>A value of AT: group, then element.</summary>
    internal static Tag TagAt(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));

    /// <summary>The first value, without an array of all of them; null where the delimiter cannot be told from the
    /// bytes alone.</summary>
    private string? FirstOf(ReadOnlySpan<byte> bytes, Vr vr)
    {
        var set = vr.UsesSpecificCharacterSet() ? CharacterSet : CharacterSet.Default;
        if (!set.IsDelimitedByBytes) return null;
        if (!vr.IsSingleText() && bytes.IndexOf((byte)'\\') is var end and >= 0) bytes = bytes[..end];
        bytes = bytes.TrimEnd(" \0"u8);
        return set.Decode(vr.IgnoresLeadingSpaces() ? bytes.TrimStart((byte)' ') : bytes, vr);
    }

    private static CharacterSet CharacterSetOf(ReadOnlySpan<byte> terms)
    {
        terms = terms.Trim(" \0"u8);
        if (terms.SequenceEqual("ISO_IR 100"u8)) return CharacterSet.Latin1;
        return terms.SequenceEqual("ISO_IR 192"u8)
            ? CharacterSet.Utf8
            : CharacterSet.Parse(Split(Encoding.ASCII.GetString(terms), Vr.CS));
    }

    private static string[] Split(string text, Vr vr)
    {
        if (vr.IsSingleText()) return [Trim(text, vr)];
        var values = text.Split('\\');
        for (var i = 0; i < values.Length; i++) values[i] = Trim(values[i], vr);
        return values;
    }

    // Nulls at the end are not conformant in text, and common.
    private static string Trim(string text, Vr vr)
    {
        text = text.TrimEnd(' ', '\0');
        return vr.IgnoresLeadingSpaces() ? text.TrimStart(' ') : text;
    }

    private static T[] Enumerate<T>(in DataElement element, int size, ReadOne<T> read)
    {
        var bytes = element.Bytes;
        var values = new T[bytes.Length / size];
        for (var i = 0; i < values.Length; i++) values[i] = read(bytes.Slice(i * size, size));
        return values;
    }

    private T[] ParseAll<T>(Tag tag, NumberStyles styles) where T : System.Numerics.INumber<T>
    {
        var texts = GetStrings(tag);
        var values = new T[texts.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (!T.TryParse(texts[i], styles, CultureInfo.InvariantCulture, out var value)) return [];
            values[i] = value;
        }

        return values;
    }

    private delegate T ReadOne<T>(ReadOnlySpan<byte> bytes);
}
