using System.Globalization;
using System.Text;
using Drimbox.Dicom;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>A data set as lines for a person: tag, VR, length, keyword, value.</summary>
/// <param name="valueLengthMax">Characters of a value; the rest is cut.</param>
/// <param name="selected">Top-level attributes to show; empty: all.</param>
internal sealed class DataSetText(TextWriter output, int valueLengthMax, IReadOnlySet<Tag> selected)
{
    private const int KeywordWidth = 34;

    // Bytes shown of a value that is not text: three characters each.
    private readonly int _bytesMax = valueLengthMax / 3;

    public void Write(DataSet dataSet)
    {
        foreach (var element in Elements(dataSet))
        {
            if (selected.Count == 0 || selected.Contains(element.Tag)) WriteElement(dataSet, element, "");
        }
    }

    // A span cannot live across the lines that are written.
    private static IEnumerable<DataElement> Elements(DataSet dataSet)
    {
        for (var i = 0; i < dataSet.Count; i++) yield return dataSet[i];
    }

    private void WriteElement(DataSet dataSet, DataElement element, string indent)
    {
        var size = element.Sequence is { } sequence ? Count(sequence.Count, "item")
            : element.Fragments is { } fragments ? Count(Math.Max(0, fragments.Count - 1), "fragment")
            : element.Length.ToString(CultureInfo.InvariantCulture);
        var name = NameOf(dataSet, element.Tag);
        var line = $"{indent}{element.Tag} {element.Vr.Code()} {size,11}  "
            + $"{name.PadRight(Math.Max(0, KeywordWidth - indent.Length))} ";
        output.WriteLine((line + ValueOf(dataSet, element)).TrimEnd());
        if (element.Sequence is { } items) WriteItems(items, indent + "  ");
        if (element.Fragments is { } all) WriteFragments(all, indent + "  ");
    }

    private void WriteItems(Sequence items, string indent)
    {
        for (var i = 0; i < items.Count; i++)
        {
            output.WriteLine($"{indent}item {i + 1}");
            foreach (var inner in Elements(items[i])) WriteElement(items[i], inner, indent + "  ");
        }
    }

    // PS3.5 A.4: the first is the Basic Offset Table.
    private void WriteFragments(EncapsulatedFragments fragments, string indent)
    {
        for (var i = 0; i < fragments.Count; i++)
        {
            var name = i == 0 ? "offset table" : $"fragment {i}";
            output.WriteLine($"{indent}{name,-14} {fragments[i].Length,9} bytes  {BytesOf(fragments[i])}".TrimEnd());
        }
    }

    private string ValueOf(DataSet dataSet, DataElement element)
    {
        if (element.Sequence is not null || element.Fragments is not null || element.Length == 0) return "";
        if (!element.IsInMemory || element.Vr is Vr.OB or Vr.OW or Vr.OD or Vr.OF or Vr.OL or Vr.OV or Vr.UN)
            return BytesOf(element);
        // Far more than is shown is not decoded: a UT may have megabytes.
        var values = dataSet.GetStrings(element.Tag);
        if (values.Count == 0) return BytesOf(element);
        var text = MatchTable.Printable(string.Join('\\', values), valueLengthMax);
        if (element.Vr != Vr.UI || values.Count != 1) return text;
        var name = UidRegistry.NameOf(dataSet.GetUid(element.Tag));
        return name.Length == 0 || name == values[0] ? text : $"{text} = {name}";
    }

    private string BytesOf(DataElement element)
    {
        var count = (int)Math.Min(element.Length, _bytesMax);
        var bytes = new byte[count];
        if (element.Range is { } range) range.Read(0, bytes);
        else element.Bytes[..count].CopyTo(bytes);
        var text = new StringBuilder(3 * count);
        foreach (var b in bytes) text.Append(b.ToString("X2", CultureInfo.InvariantCulture)).Append(' ');
        if (count < element.Length) text.Append('…');
        return text.ToString().TrimEnd();
    }

    // PS3.5 7.8.1: the block of a private element is reserved by (gggg,00bb), whose value names its owner.
    private static string NameOf(DataSet dataSet, Tag tag)
    {
        if (tag.IsGroupLength) return "GroupLength";
        if (tag.IsPrivateCreator) return "PrivateCreator";
        if (!tag.IsPrivate) return DataDictionary.KeywordOf(tag) is { Length: > 0 } keyword ? keyword : "?";
        var creator = dataSet.GetString(new Tag(tag.Group, (ushort)(tag.Element >> 8)));
        return creator is null ? "[private]" : $"[{MatchTable.Printable(creator, KeywordWidth - 2)}]";
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
