using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drimbox.Core;

namespace Drimbox.Dicom.Json;

/// <summary>Writes DICOM JSON as it goes: long values in pieces, nothing built up. Source: PS3.18 F.2.</summary>
internal sealed class DicomJsonWriter(Utf8JsonWriter json, DicomJsonOptions options)
{
    // A multiple of three: every piece but the last is whole base64 quanta.
    private const int PieceBytes = 48 * 1024;
    private const int PendingBytesMax = 64 * 1024;

    // PS3.18 F.2.3: beyond 2^53 a reader that has only IEEE 754 doubles would round.
    private const long ExactIntegerMax = 1L << 53;

    private readonly StringBuilder _path = new();
    private int _depth;

    internal void Write(DataSet dataSet)
    {
        // What is read is at most so deep, and so must be what we make.
        Invariant.Holds(_depth <= Limits.SequenceDepthMax);
        json.WriteStartObject();
        if (dataSet.IsAscending)
        {
            foreach (ref readonly var element in dataSet.Elements) Write(dataSet, element);
        }
        else
        {
            // PS3.18 F.2.2: in ascending order. A name may stand only once in an object.
            foreach (var element in dataSet.Elements.ToArray().DistinctBy(e => e.Tag).OrderBy(e => e.Tag))
                Write(dataSet, element);
        }

        json.WriteEndObject();
    }

    private void Write(DataSet owner, in DataElement element)
    {
        // PS3.18 F.2.2.
        if (element.Tag.IsGroupLength) return;
        Span<char> name = stackalloc char[8];
        element.Tag.Value.TryFormat(name, out _, "X8", CultureInfo.InvariantCulture);
        json.WriteStartObject(name);
        // PS3.5 6.2.2: what is UN of undefined length is a sequence.
        json.WriteString("vr"u8, (element.Sequence is null ? element.Vr : Vr.SQ).Code());
        if (element.Sequence is { } sequence) WriteItems(sequence, name);
        else if (element.Length > 0 || element.Fragments is not null) WriteValue(owner, element, name);
        json.WriteEndObject();
        if (json.BytesPending > PendingBytesMax) json.Flush();
    }

    private void WriteItems(Sequence sequence, ReadOnlySpan<char> name)
    {
        if (sequence.Count == 0) return;
        json.WriteStartArray("Value"u8);
        var length = _path.Length;
        _depth++;
        for (var i = 0; i < sequence.Count; i++)
        {
            _path.Append(name).Append('/').Append(i + 1).Append('/');
            Write(sequence[i]);
            _path.Length = length;
        }

        _depth--;
        json.WriteEndArray();
    }

    private void WriteValue(DataSet owner, in DataElement element, ReadOnlySpan<char> name)
    {
        if (IsBinary(element.Vr) || element.Range is not null || element.Fragments is not null)
        {
            if (options.BulkDataUri?.Invoke(new BulkDataPlace(element, $"{_path}{name}")) is { } uri)
            {
                json.WriteString("BulkDataURI"u8, uri);
                return;
            }
        }

        if (element.Fragments is { } fragments) WriteInline(fragments);
        else if (IsBinary(element.Vr) || element.Length > Limits.ValueBytesInMemoryMax) WriteInline(element);
        else if (element.Vr.IsText()) WriteText(owner, element);
        // Not a whole number of values: as it is, or a part of it would be lost.
        else if (element.Length % SizeOf(element.Vr) != 0) WriteInline(element);
        else WriteNumbers(element);
    }

    // PS3.18 F.2.2; a VR that PS3.5 does not know yet is opaque as well.
    private static bool IsBinary(Vr vr) => !vr.IsText() && SizeOf(vr) == 0;

    /// <returns>Bytes of one value that JSON has a number (or for AT a string) for; 0 for other VRs.</returns>
    internal static int SizeOf(Vr vr) => vr switch
    {
        Vr.US or Vr.SS => 2,
        Vr.UL or Vr.SL or Vr.FL or Vr.AT => 4,
        Vr.FD or Vr.SV or Vr.UV => 8,
        _ => 0,
    };

