using System.Xml;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>
/// Writes the body of a level 3 report. Templates and codes are those of the ANS schematrons of IMG-CR-IMG 2024.01
/// (GitHub ansforge/TestContenuCDA-3-0). Sections that are optional and of which nothing is known are left out; the
/// series and instances of the object catalogue too: the manifest of the study lists them.
/// </summary>
internal static class CdaSections
{
    /// <summary>The French narrative of the document, not of the program.</summary>
    public const string Unknown = "Non renseigné";

    public static void Write(XmlWriter xml, Level1Report report, StructuredBody body)
    {
        var ids = new SectionIds(report.DocumentId);
        xml.WriteStartElement("component", Hl7V3);
        xml.WriteStartElement("structuredBody", Hl7V3);
        WriteClinicalInformation(xml, ids, body);
        for (var i = 0; i < body.Acts.Count; i++) CdaAct.Write(xml, ids, body.Acts[i], i + 1, body.Technique);
        WriteText(
            xml, ids, ["2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208"],
            Loinc("59776-5", "Résultats de l'acte"), "Résultats", body.Results);
        WriteText(
            xml, ids, ["1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"], Loinc("19005-8", "Conclusions"), "Conclusion",
            body.Conclusion);
        CdaAttachment.Write(xml, ids, report.Title, report.Pdf.Span);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    public static Code Loinc(string code, string display) => new(code, ReportCodes.Loinc, display);

    /// <summary>Begins a section in a component of its own; the caller writes its text and ends both.</summary>
    public static void Begin(XmlWriter xml, SectionIds ids, string[] templates, Code code, string title)
    {
        xml.WriteStartElement("component", Hl7V3);
        xml.WriteStartElement("section", Hl7V3);
        Templates(xml, templates);
        CdaWriter.WriteId(xml, "id", ids.Next());
        CdaWriter.WriteCode(xml, "code", code);
        CdaWriter.TextElement(xml, "title", title);
    }

    public static void End(XmlWriter xml)
    {
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    public static void Templates(XmlWriter xml, params ReadOnlySpan<string> roots)
    {
        foreach (var root in roots) CdaWriter.Element(xml, "templateId", ("root", root));
    }

    public static void Reference(XmlWriter xml, string element, string id)
    {
        xml.WriteStartElement(element, Hl7V3);
        CdaWriter.Element(xml, "reference", ("value", "#" + id));
        xml.WriteEndElement();
    }

    /// <summary>A paragraph that an entry refers to.</summary>
    public static void Labelled(XmlWriter xml, string label, string id, string text)
    {
        xml.WriteStartElement("paragraph", Hl7V3);
        xml.WriteStartElement("caption", Hl7V3);
        xml.WriteString(label);
        xml.WriteEndElement();
        xml.WriteStartElement("content", Hl7V3);
        xml.WriteAttributeString("ID", id);
        var isFirst = true;
        foreach (var line in LinesOf(text))
        {
            if (!isFirst) CdaWriter.Element(xml, "br");
            CdaWriter.WriteText(xml, line);
            isFirst = false;
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteClinicalInformation(XmlWriter xml, SectionIds ids, StructuredBody body)
    {
        Begin(
            xml, ids, ["1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"], Loinc("55752-0", "Informations cliniques"),
            "Informations cliniques");
        CdaWriter.Element(xml, "text");
        WriteText(
            xml, ids, ["1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211"], Loinc("55115-0", "Demande"),
            "Justification de la demande d'examen / Finalité de l'examen",
            string.Join('\n', [body.Justification, .. body.Purposes]));
        WriteHistory(xml, ids, body);
        End(xml);
    }

    // The section asks for all three; a request tells the history as text without saying which of them it is.
    private static void WriteHistory(XmlWriter xml, SectionIds ids, StructuredBody body)
    {
        Begin(
            xml, ids, ["2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213"],
            Loinc("11329-0", "Historique médical"),
            "Antécédents médicaux / Antécédents chirurgicaux / Contre-indications");
        xml.WriteStartElement("text", Hl7V3);
        var history = body.History.Count > 0 ? string.Join('\n', body.History) : Unknown;
        Labelled(xml, "Antécédents", "history", history);
        Labelled(xml, "Antécédents chirurgicaux", "surgery", Unknown);
        Labelled(xml, "Contre-indications", "contraindications", Unknown);
        xml.WriteEndElement();
        WriteObservation(xml, ids, Loinc("11348-0", "Antécédents médicaux"), "history", WriteTextValue);
        WriteObservation(xml, ids, Loinc("47519-4", "Antécédents chirurgicaux"), "surgery", WriteTextValue);
        WriteObservation(xml, ids, Loinc("64100-1", "Contre-indications"), "contraindications", WriteUnknownValue);
        End(xml);
    }

    /// <summary>A value without a code, whose text is in the narrative.</summary>
    private static void WriteTextValue(XmlWriter xml, string reference)
    {
        xml.WriteStartElement("value", Hl7V3);
        xml.WriteAttributeString("xsi", "type", Instance, "CD");
        Reference(xml, "originalText", reference);
        xml.WriteEndElement();
    }

    /// <summary>A contraindication that has a code must have one of the value set, and may not be null: a text says
    /// that nothing is known.</summary>
    private static void WriteUnknownValue(XmlWriter xml, string reference)
    {
        xml.WriteStartElement("value", Hl7V3);
        xml.WriteAttributeString("xsi", "type", Instance, "ST");
        xml.WriteString(Unknown);
        xml.WriteEndElement();
    }

    private static void WriteObservation(
        XmlWriter xml, SectionIds ids, Code code, string reference, Action<XmlWriter, string> writeValue)
    {
        xml.WriteStartElement("entry", Hl7V3);
        xml.WriteStartElement("observation", Hl7V3);
        CdaWriter.Attributes(xml, ("classCode", "OBS"), ("moodCode", "EVN"));
        Templates(xml, "2.16.840.1.113883.10.20.6.2.13", "1.2.250.1.213.1.1.3.150");
        CdaWriter.WriteId(xml, "id", ids.Next());
        CdaWriter.WriteCode(xml, "code", code);
        Reference(xml, "text", reference);
        CdaWriter.Element(xml, "statusCode", ("code", "completed"));
        writeValue(xml, reference);
        // Asked for, and nothing that a place belongs to.
        CdaWriter.Element(xml, "targetSiteCode", ("nullFlavor", "NA"));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteText(
        XmlWriter xml, SectionIds ids, string[] templates, Code code, string title, string text)
    {
        Begin(xml, ids, templates, code, title);
        xml.WriteStartElement("text", Hl7V3);
        foreach (var line in LinesOf(text)) CdaWriter.TextElement(xml, "paragraph", line);
        xml.WriteEndElement();
        End(xml);
    }

    private static string[] LinesOf(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Trim().Split('\n');
        return lines is [""] ? [Unknown] : lines;
    }
}

/// <summary>The ids of the parts of a document: that of the document with their number.</summary>
internal sealed class SectionIds(InstanceIdentifier document)
{
    private int _last;

    public InstanceIdentifier Next() => InstanceIdentifier.Create(
        document.Root, $"{document.Extension}{(document.Extension is null ? "" : ".")}{++_last}");
}
