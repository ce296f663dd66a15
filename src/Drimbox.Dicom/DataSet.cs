using System.Buffers;

namespace Drimbox.Dicom;

/// <summary>
/// A data set, or an item of a sequence (PS3.5 section 7): elements in the order in which they were read or, when
/// set here, in the order of their tags. Not safe for concurrent changes.
/// </summary>
public sealed partial class DataSet
{
    private DataElement[] _elements;
    private bool _ascending = true;
    private bool _hasGroupLengths;
    private bool _isBorrowed;

    public DataSet() => _elements = [];

    /// <summary>An item that will belong to <paramref name="parent"/>: it has the character set of that one.</summary>
    public DataSet(DataSet parent) : this() => Parent = parent;

    /// <summary>For a data set to be read: borrowed room for the elements of an ordinary image header, until
    /// <see cref="TrimExcess"/>.</summary>
    internal DataSet(int capacity)
    {
        _elements = ArrayPool<DataElement>.Shared.Rent(capacity);
        _isBorrowed = true;
    }

    public int Count { get; private set; }

    /// <summary>The data set around this item, or null.</summary>
    public DataSet? Parent { get; internal set; }

    /// <summary>For an item: ended by a delimiter instead of a length (PS3.5 7.5.2).</summary>
    public bool IsUndefinedLength { get; internal set; }

    /// <summary>What the data set was read from; null if it was made here. Group lengths are only written back in the
    /// same transfer syntax.</summary>
    public TransferSyntax? SourceSyntax { get; internal set; }

    /// <summary>The elements stand in the order of their tags, and none twice, as PS3.5 7.1 wants it.</summary>
    internal bool IsAscending => _ascending;

    public DataElement this[int index] => Elements[index];

    public ReadOnlySpan<DataElement> Elements => _elements.AsSpan(0, Count);

    public bool Contains(Tag tag) => IndexOf(tag) >= 0;

    public bool TryGet(Tag tag, out DataElement element)
    {
        var index = IndexOf(tag);
        element = index < 0 ? default : _elements[index];
        return index >= 0;
    }

    /// <summary>Puts an element in its place, or in the place of the one with the same tag.</summary>
    public void Set(DataElement element)
    {
        if (element.Sequence is { } sequence)
        {
            foreach (var item in sequence) item.Parent = this;
        }

        Changing(element.Tag);
        var index = IndexOf(element.Tag);
        if (index >= 0)
        {
            _elements[index] = element;
            return;
        }

        var place = Count;
        while (place > 0 && _elements[place - 1].Tag > element.Tag) place--;
        Grow();
        Array.Copy(_elements, place, _elements, place + 1, Count - place);
        _elements[place] = element;
        Count++;
        _hasGroupLengths |= element.Tag.IsGroupLength;
    }

    /// <returns>False if there was no such element.</returns>
    public bool Remove(Tag tag)
    {
        if (!Contains(tag)) return false;
        Changing(tag);
        var index = IndexOf(tag);
        if (index >= 0) RemoveAt(index);
        return true;
    }

    /// <summary>Appends what was read, in the order in which it was read.</summary>
    internal void Append(in DataElement element)
    {
        if (Count > 0 && _elements[Count - 1].Tag >= element.Tag) _ascending = false;
        Grow();
        _elements[Count++] = element;
        _hasGroupLengths |= element.Tag.IsGroupLength;
    }

    /// <summary>Brings what was appended into the order of the tags.</summary>
    /// <returns>False if a tag is there twice.</returns>
    internal bool TrySort()
    {
        if (_ascending) return true;
        Array.Sort(_elements, 0, Count, Comparer<DataElement>.Create((a, b) => a.Tag.CompareTo(b.Tag)));
        for (var i = 1; i < Count; i++)
        {
            if (_elements[i].Tag == _elements[i - 1].Tag) return false;
        }

        return _ascending = true;
    }

    internal int IndexOf(Tag tag)
    {
        if (!_ascending)
        {
            for (var i = 0; i < Count; i++)
            {
                if (_elements[i].Tag == tag) return i;
            }

            return -1;
        }

        int low = 0, high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = _elements[middle].Tag.Value;
            if (found == tag.Value) return middle;
            if (found < tag.Value) low = middle + 1;
            else high = middle - 1;
        }

        return -1;
    }

    // PS3.5 7.2: a group length that is no longer true must not be written, and it is optional (groups 0000 and 0002
    // excepted, whose writers set it). A change inside an item changes the groups around it too.
    private void Changing(Tag changed)
    {
        if (changed == Tag.SpecificCharacterSet) _characterSet = null;
        if (changed.Group <= 2) return;
        for (var dataSet = this; dataSet is not null; dataSet = dataSet.Parent)
        {
            if (!dataSet._hasGroupLengths) continue;
            for (var i = dataSet.Count - 1; i >= 0; i--)
            {
                if (dataSet._elements[i].Tag is { IsGroupLength: true, Group: > 2 }) dataSet.RemoveAt(i);
            }

            dataSet._hasGroupLengths = false;
        }
    }

    private void RemoveAt(int index)
    {
        Count--;
        Array.Copy(_elements, index + 1, _elements, index, Count - index);
        _elements[Count] = default;
    }

    /// <summary>All that is read was appended: the room becomes as large as it need be.</summary>
    internal void TrimExcess()
    {
        if (_isBorrowed) Exchange(Count == 0 ? [] : new DataElement[Count], isBorrowed: false);
    }

    private void Grow()
    {
        if (Count < _elements.Length) return;
        if (_isBorrowed) Exchange(ArrayPool<DataElement>.Shared.Rent(_elements.Length * 2), isBorrowed: true);
        else Array.Resize(ref _elements, Math.Max(4, _elements.Length * 2));
    }

    private void Exchange(DataElement[] elements, bool isBorrowed)
    {
        Array.Copy(_elements, elements, Count);
        // The pool must not keep values alive.
        Array.Clear(_elements, 0, Count);
        ArrayPool<DataElement>.Shared.Return(_elements);
        _elements = elements;
        _isBorrowed = isBorrowed;
    }
}
