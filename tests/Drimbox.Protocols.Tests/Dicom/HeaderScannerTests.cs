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
    public void Identifiers_in_items_are_picked_with_their_issuers_in_every_encoding_and_fragmentation()
    {
        var image = WithIssuers(SampleImage.Create());
        var (others, qualifiers) = (Tag.OtherPatientIDsSequence, Tag.IssuerOfPatientIDQualifiersSequence);
        foreach (var syntax in Syntaxes)
        {
            var bytes = DataSetWriter.ToBytes(image, syntax);
            foreach (var size in new[] { 1, 7, bytes.Length })
            {
                var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
                for (var again = 0; again < 2; again++)
                {
                    scanner.Reset(syntax);
                    foreach (var fragment in bytes.Chunk(size)) scanner.Feed(fragment);
                    Assert.Equal(ReadStatus.Done, scanner.Complete(bytes.Length));
                    Assert.Equal("1.2.250.1.999.1", scanner.GetItemString(qualifiers, 0, Tag.UniversalEntityID));
                    Assert.Equal("ISO", scanner.GetItemString(qualifiers, 0, Tag.UniversalEntityIDType));
                    Assert.Equal(2, scanner.ItemCount(others));
                    Assert.Equal("190017512345678", scanner.GetItemString(others, 0, Tag.PatientID));
                    Assert.Equal(
                        "1.2.250.1.213.1.4.8", scanner.GetItemString(others, 0, Tag.UniversalEntityID, qualifiers));
                    Assert.Equal("", scanner.GetItemString(others, 0, Tag.IssuerOfPatientID));
                    Assert.Equal("ÉTÉ", scanner.GetItemString(others, 1, Tag.IssuerOfPatientID));
                    Assert.Equal("", scanner.GetItemString(others, 1, Tag.UniversalEntityID, qualifiers));
                    Assert.Equal(
                        "RIS", scanner.GetItemString(
                            Tag.IssuerOfAccessionNumberSequence, 0, Tag.LocalNamespaceEntityID));
                    // The patient id of the image is not one of an item.
                    Assert.Equal(image.GetString(Tag.PatientID), scanner.GetString(Tag.PatientID));
                }

                scanner.Reset(syntax);
                Assert.False(scanner.HasItemValues);
            }
        }
    }

    private static DataSet WithIssuers(DataSet image)
    {
        var entity = new DataSet(image);
        entity.SetString(Tag.UniversalEntityID, "1.2.250.1.999.1");
        entity.SetString(Tag.UniversalEntityIDType, "ISO");
        image.SetSequence(Tag.IssuerOfPatientIDQualifiersSequence, entity);
        var first = new DataSet(image);
        first.SetString(Tag.PatientID, "190017512345678");
        var ins = new DataSet(first);
        ins.SetString(Tag.UniversalEntityID, "1.2.250.1.213.1.4.8");
        ins.SetString(Tag.UniversalEntityIDType, "ISO");
        first.SetSequence(Tag.IssuerOfPatientIDQualifiersSequence, ins);
        var second = new DataSet(image);
        second.SetString(Tag.PatientID, "X");
        second.SetString(Tag.IssuerOfPatientID, "ÉTÉ");
        image.SetSequence(Tag.OtherPatientIDsSequence, first, second);
        var ris = new DataSet(image);
        ris.SetString(Tag.LocalNamespaceEntityID, "RIS");
        image.SetSequence(Tag.IssuerOfAccessionNumberSequence, ris);
        return image;
    }

    [Fact]
    public void It_allocates_nothing_when_it_is_used_again()
    {
        var bytes = DataSetWriter.ToBytes(WithIssuers(SampleImage.Create()), TransferSyntax.ExplicitVRLittleEndian);
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
