using System.Globalization;
using System.Text;
using System.Xml;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>Writes a report: the header of CI-SIS "Structuration minimale" and, for level 1, a PDF in a nonXMLBody (IHE
/// XDS-SD, ITI TF-3 5.2), for level 3 the sections of IMG-CR-IMG. The same report gives the same bytes.</summary>
public static class CdaWriter
{
    /// <summary>The document, UTF-8 without byte order mark. Characters that XML cannot hold are left out.</summary>
    public static byte[] Write(Level1Report report) => Write(
        report, Level1Templates.Select(root => (root, (string?)null)), xml => WriteBody(xml, report.Pdf.Span));

    /// <summary>The same report with the sections of IMG-CR-IMG 2024.01 as its body; the PDF is attached to them.
    /// </summary>
    public static byte[] Write(Level1Report report, StructuredBody body) => Write(
        report, Level3Templates, xml => CdaSections.Write(xml, report, body));

    private static byte[] Write(
        Level1Report report,
        IEnumerable<(string Root, string? Extension)> templates,
        Action<XmlWriter> writeBody)
    {
        Invariant.Holds(report.ServiceEvents.Count > 0);
        Invariant.Holds(!report.EffectiveTime.IsEmpty);
        using var stream = new MemoryStream();
        var settings = new XmlWriterSettings
        {
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            Indent = true,
            NewLineChars = "\n",
            CheckCharacters = true,
        };
        using (var xml = XmlWriter.Create(stream, settings))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("ClinicalDocument", Hl7V3);
            xml.WriteAttributeString("xmlns", "ps3-20", null, DicomExtension);
            WriteHeader(xml, report, templates);
            writeBody(xml);
            xml.WriteEndElement();
            xml.WriteEndDocument();
        }

        return stream.ToArray();
    }

    // The order of the elements is that of the CDA R2 schema (POCD_MT000040).
    private static void WriteHeader(
        XmlWriter xml, Level1Report report, IEnumerable<(string Root, string? Extension)> templates)
    {
        Element(xml, "realmCode", ("code", "FR"));
        Element(xml, "typeId", ("root", "2.16.840.1.113883.1.3"), ("extension", "POCD_HD000040"));
        foreach (var (root, extension) in templates)
            Element(xml, "templateId", ("root", root), ("extension", extension));
        WriteId(xml, "id", report.DocumentId);
        WriteCode(xml, "code", report.Type);
        TextElement(xml, "title", report.Title);
        Element(xml, "effectiveTime", ("value", report.EffectiveTime.ToString()));
        WriteCode(xml, "confidentialityCode", ReportCodes.Normal);
        Element(xml, "languageCode", ("code", report.LanguageCode));
        WriteId(xml, "setId", report.SetId);
        Element(xml, "versionNumber", ("value", report.VersionNumber.ToString(CultureInfo.InvariantCulture)));
        WriteRecordTarget(xml, report.Patient);
        WriteAuthor(xml, report.Author);
        WriteCustodian(xml, report.Custodian);
        WriteLegalAuthenticator(xml, report.LegalAuthenticator);
        foreach (var order in report.Orders) WriteOrder(xml, order);
        foreach (var serviceEvent in report.ServiceEvents) CdaServiceEvent.Write(xml, serviceEvent);
        if (report.Replaces is { } replaced) WriteReplaced(xml, replaced);
        WriteEncounter(xml, report);
    }

    private static void WriteRecordTarget(XmlWriter xml, Patient patient)
    {
        xml.WriteStartElement("recordTarget", Hl7V3);
        xml.WriteStartElement("patientRole", Hl7V3);
        if (patient.Ins is { } ins) WriteId(xml, "id", ins);
        if (patient.LocalId is { } local)
            Element(xml, "id", ("root", local.IssuerOid), ("extension", local.Value),
                ("assigningAuthorityName", local.IssuerName.Length > 0 ? local.IssuerName : null));
        WriteUnknownContact(xml, addressFirst: true);
        xml.WriteStartElement("patient", Hl7V3);
        xml.WriteStartElement("name", Hl7V3);
        TextElement(xml, "family", patient.BirthName, ("qualifier", "BR"));
        if (patient.GivenNames.Length > 0) TextElement(xml, "given", patient.GivenNames);
        if (patient.FirstGivenName.Length > 0) TextElement(xml, "given", patient.FirstGivenName, ("qualifier", "BR"));
        if (patient.UsedName is { } used) TextElement(xml, "family", used, ("qualifier", "CL"));
        xml.WriteEndElement();
        WriteCode(xml, "administrativeGenderCode", Gender(patient.Sex));
        if (patient.BirthDate.Length > 0) Element(xml, "birthTime", ("value", patient.BirthDate));
        else Element(xml, "birthTime", ("nullFlavor", "UNK"));
        if (patient.BirthPlace.Length > 0)
        {
            xml.WriteStartElement("birthplace", Hl7V3);
            xml.WriteStartElement("place", Hl7V3);
            xml.WriteStartElement("addr", Hl7V3);
            TextElement(xml, "county", patient.BirthPlace);
            xml.WriteEndElement();
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    // JDV_J143.
    private static Code Gender(string sex) => sex switch
    {
        "M" => new Code("M", "2.16.840.1.113883.5.1", "Masculin"),
        "F" => new Code("F", "2.16.840.1.113883.5.1", "Féminin"),
        _ => new Code("UN", "2.16.840.1.113883.5.1", "Inconnu"),
    };

    private static void WriteAuthor(XmlWriter xml, ReportParticipant author)
    {
        xml.WriteStartElement("author", Hl7V3);
        Element(xml, "time", ("value", author.Time.ToString()));
        xml.WriteStartElement("assignedAuthor", Hl7V3);
        WriteAssigned(xml, author);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteLegalAuthenticator(XmlWriter xml, ReportParticipant signer)
    {
        xml.WriteStartElement("legalAuthenticator", Hl7V3);
        Element(xml, "time", ("value", signer.Time.ToString()));
        Element(xml, "signatureCode", ("code", "S"));
        xml.WriteStartElement("assignedEntity", Hl7V3);
        WriteAssigned(xml, signer);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteAssigned(XmlWriter xml, ReportParticipant participant)
    {
        WriteId(xml, "id", participant.Person.Id);
        if (participant.Specialty is { } specialty) WriteCode(xml, "code", specialty);
        WriteUnknownContact(xml, addressFirst: true);
        xml.WriteStartElement("assignedPerson", Hl7V3);
        xml.WriteStartElement("name", Hl7V3);
        TextElement(xml, "family", participant.Person.FamilyName);
        if (participant.Person.GivenName.Length > 0) TextElement(xml, "given", participant.Person.GivenName);
        xml.WriteEndElement();
        xml.WriteEndElement();
        WriteOrganization(xml, "representedOrganization", participant.Organization, null);
    }

    private static void WriteCustodian(XmlWriter xml, Organization custodian)
    {
        xml.WriteStartElement("custodian", Hl7V3);
        xml.WriteStartElement("assignedCustodian", Hl7V3);
        WriteOrganization(xml, "representedCustodianOrganization", custodian, null);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteOrder(XmlWriter xml, ImagingOrder order)
    {
        xml.WriteStartElement("inFulfillmentOf", Hl7V3);
        xml.WriteStartElement("order", Hl7V3);
        if (order.PlacerOrderNumber.IsEmpty) Element(xml, "id", ("nullFlavor", "UNK"));
        else WriteId(xml, "id", order.PlacerOrderNumber);
        if (order.AccessionNumber is { } accession)
        {
            xml.WriteStartElement("accessionNumber", DicomExtension);
            Attributes(xml, ("root", accession.Root), ("extension", accession.Extension));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteReplaced(XmlWriter xml, InstanceIdentifier replaced)
    {
        xml.WriteStartElement("relatedDocument", Hl7V3);
        xml.WriteAttributeString("typeCode", "RPLC");
        xml.WriteStartElement("parentDocument", Hl7V3);
        WriteId(xml, "id", replaced);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteEncounter(XmlWriter xml, Level1Report report)
    {
        xml.WriteStartElement("componentOf", Hl7V3);
        xml.WriteStartElement("encompassingEncounter", Hl7V3);
        CdaServiceEvent.WriteInterval(xml, report.ServiceEvents[0].Start, null);
        xml.WriteStartElement("location", Hl7V3);
        xml.WriteStartElement("healthCareFacility", Hl7V3);
        WriteCode(xml, "code", report.HealthcareFacilityType);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteBody(XmlWriter xml, ReadOnlySpan<byte> pdf)
    {
        xml.WriteStartElement("component", Hl7V3);
        xml.WriteStartElement("nonXMLBody", Hl7V3);
        WritePdf(xml, "text", pdf);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>An element of data type ED with a PDF.</summary>
    internal static void WritePdf(XmlWriter xml, string name, ReadOnlySpan<byte> pdf)
    {
        xml.WriteStartElement(name, Hl7V3);
        xml.WriteAttributeString("mediaType", "application/pdf");
        xml.WriteAttributeString("representation", "B64");
        xml.WriteString(Convert.ToBase64String(pdf));
        xml.WriteEndElement();
    }

    internal static void WriteOrganization(XmlWriter xml, string name, Organization organization, Code? practiceSetting)
    {
        xml.WriteStartElement(name, Hl7V3);
        WriteId(xml, "id", organization.Id);
        TextElement(xml, "name", organization.Name);
        WriteUnknownContact(xml, addressFirst: false);
        if (practiceSetting is not null) WriteCode(xml, "standardIndustryClassCode", practiceSetting);
        xml.WriteEndElement();
    }

    /// <summary>Address and telecom are required and we hold neither; the schema orders them differently for persons
    /// and for organisations.</summary>
    internal static void WriteUnknownContact(XmlWriter xml, bool addressFirst)
    {
        if (addressFirst) Element(xml, "addr", ("nullFlavor", "UNK"));
        Element(xml, "telecom", ("nullFlavor", "UNK"));
        if (!addressFirst) Element(xml, "addr", ("nullFlavor", "UNK"));
    }

    internal static void WriteId(XmlWriter xml, string name, InstanceIdentifier id) =>
        Element(xml, name, ("root", id.Root), ("extension", id.Extension));

    internal static void WriteCode(XmlWriter xml, string name, Code code) =>
        Element(xml, name, CodeAttributes(code));

    internal static (string Name, string? Value)[] CodeAttributes(Code code) =>
    [
        ("code", code.Value),
        ("codeSystem", code.System.Length > 0 ? code.System : null),
        ("displayName", code.Display.Length > 0 ? code.Display : null),
    ];

    internal static void Element(
        XmlWriter xml, string name, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        xml.WriteStartElement(name, Hl7V3);
        Attributes(xml, attributes);
        xml.WriteEndElement();
    }

    internal static void TextElement(
        XmlWriter xml, string name, string text, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        xml.WriteStartElement(name, Hl7V3);
        Attributes(xml, attributes);
        xml.WriteString(Clean(text));
        xml.WriteEndElement();
    }

    internal static void Attributes(XmlWriter xml, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            if (value is not null) xml.WriteAttributeString(name, Clean(value));
        }
    }

    internal static void WriteText(XmlWriter xml, string text) => xml.WriteString(Clean(text));

    private static string Clean(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\0', '\u001F') < 0 && !text.Any(c => char.IsSurrogate(c) || c >= '\uFFFE'))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // XML 1.0 2.2, Char; a lone surrogate arrives here as U+FFFD.
            if (rune.Value is 0x9 or 0xA or 0xD or (>= 0x20 and not (0xFFFE or 0xFFFF))) clean.Append(rune.ToString());
        }

        return clean.ToString();
    }
}
