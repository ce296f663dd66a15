using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Load.Instances;

namespace Drimbox.Tests.Load;

public sealed class InstanceSetTests
{
    private static readonly Uid Root = Uid.Parse("2.25.329800735698586629295641978511506172918");

    [Theory]
    [InlineData("CT:512KiB:explicit", 512 * 1024)]
    [InlineData("CT:8KiB:implicit", 8 * 1024)]
    [InlineData("MR", 32 * 1024)]
    [InlineData("CR:64KiB", 64 * 1024)]
    [InlineData("US:1MiB", 3 * 640 * 546)]
    [InlineData("US:64KiB:implicit", 64 * 1024)]
    public void A_synthetic_instance_is_readable_and_as_large_as_asked_for(string text, int pixelBytes)
    {
        var set = Synthetic(text);
        for (var i = 0; i < 6; i++)
        {
            var instance = set.Next(out _, out var length);
            var dataSet = Read(instance, out var bytes);
            Assert.Equal(length, bytes.Length);
            Assert.True(dataSet.TryGet(Tag.PixelData, out var pixels));
            Assert.Equal(pixelBytes, pixels.Length);
            var frames = dataSet.GetInt(Tag.NumberOfFrames) ?? 1;
            Assert.Equal(
                pixels.Length,
                dataSet.GetInt(Tag.Rows)!.Value * dataSet.GetInt(Tag.Columns)!.Value
                    * dataSet.GetInt(Tag.BitsAllocated)!.Value / 8 * frames);
            Assert.Equal(instance.SopInstanceUid, dataSet.GetUid(Tag.SOPInstanceUID));
            Assert.Equal(instance.SopClassUid, dataSet.GetUid(Tag.SOPClassUID));
            Assert.Equal(i + 1, dataSet.GetInt(Tag.InstanceNumber)!.Value);
        }
    }

    [Theory]
    [InlineData("jpeg-ls", "1.2.840.10008.1.2.4.80")]
    [InlineData("jpeg2000", "1.2.840.10008.1.2.4.90")]
    [InlineData("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.50")]
    public void A_compressed_instance_has_one_fragment_for_each_frame(string syntax, string uid)
    {
        var instance = Synthetic($"US:1MiB:{syntax}").Next(out _, out _);
        Assert.Equal(uid, instance.TransferSyntaxUid.ToString());
        Assert.True(Read(instance, out _).TryGet(Tag.PixelData, out var pixels));
        // The Basic Offset Table, and three frames.
        Assert.Equal(4, pixels.Fragments!.Count);
    }

    [Fact]
    public void A_key_object_selection_refers_to_images_of_its_own_study()
    {
        var set = Synthetic("KO");
        set.Next(out _, out _);
        var dataSet = Read(set.Next(out var study, out _), out _);
        Assert.Equal(set.StudyUid(study), dataSet.GetUid(Tag.StudyInstanceUID));
        var evidence = Assert.Single(dataSet.GetItems(Tag.CurrentRequestedProcedureEvidenceSequence));
        Assert.Equal(set.StudyUid(study), evidence.GetUid(Tag.StudyInstanceUID));
    }

    [Fact]
    public void Every_instance_has_UIDs_of_its_own_and_studies_are_of_one_kind()
    {
        var set = InstanceSet.Synthetic([Specification("CT:2KiB"), Specification("MR:2KiB")], Root, 3, DateTimeOffset.UnixEpoch, 1);
        var read = Enumerable.Range(0, 24).Select(_ => Read(set.Next(out var _, out var _), out var _)).ToList();
        Assert.Equal(24, read.Select(d => d.GetUid(Tag.SOPInstanceUID)).Distinct().Count());
        var studies = read.GroupBy(d => d.GetUid(Tag.StudyInstanceUID)).ToList();
        Assert.Equal(8, studies.Count);
        foreach (var study in studies)
        {
            Assert.Equal([1, 2, 3], study.Select(d => d.GetInt(Tag.InstanceNumber)!.Value));
            Assert.Single(study.Select(d => d.GetString(Tag.Modality)).Distinct());
            Assert.Single(study.Select(d => d.GetUid(Tag.SeriesInstanceUID)).Distinct());
            Assert.Single(study.Select(d => d.GetString(Tag.PatientID)).Distinct());
            Assert.Single(study.Select(d => d.GetString(Tag.AccessionNumber)).Distinct());
        }

        Assert.Equal(8, studies.Select(s => s.First().GetString(Tag.PatientID)).Distinct().Count());
    }

