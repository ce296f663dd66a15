using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Dicom;

/// <summary>What this program writes, in the eyes of other makers: dciodvfy of dicom3tools and DCMTK.</summary>
public sealed partial class ConformanceTests
{
    private static readonly Patient Patient = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "AUT-AFFECTATION"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE ZOÉ", "PAT-TROIS", "19790328", "F", "63220");

    private static readonly SyntheticStudyOrder Order = new(
        Uid.Parse("1.2.250.1.213.4.5.2.1.101"), Patient,
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Instances = 4,
        Series = 2,
        Rows = 64,
        Columns = 96,
        AccessionNumber = InstanceIdentifier.Create("1.2.250.1.213.4.5.2.5", "ACN101"),
    };

    [Theory]
    [InlineData("CT")]
    [InlineData("MR")]
    public async Task Dciodvfy_finds_no_error_in_a_synthetic_image(string modality)
    {
        foreach (var file in SyntheticStudy.Files(Order with { Modality = modality })) await AssertNoErrorAsync(file);
    }

    [Fact]
    [Requirement("DB.SO.18")]
    public async Task Dciodvfy_finds_no_error_in_a_manifest() =>
        await AssertNoErrorAsync(KosDataSet.ToFile(ManifestOf(keyImages: [])));

    [Fact]
    public async Task Dciodvfy_finds_no_error_in_a_manifest_with_a_key_image()
    {
        var manifest = ManifestOf(keyImages: []);
        var image = manifest.Series[0].Instances[0].SopInstanceUid;
        await AssertNoErrorAsync(KosDataSet.ToFile(manifest with
        {
            KeyImages = [new KeyImage(image, Uid.Parse("1.2.3.4"), Uid.Parse("1.2.3"), "Coupe à montrer")],
        }));
    }

    /// <summary>Numbers, dates and times are no content of a Key Object Selection document for it: DICOM CP-2595, on
    /// which MADO stands, adds them. It says the same of the sample of IHE, and without them it finds nothing.</summary>
    [Fact]
    [Requirement("IHE RAD MADO 6.X.2")]
    public async Task Dciodvfy_finds_in_a_european_manifest_only_the_value_types_that_are_new()
    {
        var manifest = ManifestOf(keyImages: []);
        var european = KosDataSet.Encode(manifest with
        {
            Profile = ManifestProfile.Mado,
            Series = [.. manifest.Series.Select(s => s with
            {
                RetrieveUrl = "https://drimbox.example/", RetrieveLocationUid = Uid.Parse("1.2.250.1.999.1"),
            })],
            Library = new ImageLibrary(
                [new CodedEntry("67734004", "SCT", "Upper trunk")],
                [.. manifest.Series.Select(s => new LibrarySeries(
                    s.SeriesInstanceUid, "CT", "20260822", "083117", "AX", "CHEST",
                    [new DocumentTitle(Uid.Parse("1.2.3.4"), new CodedEntry("113000", "DCM", "Of Interest"))]))]),
        });

        var report = await RunAsync("dciodvfy", Part10Writer.ToBytes(european, TransferSyntax.ExplicitVRLittleEndian));

        Assert.Contains("KeyObjectSelectionDocument", report, StringComparison.Ordinal);
        Assert.Equal(
            ["DATE", "NUM", "TIME"],
            Errors(report).Select(error => NewValueType().Match(error) is { Success: true } match
                ? match.Groups[1].Value
                : error).Distinct().Order());

        foreach (var container in Containers(european))
        {
            container.SetSequence(
                Tag.ContentSequence,
                [.. container.GetItems(Tag.ContentSequence)
                    .Where(i => i.GetString(Tag.ValueType) is not ("DATE" or "NUM" or "TIME"))]);
        }

        Assert.Empty(Errors(await RunAsync(
            "dciodvfy", Part10Writer.ToBytes(european, TransferSyntax.ExplicitVRLittleEndian))));
    }

    [Fact]
    public async Task Dciodvfy_finds_no_error_in_a_rejection_note()
    {
        var manifest = ManifestOf(keyImages: []);
        foreach (var reason in Enum.GetValues<RejectionReason>())
        {
            await AssertNoErrorAsync(RejectionNoteDataSet.ToFile(new RejectionNote(
                Uid.Parse("2.25.7"), Uid.Parse("2.25.8"), manifest.CreatedAt, reason, "DRIMBOX", Patient,
                manifest.Study, [.. manifest.Series.Select(s => s with { RetrieveUrl = null })])));
        }
    }

