using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Source;

/// <summary>What one place says of an examination. Identifiers are written <c>root^extension</c>; what a place does not
/// say is null.</summary>
internal sealed record StatedIds(string Place)
{
    public string? Ins { get; init; }

    /// <summary>Number of the site, without its issuer.</summary>
    public string? LocalId { get; init; }

    /// <summary><c>birth name^first given name</c>.</summary>
    public string? Name { get; init; }

    public string? BirthDate { get; init; }

    public string? Sex { get; init; }

    public string? BirthPlace { get; init; }

    public IReadOnlyList<string>? Accessions { get; init; }

    public IReadOnlyList<string>? Orders { get; init; }

    public IReadOnlyList<string>? Studies { get; init; }
}

/// <summary>The identifiers of an examination in the five places where it leaves them: the header of the CDA, the KOS,
/// the XDS entry, the HL7 message, and the images. Each is read here by its own standard, not by our readers.</summary>
internal static class ManifestCrossCheck
{
    private static readonly XNamespace V3 = "urn:hl7-org:v3";
    private static readonly XNamespace Ps320 = "urn:dicom-org:ps3-20";
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";

    /// <summary>The document in a message: OBX-5.5 of the first OBX.</summary>
    public static XDocument DocumentOf(byte[] message) => XDocument.Parse(Encoding.UTF8.GetString(
        Convert.FromBase64String(Segments(message).First(s => s[0] == "OBX")[5].Split('^')[4])));

    public static StatedIds OfCda(XDocument document)
    {
        var root = document.Root!;
        var role = root.Element(V3 + "recordTarget")!.Element(V3 + "patientRole")!;
        var patient = role.Element(V3 + "patient")!;
        var name = patient.Element(V3 + "name")!;
        var orders = root.Elements(V3 + "inFulfillmentOf").Elements(V3 + "order").ToList();
        var ids = role.Elements(V3 + "id").Select(Id)
            .ToLookup(id => id.StartsWith(NationalAuthorities.InsNirTest + "^", StringComparison.Ordinal));
        return new StatedIds("CDA")
        {
            Ins = ids[true].Single(),
            LocalId = ids[false].Single().Split('^')[1],
            Name = $"{Qualified(name, "family")}^{Qualified(name, "given")}",
            BirthDate = (string?)patient.Element(V3 + "birthTime")!.Attribute("value"),
            Sex = (string?)patient.Element(V3 + "administrativeGenderCode")!.Attribute("code"),
            BirthPlace = patient.Descendants(V3 + "county").Single().Value,
            Orders = [.. orders.Elements(V3 + "id").Select(Id).Distinct()],
            Accessions = [.. orders.Elements(Ps320 + "accessionNumber").Select(Id).Distinct()],
            Studies = [.. root.Elements(V3 + "documentationOf").Elements(V3 + "serviceEvent").Elements(V3 + "id")
                .Select(id => (string)id.Attribute("root")!)],
        };
    }

    /// <summary>PID, ORC and OBR. An accession number has no issuer in OBR-18.</summary>
    public static StatedIds OfMessage(byte[] message)
    {
        var segments = Segments(message);
        var pid = segments.Single(s => s[0] == "PID");
        var ids = pid[3].Split('~').Select(cx => cx.Split('^')).ToList();
        var legal = pid[5].Split('~').Select(xpn => xpn.Split('^')).Single(xpn => xpn[6] == "L");
        var born = pid[11].Split('~').Select(xad => xad.Split('^')).Single(xad => xad.Length > 8 && xad[6] == "BDL");
        var (orc, obr) = (segments.Single(s => s[0] == "ORC"), segments.Single(s => s[0] == "OBR"));
        Assert.Equal(orc[2], obr[2]);
        var order = obr[2].Split('^');
        var document = DocumentOf(message).Root!.Element(V3 + "id")!;
        if (segments.SingleOrDefault(s => s[0] == "TXA") is { } txa)
            Assert.Equal(Id(document), $"{txa[12].Split('^')[2]}^{txa[12].Split('^')[0]}");
        return new StatedIds("HL7")
        {
            Ins = ids.Where(cx => cx[4] == "INS").Select(cx => $"{cx[3].Split('&')[1]}^{cx[0]}").Single(),
            LocalId = ids.Single(cx => cx[4] == "PI")[0],
            Name = $"{legal[0]}^{legal[1]}",
            BirthDate = pid[7],
            Sex = pid[8],
            BirthPlace = born[8],
            Orders = [$"{order[2]}^{order[0]}"],
            Accessions = [obr[18]],
        };
    }

