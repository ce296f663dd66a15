using System.Buffers.Binary;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <content>Typed writing of values. The VR is that of PS3.6; where it leaves a choice, what the value needs.
/// Text is encoded when it is set: set (0008,0005) first, and make items with their parent.</content>
public sealed partial class DataSet
{
    /// <summary>Sets text; null or empty sets an empty value (a type 2 attribute that is unknown). A character that
    /// the character set lacks becomes a question mark: <see cref="Dicom.CharacterSet.CanEncode"/> tells.</summary>
    public void SetString(Tag tag, string? value) => SetStrings(tag, string.IsNullOrEmpty(value) ? [] : [value]);

    /// <summary>Sets several values of text.</summary>
    public void SetStrings(Tag tag, params ReadOnlySpan<string> values)
    {
        var vr = VrOf(tag);
        Invariant.Holds(vr.IsText());
        var text = string.Join('\\', values!);
        var bytes = CharacterSet.Encode(text, vr);
        if (bytes.Length % 2 == 1)
        {
            Array.Resize(ref bytes, bytes.Length + 1);
            bytes[^1] = vr.Padding();
        }

        Set(new DataElement(tag, vr, bytes));
    }

    /// <summary>Sets (0008,0005); nothing is written for the default repertoire.</summary>
    public void SetCharacterSet(CharacterSet characterSet)
    {
        if (characterSet.Terms.Count == 0) Remove(Tag.SpecificCharacterSet);
        else SetStrings(Tag.SpecificCharacterSet, [.. characterSet.Terms]);
    }

    public void SetUid(Tag tag, Uid uid) => SetString(tag, uid.ToString());

    /// <summary>Sets integers in the VR of the tag (US, SS, UL, SL, SV, UV, IS, DS, FL, FD).</summary>
    public void SetInt(Tag tag, params ReadOnlySpan<long> values)
    {
        var vr = VrOf(tag);
        if (DataDictionary.IsUsOrSs(tag) && values.ContainsAnyInRange(long.MinValue, -1)) vr = Vr.SS;
        if (vr.IsText())
        {
            SetStrings(tag, Array.ConvertAll(values.ToArray(), v => v.ToString(CultureInfo.InvariantCulture)));
            return;
        }

        var size = vr.WordSize();
        var bytes = new byte[values.Length * size];
        for (var i = 0; i < values.Length; i++)
        {
            var place = bytes.AsSpan(i * size, size);
            switch (vr)
            {
                case Vr.US: BinaryPrimitives.WriteUInt16LittleEndian(place, checked((ushort)values[i])); break;
                case Vr.SS: BinaryPrimitives.WriteInt16LittleEndian(place, checked((short)values[i])); break;
                case Vr.UL: BinaryPrimitives.WriteUInt32LittleEndian(place, checked((uint)values[i])); break;
                case Vr.SL: BinaryPrimitives.WriteInt32LittleEndian(place, checked((int)values[i])); break;
                case Vr.SV or Vr.UV: BinaryPrimitives.WriteInt64LittleEndian(place, values[i]); break;
                case Vr.FL: BinaryPrimitives.WriteSingleLittleEndian(place, values[i]); break;
                case Vr.FD: BinaryPrimitives.WriteDoubleLittleEndian(place, values[i]); break;
                default: throw Invariant.Unreachable(vr);
            }
        }

        Set(new DataElement(tag, vr, bytes));
    }

    /// <summary>Sets decimals in the VR of the tag (DS, FL, FD). Source for DS: PS3.5 6.2, 16 characters at most.
    /// </summary>
    public void SetDouble(Tag tag, params ReadOnlySpan<double> values)
    {
        var vr = VrOf(tag);
        if (vr == Vr.DS)
        {
            SetStrings(tag, Array.ConvertAll(values.ToArray(), DecimalString));
            return;
        }

        Invariant.Holds(vr is Vr.FL or Vr.FD);
        var size = vr.WordSize();
        var bytes = new byte[values.Length * size];
        for (var i = 0; i < values.Length; i++)
        {
            if (vr == Vr.FL) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * size), (float)values[i]);
            else BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * size), values[i]);
        }

        Set(new DataElement(tag, vr, bytes));
    }

    /// <summary>Sets tags as values (AT).</summary>
    public void SetTags(Tag tag, params ReadOnlySpan<Tag> values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 4), values[i].Group);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((i * 4) + 2), values[i].Element);
        }

        Set(new DataElement(tag, Vr.AT, bytes));
    }

    /// <summary>Sets the bytes of a value, little endian; an odd number gets its padding when written.</summary>
    public void SetBytes(Tag tag, Vr vr, byte[] value) => Set(new DataElement(tag, vr, value));

    /// <summary>Sets an empty value; an empty sequence for SQ.</summary>
    public void SetEmpty(Tag tag)
    {
        var vr = VrOf(tag);
        if (vr == Vr.SQ) SetSequence(tag);
        else Set(new DataElement(tag, vr, Array.Empty<byte>()));
    }

    /// <summary>Sets a sequence of items made with <c>new DataSet(parent)</c>, of defined length.</summary>
    public void SetSequence(Tag tag, params IEnumerable<DataSet> items)
    {
        var sequence = new Sequence();
        foreach (var item in items)
        {
            Invariant.Holds(item.Parent is null || ReferenceEquals(item.Parent, this));
            sequence.Add(item);
        }

        Set(new DataElement(tag, sequence));
    }

    private static Vr VrOf(Tag tag)
    {
        if (tag.IsPrivateCreator) return Vr.LO;
        // A private element has no VR of its own here: use the forms that take one.
        Invariant.Holds(DataDictionary.TryFind(tag, out var entry));
        return entry.Vr;
    }

    /// <summary>The shortest text that reads back as the value, cut to the 16 characters of DS.</summary>
    internal static string DecimalString(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        for (var digits = 15; text.Length > 16 && digits > 0; digits--)
            text = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return text;
    }
}
