using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Writes the matches of a page of the index as identifiers, from the bytes that the index has. The page is
/// filled again and again; this stays.</summary>
internal sealed class ArchiveMatchPage : MatchPage
{
    // Lead bytes in UTF-8 of what is beyond U+00FF, which ISO_IR 100 has not.
    private const byte BeyondLatin1 = 0xC4;

    private readonly FindPage _page;
    private readonly Output[] _outputs;
    private readonly IReadOnlyDictionary<Tag, IReadOnlyList<Tag>> _itemKeys;

    public ArchiveMatchPage(FindPage page, UnderstoodQuery understood, string level, AeTitle retrieveAeTitle)
    {
        _page = page;
        _itemKeys = understood.ItemKeys;
        var columns = page.Attributes.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var outputs = new Dictionary<Tag, Output>
        {
            [Tag.QueryRetrieveLevel] = Constant(Tag.QueryRetrieveLevel, level),
            [Tag.RetrieveAETitle] = Constant(Tag.RetrieveAETitle, retrieveAeTitle.ToString()),
            [Tag.InstanceAvailability] = Constant(Tag.InstanceAvailability, "ONLINE"),
        };
        // The unique keys of the level and those above it come whether asked for or not (PS3.4 C.4.1.3.1).
        foreach (var tag in understood.Keys.Concat(QueryKeys.UniqueKeyTags))
        {
            if (columns.TryGetValue(QueryKeys.AttributeOf(tag), out var column))
                outputs[tag] = new Output(tag, VrOf(tag), column, []);
        }

        _outputs = [.. outputs.Values.OrderBy(output => output.Tag)];
    }

    private enum Repertoire
    {
        Ascii,
        Latin1,
        Utf8,
    }

    public override int Count => _page.Count;

    public override bool IsLast => _page.IsLast;

    public override void Write(int index, MatchWriter writer)
    {
        // PS3.4 C.4.1.1.3.2: in the character set that the values need.
        var repertoire = RepertoireOf(index);
        if (repertoire != Repertoire.Ascii)
        {
            writer.Write(
                Tag.SpecificCharacterSet, Vr.CS, repertoire == Repertoire.Utf8 ? "ISO_IR 192"u8 : "ISO_IR 100"u8);
        }

        foreach (var output in _outputs)
        {
            if (output.Column < 0) writer.Write(output.Tag, output.Vr, output.Constant);
            else if (output.Vr == Vr.SQ) WriteItems(writer, output.Tag, _page[index, output.Column], repertoire);
            else WriteValue(writer, output.Tag, output.Vr, _page[index, output.Column], repertoire);
        }
    }

    private Repertoire RepertoireOf(int index)
    {
        var repertoire = Repertoire.Ascii;
        foreach (var output in _outputs)
        {
            if (output.Column < 0 || !(output.Vr == Vr.SQ || output.Vr.UsesSpecificCharacterSet())) continue;
            var value = _page[index, output.Column];
            if (Ascii.IsValid(value)) continue;
            if (value.ContainsAnyInRange(BeyondLatin1, byte.MaxValue)) return Repertoire.Utf8;
            repertoire = Repertoire.Latin1;
        }

        return repertoire;
    }

    // A value with a backslash was several values when it came.
    private static void WriteValue(
        MatchWriter writer, Tag tag, Vr vr, ReadOnlySpan<byte> value, Repertoire repertoire)
    {
        if (vr == Vr.US) WriteNumber(writer, tag, value);
        else if (Ascii.IsValid(value)) writer.Write(tag, vr, value);
        // What may only have ISO 646, and came with more, has question marks there (PS3.5 6.1.2.3).
        else if (!vr.UsesSpecificCharacterSet())
            writer.Write(tag, vr, Encoding.ASCII.GetBytes(Encoding.UTF8.GetString(value)));
        else if (repertoire == Repertoire.Latin1) writer.WriteLatin1(tag, vr, value);
        else writer.Write(tag, vr, value);
    }

    private static void WriteNumber(MatchWriter writer, Tag tag, ReadOnlySpan<byte> value)
    {
        Span<byte> bytes = stackalloc byte[2];
        if (Utf8Parser.TryParse(value, out ushort number, out var used) && used == value.Length)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, number);
        else bytes = [];
        writer.Write(tag, Vr.US, bytes);
    }

    private void WriteItems(MatchWriter writer, Tag tag, ReadOnlySpan<byte> value, Repertoire repertoire)
    {
        var keys = _itemKeys[tag];
        var sequence = writer.BeginSequence(tag);
        foreach (var item in FindPage.ItemsOf(value))
        {
            var begun = writer.BeginItem();
            for (var i = 0; i < keys.Count; i++)
                WriteValue(writer, keys[i], VrOf(keys[i]), Encoding.UTF8.GetBytes(item[i]), repertoire);
            writer.End(begun);
        }

        writer.End(sequence);
    }

    private static Output Constant(Tag tag, string value) => new(tag, VrOf(tag), -1, Encoding.ASCII.GetBytes(value));

    private static Vr VrOf(Tag tag) => DataDictionary.TryFind(tag, out var entry) ? entry.Vr : Vr.UN;

    /// <param name="Column">Of the page; -1 for a constant.</param>
    private readonly record struct Output(Tag Tag, Vr Vr, int Column, byte[] Constant);
}