    public static StatedIds OfKos(DumpedDataSet kos)
    {
        var requests = kos["0040,a370"]?.Items ?? [];
        return new StatedIds("KOS")
        {
            Ins = $"{kos.Value("0010,0024/0040,0032")}^{kos.Value("0010,0020")}",
            Name = kos.Value("0010,0010"),
            BirthDate = kos.Value("0010,0030"),
            Sex = kos.Value("0010,0040"),
            BirthPlace = kos.Value("0010,4000"),
            Accessions =
                [.. requests.Select(r => $"{r.Value("0008,0051/0040,0032")}^{r.Value("0008,0050")}").Distinct()],
            Orders = [.. requests.Select(r => $"{r.Value("0040,0026/0040,0032")}^{r.Value("0040,2016")}").Distinct()],
            Studies = [kos.Value("0040,a375/0020,000d")],
        };
    }

    public static StatedIds OfEntry(EntryText entry)
    {
        var info = Slot(entry, "sourcePatientInfo");
        var references = ReferencesOf(entry);
        var patient = ExternalIdentifier(entry, "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427").Split('^');
        return new StatedIds("XDS")
        {
            Ins = $"{patient[3].Split('&')[1]}^{patient[0]}",
            LocalId = Slot(entry, "sourcePatientId").Single().Split('^')[0],
            Name = string.Join('^', info.Single(v => v.StartsWith("PID-5|", StringComparison.Ordinal)
                && v.EndsWith("^L", StringComparison.Ordinal))["PID-5|".Length..].Split('^').Take(2)),
            BirthDate = info.Single(v => v.StartsWith("PID-7|", StringComparison.Ordinal))["PID-7|".Length..],
            Sex = info.Single(v => v.StartsWith("PID-8|", StringComparison.Ordinal))["PID-8|".Length..],
            Accessions = [.. references["urn:ihe:iti:xds:2013:accession"]],
            Orders = [.. references["urn:ihe:iti:xds:2013:order"]],
            Studies = [.. references["urn:ihe:iti:xds:2016:studyInstanceUID"].Select(id => id.TrimStart('^'))],
        };
    }

    /// <summary>The images, as the PACS answers at study level. An accession number may have no issuer.</summary>
    public static StatedIds OfImages(DumpedDataSet study) => new("images")
    {
        Ins = study.Value("0010,0021") == "ASIP-SANTE-INS-NIR"
            ? $"{NationalAuthorities.InsNirTest}^{study.Value("0010,0020")}"
            : null,
        LocalId = study.Value("0010,0021") == "ASIP-SANTE-INS-NIR" ? null : study.Value("0010,0020"),
        Name = study.Value("0010,0010"),
        BirthDate = study.Value("0010,0030"),
        Sex = study.Value("0010,0040"),
        Accessions = [study.Value("0008,0050")],
        Studies = [study.Value("0020,000d")],
    };

    /// <summary>Notes where two places do not agree.</summary>
    /// <param name="documents">The CDA headers of all reports about the examination, and their messages.</param>
    public static void Compare(
        string where, IReadOnlyList<StatedIds> documents, StatedIds kos, StatedIds entry, StatedIds images,
        ICollection<string> differences)
    {
        foreach (var (what, value) in (ReadOnlySpan<(string, Func<StatedIds, string?>)>)
            [
                ("INS", ids => ids.Ins), ("number of the site", ids => ids.LocalId), ("name", ids => ids.Name),
                ("birth date", ids => ids.BirthDate), ("sex", ids => ids.Sex), ("birth place", ids => ids.BirthPlace),
            ])
        {
            var said = documents.Append(kos).Append(entry).Append(images)
                .Where(ids => value(ids) is not null).Select(ids => (ids.Place, Value: value(ids))).ToList();
            if (said.Select(s => s.Value).Distinct().Count() > 1)
            {
                var places = said.Select(s => $"{s.Place} {s.Value}").Distinct();
                differences.Add($"{where} {what}: {string.Join("; ", places)}");
            }
        }

        var headers = documents.Where(d => d.Place == "CDA").ToList();
        AreSame("accession numbers", headers.SelectMany(h => h.Accessions!), kos.Accessions!, entry.Accessions!);
        AreSame("orders", headers.SelectMany(h => h.Orders!), kos.Orders!, entry.Orders!);
        AreSame("study", kos.Studies!, entry.Studies!, images.Studies!);
        AreAmong("study", kos.Studies!, headers[0].Studies!);
        foreach (var message in documents.Where(d => d.Place == "HL7"))
        {
            AreAmong("order of the message", message.Orders!, kos.Orders!);
            AreAmong("accession number of the message", message.Accessions!, Numbers(kos.Accessions!));
        }

        AreAmong("accession number of the images", images.Accessions!, Numbers(kos.Accessions!));

        void AreSame(string what, IEnumerable<string> first, params IReadOnlyList<string>[] others)
        {
            var expected = string.Join(", ", first.Distinct().Order(StringComparer.Ordinal));
            foreach (var other in others)
            {
                var found = string.Join(", ", other.Order(StringComparer.Ordinal));
                if (found != expected) differences.Add($"{where} {what}: {expected} and {found}");
            }
        }

        void AreAmong(string what, IEnumerable<string> some, IEnumerable<string> all)
        {
            foreach (var one in some.Except(all))
                differences.Add($"{where} {what}: {one} is not among {string.Join(", ", all)}");
        }

        static IEnumerable<string> Numbers(IEnumerable<string> ids) => ids.Select(id => id.Split('^')[1]);
    }

