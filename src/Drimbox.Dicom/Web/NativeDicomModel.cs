using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;
using Drimbox.Core;
using Drimbox.Dicom.Json;

namespace Drimbox.Dicom.Web;

/// <summary>The Native DICOM Model in XML. Source: PS3.19 A.1; media type <c>application/dicom+xml</c>.</summary>
public sealed class NativeDicomModel
{
    public const string Namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    private const int PieceBytes = 48 * 1024;

    private static readonly string[] Groups = ["Alphabetic", "Ideographic", "Phonetic"];
    private static readonly string[] Components = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];

    private readonly XmlWriter _xml;
    private readonly Func<BulkDataPlace, string?>? _bulkDataUri;
    private readonly StringBuilder _path = new();
    private int _depth;

    private NativeDicomModel(XmlWriter xml, Func<BulkDataPlace, string?>? bulkDataUri)
    {
        _xml = xml;
        _bulkDataUri = bulkDataUri;
    }

    /// <summary>One data set as a document in UTF-8.</summary>
    /// <param name="bulkDataUri">As <see cref="DicomJsonOptions.BulkDataUri"/>.</param>
    /// <exception cref="EndOfStreamException">A value that lies in a file is no longer there.</exception>
    public static byte[] ToBytes(DataSet dataSet, Func<BulkDataPlace, string?>? bulkDataUri = null)
    {
        using var output = new MemoryStream();
        using (var xml = XmlWriter.Create(output, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            xml.WriteStartElement("NativeDicomModel", Namespace);
            // PS3.19 table A.1.5-1: shall be included.
            xml.WriteAttributeString("xml", "space", null, "preserve");
            new NativeDicomModel(xml, bulkDataUri).Write(dataSet);
            xml.WriteEndElement();
        }

        return output.ToArray();
    }

    private void Write(DataSet dataSet)
    {
        Invariant.Holds(_depth <= Limits.SequenceDepthMax);
        foreach (ref readonly var element in dataSet.Elements)
        {
            // PS3.19 A.1.1; the creator of a private block is an attribute of its elements.
            if (!element.Tag.IsGroupLength && !element.Tag.IsPrivateCreator) Write(dataSet, element);
        }
    }

    private void Write(DataSet owner, in DataElement element)
    {
        var tag = element.Tag;
        var name = tag.Value.ToString("X8", CultureInfo.InvariantCulture);
        _xml.WriteStartElement("DicomAttribute", Namespace);
        // PS3.19 table A.1.5-2: gggg00ee, since the block of a private element is not sent.
        _xml.WriteAttributeString("tag", tag.IsPrivate ? $"{name[..4]}00{name[6..]}" : name);
        _xml.WriteAttributeString("vr", (element.Sequence is null ? element.Vr : Vr.SQ).Code());
        if (tag.IsPrivate)
        {
            var creator = owner.GetString(new Tag(tag.Group, (ushort)(tag.Element >> 8)));
            _xml.WriteAttributeString("privateCreator", Clean(creator ?? ""));
        }
        else if (DataDictionary.KeywordOf(tag) is { Length: > 0 } keyword)
        {
            _xml.WriteAttributeString("keyword", keyword);
        }

        if (element.Sequence is { } sequence) WriteItems(sequence, name);
        else if (element.Length > 0 || element.Fragments is not null) WriteValue(owner, element, name);
        _xml.WriteEndElement();
    }

    private void WriteItems(Sequence sequence, string name)
    {
        var length = _path.Length;
        _depth++;
        for (var i = 0; i < sequence.Count; i++)
        {
            _path.Append(name).Append('/').Append(i + 1).Append('/');
            WriteNumbered("Item", i);
            Write(sequence[i]);
            _xml.WriteEndElement();
            _path.Length = length;
        }

        _depth--;
    }

    private void WriteValue(DataSet owner, in DataElement element, string name)
    {
        var isBinary = !element.Vr.IsText() && DicomJsonWriter.SizeOf(element.Vr) == 0;
        if ((isBinary || element.Range is not null || element.Fragments is not null)
            && _bulkDataUri?.Invoke(new BulkDataPlace(element, $"{_path}{name}")) is { } uri)
        {
            _xml.WriteStartElement("BulkData", Namespace);
            _xml.WriteAttributeString("uri", uri);
            _xml.WriteEndElement();
        }
        else if (element.Fragments is { } fragments)
        {
            WriteInline(fragments);
        }
        else if (isBinary || element.Length > Limits.ValueBytesInMemoryMax)
        {
            _xml.WriteStartElement("InlineBinary", Namespace);
            WriteBase64(element);
            _xml.WriteEndElement();
        }
        else
        {
            WriteValues(owner, element);
        }
    }

    private void WriteValues(DataSet owner, in DataElement element)
    {
        // The document is in UTF-8, whatever the data set was in.
        IReadOnlyList<string> values = element.Tag == Tag.SpecificCharacterSet ? ["ISO_IR 192"]
            : element.Vr.IsText() ? owner.Texts(element.Vr, element.ToMemory().Span)
            : element.Vr == Vr.AT ? [.. owner.GetStrings(element.Tag).Select(Digits)]
            : owner.GetStrings(element.Tag);
        if (values.Count == 0 || (values.Count == 1 && values[0].Length == 0)) return;
        for (var i = 0; i < values.Count; i++)
        {
            WriteNumbered(element.Vr == Vr.PN ? "PersonName" : "Value", i);
            if (element.Vr == Vr.PN) WritePersonName(values[i]);
            else _xml.WriteString(Clean(values[i]));
            _xml.WriteEndElement();
        }
    }

    // PS3.19 table A.1.5-2: (gggg,eeee) without its signs.
    private static string Digits(string tag) => $"{tag[1..5]}{tag[6..10]}";

    // PS3.5 6.2.1.1: groups of components.
    private void WritePersonName(string value)
    {
        var groups = value.Split('=', Groups.Length);
        for (var g = 0; g < groups.Length; g++)
        {
            if (groups[g].Length == 0) continue;
            _xml.WriteStartElement(Groups[g], Namespace);
            var components = groups[g].Split('^', Components.Length);
            for (var c = 0; c < components.Length; c++)
            {
                if (components[c].Length > 0) _xml.WriteElementString(Components[c], Namespace, Clean(components[c]));
            }

            _xml.WriteEndElement();
        }
    }

    private void WriteNumbered(string name, int index)
    {
        _xml.WriteStartElement(name, Namespace);
        _xml.WriteAttributeString("number", (index + 1).ToString(CultureInfo.InvariantCulture));
    }

    // The value field of PS3.5 A.4: items, then a delimiter.
    private void WriteInline(EncapsulatedFragments fragments)
    {
        _xml.WriteStartElement("InlineBinary", Namespace);
        foreach (var fragment in fragments)
        {
            byte[] item = [0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes((uint)fragment.Length)];
            _xml.WriteBase64(item, 0, item.Length);
            WriteBase64(fragment);
        }

        _xml.WriteBase64([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0], 0, 8);
        _xml.WriteEndElement();
    }

    // The writer keeps what is no whole quantum until the next piece.
    private void WriteBase64(in DataElement element)
    {
        if (element.Range is not { } range)
        {
            var bytes = element.Value.ToArray();
            _xml.WriteBase64(bytes, 0, bytes.Length);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        for (long position = 0; position < range.Length;)
        {
            var count = (int)Math.Min(PieceBytes, range.Length - position);
            range.Read(position, buffer.AsSpan(0, count));
            _xml.WriteBase64(buffer, 0, count);
            position += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    // XML 1.0 2.2: control characters, which values may have, cannot be in a document at all.
    private static string Clean(string text) =>
        text.All(XmlConvert.IsXmlChar) ? text : string.Concat(
            text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\uFFFD'));
}
