using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom.Pixels;

/// <summary>Images of every layout that RLE knows, with a margin of zeros, gradients and noise.</summary>
internal static class Images
{
    /// <summary>Rows, columns, samples, bits allocated, by plane, frames.</summary>
    internal static readonly TheoryData<int, int, int, int, bool, int> Layouts = new()
    {
        { 16, 16, 1, 8, false, 1 },
        { 1, 1, 1, 8, false, 1 },
        { 7, 13, 1, 8, false, 3 },
        { 33, 130, 1, 16, false, 1 },
        { 5, 257, 1, 16, false, 4 },
        { 9, 31, 1, 32, false, 2 },
        { 20, 21, 3, 8, false, 1 },
        { 20, 21, 3, 8, true, 2 },
        { 11, 40, 3, 16, false, 2 },
        { 11, 40, 3, 16, true, 2 },
        { 3, 300, 4, 8, false, 1 },
    };

    internal static byte[] Pixels(int length, Random random)
    {
        var pixels = new byte[length];
        for (var i = 0; i < length;)
        {
            var run = Math.Min(length - i, random.Next(1, 300));
            switch (random.Next(4))
            {
                case 0: break;
                case 1: pixels.AsSpan(i, run).Fill((byte)random.Next(256)); break;
                case 2: random.NextBytes(pixels.AsSpan(i, run)); break;
                default:
                    for (var k = 0; k < run; k++) pixels[i + k] = (byte)(k / 2);
                    break;
            }

            i += run;
        }

        return pixels;
    }

    internal static DataSet Create(
        int rows, int columns, int samples, int bits, bool isByPlane, int frames, Random random)
    {
        var image = SampleImage.Create();
        image.SetInt(Tag.Rows, rows);
        image.SetInt(Tag.Columns, columns);
        image.SetInt(Tag.SamplesPerPixel, samples);
        image.SetInt(Tag.BitsAllocated, bits);
        image.SetInt(Tag.NumberOfFrames, frames);
        if (samples > 1) image.SetInt(Tag.PlanarConfiguration, isByPlane ? 1 : 0);
        var pixels = Pixels(rows * columns * samples * bits / 8 * frames, random);
        image.SetBytes(Tag.PixelData, bits > 8 ? Vr.OW : Vr.OB, pixels);
        return image;
    }
}
