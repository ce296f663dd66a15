using System.Globalization;
using System.Xml;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>Writes FR-DICOM-Acte-imagerie, [1..*] in a report (schematron CI-SIS_IMG-CR-IMG_2024.01): one act with its
/// study. The object catalogue, [1..1] in each, names the study.</summary>
internal static class CdaAct
{
    /// <param name="number">1 for the first: what is referred to is unique in the document.</param>
    /// <param name="technique">Written with the first act; the others refer to it.</param>
    public static void Write(XmlWriter xml, SectionIds ids, DescribedAct act, int number, string technique)
    {
        CdaSections.Begin(
            xml, ids, ["1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"],
            CdaSections.Loinc("55111-9", "Description de l'acte d'imagerie"), "Technique d'imagerie");
        xml.WriteStartElement("text", Hl7V3);
        CdaSections.Labelled(xml, "Acte", Id("act", number), NameOf(act.Code));
        CdaSections.Labelled(xml, "Modalité", Id("modality", number), NameOf(act.Modality));
        CdaSections.Labelled(xml, "Localisation", Id("region", number), NameOf(act.Region));
        if (act.Topography is { } side)
            CdaSections.Labelled(xml, "Précision", Id("topography", number), NameOf(side));
        if (number == 1)
        {
            CdaSections.Labelled(
                xml, "Description", "technique", technique.Trim().Length > 0 ? technique : CdaSections.Unknown);
        }

        xml.WriteEndElement();
        WriteTechnique(xml, ids, act, number);
        WriteCatalogue(xml, ids, act);
        CdaSections.End(xml);
    }

    private static void WriteTechnique(XmlWriter xml, SectionIds ids, DescribedAct act, int number)
    {
        xml.WriteStartElement("entry", Hl7V3);
        xml.WriteStartElement("procedure", Hl7V3);
        CdaWriter.Attributes(xml, ("classCode", "PROC"), ("moodCode", "EVN"));
        CdaSections.Templates(xml, "1.2.840.10008.9.14", "1.2.250.1.213.1.1.3.153");
        CdaWriter.WriteId(xml, "id", ids.Next());
        WriteReferring(xml, "code", act.Code, Id("act", number), null);
        CdaSections.Reference(xml, "text", "technique");
        CdaWriter.Element(xml, "effectiveTime", ("value", act.PerformedAt));
        WriteReferring(xml, "methodCode", act.Modality, Id("modality", number), null);
        WriteReferring(xml, "targetSiteCode", act.Region, Id("region", number), act.Topography);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <param name="modifier">SNOMED CT 106233006, topographical modifier: its value, or null.</param>
    private static void WriteReferring(XmlWriter xml, string element, Code code, string reference, Code? modifier)
    {
        xml.WriteStartElement(element, Hl7V3);
        CdaWriter.Attributes(xml, CdaWriter.CodeAttributes(code));
        CdaSections.Reference(xml, "originalText", reference);
        if (modifier is not null)
        {
            xml.WriteStartElement("qualifier", Hl7V3);
            CdaWriter.WriteCode(
                xml, "name", new Code("106233006", ReportCodes.SnomedCt, "modificateur topographique"));
            CdaWriter.WriteCode(xml, "value", modifier);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteCatalogue(XmlWriter xml, SectionIds ids, DescribedAct act)
    {
        CdaSections.Begin(
            xml, ids, ["2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"],
            new Code("121181", ReportCodes.Dcm, "Catalogue d'objets DICOM"), "Catalogue d'objets DICOM");
        xml.WriteStartElement("text", Hl7V3);
        CdaWriter.TextElement(xml, "paragraph", $"Study Instance UID : {act.StudyInstanceUid}");
        if (act.RetentionDays is { } days)
        {
            CdaWriter.TextElement(
                xml, "paragraph",
                string.Create(CultureInfo.InvariantCulture, $"Durée de conservation des images : {days} jours"));
        }

        if (act.ViewerUrl is { } url)
        {
            xml.WriteStartElement("paragraph", Hl7V3);
            CdaWriter.TextElement(xml, "linkHtml", "Voir les images", ("href", url));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        CdaSections.End(xml);
    }

    private static string Id(string name, int number) =>
        number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}{number}");

    private static string NameOf(Code code) => code.Display.Length > 0 ? code.Display : code.Value;
}
