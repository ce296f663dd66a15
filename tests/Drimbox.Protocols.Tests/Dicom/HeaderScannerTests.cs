using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>The scan that runs while a C-STORE passes by.</summary>
public sealed class HeaderScannerTests
{
    private static readonly TransferSyntax[] Syntaxes =
    [
        TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian,
    ];

    [Fact]
    public void The_picked_values_are_those_of_the_top_level_in_every_encoding_and_fragmentation()
    {
        var image = SampleImage.Create();
        foreach (var syntax in Syntaxes)
        {
            var bytes = DataSetWriter.ToBytes(image, syntax);
            foreach (var size in new[] { 1, 2, 7, 100, bytes.Length })
            {
                var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
                scanner.Reset(syntax);
                var status = ReadStatus.NeedMore;
                foreach (var fragment in bytes.Chunk(size)) status = scanner.Feed(fragment);

                Assert.Equal(ReadStatus.Done, status);
                Assert.Equal(ReadStatus.Done, scanner.Complete(bytes.Length));
                Assert.Equal("PAT-TROIS^ZOÉ", scanner.GetString(Tag.PatientName));
                Assert.Equal(SampleImage.SopInstanceUid, scanner.GetUid(Tag.SOPInstanceUID));
                Assert.Equal("1.2.3", scanner.GetUid(Tag.StudyInstanceUID).ToString());
                Assert.Equal(16, scanner.GetInt(Tag.Rows));
                Assert.Equal(3, scanner.GetInt(Tag.NumberOfFrames));
                Assert.Equal("16", scanner.GetString(Tag.Rows));
                Assert.Null(scanner.GetString(Tag.AccessionNumber));
                Assert.Equal(16 * 16 * 3 * 2, scanner.PixelDataLength);
                Assert.Equal(bytes.Length - (16 * 16 * 3 * 2) - (syntax.IsImplicitVr ? 8 : 12), scanner.PixelDataOffset);
            }
        }
    }

    [Fact]
    public void It_allocates_nothing_when_it_is_used_again()
    {
        var bytes = DataSetWriter.ToBytes(SampleImage.Create(), TransferSyntax.ExplicitVRLittleEndian);
        var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
        Scan();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Scan();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Scan()
        {
            scanner.Reset(TransferSyntax.ExplicitVRLittleEndian);
            scanner.Feed(bytes.AsSpan(0, 100));
            scanner.Feed(bytes.AsSpan(100));
        }
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("1.2.03")]
    [InlineData("1..2")]
    [InlineData(".1")]
    [InlineData("1.2 .3")]
    [InlineData("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26")]
    public void What_is_not_a_UID_is_an_error(string uid)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SOPInstanceUID, uid);
        var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
        scanner.Reset(TransferSyntax.ExplicitVRLittleEndian);

        scanner.Feed(DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));

        Assert.Equal(new StructureError(StructureErrorReason.InvalidUid, Tag.SOPInstanceUID, 0), scanner.Error);
    }

    [Fact]
    public void A_key_that_comes_twice_is_an_error()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientID, "AB");
        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);
        var scanner = new HeaderScanner(Tag.PatientID);

        scanner.Feed(bytes);
        scanner.Feed(bytes);

        Assert.Equal(StructureErrorReason.DuplicateElement, scanner.Error.Reason);
        Assert.Equal(bytes.Length, scanner.Error.Offset);
    }

    [Fact]
    public void Native_pixel_data_that_is_cut_is_an_error()
    {
        var bytes = DataSetWriter.ToBytes(SampleImage.Create(), TransferSyntax.ExplicitVRLittleEndian);
        var scanner = new HeaderScanner(Tag.PatientID);

        scanner.Feed(bytes);

        Assert.Equal(ReadStatus.Failed, scanner.Complete(bytes.Length - 2));
        Assert.Equal(StructureErrorReason.ValueBeyondInput, scanner.Error.Reason);
        Assert.Equal(Tag.PixelData, scanner.Error.Tag);
    }

    [Fact]
    public void A_value_of_absurd_length_is_cut_to_its_limit()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientID, new string('A', 30_000));
        var scanner = new HeaderScanner(Tag.PatientID);

        scanner.Feed(DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));

        Assert.Equal(ReadStatus.Done, scanner.Complete());
        Assert.Equal(Drimbox.Core.Limits.ScannedValueBytesMax, scanner.GetString(Tag.PatientID)!.Length);
    }
}
