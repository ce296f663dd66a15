using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Part10;

/// <summary>Writes DICOM files: preamble, prefix, file meta information, data set. Source: PS3.10 section 7.</summary>
public static class Part10Writer
{
    // Preamble, prefix, and every element at its longest: four UIDs, three texts of 16, the group length, the version.
    private const int HeaderBytesMax = DicomFile.PreambleLength + 4 + 12 + 14 + (4 * (8 + Limits.UidLengthMax))
        + (3 * (8 + Limits.AeTitleLengthMax));

    /// <summary>The part before the data set. The data set itself may then be copied as it arrived.</summary>
    /// <param name="transferSyntaxUid">That of the data set; it need not be one that this library knows.</param>
    /// <param name="source">Source Application Entity Title, or the default value.</param>
    /// <param name="sending">Sending Application Entity Title, or the default value.</param>
    public static byte[] Header(
        Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid, AeTitle source = default, AeTitle sending = default)
    {
        Span<byte> bytes = stackalloc byte[HeaderBytesMax];
        var writer = new MetaWriter(bytes);
        // PS3.10 7.1: version 1 is bit 0 of the second byte.
        writer.Version([0, 1]);
        writer.Text(Tag.MediaStorageSOPClassUID, "UI"u8, sopClassUid.ToString());
        writer.Text(Tag.MediaStorageSOPInstanceUID, "UI"u8, sopInstanceUid.ToString());
        writer.Text(Tag.TransferSyntaxUID, "UI"u8, transferSyntaxUid.ToString());
        writer.Text(Tag.ImplementationClassUID, "UI"u8, Implementation.ClassUid.ToString());
        writer.Text(Tag.ImplementationVersionName, "SH"u8, Implementation.VersionName);
        if (!source.IsEmpty) writer.Text(Tag.SourceApplicationEntityTitle, "AE"u8, source.ToString());
        if (!sending.IsEmpty) writer.Text(Tag.SendingApplicationEntityTitle, "AE"u8, sending.ToString());
        return writer.Finish().ToArray();
    }

    /// <summary>The header for <paramref name="dataSet"/>, by its SOP Class and Instance UIDs, which must be there.
    /// </summary>
    public static byte[] Header(DataSet dataSet, TransferSyntax syntax, AeTitle source = default)
    {
        var sopClass = dataSet.GetUid(Tag.SOPClassUID);
        var sopInstance = dataSet.GetUid(Tag.SOPInstanceUID);
        Invariant.Holds(!sopClass.IsEmpty && !sopInstance.IsEmpty);
        return Header(sopClass, sopInstance, syntax.Uid, source);
    }

    public static byte[] ToBytes(DataSet dataSet, TransferSyntax syntax, AeTitle source = default) =>
        [.. Header(dataSet, syntax, source), .. DataSetWriter.ToBytes(dataSet, syntax)];

    public static void Write(DataSet dataSet, TransferSyntax syntax, Stream output, AeTitle source = default)
    {
        output.Write(Header(dataSet, syntax, source));
        DataSetWriter.Write(dataSet, syntax, output);
    }

    /// <summary>Writes a header without a data set in between: one is made for every instance that is stored.</summary>
    private ref struct MetaWriter
    {
        private const int Start = DicomFile.PreambleLength + 4;
        private const int GroupStart = Start + 12;

        private readonly Span<byte> _bytes;
        private int _length = GroupStart;

        public MetaWriter(Span<byte> bytes)
        {
            _bytes = bytes;
            // Zeros: a preamble of others may be a program (attack A7).
            bytes[..DicomFile.PreambleLength].Clear();
            DicomFile.Prefix.CopyTo(bytes[DicomFile.PreambleLength..]);
        }

        /// <summary>(0002,0001), OB: the long form of PS3.5 7.1.2, with two reserved bytes.</summary>
        public void Version(ReadOnlySpan<byte> value)
        {
            Begin(_bytes[_length..], Tag.FileMetaInformationVersion, "OB"u8);
            BinaryPrimitives.WriteUInt16LittleEndian(_bytes[(_length + 6)..], 0);
            BinaryPrimitives.WriteInt32LittleEndian(_bytes[(_length + 8)..], value.Length);
            value.CopyTo(_bytes[(_length + 12)..]);
            _length += 12 + value.Length;
        }

        /// <summary>One in the short form, of even length: PS3.5 6.2 pads UI with a NUL, SH and AE with a space.</summary>
        public void Text(Tag tag, ReadOnlySpan<byte> vr, string value)
        {
            var element = _bytes[_length..];
            Begin(element, tag, vr);
            var length = (value.Length + 1) & ~1;
            BinaryPrimitives.WriteUInt16LittleEndian(element[6..], (ushort)length);
            var written = Encoding.ASCII.GetBytes(value, element[8..]);
            if (written < length) element[8 + written] = vr[0] == 'U' ? (byte)0 : (byte)' ';
            _length += 8 + length;
        }

        /// <summary>Puts (0002,0000) in front: the bytes of the group after it.</summary>
        public readonly ReadOnlySpan<byte> Finish()
        {
            var group = _bytes[Start..];
            Begin(group, Tag.FileMetaInformationGroupLength, "UL"u8);
            BinaryPrimitives.WriteUInt16LittleEndian(group[6..], 4);
            BinaryPrimitives.WriteInt32LittleEndian(group[8..], _length - GroupStart);
            return _bytes[.._length];
        }

        private static void Begin(Span<byte> element, Tag tag, ReadOnlySpan<byte> vr)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(element, tag.Group);
            BinaryPrimitives.WriteUInt16LittleEndian(element[2..], tag.Element);
            vr.CopyTo(element[4..]);
        }
    }
}
