using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Drimbox.Core;

namespace Drimbox.Dicom.Json;

/// <summary>Reads DICOM JSON into data sets whose text is UTF-8. Source: PS3.18 F.2.</summary>
internal sealed partial class DicomJsonReader(DicomJsonReadOptions options)
{
    // PS3.18 F.2.2, in the order of PS3.5 6.2.1.1.
    internal static readonly string[] Groups = ["Alphabetic", "Ideographic", "Phonetic"];

    // Each level of sequences is an attribute, its Value and an item; then PN, and the array around it all.
    private static readonly JsonReaderOptions Reading = new() { MaxDepth = (3 * (Limits.SequenceDepthMax + 2)) + 4 };

    private readonly ArrayBufferWriter<byte> _value = new();
    private readonly List<(Tag Tag, int Item)> _path = [];
    private bool _hasText;

    internal Refusal? Refusal { get; private set; }

    internal List<DataSet> Read(ReadOnlySpan<byte> utf8)
    {
        var dataSets = new List<DataSet>();
        var reader = new Utf8JsonReader(utf8, Reading);
        try
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (Refusal is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    dataSets.Add(ReadDataSet(ref reader));
            }
            else
            {
                dataSets.Add(ReadDataSet(ref reader));
            }

            // Anything behind it is an error to the JSON reader.
            if (Refusal is null) reader.Read();
        }
        catch (JsonException e)
        {
            // The message of the exception may quote the text, so it is not passed on.
            Refuse(RefusalReason.Malformed, $"Not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})");
        }
        catch (InvalidOperationException)
        {
            // A string that is not UTF-8, or half of a surrogate pair.
            Refuse(RefusalReason.Malformed, "A string that is not Unicode");
        }

