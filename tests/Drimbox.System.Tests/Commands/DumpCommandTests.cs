using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

public sealed class DumpCommandTests : IDisposable
{
    private readonly StudyFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_file_is_shown_element_by_element()
    {
        var path = Sample();
        var run = await CommandRun.SucceedAsync("dump", path);
        string[] expected =
        [
            $"# Data set: Explicit VR Little Endian, from byte {StudyFiles.Read(path).DataSetOffset}",
            "(0008,0005) CS          10  SpecificCharacterSet               ISO_IR 100",
            "(0008,0016) UI          26  SOPClassUID                        1.2.840.10008.5.1.4.1.1.2 = CT Image Storage",
            "(0008,0018) UI           8  SOPInstanceUID                     1.2.3.4",
            "(0008,1140) SQ      1 item  ReferencedImageSequence",
            "  item 1",
            "    (0008,1155) UI           8  ReferencedSOPInstanceUID       1.2.3.5",
            "(0009,0010) LO           8  PrivateCreator                     ACME 1.1",
            "(0009,1001) UN           4  [ACME 1.1]                         01 02 03 04",
            "(0010,0010) PN          24  PatientName                        PAT-TROIS^DOMINIQUE ZOÉ",
            "(0010,4000) LT          12  PatientComments                    two·[31mred",
            "(0028,0010) US           2  Rows                               512",
            "(7FE0,0010) OW         100  PixelData                          "
                + "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …",
        ];
        Assert.Equal(expected, run.Lines.SkipWhile(line => !line.StartsWith("# Data set", StringComparison.Ordinal)));
        Assert.Contains(
            "(0002,0010) UI          20  TransferSyntaxUID                  1.2.840.10008.1.2.1 = Explicit VR Little Endian",
            run.Lines);
    }

    [Fact]
    public async Task Fragments_are_shown_one_by_one()
    {
        var rle = _files.PathOf("rle.dcm");
        await Dcmtk.SucceedAsync("dcmcrle", _files.Paths[0], rle);
        var run = await CommandRun.SucceedAsync("dump", rle, "--tag", "PixelData");
        Assert.StartsWith("(7FE0,0010) OB  1 fragment  PixelData", run.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("  offset table           4 bytes  00 00 00 00", run.Lines[1], StringComparison.Ordinal);
        Assert.StartsWith("  fragment 1 ", run.Lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_shown_file_by_file_and_one_tag_alone()
    {
        var run = await CommandRun.SucceedAsync("dump", _files.Study, "--tag", "0010,0010", "--max-length", "10");
        Assert.Equal(2 * _files.Paths.Count, run.Lines.Count);
        Assert.Equal($"# {_files.Paths[0]}", run.Lines[0]);
        Assert.EndsWith(" PAT-TROIS…", run.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_the_model_of_PS3_18()
    {
        var run = await CommandRun.SucceedAsync("dump", Sample(), "--json");
        var dataSet = JsonDocument.Parse(run.Output).RootElement[0];
        Assert.Equal(
            "PAT-TROIS^DOMINIQUE ZOÉ",
            dataSet.GetProperty("00100010").GetProperty("Value")[0].GetProperty("Alphabetic").GetString());
        Assert.Equal(512, dataSet.GetProperty("00280010").GetProperty("Value")[0].GetInt32());
    }

    [Fact]
    public async Task A_file_that_is_cut_short_is_shown_up_to_its_end_which_is_named()
    {
        var path = Sample();
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(path, bytes[..^60], TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync("dump", path);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("(0028,0010) US ", run.Lines[^1], StringComparison.Ordinal);
        Assert.StartsWith($"{path}: ", run.Errors, StringComparison.Ordinal);
        Assert.Contains("100 bytes declared, 40 are there", run.Errors, StringComparison.Ordinal);
        Assert.Contains("the last (0028,0010)", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_DICOM_file_is_told()
    {
        var path = _files.PathOf("note.txt");
        await File.WriteAllTextAsync(path, "no image", TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync("dump", path, _files.Paths[0]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{path}: Not a DICOM file: no 'DICM' at byte 128", run.Errors, StringComparison.Ordinal);
        Assert.Contains(run.Lines, line => line.StartsWith("(7FE0,0010)", StringComparison.Ordinal));
        Assert.Equal(2, (await CommandRun.OfAsync("dump", _files.PathOf("nothere"))).ExitCode);
    }

    private string Sample()
    {
        var dataSet = new DataSet();
        dataSet.SetCharacterSet(CharacterSet.Latin1);
        dataSet.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        dataSet.SetUid(Tag.SOPInstanceUID, Uid.Parse("1.2.3.4"));
        var item = new DataSet(dataSet);
        item.SetUid(Tag.ReferencedSOPInstanceUID, Uid.Parse("1.2.3.5"));
        dataSet.SetSequence(Tag.ReferencedImageSequence, item);
        dataSet.SetString(new Tag(0x0009_0010), "ACME 1.1");
        dataSet.SetBytes(new Tag(0x0009_1001), Vr.UN, [1, 2, 3, 4]);
        dataSet.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE ZOÉ");
        // A sequence that would turn the terminal red.
        dataSet.SetString(Tag.PatientComments, "two\e[31mred");
        dataSet.SetInt(Tag.Rows, 512);
        dataSet.SetBytes(Tag.PixelData, Vr.OW, new byte[100]);
        var path = _files.PathOf("sample.dcm");
        File.WriteAllBytes(path, Part10Writer.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));
        return path;
    }
}
