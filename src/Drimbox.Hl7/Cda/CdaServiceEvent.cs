using System.Xml;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>Writes documentationOf/serviceEvent: one study with its modality, region and act.</summary>
internal static class CdaServiceEvent
{
    public static void Write(XmlWriter xml, ImagingServiceEvent serviceEvent)
    {
        xml.WriteStartElement("documentationOf", Hl7V3);
        xml.WriteStartElement("serviceEvent", Hl7V3);
        if (serviceEvent.StudyInstanceUid is { } study) CdaWriter.Element(xml, "id", ("root", study.ToString()));
        WriteCodes(xml, serviceEvent);
        WriteInterval(xml, serviceEvent.Start, serviceEvent.Stop);
        if (serviceEvent.Performer is { } performer) WritePerformer(xml, performer, serviceEvent.PracticeSetting);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    public static void WriteInterval(XmlWriter xml, string? low, string? high)
    {
        xml.WriteStartElement("effectiveTime", Hl7V3);
        if (low is null) CdaWriter.Element(xml, "low", ("nullFlavor", "UNK"));
        else CdaWriter.Element(xml, "low", ("value", low));
        if (high is not null) CdaWriter.Element(xml, "high", ("value", high));
        xml.WriteEndElement();
    }

    private static void WriteCodes(XmlWriter xml, ImagingServiceEvent serviceEvent)
    {
        xml.WriteStartElement("code", Hl7V3);
        // HL7 v3 data types, CD: translations of a null code are only allowed for OTH and NA.
        var isTranslated = serviceEvent.Acts.Count + serviceEvent.Modalities.Count + serviceEvent.Regions.Count > 0;
        if (serviceEvent.Code is { } code) CdaWriter.Attributes(xml, CdaWriter.CodeAttributes(code));
        else CdaWriter.Attributes(xml, ("nullFlavor", isTranslated ? "OTH" : "UNK"));
        // The code itself may be one of the three kinds: it is not written twice.
        foreach (var act in serviceEvent.Acts.Where(act => act != serviceEvent.Code))
            CdaWriter.WriteCode(xml, "translation", act);
        foreach (var modality in serviceEvent.Modalities.Where(modality => modality != serviceEvent.Code))
            WriteQualified(xml, modality, new Code(ModalityQualifier, ReportCodes.Dcm, "Modalité d'imagerie"));
        foreach (var region in serviceEvent.Regions.Where(region => region != serviceEvent.Code))
            WriteQualified(xml, region, new Code(RegionQualifier, ReportCodes.Loinc, "localisation anatomique"));
        xml.WriteEndElement();
    }

    private static void WriteQualified(XmlWriter xml, Code code, Code name)
    {
        xml.WriteStartElement("translation", Hl7V3);
        CdaWriter.Attributes(xml, CdaWriter.CodeAttributes(code));
        xml.WriteStartElement("qualifier", Hl7V3);
        CdaWriter.WriteCode(xml, "name", name);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    // The organisation is what the DRIMbox needs; which of its professionals performed the act is not known here.
    private static void WritePerformer(XmlWriter xml, Organization performer, Code? practiceSetting)
    {
        xml.WriteStartElement("performer", Hl7V3);
        xml.WriteAttributeString("typeCode", "PRF");
        xml.WriteStartElement("assignedEntity", Hl7V3);
        CdaWriter.Element(xml, "id", ("nullFlavor", "UNK"));
        CdaWriter.WriteUnknownContact(xml, addressFirst: true);
        CdaWriter.WriteOrganization(xml, "representedOrganization", performer, practiceSetting);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
