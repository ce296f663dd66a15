using System.Buffers.Binary;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>Whatever choice PS3.5 leaves to a writer, what was read comes out as it was. The bytes are made here by a
/// writer of its own, with lengths defined and undefined at random.</summary>
public sealed class ByteIdentityTests
{
    [Fact]
    public void What_was_read_is_written_byte_for_byte()
    {
        var seed = Seed.Get();
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 3_000; i++)
        {
            var syntax = random.Next(3) switch
            {
                0 => TransferSyntax.ImplicitVRLittleEndian,
                1 => TransferSyntax.ExplicitVRLittleEndian,
                _ => TransferSyntax.ExplicitVRBigEndian,
            };
            var bytes = new Writer(syntax, random).Encode(RandomDataSet.Create(random));
            var context = $"seed {seed}, data set {i}, {syntax}";

            var whole = DataSetReader.TryRead(bytes, syntax, out var error);
            Assert.True(whole is not null, $"{error}, {context}");
            Assert.True(bytes.AsSpan().SequenceEqual(DataSetWriter.ToBytes(whole, syntax)), context);
            Assert.Equal(bytes.Length, DataSetWriter.LengthOf(whole, syntax));

            var fragmented = new DataSetReader(syntax);
            for (var at = 0; at < bytes.Length;)
            {
                var size = Math.Min(bytes.Length - at, random.Next(1, 30));
                fragmented.Feed(bytes.AsSpan(at, size));
                at += size;
            }

            Assert.Equal(ReadStatus.Done, fragmented.Complete());
            Assert.True(bytes.AsSpan().SequenceEqual(DataSetWriter.ToBytes(fragmented.DataSet, syntax)), context);

            if (i % 20 > 0) continue;
            var path = folder.File("a.dcm");
            byte[] file = [.. Part10Writer.Header(SopClass.CTImageStorage, Uid.Parse("1.2"), syntax.Uid), .. bytes];
            File.WriteAllBytes(path, file);
            Assert.True(DicomFile.TryRead(path, out var read, out var refusal), refusal?.Detail);
            using var output = new MemoryStream();
            DataSetWriter.Write(read!.DataSet, syntax, output);
            Assert.True(bytes.AsSpan().SequenceEqual(output.ToArray()), context);
        }
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public void Long_values_of_a_big_endian_file_stay_there_and_come_out_in_both_orders(int length)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var dataSet = new DataSet();
        foreach (var (tag, vr) in new[]
                 {
                     (new Tag(0x0009_1001), Vr.OB), (new Tag(0x0009_1002), Vr.OL), (new Tag(0x0009_1003), Vr.OD),
                     (Tag.PixelData, Vr.OW),
                 })
        {
            var value = new byte[length / 8 * 8];
            new Random(length).NextBytes(value);
            dataSet.SetBytes(tag, vr, value);
        }

        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRBigEndian);
        File.WriteAllBytes(path, bytes);
        var read = DataSetReader.ReadFile(path, 0, TransferSyntax.ExplicitVRBigEndian).DataSet;

        Assert.Equal(bytes, DataSetWriter.ToBytes(read, TransferSyntax.ExplicitVRBigEndian));
        Assert.Equal(
            DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian),
            DataSetWriter.ToBytes(read, TransferSyntax.ExplicitVRLittleEndian));
        // Any part of the value, not only whole words.
        Assert.True(read.TryGet(Tag.PixelData, out var pixels));
        Assert.True(dataSet.TryGet(Tag.PixelData, out var original));
        foreach (var (from, count) in new[] { (0, 3), (1, 1), (1, 2), (7, 100), (original.Bytes.Length - 3, 3) })
        {
            var part = new byte[count];
            if (pixels.Range is { } range) range.Read(from, part);
            else pixels.Bytes.Slice(from, count).CopyTo(part);
            Assert.Equal(original.Bytes.Slice(from, count).ToArray(), part);
        }
    }

    /// <summary>PS3.5 section 7, as short as it can be: byte lists, joined from the inside out.</summary>
    private sealed class Writer(TransferSyntax syntax, Random random)
    {
        internal byte[] Encode(DataSet dataSet, bool isItem = false)
        {
            var bytes = new List<byte>();
            // PS3.5 7.2: group lengths, here of group 0008 and right.
            List<byte>? group8 = null;
            foreach (var element in dataSet.Elements)
            {
                if (element.Tag.Group > 8 && group8 is not null) EndGroup(bytes, ref group8);
                else if (element.Tag.Group == 8 && bytes.Count == 0 && random.Next(3) == 0) group8 = bytes;
                bytes.AddRange(Encode(element));
            }

            if (group8 is not null) EndGroup(bytes, ref group8);
            // PS3.10: Data Set Trailing Padding (FFFC,FFFC) is for the top level only.
            if (!isItem && random.Next(4) == 0) bytes.AddRange(Element(0xFFFC_FFFC, Vr.OB, new byte[10], 10));
            return [.. bytes];
        }

        private void EndGroup(List<byte> bytes, ref List<byte>? group8)
        {
            var length = new byte[4];
            Put(length, (uint)bytes.Count);
            bytes.InsertRange(0, Element(0x0008_0000, Vr.UL, length, 4));
            group8 = null;
        }

        private byte[] Encode(in DataElement element)
        {
            if (element.Sequence is not { } sequence)
            {
                var value = element.Bytes.ToArray();
                if (syntax.IsBigEndian) Swap(value, element.Vr.WordSize());
                return Element(element.Tag.Value, element.Vr, value, (uint)value.Length);
            }

            var items = new List<byte>();
            foreach (var item in sequence)
            {
                var content = Encode(item, isItem: true);
                var isUndefined = random.Next(2) == 0;
                items.AddRange(ItemTag(0xFFFE_E000, isUndefined ? 0xFFFF_FFFF : (uint)content.Length));
                items.AddRange(content);
                if (isUndefined) items.AddRange(ItemTag(0xFFFE_E00D, 0));
            }

            if (random.Next(2) == 0) return Element(element.Tag.Value, Vr.SQ, [.. items], (uint)items.Count);
            return Element(
                element.Tag.Value, Vr.SQ, [.. items, .. ItemTag(0xFFFE_E0DD, 0)], 0xFFFF_FFFF);
        }

        private byte[] Element(uint tag, Vr vr, byte[] value, uint length)
        {
            var isLong = syntax.IsImplicitVr || !vr.HasShortLength();
            var header = new byte[isLong && !syntax.IsImplicitVr ? 12 : 8];
            PutTag(header, tag);
            if (!syntax.IsImplicitVr)
            {
                header[4] = (byte)((int)vr / 256);
                header[5] = (byte)((int)vr % 256);
            }

            if (isLong) Put(header.AsSpan(header.Length - 4), length);
            else if (syntax.IsBigEndian) BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)length);
            else BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), (ushort)length);
            return [.. header, .. value];
        }

        private byte[] ItemTag(uint tag, uint length)
        {
            var header = new byte[8];
            PutTag(header, tag);
            Put(header.AsSpan(4), length);
            return header;
        }

        private void PutTag(Span<byte> place, uint tag)
        {
            if (syntax.IsBigEndian) BinaryPrimitives.WriteUInt32BigEndian(place, tag);
            else BinaryPrimitives.WriteUInt32LittleEndian(place, (tag << 16) | (tag >> 16));
        }

        private void Put(Span<byte> place, uint value)
        {
            if (syntax.IsBigEndian) BinaryPrimitives.WriteUInt32BigEndian(place, value);
            else BinaryPrimitives.WriteUInt32LittleEndian(place, value);
        }

        private static void Swap(byte[] value, int wordSize)
        {
            for (var i = 0; i + wordSize <= value.Length; i += wordSize) Array.Reverse(value, i, wordSize);
        }
    }
}
