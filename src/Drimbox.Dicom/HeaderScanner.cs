using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <summary>
/// Looks at a data set as it passes by, up to Pixel Data: checks the structure and keeps the values of a few
/// top-level attributes, and the identifiers with their issuers in a few sequences. One object is used again for every
/// instance of an association and then allocates nothing.
/// </summary>
public sealed partial class HeaderScanner
{
    private static readonly Tag[] Indexed =
    [
        Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.StudyDate, Tag.SeriesDate, Tag.ContentDate, Tag.StudyTime,
        Tag.SeriesTime, Tag.ContentTime, Tag.AccessionNumber, Tag.Modality, Tag.InstitutionName,
        Tag.ReferringPhysicianName, Tag.TimezoneOffsetFromUTC, Tag.StudyDescription, Tag.SeriesDescription,
        Tag.PatientName, Tag.PatientID, Tag.IssuerOfPatientID, Tag.PatientBirthDate, Tag.PatientSex,
        Tag.BodyPartExamined, Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.StudyID, Tag.SeriesNumber,
        Tag.InstanceNumber, Tag.FrameOfReferenceUID, Tag.NumberOfFrames, Tag.Rows, Tag.Columns, Tag.BitsAllocated,
        Tag.PerformedProcedureStepStartDate, Tag.PerformedProcedureStepStartTime,
    ];

    private readonly DataSetTokenizer _tokenizer = new();
    private readonly Tag[] _tags;
    private readonly Slot[] _slots;
    private byte[] _bytes = new byte[1024];
    private int _used;
    private int _picking = -1;

    /// <param name="tags">The attributes to keep. (0008,0005) is always among them.</param>
    public HeaderScanner(params ReadOnlySpan<Tag> tags)
    {
        _tags = [.. tags.ToArray().Append(Tag.SpecificCharacterSet).Distinct().Order()];
        _slots = new Slot[_tags.Length];
        Reset(TransferSyntax.ExplicitVRLittleEndian);
    }

    /// <summary>What an archive indexes: patient, study, series and instance level keys of PS3.4 C.6, and the sizes
    /// that a viewer asks for.</summary>
    public static ReadOnlySpan<Tag> IndexedTags => Indexed;

    public ReadStatus Status { get; private set; }

    public StructureError Error { get; private set; }

    /// <summary>Where the scan stopped: bytes from the start of the data set to the header of Pixel Data, or of the
    /// first element after its place; -1 if neither came.</summary>
    public long PixelDataOffset { get; private set; }

    /// <summary>The declared length of Pixel Data, or -1 if it is encapsulated or did not come.</summary>
    public long PixelDataLength { get; private set; }

    public CharacterSet CharacterSet =>
        Bytes(Tag.SpecificCharacterSet) is { IsEmpty: false } terms
            ? CharacterSet.Parse(Encoding.ASCII.GetString(terms).Split('\\').Select(t => t.Trim(' ', '\0')).ToArray())
            : CharacterSet.Default;

    /// <summary>Begins the next data set.</summary>
    public void Reset(TransferSyntax syntax)
    {
        _tokenizer.Reset(syntax, stopAt: Tag.PixelData);
        Array.Clear(_slots);
        // A scanner lives as long as its node: what one hostile header grew is not kept.
        if (_bytes.Length > Limits.ScannedValueBytesMax * 4) _bytes = new byte[1024];
        _used = 0;
        _picking = -1;
        ResetItems();
        Status = ReadStatus.NeedMore;
        Error = default;
        PixelDataOffset = -1;
        PixelDataLength = -1;
    }

    /// <summary>Takes the next bytes of the data set. After <see cref="ReadStatus.Done"/> (Pixel Data is reached) and
    /// after a failure it does nothing.</summary>
    public ReadStatus Feed(ReadOnlySpan<byte> fragment)
    {
        var index = 0;
        while (Status == ReadStatus.NeedMore)
        {
            switch (_tokenizer.Next(fragment, ref index))
            {
                case DataSetToken.NeedMore:
                    return Status;
                case DataSetToken.Element when _tokenizer.Depth == 0:
                    Begin();
                    break;
                case DataSetToken.Element when _isInKept:
                    BeginInItem();
                    break;
                case DataSetToken.SequenceStart:
                    EnterSequence();
                    break;
                case DataSetToken.ItemStart when _isInKept:
                    EnterItem();
                    break;
                case DataSetToken.SequenceEnd when _isInKept:
                    LeaveSequence();
                    break;
                case DataSetToken.Value when _picking >= 0:
                    Keep(fragment.Slice(_tokenizer.ValueStart, _tokenizer.ValueCount));
                    break;
                case DataSetToken.Stopped:
                    Stop();
                    break;
                case DataSetToken.Error:
                    Fail();
                    break;
            }
        }

        return Status;
    }

    /// <summary>States that the data set has ended.</summary>
    /// <param name="totalLength">Its length in bytes if it was fed only up to Pixel Data: a native Pixel Data that
    /// does not end there is an error. -1: not checked.</param>
    public ReadStatus Complete(long totalLength = -1)
    {
        if (Status == ReadStatus.NeedMore)
        {
            Status = ReadStatus.Done;
            if (!_tokenizer.TryComplete()) Fail();
        }
        else if (Status == ReadStatus.Done && PixelDataLength >= 0 && totalLength >= 0
                 && _tokenizer.Position + PixelDataLength > totalLength)
        {
            _tokenizer.Fail(StructureErrorReason.ValueBeyondInput);
            Fail();
        }

        return Status;
    }

