using System.Xml;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>Writes the section of attached documents: the PDF of the report, which prints and has the QR code of the
/// viewer. Source: FR-Documents-ajoutes (1.2.250.1.213.1.1.2.37) of the ANS schematrons.</summary>
internal static class CdaAttachment
{
    public static void Write(XmlWriter xml, SectionIds ids, string title, ReadOnlySpan<byte> pdf)
    {
        CdaSections.Begin(
            xml, ids, ["1.2.250.1.213.1.1.2.37"], CdaSections.Loinc("55107-7", "Documents ajoutés"),
            "Documents ajoutés");
        xml.WriteStartElement("text", Hl7V3);
        xml.WriteStartElement("paragraph", Hl7V3);
        CdaWriter.TextElement(xml, "content", title, ("ID", "attached"));
        CdaWriter.Element(xml, "renderMultiMedia", ("referencedObject", "PDF"));
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteStartElement("entry", Hl7V3);
        xml.WriteStartElement("organizer", Hl7V3);
        CdaWriter.Attributes(xml, ("classCode", "CLUSTER"), ("moodCode", "EVN"));
        CdaSections.Templates(xml, "1.2.250.1.213.1.1.3.18");
        CdaWriter.WriteId(xml, "id", ids.Next());
        CdaWriter.WriteCode(xml, "code", CdaSections.Loinc("55107-7", "Document attaché"));
        CdaWriter.Element(xml, "statusCode", ("code", "completed"));
        WriteType(xml, ids);
        WriteContent(xml, pdf);
        xml.WriteEndElement();
        xml.WriteEndElement();
        CdaSections.End(xml);
    }

    private static void WriteType(XmlWriter xml, SectionIds ids)
    {
        xml.WriteStartElement("component", Hl7V3);
        xml.WriteStartElement("observation", Hl7V3);
        CdaWriter.Attributes(xml, ("classCode", "OBS"), ("moodCode", "EVN"));
        CdaSections.Templates(
            xml, "1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", "1.2.250.1.213.1.1.3.48.18");
        CdaWriter.WriteId(xml, "id", ids.Next());
        CdaWriter.WriteCode(xml, "code", CdaSections.Loinc("69764-9", "Type de document"));
        CdaSections.Reference(xml, "text", "attached");
        CdaWriter.Element(xml, "statusCode", ("code", "completed"));
        CdaWriter.Element(xml, "effectiveTime", ("nullFlavor", "NA"));
        xml.WriteStartElement("value", Hl7V3);
        xml.WriteAttributeString("xsi", "type", Instance, "CD");
        CdaSections.Reference(xml, "originalText", "attached");
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteContent(XmlWriter xml, ReadOnlySpan<byte> pdf)
    {
        xml.WriteStartElement("component", Hl7V3);
        xml.WriteStartElement("observationMedia", Hl7V3);
        CdaWriter.Attributes(xml, ("classCode", "OBS"), ("moodCode", "EVN"), ("ID", "PDF"));
        CdaWriter.WritePdf(xml, "value", pdf);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