    /// <summary>Facts document 2.2: the entry describes this KOS.</summary>
    /// <param name="start">The examination's, UTC.</param>
    /// <param name="codes">Modalities and regions.</param>
    public static void CheckEntry(
        string where, EntryText entry, byte[] kos, DateTimeOffset start, DateTimeOffset? stop,
        IEnumerable<string> codes, ICollection<string> differences)
    {
        Is("mimeType", "application/dicom", (string?)entry.Element!.Attribute("mimeType"));
        Is(
            "objectType", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1",
            (string?)entry.Element.Attribute("objectType"));
        Is("hash", Convert.ToHexStringLower(SHA1.HashData(kos)), Slot(entry, "hash").Single());
        Is("size", kos.Length.ToString(CultureInfo.InvariantCulture), Slot(entry, "size").Single());
        Is("languageCode", "fr-FR", Slot(entry, "languageCode").Single());
        Is("serviceStartTime", Utc(start), Slot(entry, "serviceStartTime").SingleOrDefault());
        Is("serviceStopTime", stop is { } end ? Utc(end) : null, Slot(entry, "serviceStopTime").SingleOrDefault());
        Is("classCode", "31", Codes("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"));
        Is("typeCode", "IMG-KOS", Codes("urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"));
        Is("formatCode", "1.2.840.10008.5.1.4.1.1.88.59", Codes("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"));
        Is("confidentialityCode", "N", Codes("urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"));
        Is("healthcareFacilityTypeCode", "SA08", Codes("urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"));
        Is("practiceSettingCode", "AMBULATOIRE", Codes("urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"));
        Is(
            "eventCodeList", string.Join(',', codes.Distinct().Order(StringComparer.Ordinal)),
            Codes("urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"));
        Is(
            "title", "Reference d'Objets d'un Examen d'Imagerie",
            (string?)entry.Element.Element(Rim + "Name")?.Element(Rim + "LocalizedString")?.Attribute("value"));
        var kinds = string.Join(',', ReferencesOf(entry).Select(r => r.Key).Order(StringComparer.Ordinal));
        Is(
            "referenceIdList",
            "urn:ihe:iti:xds:2013:accession,urn:ihe:iti:xds:2013:order,urn:ihe:iti:xds:2016:studyInstanceUID", kinds);

        string Codes(string scheme) => string.Join(',', entry.Element!.Elements(Rim + "Classification")
            .Where(c => (string?)c.Attribute("classificationScheme") == scheme)
            .Select(c => (string)c.Attribute("nodeRepresentation")!).Order(StringComparer.Ordinal));

        void Is(string what, string? expected, string? found)
        {
            if (found != expected) differences.Add($"{where} XDS {what} is {found} and not {expected}");
        }
    }

    /// <summary>XDS creationTime.</summary>
    public static DateTimeOffset CreationTimeOf(EntryText entry) => DateTimeOffset.ParseExact(
        Slot(entry, "creationTime").Single(), "yyyyMMddHHmmss", CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal);

    /// <summary>The study that an entry is about.</summary>
    public static string StudyOf(EntryText entry) =>
        ReferencesOf(entry)["urn:ihe:iti:xds:2016:studyInstanceUID"].Single().TrimStart('^');

    // CXi: id^^^&authority&ISO^kind, without the authority for a UID.
    private static ILookup<string, string> ReferencesOf(EntryText entry) =>
        Slot(entry, "urn:ihe:iti:xds:2013:referenceIdList").Select(v => v.Split('^'))
            .ToLookup(cx => cx[4], cx => $"{(cx[3].Length == 0 ? "" : cx[3].Split('&')[1])}^{cx[0]}");

    private static List<string> Slot(EntryText entry, string name) =>
        entry.Element!.Elements(Rim + "Slot").Where(s => (string?)s.Attribute("name") == name)
            .Descendants(Rim + "Value").Select(v => v.Value).ToList();

    private static string ExternalIdentifier(EntryText entry, string scheme) =>
        entry.Element!.Elements(Rim + "ExternalIdentifier")
            .Where(i => (string?)i.Attribute("identificationScheme") == scheme)
            .Select(i => (string)i.Attribute("value")!).Single();

    private static string Utc(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

    private static List<string[]> Segments(byte[] message) => Encoding.UTF8.GetString(message)
        .Split('\r', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('|')).ToList();

    private static string Id(XElement id) => $"{(string?)id.Attribute("root")}^{(string?)id.Attribute("extension")}";

    private static string Qualified(XElement name, string part) => name.Elements(V3 + part)
        .Single(p => (string?)p.Attribute("qualifier") == "BR").Value;
}
