using Drimbox.Core;

namespace Drimbox.Dicom;

/// <summary>The identifiers and issuers that the scan finds in items: (0010,0024), (0010,1002) and (0008,0051).
/// Source: PS3.3 C.7.1.1, C.7.2.1 and table 10-17.</summary>
public sealed partial class HeaderScanner
{
    private ItemValue[] _items = [];
    private int _itemValues;
    private bool _isInIdentifiers;
    private Tag _sequence;
    private Tag _within;
    private int _item;

    /// <summary>True if any of the three sequences had something to keep.</summary>
    public bool HasItemValues => _itemValues > 0;

    /// <summary>How many items of a sequence had something to keep, those before the last such one included.</summary>
    public int ItemCount(Tag sequence)
    {
        var count = 0;
        foreach (var value in _items.AsSpan(0, _itemValues))
        {
            if (value.Sequence == sequence) count = value.Item + 1;
        }

        return count;
    }

    /// <summary>The text of an attribute in an item; "" if there is none.</summary>
    /// <param name="item">From 0 on.</param>
    /// <param name="within">The sequence in that item whose first item has it; the default value: the item
    /// itself.</param>
    public string GetItemString(Tag sequence, int item, Tag tag, Tag within = default)
    {
        foreach (var value in _items.AsSpan(0, _itemValues))
        {
            if (value.Sequence == sequence && value.Item == item && value.Within == within && value.Tag == tag)
                return Text(Bytes(value.Slot), value.Slot.Vr);
        }

        return "";
    }

    private void ResetItems()
    {
        _itemValues = 0;
        _isInIdentifiers = false;
        _sequence = default;
        _within = default;
    }

    private void EnterSequence()
    {
        if (_tokenizer.Depth == 1)
        {
            _isInIdentifiers = _tokenizer.Tag == Tag.IssuerOfPatientIDQualifiersSequence
                || _tokenizer.Tag == Tag.OtherPatientIDsSequence || _tokenizer.Tag == Tag.IssuerOfAccessionNumberSequence;
            _sequence = _tokenizer.Tag;
            _item = -1;
        }
        else if (_isInIdentifiers && _tokenizer.Depth == 2)
        {
            _within = _tokenizer.Tag;
        }
    }

    private void EnterItem()
    {
        if (_tokenizer.Depth == 1) _item++;
    }

    private void LeaveSequence()
    {
        if (_tokenizer.Depth == 1) _within = default;
        else if (_tokenizer.Depth == 0) _isInIdentifiers = false;
    }

    private void BeginInItem()
    {
        var tag = _tokenizer.Tag;
        var isKept = tag == Tag.PatientID || tag == Tag.IssuerOfPatientID || tag == Tag.LocalNamespaceEntityID
            || tag == Tag.UniversalEntityID || tag == Tag.UniversalEntityIDType;
        // An item that comes twice is the concern of whoever reads it: the first is kept.
        if (!isKept || _tokenizer.Depth > 2 || _tokenizer.Length == 0 || _itemValues == Limits.ScannedItemValuesMax)
            return;
        if (_itemValues == _items.Length) Array.Resize(ref _items, Math.Max(8, _items.Length * 2));
        _items[_itemValues] = new ItemValue
        {
            Sequence = _sequence, Item = _item, Within = _within, Tag = tag, Slot = new Slot(_used, 0, _tokenizer.Vr),
        };
        _picking = _slots.Length + _itemValues++;
    }

    private struct ItemValue
    {
        public Tag Sequence;
        public int Item;
        public Tag Within;
        public Tag Tag;
        public Slot Slot;
    }
}
