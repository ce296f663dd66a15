using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Web;

namespace Drimbox.Tests.Dicom.Web;

/// <summary>Query parameters (PS3.18 8.3.4), the head of a file (PS3.10 7.1), the store report (PS3.18 annex I), the
/// Native DICOM Model (PS3.19 A.1).</summary>
public sealed class WebPiecesTests
{
    private static readonly XNamespace Ns = NativeDicomModel.Namespace;

    [Fact]
    public void A_search_is_read_with_its_separators_as_they_came()
    {
        var search = SearchRequest.TryParse(
            "?PatientName=D%C3%89S%2CIR*&0020000D=1.2,1.3&ModalitiesInStudy=CT,MR&includefield=StudyDescription,00081030"
            + "&includefield=RequestAttributesSequence.ScheduledProcedureStepID&limit=5&offset=7&fuzzymatching=true"
            + "&RequestAttributesSequence.00401001=P1&RequestAttributesSequence.ScheduledProcedureStepID=S1"
            + "&accept=application/dicom%2Bjson&Rows=512",
            out var refusal);
        Assert.Null(refusal);
        Assert.Equal("DÉS,IR*", search!.Matches.GetString(Tag.PatientName));
        Assert.Equal(["1.2", "1.3"], search.Matches.GetStrings(Tag.StudyInstanceUID));
        Assert.Equal(["CT", "MR"], search.Matches.GetStrings(Tag.ModalitiesInStudy));
        Assert.Equal(512, search.Matches.GetInt(Tag.Rows));
        var item = Assert.Single(search.Matches.GetItems(Tag.RequestAttributesSequence));
        Assert.Equal("P1", item.GetString(Tag.RequestedProcedureID));
        Assert.Equal("S1", item.GetString(Tag.ScheduledProcedureStepID));
        Assert.Equal([Tag.StudyDescription, Tag.StudyDescription, Tag.RequestAttributesSequence], search.Included);
        Assert.Equal((5, 7, true, 0), (search.Limit, search.Offset, search.IsFuzzy, search.UnknownCount));
    }

    [Theory]
    [InlineData("NoSuch=1", 1)]
    [InlineData("patientid=1", 1)]
    [InlineData("00090010=ACME&00091001=1", 2)]
    [InlineData("RequestAttributesSequence=1", 1)]
    [InlineData("PatientID.PatientName=1", 1)]
    [InlineData("includefield=NoSuch", 1)]
    [InlineData("00020010=1.2", 1)]
    [InlineData("", 0)]
    public void What_is_not_known_is_counted(string query, int unknown) =>
        Assert.Equal(unknown, SearchRequest.TryParse(query, out _)!.UnknownCount);

    [Theory]
    [InlineData("PatientID=%")]
    [InlineData("PatientID=%4")]
    [InlineData("PatientID=%zz")]
    [InlineData("PatientID=%C3%28")]
    [InlineData("PatientID=é")]
    [InlineData("PatientID=%5C")]
    [InlineData("PatientID=%0A")]
    [InlineData("PatientID=1&PatientID=2")]
    [InlineData("limit=99999999999")]
    [InlineData("limit=")]
    [InlineData("Rows=70000")]
    public void What_is_wrong_is_refused(string query)
    {
        Assert.Null(SearchRequest.TryParse(query, out var refusal));
        Assert.NotNull(refusal);
    }

    [Fact]
    public void The_head_of_a_file_is_the_same_however_it_arrives()
    {
        var file = Part10Writer.ToBytes(Image(), TransferSyntax.ImplicitVRLittleEndian);
        Assert.True(DicomFile.TryRead(file, out var read, out _));
        for (var size = 1; size <= file.Length; size += size < 300 ? 7 : 31)
        {
            var head = new FileHead();
            ReadOnlyMemory<byte> rest = default;
            var at = 0;
            while (true)
            {
                var piece = file.AsSpan(at, Math.Min(size, file.Length - at));
                at += piece.Length;
                if (head.TryTake(piece, piece.IsEmpty, out rest, out var refusal)) break;
                Assert.Equal(FileHead.NeedMore, refusal);
            }

            Assert.Equal("1.2.3", head.SopInstanceUid.ToString());
            Assert.Equal(TransferSyntax.ImplicitVRLittleEndian, head.TransferSyntax);
            Assert.Equal(file[(int)read!.DataSetOffset..at], rest.ToArray());
        }
    }

