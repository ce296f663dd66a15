using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Cda;

namespace Drimbox.Tests.Cda;

/// <summary>What goes to MSSanté in place of a document whose INS is not qualified.</summary>
public sealed class MailRenditionTests
{
    private static readonly XNamespace V3 = "urn:hl7-org:v3";
    private static readonly InstanceIdentifier Id = InstanceIdentifier.Create("1.2.250.1.999.30", "R1");
    private static readonly InstanceIdentifier SetId = InstanceIdentifier.Create("1.2.250.1.999.30", "S1");

    // A level 1 report whose PDF is ours and prints no INS.
    private static readonly string Xml = WithPdf(CdaBodyTests.Pdf("Pas d'embolie.", "PAT-TROIS DOMINIQUE"));

    [Fact]
    public void It_carries_neither_the_INS_nor_its_OID_and_says_what_it_was_made_of()
    {
        var written = MailRendition.TryWrite(CdaSample.Bytes(Xml), Id, SetId, null, out var refusal);
        Assert.Null(refusal);

        var text = Encoding.UTF8.GetString(written!);
        Assert.DoesNotContain("279035121518989", text, StringComparison.Ordinal);
        Assert.DoesNotContain("1.2.250.1.213.1.4.10", text, StringComparison.Ordinal);
        var root = XDocument.Parse(text).Root!;
        Assert.Equal("R1", (string?)root.Element(V3 + "id")!.Attribute("extension"));
        Assert.Equal("S1", (string?)root.Element(V3 + "setId")!.Attribute("extension"));
        Assert.Equal("IPP101", (string?)root.Descendants(V3 + "patientRole").Single().Elements(V3 + "id").Single()
            .Attribute("extension"));
        var related = Assert.Single(root.Elements(V3 + "relatedDocument"));
        Assert.Equal("XFRM", (string?)related.Attribute("typeCode"));
        Assert.Equal("CR-0002", (string?)related.Descendants(V3 + "id").Single().Attribute("extension"));
        // CDA R2 ClinicalDocument: relatedDocument stands behind documentationOf and before componentOf.
        Assert.Equal("documentationOf", ((XElement)related.ElementsBeforeSelf().Last()).Name.LocalName);
        Assert.Equal("componentOf", related.ElementsAfterSelf().First().Name.LocalName);
    }

    [Fact]
    public void All_else_is_as_the_author_wrote_it()
    {
        var written = MailRendition.TryWrite(CdaSample.Bytes(Xml), Id, SetId, null, out _)!;
        var before = XDocument.Parse(Xml).Root!;
        var after = XDocument.Parse(Encoding.UTF8.GetString(written)).Root!;
        foreach (var root in (XElement[])[before, after])
        {
            root.Element(V3 + "id")!.Remove();
            root.Element(V3 + "setId")!.Remove();
            root.Elements(V3 + "relatedDocument").Remove();
            root.Descendants(V3 + "patientRole").Single().Elements(V3 + "id").Remove();
        }

        Assert.True(XNode.DeepEquals(before, after));
    }

    [Fact]
    public void The_rendition_of_a_correction_replaces_that_of_the_version_before()
    {
        var before = InstanceIdentifier.Create("1.2.250.1.999.30", "R0");
        var written = MailRendition.TryWrite(CdaSample.Bytes(Xml), Id, SetId, before, out _)!;

        var related = XDocument.Parse(Encoding.UTF8.GetString(written)).Root!.Elements(V3 + "relatedDocument").ToList();
        Assert.Equal(["RPLC", "XFRM"], related.Select(r => (string?)r.Attribute("typeCode")));
        Assert.Equal(
            ["R0", "CR-0002"],
            related.Select(r => (string?)r.Descendants(V3 + "id").Single().Attribute("extension")));
    }

    [Fact]
    public void A_patient_known_by_the_INS_alone_is_left_without_an_identifier()
    {
        var cda = With(
            """<id root="1.2.250.1.999.1.5" extension="IPP101" assigningAuthorityName="HOPITAL-TEST"/>""", "");
        var written = MailRendition.TryWrite(cda, Id, SetId, null, out var refusal);

        Assert.Null(refusal);
        var id = XDocument.Parse(Encoding.UTF8.GetString(written!)).Descendants(V3 + "patientRole").Single()
            .Elements(V3 + "id").Single();
        Assert.Equal("NI", (string?)id.Attribute("nullFlavor"));
    }

    [Theory]
    [InlineData("<title>Scanner", "<title>Scanner de 279035121518989")]
    [InlineData("<realmCode code=\"FR\"/>", "<realmCode code=\"FR\"/><!-- 1.2.250.1.213.1.4.8 -->")]
    [InlineData("displayName=\"thorax\"", "displayName=\"279035121518989\"")]
    public void An_INS_that_stands_in_the_text_too_is_refused(string part, string replacement)
    {
        Assert.Null(MailRendition.TryWrite(With(part, replacement), Id, SetId, null, out var refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    [Theory]
    [InlineData("INS : 279035121518989")]
    [InlineData("Sécurité sociale 2 79 03 51 215 189")]
    [InlineData("1.2.250.1.213.1.4.8")]
    public void An_INS_that_the_PDF_prints_is_refused(string line)
    {
        var cda = CdaSample.Bytes(WithPdf(CdaBodyTests.Pdf("Normal.", line)));

        Assert.Null(MailRendition.TryWrite(cda, Id, SetId, null, out var refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    [Theory]
    [InlineData("application/pdf")]
    [InlineData("image/jpeg")]
    public void A_body_that_cannot_be_read_is_refused(string mediaType)
    {
        var cda = CdaSample.With("application/pdf", mediaType);

        Assert.Null(MailRendition.TryWrite(cda, Id, SetId, null, out var refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    [Fact]
    public void What_is_attached_to_a_structured_report_and_cannot_be_read_is_left_out()
    {
        var body = CdaBodyTests.Structured("Pas d'embolie.");
        var ours = CdaWriter.Write(CdaWriterTests.Report with { Pdf = CdaBodyTests.Pdf("Pas d'embolie.") }, body);
        var others = CdaWriter.Write(CdaWriterTests.Report, body);

        Assert.Contains("observationMedia", Rendition(ours), StringComparison.Ordinal);
        var text = Rendition(others);
        Assert.DoesNotContain("observationMedia", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Documents ajoutés", text, StringComparison.Ordinal);
        Assert.Contains("Pas d'embolie.", text, StringComparison.Ordinal);

        static string Rendition(byte[] cda)
        {
            var written = MailRendition.TryWrite(cda, Id, SetId, null, out var refusal);
            Assert.Null(refusal);
            return Encoding.UTF8.GetString(written!);
        }
    }

    [Theory]
    [InlineData("<x/>")]
    [InlineData("no XML")]
    public void What_is_no_CDA_is_refused(string text)
    {
        Assert.Null(MailRendition.TryWrite(CdaSample.Bytes(text), Id, SetId, null, out var refusal));
        Assert.NotNull(refusal);
    }

    private static byte[] With(string part, string replacement)
    {
        Assert.Contains(part, Xml, StringComparison.Ordinal);
        return CdaSample.Bytes(Xml.Replace(part, replacement, StringComparison.Ordinal));
    }

    private static string WithPdf(byte[] pdf) =>
        CdaSample.Xml.Replace("JVBERi0xLjQ=", Convert.ToBase64String(pdf), StringComparison.Ordinal);
}
