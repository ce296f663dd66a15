using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Pixels;

/// <summary>
/// Converts between the uncompressed transfer syntaxes and RLE Lossless, which need no codec. One frame is in memory
/// at a time; what is not to be changed is read from where it lies. Source: PS3.5 annexes A and G.
/// </summary>
public static class TransferSyntaxConverter
{
    /// <summary>What a conversion can lead to, the better first: explicit VRs lose nothing, and a big endian file is
    /// of use to few.</summary>
    private static readonly TransferSyntax[] Targets =
    [
        TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.RLELossless,
        TransferSyntax.ExplicitVRBigEndian,
    ];

    /// <summary>True for two different ones of Implicit VR Little Endian, Explicit VR Little Endian, Explicit VR Big
    /// Endian and RLE Lossless. Whether the pixels of one instance fit RLE shows when it is opened.</summary>
    public static bool CanConvert(TransferSyntax from, TransferSyntax to) =>
        from != to && Targets.Contains(from) && Targets.Contains(to);

    /// <summary>The instance in another transfer syntax, converted while it is sent.</summary>
    /// <returns>A source whose <see cref="InstanceSource.Open"/> throws <see cref="InvalidDataException"/> if the
    /// instance cannot be converted, with a sentence that says why.</returns>
    public static InstanceSource Convert(InstanceSource instance, TransferSyntax to)
    {
        Invariant.Holds(
            TransferSyntax.TryFind(instance.TransferSyntaxUid, out var from) && CanConvert(from, to));
        return new ConvertedInstance(instance, from!, to);
    }

    /// <summary>The instance as it is if its transfer syntax was accepted, else another rendition of it, else converted
    /// into one that was.</summary>
    /// <param name="isAccepted">Asked for a SOP class and a transfer syntax.</param>
    /// <returns>Null if nothing that it can become was accepted.</returns>
    public static InstanceSource? Fit(InstanceSource instance, Func<Uid, Uid, bool> isAccepted)
    {
        if (isAccepted(instance.SopClassUid, instance.TransferSyntaxUid)) return instance;
        if (instance.Renditions.Count == 0) return Converted(instance, isAccepted);
        return instance.Renditions.FirstOrDefault(r => isAccepted(r.SopClassUid, r.TransferSyntaxUid))
            ?? instance.Renditions.Prepend(instance).Select(r => Converted(r, isAccepted))
                .FirstOrDefault(converted => converted is not null);
    }

    private static InstanceSource? Converted(InstanceSource instance, Func<Uid, Uid, bool> isAccepted)
    {
        if (!TransferSyntax.TryFind(instance.TransferSyntaxUid, out var from)) return null;
        var to = Targets.FirstOrDefault(t => CanConvert(from, t) && isAccepted(instance.SopClassUid, t.Uid));
        return to is null ? null : Convert(instance, to);
    }

    /// <summary>The encoding of a data set in another transfer syntax.</summary>
    /// <param name="dataSet">As it was read, or made here; it belongs to the content from now on. That it comes from
    /// a deflated file does not matter.</param>
    /// <param name="to">An uncompressed one or RLE Lossless.</param>
    /// <param name="refusal">Why the pixels cannot be converted.</param>
    /// <exception cref="IOException">A value that lies in a file cannot be read.</exception>
    public static bool TryOpen(
        DataSet dataSet,
        TransferSyntax to,
        [NotNullWhen(true)] out InstanceContent? content,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        Invariant.Holds(Targets.Contains(to));
        content = null;
        var parts = new ContentParts();
        try
        {
            if (!to.IsEncapsulated && !TryDecodeItems(dataSet, out refusal)) return false;
            var isNative = !dataSet.TryGet(Tag.PixelData, out var pixelData) || pixelData.Fragments is null;
            if (isNative && (to != TransferSyntax.RLELossless || pixelData.Length == 0))
            {
                refusal = null;
                DataSetWriter.Write(dataSet, to, parts);
            }
            else if (!TryWriteFrames(dataSet, to, parts, isNative, out refusal))
            {
                return false;
            }
        }
        catch (InvalidDataException e)
        {
            refusal = Refused(RefusalReason.Malformed, e.Message);
            return false;
        }

        content = parts.ToContent();
        return true;
    }

    private static bool TryWriteFrames(
        DataSet dataSet,
        TransferSyntax to,
        ContentParts parts,
        bool isNative,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        if (!PixelLayout.TryRead(dataSet, out var layout, out refusal)
            || !PixelFrames.TryCreate(dataSet, out var frames, out refusal)) return false;
        if (!isNative && dataSet.SourceSyntax != TransferSyntax.RLELossless)
        {
            refusal = Refused(RefusalReason.TableValue, "The pixels are compressed, and not with RLE.");
            return false;
        }

        if (!RleLossless.CanEncode(layout))
        {
            refusal = Refused(
                RefusalReason.DataType, "RLE is for whole bytes, at most 15 a pixel, and frames of 64 MiB at most.");
            return false;
        }

        var index = dataSet.IndexOf(Tag.PixelData);
        DataSetWriter.Write(Part(dataSet, 0, index), to, parts);
        if (isNative) AddEncoded(parts, new EncodedFramesPart(frames, layout));
        else if (layout.FrameBytes * layout.Frames < uint.MaxValue) AddDecoded(parts, frames, layout, to);
        else refusal = Refused(RefusalReason.OverLimit, "The pixels are too many for one native value (PS3.5 7.1).");
        DataSetWriter.Write(Part(dataSet, index + 1, dataSet.Count), to, parts);
        return refusal is null;
    }