    [Fact]
    public async Task Dciodvfy_is_asked_in_a_way_that_shows_errors()
    {
        var broken = KosDataSet.Encode(ManifestOf(keyImages: []));
        broken.Remove(Tag.ContentDate);
        var report = await RunAsync("dciodvfy", Part10Writer.ToBytes(broken, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Contains(report.Split('\n'), line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dcmdump_reads_the_text_of_a_manifest()
    {
        var dump = await RunAsync("dcmdump", KosDataSet.ToFile(ManifestOf(keyImages: [])), "+U8", "-q");

        Assert.Contains("PN [^DOMINIQUE ZOÉ\\PAT-TROIS^DOMINIQUE]", dump, StringComparison.Ordinal);
        Assert.Contains("(0040,a375) SQ (Sequence with explicit length #=1)", dump, StringComparison.Ordinal);
        Assert.Contains("(0008,0201) SH [+0200]", dump, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+ti")]
    [InlineData("+te")]
    [InlineData("+tb")]
    public async Task A_file_converted_by_dcmtk_holds_the_same_data_set(string transferSyntax)
    {
        var original = SyntheticStudy.DataSets(Order).First();
        foreach (var form in new[] { "-e", "+e" })
        {
            using var folder = new TemporaryDirectory();
            var input = Path.Combine(folder.Path, "in.dcm");
            var output = Path.Combine(folder.Path, "out.dcm");
            await File.WriteAllBytesAsync(input, Part10Writer.ToBytes(original, TransferSyntax.ExplicitVRLittleEndian));
            // -e / +e: sequences of undefined or defined length; +g: with group lengths.
            await RunProcessAsync("dcmconv", transferSyntax, form, "+g", input, output);

            Assert.True(DicomFile.TryRead(output, out var file, out var refusal), refusal?.Detail);
            Assert.Equal(
                (await File.ReadAllBytesAsync(output))[(int)file!.DataSetOffset..],
                DataSetWriter.ToBytes(file.DataSet, file.TransferSyntax));
            foreach (var element in original.Elements)
            {
                Assert.True(file.DataSet.TryGet(element.Tag, out var read), element.Tag.ToString());
                if (element.Sequence is null) Assert.Equal(element.Bytes.ToArray(), read.Bytes.ToArray());
            }
        }
    }

    private static Manifest ManifestOf(IReadOnlyList<KeyImage> keyImages)
    {
        var series = SyntheticStudy.DataSets(Order)
            .GroupBy(d => d.GetUid(Tag.SeriesInstanceUID))
            .Select(g => new ManifestSeries(
                g.Key, g.First().GetInt(Tag.SeriesNumber),
                $"https://drimbox.example/dicom-web/studies/{Order.StudyInstanceUid}/series/{g.Key}",
                [.. g.Select(d => new ManifestInstance(
                    d.GetUid(Tag.SOPClassUID), d.GetUid(Tag.SOPInstanceUID), d.GetInt(Tag.InstanceNumber)))]))
            .ToList();
        series.Add(new ManifestSeries(Uid.Parse("1.2.3"), 900, "https://drimbox.example/x", [
            new ManifestInstance(SopClass.KeyObjectSelectionDocumentStorage, Uid.Parse("1.2.3.4"), 1),
            new ManifestInstance(SopClass.UltrasoundMultiFrameImageStorage, Uid.Parse("1.2.3.5"), 2, 30),
        ]));
        return new Manifest(
            Uid.Parse("2.25.101"), Uid.Parse("2.25.102"),
            new DateTimeOffset(2026, 8, 28, 16, 23, 26, TimeSpan.FromHours(2)),
            new ManifestAuthor("DRIMBOX", "Centre de radiologie Ambroise", "101235555"),
            Patient,
            new ManifestStudy(Order.StudyInstanceUid, "20260822", "083117.658000", "Examen à E"),
            [new ReferencedRequest(Order.AccessionNumber, InstanceIdentifier.Create("1.2.250.1.213.4.5.2.6", "OPN101"))],
            series,
            ManifestText.Compose("Examen à E", ["TDM thorax"], [new SeriesCaption(series[0].SeriesInstanceUid, "CT", "Thorax", "AX")]),
            keyImages);
    }

    private static async Task AssertNoErrorAsync(byte[] file) =>
        Assert.Empty(Errors(await RunAsync("dciodvfy", file)));

    private static IEnumerable<string> Errors(string report) =>
        report.Split('\n').Where(line => line.StartsWith("Error", StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<DataSet> Containers(DataSet item) => item.GetItems(Tag.ContentSequence)
        .SelectMany(Containers).Prepend(item).Where(i => i.GetItems(Tag.ContentSequence).Count > 0);

    [GeneratedRegex("^Error - Unrecognized enumerated value <(NUM|DATE|TIME)> for value 1 of attribute <Value Type>")]
    private static partial Regex NewValueType();

    private static async Task<string> RunAsync(string program, byte[] file, params string[] arguments)
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "file.dcm");
        await File.WriteAllBytesAsync(path, file);
        return await RunProcessAsync(program, [.. arguments, path]);
    }

    private static async Task<string> RunProcessAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Peer.Require(program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await error;
    }

    private sealed class TemporaryDirectory : IDisposable
    {
        internal string Path { get; } = Directory.CreateTempSubdirectory("drimbox-test-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