    [Fact]
    public void The_status_of_a_report_says_what_became_of_all()
    {
        static int Of(params DimseStatus[] statuses)
        {
            var report = new StoreReport();
            foreach (var status in statuses)
            {
                if (status.IsSuccessOrWarning) report.AddStored(SopClass.CTImageStorage, Uid.Parse("1.2"), status, "http://x");
                else report.AddFailed(SopClass.CTImageStorage, Uid.Parse("1.2"), status);
            }

            return report.HttpStatus;
        }

        // PS3.18 table 10.5.3-1; RFC 4918 11.5.
        Assert.Equal(200, Of(DimseStatus.Success, DimseStatus.Success));
        Assert.Equal(202, Of(DimseStatus.Success, DimseStatus.SubOperationsCompleteWithFailures));
        Assert.Equal(202, Of(DimseStatus.Success, DimseStatus.OutOfResources));
        Assert.Equal(409, Of(DimseStatus.CannotUnderstand, DimseStatus.OutOfResources));
        Assert.Equal(507, Of(DimseStatus.OutOfResources, DimseStatus.OutOfResources));
        Assert.Equal(400, Of());
    }

    [Fact]
    public void The_native_model_has_private_elements_by_their_creator_and_no_characters_that_xml_lacks()
    {
        var image = Image();
        image.SetString(new Tag(0x0009_0010), "ACME");
        image.SetBytes(new Tag(0x0009_1001), Vr.LO, "a\u0001b "u8.ToArray());
        image.SetTags(Tag.FrameIncrementPointer, Tag.FrameTime);
        image.SetStrings(Tag.ImageType, "DERIVED", "", "SECONDARY");
        var model = XDocument.Load(new MemoryStream(NativeDicomModel.ToBytes(
            image, place => place.Element.Tag == Tag.PixelData ? $"http://x/{place.Path}" : null))).Root!;
        Assert.Equal("preserve", (string)model.Attribute(XNamespace.Xml + "space")!);
        XElement Of(string tag) => model.Elements(Ns + "DicomAttribute").Single(a => (string)a.Attribute("tag")! == tag);
        Assert.Equal("ACME", (string)Of("00090001").Attribute("privateCreator")!);
        Assert.Equal("a\uFFFDb", Of("00090001").Value);
        Assert.Equal("00181063", Of("00280009").Value);
        Assert.Equal(["DERIVED", "", "SECONDARY"], Of("00080008").Elements(Ns + "Value").Select(v => v.Value));
        Assert.Equal(["1", "2", "3"], Of("00080008").Elements(Ns + "Value").Select(v => (string)v.Attribute("number")!));
        Assert.Equal("http://x/7FE00010", (string)Of("7FE00010").Element(Ns + "BulkData")!.Attribute("uri")!);
        Assert.Equal("AQIDBA==", Of("00420011").Element(Ns + "InlineBinary")!.Value);
        var item = Of("00081115").Element(Ns + "Item")!;
        Assert.Equal("1.9", item.Element(Ns + "DicomAttribute")!.Value);
    }

    private static DataSet Image()
    {
        var image = new DataSet();
        image.SetCharacterSet(CharacterSet.Utf8);
        image.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        image.SetString(Tag.SOPInstanceUID, "1.2.3");
        image.SetString(Tag.StudyInstanceUID, "1.2");
        var item = new DataSet(image);
        item.SetString(Tag.SeriesInstanceUID, "1.9");
        image.SetSequence(Tag.ReferencedSeriesSequence, item);
        image.SetBytes(Tag.EncapsulatedDocument, Vr.OB, [1, 2, 3, 4]);
        image.SetBytes(Tag.PixelData, Vr.OW, new byte[64]);
        return image;
    }
}