    /// <summary>Whether a value is kept, and all of it: also while more of the data set comes.</summary>
    public bool IsKept(Tag tag)
    {
        var index = _tags.AsSpan().BinarySearch(tag);
        return index >= 0 && index != _picking && _slots[index].Length > 0;
    }

    /// <summary>The bytes of a value that was kept, little endian, without padding; empty if there is none.</summary>
    public ReadOnlySpan<byte> Bytes(Tag tag)
    {
        var index = _tags.AsSpan().BinarySearch(tag);
        if (index < 0) return default;
        return Bytes(_slots[index]);
    }

    /// <summary>All of the text of a value, with its delimiters; null if there is none.</summary>
    public string? GetString(Tag tag)
    {
        var bytes = Bytes(tag);
        if (bytes.IsEmpty) return null;
        var vr = _slots[_tags.AsSpan().BinarySearch(tag)].Vr;
        return vr.IsText() ? Text(bytes, vr) : GetInt(tag)?.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The UID of a value; the default value if there is none.</summary>
    public Uid GetUid(Tag tag) => Uid.TryParse(GetString(tag), out var uid) ? uid : default;

    /// <summary>The first number of US, SS, UL, SL or IS; null if there is none.</summary>
    public int? GetInt(Tag tag)
    {
        var bytes = Bytes(tag);
        if (bytes.IsEmpty) return null;
        return _slots[_tags.AsSpan().BinarySearch(tag)].Vr switch
        {
            Vr.US when bytes.Length >= 2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            Vr.SS when bytes.Length >= 2 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            Vr.UL when bytes.Length >= 4 && BinaryPrimitives.ReadInt32LittleEndian(bytes) >= 0 =>
                BinaryPrimitives.ReadInt32LittleEndian(bytes),
            Vr.SL when bytes.Length >= 4 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            Vr.IS when int.TryParse(
                bytes.Trim((byte)' '), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
                number,
            _ => null,
        };
    }

    private void Begin()
    {
        _picking = _tags.AsSpan().BinarySearch(_tokenizer.Tag);
        if (_picking < 0) return;
        ref var slot = ref _slots[_picking];
        if (slot.Vr != Vr.None)
        {
            _tokenizer.Fail(StructureErrorReason.DuplicateElement);
            Fail();
            return;
        }

        slot = new Slot(_used, 0, _tokenizer.Vr);
        if (_tokenizer.Length == 0) _picking = -1;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        ref var slot = ref _picking < _slots.Length ? ref _slots[_picking] : ref _items[_picking - _slots.Length].Slot;
        var count = Math.Min(bytes.Length, Limits.ScannedValueBytesMax - slot.Length);
        if (_bytes.Length - _used < count) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + count));
        bytes[..count].CopyTo(_bytes.AsSpan(_used));
        _used += count;
        slot = slot with { Length = slot.Length + count };
        if (!_tokenizer.IsValueComplete) return;
        if (_tokenizer.IsBigEndian)
            DataSetReader.Swap(_bytes.AsSpan(slot.Offset, slot.Length), slot.Vr.WordSize());

        // PS3.5 9.1; attack A8: what is not a UID never becomes a key or a name.
        if (slot.Vr == Vr.UI && !AreUids(_bytes.AsSpan(slot.Offset, slot.Length)))
        {
            _tokenizer.Fail(StructureErrorReason.InvalidUid);
            Fail();
        }

        _picking = -1;
    }

    private ReadOnlySpan<byte> Bytes(in Slot slot)
    {
        var bytes = _bytes.AsSpan(slot.Offset, slot.Length);
        return slot.Vr.IsText() ? bytes.TrimEnd(" \0"u8) : bytes;
    }

    private string Text(ReadOnlySpan<byte> bytes, Vr vr)
    {
        var text = vr.UsesSpecificCharacterSet() ? CharacterSet.Decode(bytes, vr) : Encoding.Latin1.GetString(bytes);
        return vr.IgnoresLeadingSpaces() ? text.TrimStart(' ') : text;
    }

    private void Stop()
    {
        Status = ReadStatus.Done;
        PixelDataOffset = _tokenizer.HeaderOffset;
        if (_tokenizer.Tag == Tag.PixelData && !_tokenizer.IsUndefinedLength) PixelDataLength = _tokenizer.Length;
    }

    private void Fail()
    {
        Error = _tokenizer.Error;
        Status = ReadStatus.Failed;
    }

    private static bool AreUids(ReadOnlySpan<byte> value)
    {
        value = value.TrimEnd(" \0"u8);
        if (value.IsEmpty) return true;
        var componentStart = 0;
        var uidStart = 0;
        for (var i = 0; i <= value.Length; i++)
        {
            var b = i < value.Length ? value[i] : (byte)'\\';
            if (b is >= (byte)'0' and <= (byte)'9') continue;
            var length = i - componentStart;
            if (b is not ((byte)'.' or (byte)'\\') || length == 0) return false;
            if (length > 1 && value[componentStart] == (byte)'0') return false;
            componentStart = i + 1;
            if (b == (byte)'.') continue;
            if (i - uidStart > Limits.UidLengthMax) return false;
            uidStart = i + 1;
        }

        return true;
    }

    // Vr.None: not met yet.
    private readonly record struct Slot(int Offset, int Length, Vr Vr);
}