    private void WriteText(DataSet owner, in DataElement element)
    {
        // What annex F is encoded in: UTF-8.
        var values = element.Tag == Tag.SpecificCharacterSet
            ? ["ISO_IR 192"]
            : owner.Texts(element.Vr, element.ToMemory().Span);
        // PS3.18 F.2.5: an empty value has no Value; empty ones between others are null.
        if (values.Length == 0 || (values.Length == 1 && values[0].Length == 0)) return;
        json.WriteStartArray("Value"u8);
        foreach (var value in values)
        {
            if (value.Length == 0) json.WriteNullValue();
            else if (element.Vr == Vr.PN) WritePersonName(value);
            else if (element.Vr is Vr.IS or Vr.DS) WriteDecimal(value, element.Vr);
            else json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    // PS3.5 6.2.1.1: at most three component groups, of which JSON names those that are not empty.
    private void WritePersonName(string value)
    {
        var groups = value.Split('=', 3);
        if (groups.All(g => g.Length == 0))
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i].Length > 0) json.WriteString(DicomJsonReader.Groups[i], groups[i]);
        }

        json.WriteEndObject();
    }

    private void WriteDecimal(string value, Vr vr)
    {
        if (!options.DecimalsAsStrings && JsonNumber.TryNormalise(value, vr == Vr.IS, out var number))
            json.WriteRawValue(number, skipInputValidation: true);
        else
            json.WriteStringValue(value);
    }

    private void WriteNumbers(in DataElement element)
    {
        json.WriteStartArray("Value"u8);
        var bytes = element.ToMemory().Span;
        Span<char> tag = stackalloc char[8];
        for (; !bytes.IsEmpty; bytes = bytes[SizeOf(element.Vr)..])
        {
            switch (element.Vr)
            {
                case Vr.US: json.WriteNumberValue(BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
                case Vr.SS: json.WriteNumberValue(BinaryPrimitives.ReadInt16LittleEndian(bytes)); break;
                case Vr.UL: json.WriteNumberValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
                case Vr.SL: json.WriteNumberValue(BinaryPrimitives.ReadInt32LittleEndian(bytes)); break;
                case Vr.SV: WriteInteger(BinaryPrimitives.ReadInt64LittleEndian(bytes)); break;
                case Vr.UV: WriteInteger(BinaryPrimitives.ReadUInt64LittleEndian(bytes)); break;
                case Vr.FL: WriteFloat(BinaryPrimitives.ReadSingleLittleEndian(bytes)); break;
                case Vr.FD: WriteDouble(BinaryPrimitives.ReadDoubleLittleEndian(bytes)); break;
                default:
                    // AT: PS3.18 F.2.3, eight uppercase hexadecimal digits.
                    DataSet.TagAt(bytes).Value.TryFormat(tag, out _, "X8", CultureInfo.InvariantCulture);
                    json.WriteStringValue(tag);
                    break;
            }
        }

        json.WriteEndArray();
    }

    private void WriteInteger(Int128 value)
    {
        if (options.DecimalsAsStrings || value > ExactIntegerMax || value < -ExactIntegerMax)
            json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        else
            json.WriteNumberValue((long)value);
    }

    // JSON has no number for what is none: the names of ECMA-262, as strings.
    private void WriteFloat(float value)
    {
        if (float.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    private void WriteDouble(double value)
    {
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    // PS3.18 F.2.7: the whole value field, little endian.
    private void WriteInline(in DataElement element)
    {
        json.WritePropertyName("InlineBinary"u8);
        WritePieces(element, isLast: true);
    }

    // The value field of PS3.5 A.4: items, then a delimiter.
    private void WriteInline(EncapsulatedFragments fragments)
    {
        json.WritePropertyName("InlineBinary"u8);
        Span<byte> header = stackalloc byte[8];
        foreach (var fragment in fragments)
        {
            PutItemTag(header, Tag.Item, (uint)fragment.Length);
            json.WriteBase64StringSegment(header, isFinalSegment: false);
            WritePieces(fragment, isLast: false);
        }

        PutItemTag(header, Tag.SequenceDelimitationItem, 0);
        json.WriteBase64StringSegment(header, isFinalSegment: true);
    }

    private static void PutItemTag(Span<byte> header, Tag tag, uint length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], tag.Element);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
    }

    private void WritePieces(in DataElement element, bool isLast)
    {
        if (element.Range is not { } range)
        {
            WritePieces(element.Bytes, isLast);
            return;
        }

        using var file = range.Open();
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        for (long position = 0; position < range.Length;)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(PieceBytes, range.Length - position));
            range.Read(file, position, piece);
            position += piece.Length;
            WritePieces(piece, isLast && position == range.Length);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void WritePieces(ReadOnlySpan<byte> bytes, bool isLast)
    {
        do
        {
            var piece = bytes[..Math.Min(bytes.Length, PieceBytes)];
            bytes = bytes[piece.Length..];
            json.WriteBase64StringSegment(piece, isLast && bytes.IsEmpty);
            if (json.BytesPending > PendingBytesMax) json.Flush();
        }
        while (!bytes.IsEmpty);
    }
}
