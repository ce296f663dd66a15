using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Source;

/// <summary>A study of a patient of its own that says so in every byte: the upper half of each byte of its pixels is its
/// mark, the lower half is chance, and no identifier is that of another study.</summary>
/// <param name="Mark">1 to 15.</param>
internal sealed record MarkedStudy(
    int Mark, Uid Study, Patient Patient, InstanceIdentifier Accession, IReadOnlyList<DataSet> Images)
{
    public InstanceIdentifier Ins => Patient.Ins!.Value;

    public IReadOnlyList<Uid> Series =>
        [.. Images.Select(i => i.GetUid(Tag.SeriesInstanceUID)).Distinct()];

    /// <summary>Studies of two or three series of two to six images each, of 512 bytes to 64 KiB of pixels.</summary>
    public static IReadOnlyList<MarkedStudy> Make(Random random, int count) =>
        [.. Enumerable.Range(1, count).Select(mark => MakeOne(random, mark))];

    /// <summary>Its report, as the RIS sends it.</summary>
    public Level1Report Report()
    {
        var report = SourceReports.Report(((char)('A' + Mark)).ToString(), studies: [Study]);
        return report with
        {
            Patient = Patient,
            Orders =
            [
                new ImagingOrder(InstanceIdentifier.Create("1.2.250.1.748.1", $"OPN-MARK{Mark}"), Accession),
            ],
        };
    }

    public IReadOnlyList<DataSet> ImagesOf(Uid series) =>
        [.. Images.Where(i => i.GetUid(Tag.SeriesInstanceUID) == series)];

    /// <summary>Every byte of an answer is of this series: but for the INS of its patient the images are those that the
    /// PACS has.</summary>
    /// <param name="isWhole">None is missing.</param>
    public void AssertOwns(Uid series, IReadOnlyList<DicomFile> answer, bool isWhole = true)
    {
        var held = ImagesOf(series).ToDictionary(i => i.GetUid(Tag.SOPInstanceUID));
        Assert.Equal(answer.Count, answer.Select(f => f.DataSet.GetUid(Tag.SOPInstanceUID)).Distinct().Count());
        if (isWhole) Assert.Equal(held.Count, answer.Count);
        foreach (var file in answer)
        {
            var (image, uid) = (file.DataSet, file.DataSet.GetUid(Tag.SOPInstanceUID));
            Assert.True(held.TryGetValue(uid, out var original), $"an image of another series than {Mark}'s");
            Assert.Equal(uid, file.Meta.GetUid(Tag.MediaStorageSOPInstanceUID));
            Assert.True(image.TryGet(Tag.PixelData, out var pixels));
            var (low, high) = ((byte)(Mark << 4), (byte)((Mark << 4) | 15));
            Assert.Equal(-1, pixels.ToMemory().Span.IndexOfAnyExceptInRange(low, high));
            var other = Assert.Single(image.GetItems(Tag.OtherPatientIDsSequence));
            Assert.Equal(Ins.Extension, other.GetString(Tag.PatientID));
            Assert.Equal(
                Ins.Root,
                other.GetItems(Tag.IssuerOfPatientIDQualifiersSequence)[0].GetString(Tag.UniversalEntityID));
            image.Remove(Tag.OtherPatientIDsSequence);
            Assert.Equal(Bytes(original), Bytes(image));
        }
    }

    /// <summary>The same images with other pixels: what was there before is told by its bytes.</summary>
    /// <param name="length">Bytes of the pixels of each; null: as many as before.</param>
    public MarkedStudy WithOtherPixels(Random random, int? length = null) => this with
    {
        Images =
        [
            .. Images.Select(image =>
            {
                var copy = DataSetReader.TryRead(Bytes(image), TransferSyntax.ExplicitVRLittleEndian, out _)!;
                copy.TryGet(Tag.PixelData, out var pixels);
                SetPixels(copy, random, Mark, length ?? pixels.ToMemory().Length);
                return copy;
            }),
        ],
    };

    private static MarkedStudy MakeOne(Random random, int mark)
    {
        // NIR with its key: 97 minus the first thirteen digits modulo 97.
        var nir = 2790351215000L + mark;
        var ins = InstanceIdentifier.Create(
            NationalAuthorities.InsNirTest, string.Create(CultureInfo.InvariantCulture, $"{nir}{97 - (nir % 97):D2}"));
        var like = SourceReports.Report("A").Patient;
        var patient = like with
        {
            Ins = ins,
            LocalId = like.LocalId! with { Value = $"IPP-MARK{mark}" },
            BirthName = $"PAT-{(char)('A' + mark)}",
        };
        var study = Uid.Parse($"1.2.250.1.999.9.50.{mark}");
        var accession = InstanceIdentifier.Create(SourceReports.Accession.Root, $"ACN-MARK{mark}");
        var series = random.Next(2, 4);
        var images = SyntheticStudy.DataSets(
            new SyntheticStudyOrder(
                study, patient with { Ins = null }, new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.FromHours(1)))
            {
                Seed = mark,
                Series = series,
                Instances = series * random.Next(2, 7),
                Rows = 16,
                Columns = 16,
                AccessionNumber = accession,
                StudyDescription = $"TDM MARQUE {mark}",
            }).ToList();
        foreach (var image in images) SetPixels(image, random, mark, 512 * random.Next(1, 129));
        return new MarkedStudy(mark, study, patient, accession, images);
    }

    private static void SetPixels(DataSet image, Random random, int mark, int length)
    {
        var pixels = new byte[length];
        random.NextBytes(pixels);
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)((mark << 4) | (pixels[i] & 15));
        var columns = length <= 64 * 1024 ? 16 : 2048;
        image.SetInt(Tag.Columns, columns);
        image.SetInt(Tag.Rows, length / columns / 2);
        image.SetBytes(Tag.PixelData, Vr.OW, pixels);
    }

    private static byte[] Bytes(DataSet image) => DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian);
}
