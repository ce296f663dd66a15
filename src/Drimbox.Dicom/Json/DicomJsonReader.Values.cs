using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Drimbox.Core;

namespace Drimbox.Dicom.Json;

/// <content>The members of Value, by VR. Source: PS3.18 F.2.3 to F.2.5.</content>
internal sealed partial class DicomJsonReader
{
    private DataElement ReadValues(ref Utf8JsonReader reader, Tag tag, Vr vr)
    {
        _value.ResetWrittenCount();
        if (!IsArray(ref reader)) return default;
        var count = 0;
        var isText = vr.IsText();
        while (Refusal is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (isText)
            {
                // PS3.5 6.2: the delimiter of values; these VRs have one value only.
                if (count > 0 && vr.IsSingleText()) Refuse(RefusalReason.Cardinality, "More than one value");
                if (count > 0) _value.Write("\\"u8);
                AddText(ref reader, vr);
            }
            else
            {
                AddNumber(ref reader, vr);
            }

            count++;
        }

        if (isText && _value.WrittenCount % 2 == 1) _value.Write([vr.Padding()]);
        if (tag == Tag.SpecificCharacterSet && count > 0) return new DataElement(tag, vr, "ISO_IR 192"u8.ToArray());
        return new DataElement(tag, vr, _value.WrittenSpan.ToArray());
    }

    private void AddText(ref Utf8JsonReader reader, Vr vr)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return;
            case JsonTokenType.StartObject when vr == Vr.PN:
                AddPersonName(ref reader);
                return;
            case JsonTokenType.String:
                AddString(ref reader);
                return;
            case JsonTokenType.Number when vr is Vr.IS or Vr.DS:
                AddDecimal(ref reader, vr);
                return;
            default:
                Refuse(RefusalReason.DataType, $"Not a value of {vr.Code()} (PS3.18 F.2.3)");
                return;
        }
    }

    private void AddString(ref Utf8JsonReader reader)
    {
        // Unescaped text is never longer than escaped text.
        var place = _value.GetSpan(Math.Max(1, reader.ValueSpan.Length));
        var length = reader.CopyString(place);
        _hasText |= place[..length].ContainsAnyExceptInRange((byte)0, (byte)0x7F);
        _value.Advance(length);
    }

    private void AddDecimal(ref Utf8JsonReader reader, Vr vr)
    {
        var text = reader.ValueSpan;
        // PS3.5 6.2: IS is an integer of 12 characters at most, DS has 16; a double may have more digits than that.
        if (vr == Vr.IS && (text.Length > 12 || text.ContainsAny(".eE"u8)))
        {
            if (TryInteger(ref reader, out var integer) && integer >= int.MinValue && integer <= int.MaxValue)
                AddAscii(integer.ToString(CultureInfo.InvariantCulture));
            else
                Refuse(RefusalReason.DataType, "Not an integer that IS holds");
        }
        else if (text.Length > 16)
        {
            AddAscii(DataSet.DecimalString(reader.GetDouble()));
        }
        else
        {
            _value.Write(text);
        }
    }

    private void AddAscii(string text)
    {
        foreach (var c in text) _value.Write([(byte)c]);
    }

    private void AddPersonName(ref Utf8JsonReader reader)
    {
        var groups = new string?[Groups.Length];
        while (Refusal is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var group = Array.IndexOf(Groups, reader.GetString());
            reader.Read();
            if (group >= 0 && reader.TokenType == JsonTokenType.String) groups[group] = reader.GetString();
            else if (reader.TokenType == JsonTokenType.Null) continue;
            else Refuse(RefusalReason.DataType, "Not a component group of a person name (PS3.18 F.2.2)");
        }

        // PS3.5 6.2.1.1: trailing delimiters may be left out.
        var text = string.Join('=', groups).TrimEnd('=');
        _hasText |= !Ascii.IsValid(text);
        Encoding.UTF8.GetBytes(text, _value);
    }

    private void AddNumber(ref Utf8JsonReader reader, Vr vr)
    {
        var size = DicomJsonWriter.SizeOf(vr);
        var place = size == 0 ? default : _value.GetSpan(size)[..size];
        var isWritten = vr switch
        {
            Vr.US => TryInteger(ref reader, out var n) && n.TryWrite<ushort>(place),
            Vr.SS => TryInteger(ref reader, out var n) && n.TryWrite<short>(place),
            Vr.UL => TryInteger(ref reader, out var n) && n.TryWrite<uint>(place),
            Vr.SL => TryInteger(ref reader, out var n) && n.TryWrite<int>(place),
            Vr.UV => TryInteger(ref reader, out var n) && n.TryWrite<ulong>(place),
            Vr.SV => TryInteger(ref reader, out var n) && n.TryWrite<long>(place),
            Vr.FL => TryFloat(ref reader, out var f) && BinaryPrimitives.TryWriteSingleLittleEndian(place, (float)f),
            Vr.FD => TryFloat(ref reader, out var f) && BinaryPrimitives.TryWriteDoubleLittleEndian(place, f),
            Vr.AT => TryWriteTag(ref reader, place),
            _ => false,
        };
        if (isWritten) _value.Advance(size);
        else Refuse(RefusalReason.DataType, $"Not a value of {vr.Code()} (PS3.18 F.2.3)");
    }

    // PS3.18 F.2.3: SV and UV also as strings. Some writers give 12.0 for 12.
    private static bool TryInteger(ref Utf8JsonReader reader, out Int128 value)
    {
        value = 0;
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String) || reader.ValueSpan.Length > 40)
            return false;
        if (Int128.TryParse(reader.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
            return true;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDecimal(out var number)
            || number != decimal.Truncate(number)) return false;
        value = (Int128)number;
        return true;
    }

    private static bool TryFloat(ref Utf8JsonReader reader, out double value)
    {
        value = 0;
        return reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetDouble(out value),
            JsonTokenType.String => (value = reader.GetString() switch
            {
                "NaN" or "nan" => double.NaN,
                "Infinity" or "inf" => double.PositiveInfinity,
                "-Infinity" or "-inf" => double.NegativeInfinity,
                _ => double.MaxValue,
            }) is not double.MaxValue,
            _ => false,
        };
    }

    private static bool TryWriteTag(ref Utf8JsonReader reader, Span<byte> place)
    {
        if (reader.TokenType != JsonTokenType.String || !Tag.TryParse(reader.GetString(), out var tag)) return false;
        BinaryPrimitives.WriteUInt16LittleEndian(place, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(place[2..], tag.Element);
        return true;
    }
}

file static class Fitting
{
    /// <returns>False if the number does not fit the VR.</returns>
    internal static bool TryWrite<T>(this Int128 value, Span<byte> place)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> =>
        value >= Int128.CreateChecked(T.MinValue) && value <= Int128.CreateChecked(T.MaxValue)
        && T.CreateTruncating(value).TryWriteLittleEndian(place, out _);
}
