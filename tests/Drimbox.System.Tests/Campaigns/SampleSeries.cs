using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Load.Synthetic;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Campaigns;

/// <summary>A series as large as the national performance set (facts 1.10): 1,300 CT in JPEG-LS, 200 MB. As in those of the
/// load generator what stands for compressed pixels is one fragment of the bytes at hand: nobody on the way decodes
/// them.</summary>
internal static class SampleSeries
{
    public const int Images = 1300;

    public static Uid SeriesOf(ExaminationCase exam) => DataSets(exam).First().GetUid(Tag.SeriesInstanceUID);

    /// <summary>Stores it in a PACS, over one association.</summary>
    public static async Task StoreAsync(
        ExaminationCase exam, string pacs, string callingAe, int port, CancellationToken cancellation)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = port,
                CallingAe = AeTitle.Parse(callingAe),
                CalledAe = AeTitle.Parse(pacs),
                Contexts =
                [
                    new ProposedContext(SopClass.CTImageStorage, TransferSyntax.JPEGLSLossless.Uid),
                ],
            },
            cancellation);
        var scu = new CStoreScu(association);
        foreach (var image in DataSets(exam))
        {
            var syntax = TransferSyntax.JPEGLSLossless;
            var status = await scu.SendAsync(
                InstanceSource.FromMemory(
                    DataSetWriter.ToBytes(image, syntax), SopClass.CTImageStorage, image.GetUid(Tag.SOPInstanceUID),
                    syntax.Uid),
                cancellation);
            Assert.Equal(DimseStatus.Success, status);
        }

        await association.ReleaseAsync(cancellation);
    }

    // 276 rows of 278 columns of 16 bits: 153 KB, and 200 MB all together.
    private static IEnumerable<DataSet> DataSets(ExaminationCase exam) =>
        SyntheticStudy.DataSets(exam.Images(Images) with { Series = 1, Rows = 276, Columns = 278 }).Select(image =>
        {
            image.TryGet(Tag.PixelData, out var pixels);
            // PS3.5 A.4: the Basic Offset Table may be empty.
            image.Set(new DataElement(
                Tag.PixelData, Vr.OB, new EncapsulatedFragments { Array.Empty<byte>(), pixels.ToMemory().ToArray() }));
            return image;
        });
}
