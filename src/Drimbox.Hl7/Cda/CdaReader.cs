using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>
/// Reads the header of a CDA R2 document. It is lenient where real documents are: what it does not need may be absent
/// or null-flavoured, and then the header says null or is empty. Only a document that cannot be filed is refused.
/// </summary>
public static class CdaReader
{
    /// <summary>Reads the header of a document; the body is looked at, never interpreted.</summary>
    /// <returns>The header, or null with the reason in <paramref name="refusal"/>.</returns>
    public static CdaHeader? TryRead(ReadOnlyMemory<byte> cda, out Refusal? refusal)
    {
        // POCD_MT000040: the body stands in component; what follows it there is part of the body.
        var document = HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out refusal, textless: V3 + "component");
        if (document is null) return null;

        var root = document.Root!;
        if (!root.Name.Equals(V3 + "ClinicalDocument"))
        {
            refusal = new Refusal(RefusalReason.DataType, "The XML is not a CDA R2 ClinicalDocument.", "/");
            return null;
        }

        var documentId = Identifiers(root, "id").FirstOrDefault();
        var type = ReadCode(root.Element(V3 + "code"));
        var patientRole = root.Element(V3 + "recordTarget")?.Element(V3 + "patientRole");
        refusal = documentId.IsEmpty ? Missing("id")
            : type is null ? Missing("code")
            : patientRole is null ? Missing("recordTarget/patientRole")
            : null;
        if (refusal is not null) return null;

        var author = root.Element(V3 + "author");
        var assignedAuthor = author?.Element(V3 + "assignedAuthor");
        var authenticator = root.Element(V3 + "legalAuthenticator")?.Element(V3 + "assignedEntity");
        var replaced = root.Elements(V3 + "relatedDocument")
            .FirstOrDefault(e => (string?)e.Attribute("typeCode") == "RPLC")?.Element(V3 + "parentDocument");
        var nonXmlBody = root.Elements(V3 + "component").Elements(V3 + "nonXMLBody").FirstOrDefault();

