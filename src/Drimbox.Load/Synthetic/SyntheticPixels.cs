using System.Runtime.InteropServices;
using Drimbox.Dicom;

namespace Drimbox.Load.Synthetic;

/// <summary>The Image Pixel module and the phantom. Source: PS3.3 C.7.6.3.</summary>
internal static class SyntheticPixels
{
    /// <param name="index">Of the image in the study, from 0: it moves the phantom and chooses the noise.</param>
    public static void Set(DataSet dataSet, SyntheticStudyOrder order, int index)
    {
        var bits = BitsAllocated(order.Modality);
        dataSet.SetInt(Tag.SamplesPerPixel, 1);
        dataSet.SetString(Tag.PhotometricInterpretation, "MONOCHROME2");
        dataSet.SetInt(Tag.Rows, order.Rows);
        dataSet.SetInt(Tag.Columns, order.Columns);
        dataSet.SetInt(Tag.BitsAllocated, bits);
        dataSet.SetInt(Tag.BitsStored, bits == 8 ? 8 : 12);
        dataSet.SetInt(Tag.HighBit, bits == 8 ? 7 : 11);
        dataSet.SetInt(Tag.PixelRepresentation, 0);
        // PS3.5 A.2: of 8 bits or less allocated, Pixel Data may be OB in explicit VR; OW is right for both.
        dataSet.SetBytes(Tag.PixelData, Vr.OW, bits == 8 ? Cine(order, index) : Slice(order, index));
    }

    public static int BitsAllocated(string modality) => modality == "US" ? 8 : 16;

    private static byte[] Slice(SyntheticStudyOrder order, int index)
    {
        var bytes = new byte[order.Rows * order.Columns * 2];
        Draw(order, index, MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()));
        return bytes;
    }

    private static byte[] Cine(SyntheticStudyOrder order, int index)
    {
        var pixels = new ushort[order.Rows * order.Columns];
        var bytes = new byte[(pixels.Length * order.Frames) + (pixels.Length * order.Frames % 2)];
        for (var frame = 0; frame < order.Frames; frame++)
        {
            Draw(order, (index * order.Frames) + frame, pixels);
            var target = bytes.AsSpan(frame * pixels.Length, pixels.Length);
            for (var i = 0; i < pixels.Length; i++) target[i] = (byte)(pixels[i] >> 3);
        }

        return bytes;
    }

    // A body of water with two lungs and a spine that change along the body, with noise: it looks like a slice, and
    // compresses like one.
    private static void Draw(SyntheticStudyOrder order, int index, Span<ushort> pixels)
    {
        int rows = order.Rows, columns = order.Columns;
        var state = unchecked((uint)(order.Seed * 7919) ^ ((uint)index * 2654435761u)) | 1;
        var lung = 0.20 + (0.08 * Math.Sin(index * Math.PI / Math.Max(order.Instances, 2)));
        for (var y = 0; y < rows; y++)
        {
            var v = ((y + 0.5) / rows) - 0.5;
            for (var x = 0; x < columns; x++)
            {
                var u = ((x + 0.5) / columns) - 0.5;
                var value = 24;
                if (Square(u / 0.46) + Square(v / 0.34) < 1) value = 1064;
                if (Square((Math.Abs(u) - 0.2) / 0.15) + Square(v / lung) < 1) value = 190;
                if (Square(u / 0.05) + Square((v - 0.24) / 0.06) < 1) value = 1500;
                // Marsaglia's xorshift: fast, and the same everywhere.
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                pixels[(y * columns) + x] = (ushort)(value + (state & 0x1F));
            }
        }
    }

    private static double Square(double value) => value * value;
}
