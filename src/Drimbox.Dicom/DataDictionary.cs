using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Drimbox.Dicom;

/// <summary>What PS3.6 says of one attribute.</summary>
/// <param name="Tag">The tag asked for (for a repeating group, not its first group).</param>
/// <param name="Vr">The VR, the first one where PS3.6 leaves a choice.</param>
/// <param name="VrText">The VR column: <c>US or SS</c>.</param>
/// <param name="Vm">The value multiplicity: <c>1-n</c>.</param>
public readonly record struct DictionaryEntry(
    Tag Tag, string Keyword, Vr Vr, string VrText, string Vm, bool IsRetired);

/// <summary>The data dictionary of PS3.6 and the command fields of PS3.7 E, as sorted tables in the assembly: a
/// look-up allocates a keyword when it is asked for the first time, and nothing is built at start-up.</summary>
public static class DataDictionary
{
    // By the code of the VR column: what ImplicitVr and IsUsOrSs answer.
    private static readonly Vr[] ImplicitVrOf =
    [
        .. DictionaryTables.VrText.Select((text, code) =>
            text.EndsWith(" OW", StringComparison.Ordinal) ? Vr.OW : DictionaryTables.FirstVr[code]),
    ];

    private static readonly bool[] UsOrSs =
        [.. DictionaryTables.VrText.Select(text => text.StartsWith("US or SS", StringComparison.Ordinal))];

    /// <summary>Attributes with a tag of their own (repeating groups are not counted).</summary>
    public static int Count => DictionaryTables.Tags.Length;

    public static bool TryFind(Tag tag, out DictionaryEntry entry)
    {
        var index = DictionaryTables.Tags.BinarySearch(tag.Value);
        if (index >= 0)
        {
            entry = Entry(
                tag, DictionaryTables.VrOf[index], DictionaryTables.VmOf[index],
                // Two threads that make the same text at once do no harm.
                KeywordTexts.Of[index] ??= Encoding.ASCII.GetString(
                    Line(DictionaryTables.Keywords, DictionaryTables.KeywordStart, index)));
            return true;
        }

        index = FindRepeating(tag);
        if (index >= 0)
        {
            entry = Entry(
                tag, DictionaryTables.RepeatingVr[index], DictionaryTables.RepeatingVm[index],
                Encoding.ASCII.GetString(
                    Line(DictionaryTables.RepeatingKeywords, DictionaryTables.RepeatingKeywordStart, index)));
            return true;
        }

        entry = default;
        return false;
    }

    /// <summary>The tag of a keyword; for a repeating group its first tag.</summary>
    public static bool TryFindTag([NotNullWhen(true)] string? keyword, out Tag tag)
    {
        tag = default;
        // The longest keyword of PS3.6 has fewer than 100 characters.
        if (string.IsNullOrEmpty(keyword) || keyword.Length > 128 || !Ascii.IsValid(keyword)) return false;
        Span<byte> wanted = stackalloc byte[keyword.Length];
        Encoding.ASCII.GetBytes(keyword, wanted);

        int low = 0, high = DictionaryTables.ByKeyword.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var index = DictionaryTables.ByKeyword[middle];
            var order = wanted.SequenceCompareTo(
                Line(DictionaryTables.Keywords, DictionaryTables.KeywordStart, index));
            if (order == 0)
            {
                tag = new Tag(DictionaryTables.Tags[index]);
                return true;
            }

            if (order < 0) high = middle - 1;
            else low = middle + 1;
        }

        for (var i = 0; i < DictionaryTables.RepeatingTags.Length; i++)
        {
            if (!Line(DictionaryTables.RepeatingKeywords, DictionaryTables.RepeatingKeywordStart, i)
                    .SequenceEqual(wanted)) continue;
            tag = new Tag(DictionaryTables.RepeatingTags[i]);
            return true;
        }

        return false;
    }

    /// <summary>The keyword of a tag, or the empty string.</summary>
    public static string KeywordOf(Tag tag) => TryFind(tag, out var entry) ? entry.Keyword : "";

    /// <summary>The VR of an attribute in Implicit VR Little Endian. Source: PS3.5 A.1: where PS3.6 leaves a choice
    /// with OW, OW it is; US or SS is told apart by the reader; what is unknown is UN (6.2.2).</summary>
    public static Vr ImplicitVr(Tag tag)
    {
        // PS3.5 7.2 and 7.8.1.
        if (tag.IsGroupLength) return Vr.UL;
        if (tag.IsPrivate) return tag.IsPrivateCreator ? Vr.LO : Vr.UN;
        var code = VrCode(tag);
        if (code < 0) return Vr.UN;
        return ImplicitVrOf[code];
    }

    /// <summary>True for <c>US or SS</c>: the sign is that of Pixel Representation (0028,0103).</summary>
    internal static bool IsUsOrSs(Tag tag)
    {
        var code = VrCode(tag);
        return code >= 0 && UsOrSs[code];
    }

    private static int VrCode(Tag tag)
    {
        var index = DictionaryTables.Tags.BinarySearch(tag.Value);
        if (index >= 0) return DictionaryTables.VrOf[index] & ~DictionaryTables.RetiredBit;
        index = FindRepeating(tag);
        return index < 0 ? -1 : DictionaryTables.RepeatingVr[index] & ~DictionaryTables.RetiredBit;
    }

    private static int FindRepeating(Tag tag)
    {
        // PS3.5 7.6: repeating groups are even; an odd group is private whatever it looks like.
        if (tag.IsPrivate) return -1;
        // Fetched once: without optimisation each fetch of such a table is an allocation.
        var tags = DictionaryTables.RepeatingTags;
        var masks = DictionaryTables.RepeatingMasks;
        for (var i = 0; i < tags.Length; i++)
        {
            if ((tag.Value & masks[i]) == tags[i]) return i;
        }

        return -1;
    }

    private static DictionaryEntry Entry(Tag tag, byte vr, byte vm, string keyword)
    {
        var code = vr & ~DictionaryTables.RetiredBit;
        return new DictionaryEntry(
            tag, keyword, DictionaryTables.FirstVr[code], DictionaryTables.VrText[code],
            DictionaryTables.VmText[vm], (vr & DictionaryTables.RetiredBit) != 0);
    }

    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> text, ReadOnlySpan<int> starts, int index) =>
        text[starts[index]..(starts[index + 1] - 1)];

    // A type of its own: a program that asks for no keyword does not pay for the array.
    private static class KeywordTexts
    {
        internal static readonly string?[] Of = new string?[DictionaryTables.Tags.Length];
    }
}