        return dataSets;
    }

    private DataSet ReadDataSet(ref Utf8JsonReader reader)
    {
        _hasText = false;
        var dataSet = new DataSet();
        ReadAttributes(ref reader, dataSet);
        // All text was encoded in UTF-8, so it has to be said.
        if (_hasText && !dataSet.Contains(Tag.SpecificCharacterSet)) dataSet.SetCharacterSet(CharacterSet.Utf8);
        return dataSet;
    }

    private void ReadAttributes(ref Utf8JsonReader reader, DataSet dataSet)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Refuse(RefusalReason.DataType, "A data set is a JSON object");
            return;
        }

        while (Refusal is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryTag(ref reader, out var tag))
            {
                Refuse(RefusalReason.DataType, "The name of an attribute is eight hexadecimal digits");
                return;
            }

            reader.Read();
            _path.Add((tag, 0));
            ReadAttribute(ref reader, dataSet, tag);
            if (Refusal is null) _path.RemoveAt(_path.Count - 1);
        }

        if (Refusal is null && !dataSet.TrySort())
            Refuse(RefusalReason.Malformed, "The same attribute twice in one data set");
    }

    private static bool TryTag(ref Utf8JsonReader reader, out Tag tag)
    {
        tag = default;
        Span<char> text = stackalloc char[8];
        // Escapes may make the raw text longer; no name of a tag needs them.
        if (reader.ValueIsEscaped || reader.ValueSpan.Length != 8) return false;
        reader.CopyString(text);
        var isTag = uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value);
        tag = new Tag(value);
        return isTag;
    }

    private void ReadAttribute(ref Utf8JsonReader reader, DataSet dataSet, Tag tag)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Refuse(RefusalReason.DataType, "An attribute is a JSON object");
            return;
        }

        if (!TryFindVr(reader, tag, out var vr))
        {
            Refuse(RefusalReason.RequiredFieldMissing, "No \"vr\", or none of two capital letters");
            return;
        }

        var element = vr == Vr.SQ
            ? new DataElement(tag, new Sequence())
            : new DataElement(tag, vr, Array.Empty<byte>());
        var hasValue = false;
        while (Refusal is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isValue = reader.ValueTextEquals("Value"u8);
            var isInline = reader.ValueTextEquals("InlineBinary"u8);
            var isElsewhere = reader.ValueTextEquals("BulkDataURI"u8);
            reader.Read();
            if (!isValue && !isInline && !isElsewhere)
            {
                // PS3.18 F.2.2 names all; what writers add is no part of the value.
                reader.Skip();
                continue;
            }

            if (hasValue) Refuse(RefusalReason.Cardinality, "At most one of Value, BulkDataURI and InlineBinary");
            hasValue = true;
            if (Refusal is not null) return;
            if (isInline) element = ReadInline(ref reader, tag, vr);
            else if (isElsewhere) element = ReadElsewhere(ref reader, tag, vr);
            else if (vr == Vr.SQ) element = ReadItems(ref reader, dataSet, tag);
            else element = ReadValues(ref reader, tag, vr);
        }

        // PS3.18 F.2.2: no group lengths; who sends one all the same cannot know ours.
        if (Refusal is null && !(tag.IsGroupLength && tag.Group > 2)) dataSet.Append(element);
    }

    // The order of the members of an object is free: the reader is a copy, which looks ahead.
    private static bool TryFindVr(Utf8JsonReader ahead, Tag tag, out Vr vr)
    {
        vr = Vr.None;
        while (ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName)
        {
            var isVr = ahead.ValueTextEquals("vr"u8);
            ahead.Read();
            if (isVr)
            {
                return ahead.TokenType == JsonTokenType.String && ahead.ValueSpan.Length == 2
                    && VrFacts.TryParse(ahead.ValueSpan[0], ahead.ValueSpan[1], out vr);
            }

            ahead.Skip();
        }

        // Some writers leave it out where the dictionary knows it.
        vr = DataDictionary.ImplicitVr(tag);
        return vr != Vr.UN;
    }

    private DataElement ReadItems(ref Utf8JsonReader reader, DataSet parent, Tag tag)
    {
        var sequence = new Sequence();
        var element = new DataElement(tag, sequence);
        if (!IsArray(ref reader)) return element;
        if (_path.Count > Limits.SequenceDepthMax)
        {
            Refuse(RefusalReason.OverLimit, $"Sequences nested deeper than {Limits.SequenceDepthMax}");
            return element;
        }

        while (Refusal is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var item = new DataSet(parent);
            sequence.Add(item);
            _path[^1] = (tag, sequence.Count);
            // PS3.18 F.2.5 writes an empty item as an empty object; null for it is seen too.
            if (reader.TokenType != JsonTokenType.Null) ReadAttributes(ref reader, item);
        }

        return element;
    }

    private DataElement ReadInline(ref Utf8JsonReader reader, Tag tag, Vr vr)
    {
        if (vr != Vr.SQ && reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes))
            return Binary(tag, vr, bytes);
        Refuse(RefusalReason.DataType, "InlineBinary that is not base64, or of a sequence");
        return default;
    }

    private DataElement ReadElsewhere(ref Utf8JsonReader reader, Tag tag, Vr vr)
    {
        if (vr == Vr.SQ || reader.TokenType != JsonTokenType.String)
            Refuse(RefusalReason.DataType, "A BulkDataURI that is not a string, or of a sequence");
        else if (options.BulkData?.Invoke(reader.GetString()!) is { } bytes)
            return Binary(tag, vr, bytes);
        else
            Refuse(RefusalReason.UnknownTarget, "The bulk data of the attribute is not there");
        return default;
    }

    // A value field of Pixel Data that is a whole sequence of items is encapsulated Pixel Data (PS3.5 A.4).
    private static DataElement Binary(Tag tag, Vr vr, byte[] bytes) =>
        tag == Tag.PixelData && EncapsulatedFragments.TryRead(bytes, out var fragments)
            ? new DataElement(tag, vr, fragments)
            : new DataElement(tag, vr, bytes);

    private bool IsArray(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray) return true;
        Refuse(RefusalReason.DataType, "Value is an array");
        return false;
    }

    private void Refuse(RefusalReason reason, string sentence)
    {
        var place = string.Join(
            '/', _path.Select(p => p.Item == 0 ? $"{p.Tag.Value:X8}" : $"{p.Tag.Value:X8}/{p.Item}"));
        Refusal ??= new Refusal(reason, sentence + ".", place.Length == 0 ? null : place);
    }
}
