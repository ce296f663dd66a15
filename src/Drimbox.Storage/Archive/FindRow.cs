using System.Text;
using System.Text.Json;

namespace Drimbox.Storage;

/// <summary>One match: the values of the keys of the query, and of the unique keys of its level and those above it.
/// </summary>
public sealed class FindRow
{
    private static readonly int _attributes = Enum.GetValues<ArchiveAttribute>().Length;

    private readonly string?[] _values = new string?[_attributes];

    /// <summary>The value, "" if it is empty; null if the query did not ask for it. Values of
    /// <see cref="ArchiveAttribute.ModalitiesInStudy"/> are separated by a backslash; a sequence is what
    /// <see cref="FindPage.ItemsOf"/> reads.</summary>
    public string? this[ArchiveAttribute attribute]
    {
        get => _values[(int)attribute];
        internal set => _values[(int)attribute] = value;
    }
}

/// <summary>Some matches of a query, in UTF-8 as the index has them, without an object for each value. Valid until the
/// next page is asked for.</summary>
public sealed class FindPage
{
    private byte[] _bytes = new byte[16 * 1024];
    private int[] _ends = new int[256];
    private int _used;
    private int _values;

    internal FindPage(IReadOnlyList<ArchiveAttribute> attributes) => Attributes = attributes;

    /// <summary>The columns.</summary>
    public IReadOnlyList<ArchiveAttribute> Attributes { get; }

    public int Count => _values / Attributes.Count;

    /// <summary>No match comes after these.</summary>
    public bool IsLast { get; internal set; }

    public ReadOnlySpan<byte> this[int row, int column]
    {
        get
        {
            var value = (row * Attributes.Count) + column;
            var start = value == 0 ? 0 : _ends[value - 1];
            return _bytes.AsSpan(start, _ends[value] - start);
        }
    }

    /// <summary>The items that the value of a sequence holds: for each the texts of the attributes that the query named,
    /// in its order; of all that the index has, in the order of their tags, if it named none.</summary>
    public static List<List<string>> ItemsOf(ReadOnlySpan<byte> value)
    {
        var items = new List<List<string>>();
        var reader = new Utf8JsonReader(value);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 1) items.Add([]);
            else if (reader.TokenType == JsonTokenType.String) items[^1].Add(reader.GetString()!);
        }

        return items;
    }

    internal FindRow Row(int row)
    {
        var read = new FindRow();
        for (var column = 0; column < Attributes.Count; column++)
            read[Attributes[column]] = Encoding.UTF8.GetString(this[row, column]);
        return read;
    }

    internal void Clear() => _used = _values = 0;

    internal void Add(ReadOnlySpan<byte> value)
    {
        if (_bytes.Length - _used < value.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + value.Length));
        if (_values == _ends.Length) Array.Resize(ref _ends, _ends.Length * 2);
        value.CopyTo(_bytes.AsSpan(_used));
        _used += value.Length;
        _ends[_values++] = _used;
    }
}