    [Fact]
    public void The_seed_decides_the_bytes_and_the_root_the_UIDs()
    {
        Assert.Equal(BytesOf(Root, 7), BytesOf(Root, 7));
        Assert.NotEqual(BytesOf(Root, 7), BytesOf(Root, 8));
        Assert.NotEqual(BytesOf(Root, 7), BytesOf(Uid.Parse("2.25.1"), 7));

        static byte[] BytesOf(Uid root, int seed)
        {
            Read(
                InstanceSet.Synthetic([Specification("CT:4KiB")], root, 10, DateTimeOffset.UnixEpoch, seed)
                    .Next(out _, out _),
                out var bytes);
            return bytes;
        }
    }

    [Fact]
    public void Files_are_sent_again_and_again_under_new_UIDs_with_the_pixels_as_they_are()
    {
        using var folder = new StoreFolder();
        var pixels = WriteStudy(folder.Path, "a", 2).Concat(WriteStudy(folder.Path, "b", 1)).ToList();
        File.WriteAllText(Path.Combine(folder.Path, "notes.txt"), "no DICOM");
        Assert.True(InstanceSet.TryOpenFolder(folder.Path, Root, out var set, out _));
        var read = Enumerable.Range(0, 6).Select(_ => Read(set!.Next(out var _, out var _), out var _)).ToList();
        Assert.Equal(6, read.Select(d => d.GetUid(Tag.SOPInstanceUID)).Distinct().Count());
        // Two studies the first time, two others the second.
        Assert.Equal([2, 1, 2, 1], read.GroupBy(d => d.GetUid(Tag.StudyInstanceUID)).Select(s => s.Count()));
        Assert.All(read, d => Assert.StartsWith(Root.ToString(), d.GetUid(Tag.StudyInstanceUID).ToString(), StringComparison.Ordinal));
        for (var i = 0; i < 6; i++)
        {
            Assert.True(read[i].TryGet(Tag.PixelData, out var sent));
            Assert.Equal(pixels[i % 3], sent.Bytes.ToArray());
            Assert.StartsWith("LOAD", read[i].GetString(Tag.PatientID), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_folder_without_DICOM_files_is_refused_with_the_first_reason()
    {
        using var folder = new StoreFolder();
        Assert.False(InstanceSet.TryOpenFolder(folder.Path, Root, out _, out var refusal));
        Assert.Contains("is empty", refusal!.Detail, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.Path, "notes.txt"), "no DICOM");
        Assert.False(InstanceSet.TryOpenFolder(folder.Path, Root, out _, out refusal));
        Assert.Contains("notes.txt: Not a DICOM file", refusal!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("XA")]
    [InlineData("CT:12")]
    [InlineData("CT:1x")]
    [InlineData("CT:2048MiB")]
    [InlineData("CT:512KiB:jpeg-xyz")]
    [InlineData("CT:512KiB:1.2.840.10008.1.2.1.99")]
    [InlineData("KO:0:jpeg-ls")]
    [InlineData("CT:512KiB:explicit:1")]
    public void What_cannot_be_made_is_refused_with_what_can(string text)
    {
        Assert.False(InstanceSpecification.TryParse(text, out _, out var refusal));
        Assert.StartsWith($"'{text}' is no kind of instance", refusal.Detail, StringComparison.Ordinal);
    }

    private static IEnumerable<byte[]> WriteStudy(string folder, string name, int count)
    {
        var set = InstanceSet.Synthetic(
            [Specification("CT:4KiB")], Uid.Parse($"1.2.{name[0] - 'a' + 1}"), 10, DateTimeOffset.UnixEpoch, name[0]);
        for (var i = 0; i < count; i++)
        {
            var instance = set.Next(out _, out _);
            var dataSet = Read(instance, out var bytes);
            File.WriteAllBytes(
                Path.Combine(folder, $"{name}{i}.dcm"),
                [.. Part10Writer.Header(dataSet, TransferSyntax.ExplicitVRLittleEndian), .. bytes]);
            dataSet.TryGet(Tag.PixelData, out var pixels);
            yield return pixels.Bytes.ToArray();
        }
    }

    private static InstanceSet Synthetic(string text) =>
        InstanceSet.Synthetic([Specification(text)], Root, 100, DateTimeOffset.UnixEpoch, 1);

    private static InstanceSpecification Specification(string text)
    {
        Assert.True(InstanceSpecification.TryParse(text, out var specification, out _));
        return specification;
    }

    private static DataSet Read(InstanceSource instance, out byte[] bytes)
    {
        using var content = instance.Open();
        bytes = new byte[content.Length];
        var length = 0;
        // An odd piece at a time: the seam between header and pixels falls anywhere.
        while (content.Read(bytes.AsSpan(length, Math.Min(999, bytes.Length - length))) is var count and > 0) length += count;
        Assert.Equal(bytes.Length, length);
        Assert.True(TransferSyntax.TryFind(instance.TransferSyntaxUid, out var syntax));
        return Assert.IsType<DataSet>(DataSetReader.TryRead(bytes, syntax, out _));
    }
}