        return new CdaHeader(
            documentId,
            NullIfEmpty(Identifiers(root, "setId").FirstOrDefault()),
            ReadVersion(root.Element(V3 + "versionNumber")),
            NullIfEmpty(Identifiers(replaced, "id").FirstOrDefault()),
            type!,
            Text(root.Element(V3 + "title")),
            Value(root.Element(V3 + "effectiveTime")) ?? "",
            ReadCode(root.Element(V3 + "confidentialityCode")) ?? new Code("", "", ""),
            (string?)root.Element(V3 + "languageCode")?.Attribute("code") ?? "",
            CdaPatient.Read(patientRole!),
            Identifiers(patientRole, "id").ToList(),
            ReadPerson(assignedAuthor),
            ReadOrganization(assignedAuthor?.Element(V3 + "representedOrganization")),
            ReadPerson(authenticator),
            ReadOrganization(authenticator?.Element(V3 + "representedOrganization")),
            ReadOrganization(root.Element(V3 + "custodian")?.Element(V3 + "assignedCustodian")
                ?.Element(V3 + "representedCustodianOrganization")),
            root.Elements(V3 + "inFulfillmentOf").Elements(V3 + "order").SelectMany(ReadOrders).ToList(),
            root.Elements(V3 + "documentationOf").Elements(V3 + "serviceEvent").Select(ReadServiceEvent).ToList(),
            ReadCode(root.Element(V3 + "componentOf")?.Element(V3 + "encompassingEncounter")
                ?.Element(V3 + "location")?.Element(V3 + "healthCareFacility")?.Element(V3 + "code")),
            root.Elements(V3 + "component").Elements(V3 + "structuredBody").Any())
        {
            AuthorRole = (string?)author?.Element(V3 + "functionCode")?.Attribute("displayName"),
            AuthorSpecialty = ReadCode(assignedAuthor?.Element(V3 + "code")),
            Correspondents = CdaCorrespondents.Read(root),
            BodyMediaType = (string?)nonXmlBody?.Element(V3 + "text")?.Attribute("mediaType"),
        };
    }

    /// <summary>The II elements of that name that are identifiers: a null flavour or an absent root is none.</summary>
    internal static IEnumerable<InstanceIdentifier> Identifiers(XElement? parent, string name) =>
        Identifiers(parent, V3 + name);

    /// <summary>The text of an element on one line.</summary>
    internal static string Text(XElement? element) =>
        element is null
            ? ""
            : string.Join(' ', element.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<InstanceIdentifier> Identifiers(XElement? parent, XName name)
    {
        if (parent is null) yield break;
        foreach (var element in parent.Elements(name))
        {
            var root = (string?)element.Attribute("root");
            if (InstanceIdentifier.TryCreate(root?.Trim(), (string?)element.Attribute("extension"), out var id))
                yield return id;
        }
    }

    // <inFulfillmentOf><order><id root extension/><ps3-20:accessionNumber root extension/></order></inFulfillmentOf>
    private static IEnumerable<ImagingOrder> ReadOrders(XElement order)
    {
        var placer = Identifiers(order, "id").FirstOrDefault();
        var accessions = Identifiers(order, Ps320 + "accessionNumber").ToList();
        if (accessions.Count == 0) return placer.IsEmpty ? [] : [new ImagingOrder(placer, null)];
        return accessions.Select(accession => new ImagingOrder(placer, accession));
    }

    private static ImagingServiceEvent ReadServiceEvent(XElement serviceEvent)
    {
        var code = serviceEvent.Element(V3 + "code");
        var codes = new List<(Code Code, string? Qualifier)>();
        if (ReadCode(code) is { } main) codes.Add((main, null));
        foreach (var translation in code?.Elements(V3 + "translation") ?? [])
        {
            var qualifier = translation.Element(V3 + "qualifier")?.Element(V3 + "name")?.Attribute("code");
            if (ReadCode(translation) is { } translated) codes.Add((translated, (string?)qualifier));
        }

        var time = serviceEvent.Element(V3 + "effectiveTime");
        var organization = serviceEvent.Elements(V3 + "performer").Elements(V3 + "assignedEntity")
            .Elements(V3 + "representedOrganization").FirstOrDefault();
        return new ImagingServiceEvent(
            ReadStudy(serviceEvent),
            ReadCode(code),
            codes.Where(c => IsModality(c.Code, c.Qualifier)).Select(c => c.Code).ToList(),
            codes.Where(c => IsRegion(c.Code, c.Qualifier)).Select(c => c.Code).ToList(),
            codes.Where(c => IsAct(c.Code)).Select(c => c.Code).ToList(),
            Value(time?.Element(V3 + "low")) ?? Value(time),
            Value(time?.Element(V3 + "high")),
            ReadOrganization(organization),
            ReadCode(organization?.Element(V3 + "standardIndustryClassCode")));
    }

    /// <summary>The study of an event: an id whose root is a UID and whose extension is absent, as in PS3.20, or is
    /// the word that published level 1 documents put there.</summary>
    private static Uid? ReadStudy(XElement serviceEvent)
    {
        foreach (var id in Identifiers(serviceEvent, "id"))
        {
            var isBare = id.Extension is null
                || id.Extension.Equals("studyInstanceUID", StringComparison.OrdinalIgnoreCase);
            if (isBare && Uid.TryParse(id.Root, out var uid)) return uid;
        }

        return null;
    }

    private static bool IsModality(Code code, string? qualifier) =>
        qualifier == ModalityQualifier || code.System is ReportCodes.Dcm or ReportCodes.AcquisitionModalities;

    private static bool IsRegion(Code code, string? qualifier) =>
        qualifier == RegionQualifier || code.System == ReportCodes.SnomedCt
        || (code.System == ReportCodes.CcamFormer && code.Value.All(char.IsAsciiDigit));

    private static bool IsAct(Code code) =>
        code.System == ReportCodes.Ccam
        || (code.System == ReportCodes.CcamFormer && !code.Value.All(char.IsAsciiDigit));

    private static Code? ReadCode(XElement? element)
    {
        var value = (string?)element?.Attribute("code");
        return string.IsNullOrWhiteSpace(value)
            ? null
            : new Code(
                value,
                (string?)element!.Attribute("codeSystem") ?? "",
                (string?)element.Attribute("displayName") ?? "");
    }

    private static Professional? ReadPerson(XElement? assigned)
    {
        var id = Identifiers(assigned, "id").FirstOrDefault();
        var person = assigned?.Element(V3 + "assignedPerson");
        if (id.IsEmpty || person is null) return null;
        var name = person.Element(V3 + "name");
        // A professional is known under the name of practice: unqualified, used (CL) or married (SP) before birth.
        var family = CdaPatient.Parts(name, "family");
        return new Professional(
            id,
            CdaPatient.First(family, "") ?? CdaPatient.First(family, "CL") ?? CdaPatient.First(family, "SP")
            ?? CdaPatient.First(family, "BR") ?? "",
            CdaPatient.Parts(name, "given").Select(part => part.Text).FirstOrDefault() ?? "");
    }

    private static Organization? ReadOrganization(XElement? organization)
    {
        var id = Identifiers(organization, "id").FirstOrDefault();
        return id.IsEmpty ? null : new Organization(id, Text(organization!.Element(V3 + "name")), "IDNST");
    }

    private static int? ReadVersion(XElement? version) =>
        int.TryParse(Value(version), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Value(XElement? element)
    {
        var value = ((string?)element?.Attribute("value"))?.Trim();
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private static InstanceIdentifier? NullIfEmpty(InstanceIdentifier id) => id.IsEmpty ? null : id;

    private static Refusal Missing(string path) =>
        new(RefusalReason.RequiredFieldMissing, "The document lacks a required element.", "ClinicalDocument/" + path);
}
