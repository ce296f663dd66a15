using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Cda;

namespace Drimbox.Tests.Cda;

/// <summary>Attack A18 (hostile XML) and the documents that cannot be filed.</summary>
public sealed class CdaRefusalTests
{
    private static Refusal Refused(byte[] cda)
    {
        Assert.Null(CdaReader.TryRead(cda, out var refusal));
        return refusal!;
    }

    [Theory]
    [InlineData("id", "ClinicalDocument/id")]
    [InlineData("code", "ClinicalDocument/code")]
    [InlineData("recordTarget", "ClinicalDocument/recordTarget/patientRole")]
    public void A_document_without_identity_type_or_patient_is_refused(string element, string location)
    {
        var refusal = Refused(CdaSample.Without(element));
        Assert.Equal((RefusalReason.RequiredFieldMissing, location), (refusal.Reason, refusal.Location));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not XML")]
    [InlineData("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">")]
    [InlineData("JVBERi0xLjQ=")]
    [InlineData("%PDF-1.4")]
    public void What_is_not_xml_is_refused(string text) =>
        Assert.Equal(RefusalReason.DataType, Refused(Encoding.UTF8.GetBytes(text)).Reason);

    [Theory]
    [InlineData("<ClinicalDocument/>")]
    [InlineData("<ClinicalDocument xmlns=\"urn:hl7-org:v2\"/>")]
    [InlineData("<Bundle xmlns=\"urn:hl7-org:v3\"/>")]
    public void Xml_that_is_no_clinical_document_is_refused(string xml)
    {
        var refusal = Refused(Encoding.UTF8.GetBytes(xml));
        Assert.Equal((RefusalReason.DataType, "/"), (refusal.Reason, refusal.Location));
    }

    [Fact]
    public void An_external_entity_is_not_resolved()
    {
        var secret = Path.Combine(Path.GetTempPath(), $"drimbox-xxe-{Environment.ProcessId}.txt");
        File.WriteAllText(secret, "SECRET");
        try
        {
            var refusal = Refused(WithDoctype($"<!DOCTYPE d [<!ENTITY x SYSTEM \"file://{secret}\">]>", "&x;"));
            Assert.Equal(RefusalReason.DataType, refusal.Reason);
            Assert.DoesNotContain("SECRET", refusal.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Fact]
    public void A_null_flavoured_type_is_no_type() =>
        Assert.Equal(
            "ClinicalDocument/code",
            Refused(CdaSample.With("<code code=\"18748-4\" ", "<code nullFlavor=\"UNK\" ")).Location);

    [Fact]
    public void A_doctype_alone_is_refused() =>
        Assert.Equal(RefusalReason.DataType, Refused(WithDoctype("<!DOCTYPE ClinicalDocument>", "t")).Reason);

    [Fact]
    public void Entities_that_multiply_are_refused_before_they_expand()
    {
        var doctype = new StringBuilder("<!DOCTYPE d [<!ENTITY a0 \"ha\">");
        for (var i = 1; i < 30; i++) doctype.Append($"<!ENTITY a{i} \"&a{i - 1};&a{i - 1};\">");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(RefusalReason.DataType, Refused(WithDoctype(doctype + "]>", "&a29;")).Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 1024 * 1024);
    }

    [Fact]
    public void Nesting_beyond_the_limit_is_refused_however_deep_it_goes()
    {
        const int Depth = 1_000_000;
        var xml = new StringBuilder("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">");
        for (var i = 0; i < Depth; i++) xml.Append("<a>");
        Assert.Equal(RefusalReason.OverLimit, Refused(Encoding.UTF8.GetBytes(xml.ToString())).Reason);
    }

    [Fact]
    public void Nesting_at_the_limit_is_read()
    {
        // The sample's root is at depth 0, component at 1.
        var inner = Limits.XmlDepthMax - 1;
        var nested = string.Concat(Enumerable.Repeat("<x>", inner)) + string.Concat(Enumerable.Repeat("</x>", inner));
        Assert.NotNull(CdaReader.TryRead(CdaSample.With("<component>", "<component>" + nested), out _));
        Assert.Equal(
            RefusalReason.OverLimit,
            Refused(CdaSample.With("<component>", "<component><x>" + nested + "</x>")).Reason);
    }

    [Fact]
    public void A_document_over_the_limit_is_refused_before_it_is_read()
    {
        var cda = new byte[Limits.CdaBytesMax + 1];
        Assert.Equal(RefusalReason.OverLimit, Refused(cda).Reason);
    }

    [Fact]
    public void An_inclusion_is_an_unknown_element_and_includes_nothing()
    {
        var cda = CdaSample.With(
            "<realmCode code=\"FR\"/>",
            "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/hostname\"/>");
        Assert.Equal("CR-0002", CdaReader.TryRead(cda, out _)!.DocumentId.Extension);
    }

    [Fact]
    public void A_refusal_holds_no_value_of_the_document()
    {
        var refusal = Refused(CdaSample.With("<patientRole>", "<patientRole><PAT-TROIS>"));
        Assert.DoesNotContain("PAT-TROIS", refusal.ToString(), StringComparison.Ordinal);
    }

    private static byte[] WithDoctype(string doctype, string title) => CdaSample.Bytes(
        CdaSample.Xml
            .Replace("<ClinicalDocument", doctype + "<ClinicalDocument", StringComparison.Ordinal)
            .Replace("<title>Scanner", "<title>" + title, StringComparison.Ordinal));
}