    // PS3.3 C.7.6.3.1.8: the Extended Offset Table is of encapsulated Pixel Data, and ours has a basic one.
    private static DataSet Part(DataSet dataSet, int from, int to)
    {
        var part = new DataSet { SourceSyntax = dataSet.SourceSyntax ?? TransferSyntax.ExplicitVRLittleEndian };
        foreach (ref readonly var element in dataSet.Elements[from..to])
        {
            if (element.Tag != Tag.ExtendedOffsetTable && element.Tag != Tag.ExtendedOffsetTableLengths)
                part.Append(element);
        }

        return part;
    }

    private static void AddEncoded(ContentParts parts, EncodedFramesPart frames)
    {
        // PS3.5 A.4: (7FE0,0010) OB of undefined length, whose first item is the Basic Offset Table; its entries have
        // 32 bits, so a longer encoding has an empty one.
        var entries = frames.Offsets[^1] <= uint.MaxValue ? frames.Offsets.Count : 0;
        var head = parts.GetSpan(20 + (4 * entries));
        PutTag(head, Tag.PixelData);
        "OB\0\0"u8.CopyTo(head[4..]);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], DataSetTokenizer.UndefinedLength);
        PutTag(head[12..], Tag.Item);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], 4 * entries);
        for (var i = 0; i < entries; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(head[(20 + (4 * i))..], (uint)frames.Offsets[i]);
        parts.Advance(20 + (4 * entries));
        parts.Add(frames);
        var end = parts.GetSpan(8);
        PutTag(end, Tag.SequenceDelimitationItem);
        BinaryPrimitives.WriteUInt32LittleEndian(end[4..], 0);
        parts.Advance(8);
    }

    private static void AddDecoded(
        ContentParts parts, PixelFrames frames, in PixelLayout layout, TransferSyntax to)
    {
        // PS3.5 A.1 and A.2: OW, or with explicit VRs OB for pixels of one byte.
        var isWords = to.IsImplicitVr || layout.BitsAllocated > 8;
        var part = new DecodedFramesPart(frames, layout, isWords && to.IsBigEndian ? 2 : 1);
        part.Check();
        // PS3.5 8.1.1: an odd number of bytes is padded.
        var length = (uint)(part.Length + (part.Length & 1));
        var head = parts.GetSpan(12);
        var size = to.IsImplicitVr ? 8 : 12;
        if (to.IsBigEndian) BinaryPrimitives.WriteUInt32BigEndian(head, Tag.PixelData.Value);
        else PutTag(head, Tag.PixelData);
        if (!to.IsImplicitVr) (isWords ? "OW\0\0"u8 : "OB\0\0"u8).CopyTo(head[4..]);
        if (to.IsBigEndian) BinaryPrimitives.WriteUInt32BigEndian(head[(size - 4)..], length);
        else BinaryPrimitives.WriteUInt32LittleEndian(head[(size - 4)..], length);
        parts.Advance(size);
        parts.Add(part);
        if (length == part.Length) return;
        parts.GetSpan(1)[0] = 0;
        parts.Advance(1);
    }

    // PS3.5 A.4: the Pixel Data of an icon, in an item, may be compressed too. It is small.
    private static bool TryDecodeItems(DataSet dataSet, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = null;
        foreach (ref readonly var element in dataSet.Elements)
        {
            foreach (var item in element.Sequence ?? [])
            {
                if (!TryDecodeItems(item, out refusal)) return false;
                if (!item.TryGet(Tag.PixelData, out var pixelData) || pixelData.Fragments is null) continue;
                if (item.SourceSyntax != TransferSyntax.RLELossless)
                {
                    refusal = Refused(RefusalReason.TableValue, "An icon is compressed, and not with RLE.");
                    return false;
                }

                if (!PixelLayout.TryRead(item, out var layout, out refusal)
                    || !PixelFrames.TryCreate(item, out var frames, out refusal)) return false;
                if (!RleLossless.CanEncode(layout) || layout.Frames > 1)
                {
                    refusal = Refused(RefusalReason.DataType, "An icon has one frame of whole bytes.");
                    return false;
                }

                using var part = new DecodedFramesPart(frames, layout, 1);
                var pixels = new byte[part.Length];
                part.Check();
                for (var at = 0; at < pixels.Length;) at += part.Read(pixels.AsSpan(at));
                item.SetBytes(Tag.PixelData, layout.BitsAllocated > 8 ? Vr.OW : Vr.OB, pixels);
            }
        }

        return true;
    }

    private static void PutTag(Span<byte> span, Tag tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(span, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], tag.Element);
    }

    private static Refusal Refused(RefusalReason reason, string sentence) =>
        new(reason, sentence, Tag.PixelData.ToString());

    private sealed class ConvertedInstance(InstanceSource instance, TransferSyntax from, TransferSyntax to)
        : InstanceSource(instance.SopClassUid, instance.SopInstanceUid, to.Uid)
    {
        public override InstanceContent Open()
        {
            var reader = instance.Read(from);
            if (reader.Status != ReadStatus.Done) throw new InvalidDataException(reader.Error.ToRefusal().Detail);
            return TryOpen(reader.DataSet, to, out var content, out var refusal)
                ? content
                : throw new InvalidDataException(refusal.Detail);
        }
    }
}
