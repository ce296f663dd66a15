using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Dicom;

/// <summary>RLE and the uncompressed transfer syntaxes against DCMTK, GDCM and dciodvfy: the same pixels whoever
/// converted, in both directions.</summary>
public sealed class ConversionPeerTests
{
    // samples, bits allocated, planar configuration, frames
    public static readonly TheoryData<int, int, int, int> Layouts = new()
    {
        { 1, 8, 0, 1 }, { 1, 16, 0, 1 }, { 1, 16, 0, 3 }, { 3, 8, 0, 1 }, { 3, 8, 1, 2 },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task Dcmdrle_decodes_what_we_encode(int samples, int bits, int planar, int frames)
    {
        using var folder = new PeerFolder();
        var image = Image(samples, bits, planar, frames);
        Convert(image, TransferSyntax.RLELossless, folder.File("rle.dcm"));

        await Dcmtk.SucceedAsync("dcmdrle", folder.File("rle.dcm"), folder.File("native.dcm"));

        AssertSamePixels(image, folder.File("native.dcm"));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task Gdcmconv_decodes_what_we_encode(int samples, int bits, int planar, int frames)
    {
        using var folder = new PeerFolder();
        var image = Image(samples, bits, planar, frames);
        Convert(image, TransferSyntax.RLELossless, folder.File("rle.dcm"));

        await Dcmtk.SucceedAsync("gdcmconv", "--raw", folder.File("rle.dcm"), folder.File("native.dcm"));

        AssertSamePixels(image, folder.File("native.dcm"));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task We_decode_what_dcmcrle_encodes(int samples, int bits, int planar, int frames)
    {
        using var folder = new PeerFolder();
        var image = Image(samples, bits, planar, frames);
        await Dcmtk.SucceedAsync("dcmcrle", folder.Write("native.dcm", image), folder.File("rle.dcm"));

        AssertDecodes(image, folder);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task We_decode_what_gdcmconv_encodes(int samples, int bits, int planar, int frames)
    {
        using var folder = new PeerFolder();
        var image = Image(samples, bits, planar, frames);
        await Dcmtk.SucceedAsync("gdcmconv", "--rle", folder.Write("native.dcm", image), folder.File("rle.dcm"));

        AssertDecodes(image, folder);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task Dcmconv_writes_the_same_data_set_as_we_do(int samples, int bits, int planar, int frames)
    {
        using var folder = new PeerFolder();
        var image = Image(samples, bits, planar, frames);
        var input = folder.Write("native.dcm", image);
        foreach (var (option, syntax) in new[]
                 {
                     ("+ti", TransferSyntax.ImplicitVRLittleEndian), ("+tb", TransferSyntax.ExplicitVRBigEndian),
                 })
        {
            var output = folder.File("out.dcm");
            await Dcmtk.SucceedAsync("dcmconv", option, "-g", "+e", input, output);

            Assert.True(DicomFile.TryRead(output, out var theirs, out var refusal), refusal?.Detail);
            Convert(image, syntax, folder.File("ours.dcm"));
            Assert.True(DicomFile.TryRead(folder.File("ours.dcm"), out var ours, out refusal), refusal?.Detail);
            Assert.Equal(
                (await File.ReadAllBytesAsync(output))[(int)theirs!.DataSetOffset..],
                (await File.ReadAllBytesAsync(folder.File("ours.dcm")))[(int)ours!.DataSetOffset..]);

            // And back.
            Convert(theirs.DataSet, TransferSyntax.ExplicitVRLittleEndian, folder.File("back.dcm"));
            AssertSamePixels(image, folder.File("back.dcm"));
        }
    }

    [Fact]
    public async Task Dciodvfy_finds_no_error_in_a_converted_image()
    {
        using var folder = new PeerFolder();
        foreach (var syntax in new[] { TransferSyntax.RLELossless, TransferSyntax.ImplicitVRLittleEndian })
        {
            Convert(SyntheticStudy.DataSets(Order).First(), syntax, folder.File("a.dcm"));
            var (_, report) = await Dcmtk.RunAsync("dciodvfy", folder.File("a.dcm"));
            Assert.DoesNotContain(
                report.Split('\n'), line => line.StartsWith("Error", StringComparison.OrdinalIgnoreCase));
        }
    }

    private static readonly SyntheticStudyOrder Order = new(
        Uid.Parse("1.2.250.1.213.4.5.2.1.101"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
            new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "AUT-AFFECTATION"),
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE ZOÉ", "PAT-TROIS", "19790328", "F", "63220"),
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Rows = 33,
        Columns = 130,
        AccessionNumber = InstanceIdentifier.Create("1.2.250.1.213.4.5.2.5", "ACN101"),
    };

    private static DataSet Image(int samples, int bits, int planar, int frames)
    {
        var image = SyntheticStudy.DataSets(Order).First();
        image.SetInt(Tag.SamplesPerPixel, samples);
        image.SetString(Tag.PhotometricInterpretation, samples == 3 ? "RGB" : "MONOCHROME2");
        if (samples == 3) image.SetInt(Tag.PlanarConfiguration, planar);
        image.SetInt(Tag.BitsAllocated, bits);
        image.SetInt(Tag.BitsStored, bits);
        image.SetInt(Tag.HighBit, bits - 1);
        image.SetInt(Tag.PixelRepresentation, 0);
        if (frames > 1) image.SetInt(Tag.NumberOfFrames, frames);
        var pixels = new byte[33 * 130 * samples * bits / 8 * frames];
        // Runs, gradients and noise.
        var random = new Random(samples + bits + frames);
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (i / 500 % 3) switch { 0 => 7, 1 => (byte)(i / 3 % 256), _ => (byte)random.Next(256) };
        image.SetBytes(Tag.PixelData, bits > 8 ? Vr.OW : Vr.OB, pixels);
        return image;
    }

    private static void AssertDecodes(DataSet image, PeerFolder folder)
    {
        Assert.True(DicomFile.TryRead(folder.File("rle.dcm"), out var file, out var refusal), refusal?.Detail);
        Assert.Equal(TransferSyntax.RLELossless, file!.TransferSyntax);
        Convert(file.DataSet, TransferSyntax.ExplicitVRLittleEndian, folder.File("ours.dcm"));
        AssertSamePixels(image, folder.File("ours.dcm"));
    }

    // Frame by frame, pixel by pixel: a peer may choose the planar configuration.
    private static void AssertSamePixels(DataSet image, string path)
    {
        Assert.True(DicomFile.TryRead(path, out var file, out var refusal), refusal?.Detail);
        Assert.Equal(Samples(image), Samples(file!.DataSet));
    }

    private static byte[] Samples(DataSet image)
    {
        Assert.True(PixelLayout.TryRead(image, out var layout, out _));
        Assert.True(PixelFrames.TryCreate(image, out var frames, out _));
        var all = new List<byte>();
        for (var f = 0; f < frames.Count; f++)
        {
            var frame = frames.ToMemory(f).ToArray();
            var count = (int)layout.Pixels;
            if (!layout.IsByPlane || layout.SamplesPerPixel == 1) all.AddRange(frame);
            else
            {
                for (var p = 0; p < count; p++) all.AddRange([frame[p], frame[count + p], frame[(2 * count) + p]]);
            }
        }

        return [.. all];
    }

    private static void Convert(DataSet dataSet, TransferSyntax to, string path)
    {
        var header = Part10Writer.Header(dataSet, to);
        Assert.True(TransferSyntaxConverter.TryOpen(dataSet, to, out var content, out var refusal), refusal?.Detail);
        using (content)
        {
            using var output = File.Create(path);
            output.Write(header);
            var buffer = new byte[64 * 1024];
            while (content.Read(buffer) is var count and > 0) output.Write(buffer, 0, count);
        }
    }
}
