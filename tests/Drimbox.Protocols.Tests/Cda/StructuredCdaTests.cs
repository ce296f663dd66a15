using System.Text;
using System.Xml;
using System.Xml.Linq;
using System.Xml.XPath;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;

namespace Drimbox.Tests.Cda;

/// <summary>The documents that we write, against the rules of the ANS schematrons of IMG-CR-IMG 2024.01 and of the
/// minimal structure, in our own words. Each rule is also broken, so that none of them says yes to everything.</summary>
public sealed class StructuredCdaTests
{
    private static readonly XmlNamespaceManager Names = MakeNames();

    private static StructuredBody Body { get; } = new(
        "Toux fébrile <depuis> trois jours",
        ["Exclure une embolie"],
        ["Asthme (PERTINENT)", "Allergie au pollen"],
        [
            new DescribedAct(
                new Code("24627-2", ReportCodes.Loinc, "CT Chest"), new Code("CT", ReportCodes.Dcm, "Scanner"),
                new Code("67734004", ReportCodes.SnomedCt, "thorax"),
                new Code("24028007", ReportCodes.SnomedCt, "côté droit"), "20240314093000+0100",
                Uid.Parse("1.2.250.1.999.2.1"))
            {
                ViewerUrl = "https://drimbox.example/view?studyUID=1.2.3&idCDA=1",
                RetentionDays = 730,
            },
        ],
        "Hélice après injection.\n80 ml.", "Pas d'embolie.\n\nPas d'épanchement.", "Examen & normal.");

    public static TheoryData<string, string, string> Rules => new()
    {
        // What holds, as XPath; what is taken away to break it; where it is written.
        { "c:templateId[@root='1.2.250.1.213.1.1.1.1']", "c:templateId[2]", "minimal structure: template" },
        { "c:typeId[@root='2.16.840.1.113883.1.3' and @extension='POCD_HD000040']", "c:typeId", "CDA R2" },
        { "c:realmCode[@code='FR']", "c:realmCode", "minimal structure: realm" },
        { "count(c:id) = 1 and c:id/@root", "c:id", "minimal structure: id" },
        { "c:code[@code='18748-4' and @codeSystem='2.16.840.1.113883.6.1']", "c:code", "IMG-CR-IMG: type" },
        { "normalize-space(c:title)", "c:title", "minimal structure: title" },
        { "c:effectiveTime/@value", "c:effectiveTime", "minimal structure: time" },
        { "c:confidentialityCode/@code", "c:confidentialityCode", "minimal structure: confidentiality" },
        { "c:languageCode[@code='fr-FR']", "c:languageCode", "minimal structure: language" },
        { "c:setId/@root and c:versionNumber/@value", "c:versionNumber", "minimal structure: version" },
        {
            "c:recordTarget/c:patientRole[c:id and c:addr and c:telecom]/c:patient[c:name/c:family[@qualifier='BR'] and "
            + "c:name/c:given and c:administrativeGenderCode and c:birthTime]",
            "c:recordTarget/c:patientRole/c:addr", "minimal structure: patient"
        },
        {
            "c:author[c:time and c:assignedAuthor[c:id and c:code and c:assignedPerson and c:representedOrganization]]",
            "c:author/c:assignedAuthor/c:representedOrganization", "minimal structure: author"
        },
        {
            "c:custodian/c:assignedCustodian/c:representedCustodianOrganization[c:id and c:name and c:telecom and c:addr]",
            "c:custodian/c:assignedCustodian/c:representedCustodianOrganization/c:id", "minimal structure: custodian"
        },
        {
            "c:legalAuthenticator[c:time and c:signatureCode[@code='S'] and c:assignedEntity[c:id and "
            + "c:representedOrganization/c:id]]",
            "c:legalAuthenticator", "minimal structure: legal authenticator"
        },
        {
            "count(c:inFulfillmentOf[1]/c:order[c:id and d:accessionNumber[@root and @extension]]) = 1",
            "c:inFulfillmentOf[1]/c:order/d:accessionNumber", "IMG-CR-IMG: order and accession number"
        },
        {
            "c:documentationOf/c:serviceEvent/c:code[@codeSystem='2.16.840.1.113883.6.1']/c:translation/c:qualifier"
            + "/c:name[@code='121139']",
            "c:documentationOf/c:serviceEvent/c:code/c:translation[c:qualifier/c:name/@code='121139']",
            "IMG-CR-IMG: modality of the act"
        },
        {
            "c:documentationOf/c:serviceEvent[c:effectiveTime/c:low and "
            + "c:performer/c:assignedEntity/c:representedOrganization/c:standardIndustryClassCode]",
            "c:documentationOf/c:serviceEvent/c:performer", "minimal structure: performer"
        },
        {
            "c:componentOf/c:encompassingEncounter/c:location/c:healthCareFacility/c:code",
            "c:componentOf/c:encompassingEncounter/c:location", "minimal structure: place"
        },
    };

    public static TheoryData<string, string, string> Level3Rules => new()
    {
        { "c:templateId[@root='1.2.250.1.213.1.1.1.45' and @extension='2024.01']", "c:templateId[6]", "template" },
        { "c:templateId[@root='1.2.840.10008.9.1']", "c:templateId[3]", "PS3.20 imaging report" },
        { "c:templateId[@root='1.2.840.10008.9.20']", "c:templateId[4]", "PS3.20 general header" },
        { "c:templateId[@root='1.2.840.10008.9.21']", "c:templateId[5]", "PS3.20 imaging header" },
        { Once("1.2.250.1.213.1.1.2.209", "19005-8"), Section("1.2.250.1.213.1.1.2.209"), "conclusion, one" },
        { Once("1.2.250.1.213.1.1.2.206", "55111-9"), Section("1.2.250.1.213.1.1.2.206"), "act" },
        { Once("1.2.250.1.213.1.1.2.208", "59776-5"), Section("1.2.250.1.213.1.1.2.208"), "results, at most one" },
        { Once("1.2.250.1.213.1.1.2.205", "55752-0"), Section("1.2.250.1.213.1.1.2.205"), "clinical information" },
        {
            Inner("1.2.250.1.213.1.1.2.205", "1.2.840.10008.9.7", "55115-0"),
            Section("1.2.250.1.213.1.1.2.205") + "/c:component/c:section[c:templateId/@root='1.2.840.10008.9.7']",
            "clinical information: the request"
        },
        {
            Inner("1.2.250.1.213.1.1.2.205", "2.16.840.1.113883.10.20.22.2.39", "11329-0"),
            Section("1.2.250.1.213.1.1.2.205") + "/c:component[2]", "clinical information: history"
        },
        {
            "count(//c:observation[c:templateId/@root='1.2.250.1.213.1.1.3.150']/c:code[@code='11348-0' or "
            + "@code='47519-4' or @code='64100-1']) = 3",
            "//c:observation[c:code/@code='47519-4']", "history: three observations"
        },
        {
            "//c:procedure[c:templateId/@root='1.2.250.1.213.1.1.3.153'][c:code and c:methodCode and c:targetSiteCode]",
            "//c:procedure/c:methodCode", "act: technique with modality and place"
        },
        {
            "//c:targetSiteCode/c:qualifier/c:name[@code='106233006']", "//c:targetSiteCode/c:qualifier/c:name",
            "technique: topographical modifier"
        },
        {
            Inner("1.2.250.1.213.1.1.2.206", "1.2.250.1.213.1.1.2.217", "121181"),
            Section("1.2.250.1.213.1.1.2.206") + "/c:component", "act: object catalogue"
        },
        { "not(//c:section[not(c:id and c:code and c:title and c:text)])", "//c:section[1]/c:text", "every section" },
        {
            "not(//c:reference[starts-with(@value, '#')][not(substring(@value, 2) = //c:content/@ID)])",
            "//c:content[@ID='modality']", "what entries refer to is there"
        },
        {
            "//c:observationMedia[@ID = //c:renderMultiMedia/@referencedObject]/c:value[@mediaType='application/pdf']",
            "//c:renderMultiMedia", "the attached PDF is shown"
        },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Both_levels_keep_the_rules_of_the_header(string rule, string breaking, string what)
    {
        Holds(CdaWriter.Write(CdaWriterTests.Report), rule, breaking, what);
        Holds(CdaWriter.Write(CdaWriterTests.Report, Body), rule, breaking, what);
    }

    [Theory]
    [MemberData(nameof(Level3Rules))]
    public void Level_3_keeps_the_rules_of_its_sections(string rule, string breaking, string what) =>
        Holds(CdaWriter.Write(CdaWriterTests.Report, Body), rule, breaking, what);

    [Fact]
    public void The_sections_say_what_the_radiologist_wrote_and_the_pdf_is_attached_byte_for_byte()
    {
        var document = Document();

        Assert.Equal("Pas d'embolie.| |Pas d'épanchement.", Paragraphs(document, "1.2.250.1.213.1.1.2.208"));
        Assert.Equal("Examen & normal.", Paragraphs(document, "1.2.250.1.213.1.1.2.209"));
        Assert.Equal(
            "Toux fébrile <depuis> trois jours|Exclure une embolie", Paragraphs(document, "1.2.840.10008.9.7"));
        Assert.Equal(
            "Study Instance UID : 1.2.250.1.999.2.1|Durée de conservation des images : 730 jours|Voir les images",
            Paragraphs(document, "1.2.250.1.213.1.1.2.217"));
        Assert.Equal(
            Body.Acts[0].ViewerUrl, (string?)document.XPathSelectElement("//c:linkHtml", Names)!.Attribute("href"));
        Assert.Equal(
            CdaWriterTests.Report.Pdf.ToArray(),
            Convert.FromBase64String(document.XPathSelectElement("//c:observationMedia/c:value", Names)!.Value));
    }

    [Fact]
    public void A_level_3_document_has_the_header_of_level_1_and_is_read_as_level_3()
    {
        var level1 = CdaReader.TryRead(CdaWriter.Write(CdaWriterTests.Report), out _)!;
        var level3 = CdaReader.TryRead(CdaWriter.Write(CdaWriterTests.Report, Body), out var refusal)!;

        Assert.Null(refusal);
        Assert.True(level3.IsLevel3);
        Assert.Null(level3.BodyMediaType);
        Assert.Equivalent(level1 with { IsLevel3 = true, BodyMediaType = null }, level3, strict: true);
    }

    [Fact]
    public void What_is_not_known_is_said_to_be_unknown_and_nothing_is_invented()
    {
        var silent = Body with
        {
            History = [], Purposes = [], Technique = "", Results = "",
            Acts = [Body.Acts[0] with { Topography = null, ViewerUrl = null, RetentionDays = null }],
        };
        var document = XDocument.Parse(Encoding.UTF8.GetString(CdaWriter.Write(CdaWriterTests.Report, silent)));

        Assert.Equal("Non renseigné", Paragraphs(document, "1.2.250.1.213.1.1.2.208"));
        Assert.Null(document.XPathSelectElement("//c:linkHtml", Names));
        Assert.Equal("Study Instance UID : 1.2.250.1.999.2.1", Paragraphs(document, "1.2.250.1.213.1.1.2.217"));
        Assert.Null(document.XPathSelectElement("//c:targetSiteCode/c:qualifier", Names));
        Assert.Equal(
            "Non renseigné",
            document.XPathSelectElement("//c:content[@ID='history']", Names)!.Value);
    }

    [Theory]
    [MemberData(nameof(Level3Rules))]
    public void A_report_about_several_studies_keeps_the_rules_for_each(string rule, string breaking, string what)
    {
        // Of what is there once for each act, the count is that of the acts.
        var ofAct = rule.Contains(Section("1.2.250.1.213.1.1.2.206"), StringComparison.Ordinal);
        var scaled = ofAct ? rule.Replace(" = 1", " = 2", StringComparison.Ordinal) : rule;
        Holds(CdaWriter.Write(CdaWriterTests.Report, OfTwoStudies), scaled, breaking, what);
    }

    [Fact]
    [Requirement("DB/RIS.08")]
    public void Each_study_has_a_section_with_its_act_its_images_and_names_of_its_own()
    {
        var document = XDocument.Parse(Encoding.UTF8.GetString(
            CdaWriter.Write(CdaWriterTests.Report, OfTwoStudies)));

        Assert.Equal(
            ["1.2.250.1.999.2.1", "1.2.250.1.999.2.2"],
            document.XPathSelectElements("//c:section[c:code/@code='121181']/c:text/c:paragraph[1]", Names)
                .Select(paragraph => paragraph.Value.Split(" : ")[1]));
        Assert.Equal(
            ["24627-2", "24558-9"],
            document.XPathSelectElements("//c:procedure/c:code", Names).Select(code => (string?)code.Attribute("code")));
        var names = document.Descendants().Attributes("ID").Select(id => id.Value).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Equal(
            "Abdomen", document.XPathSelectElement("//c:content[@ID='region2']", Names)!.Value);
        // What was done is said once, and both acts refer to it.
        Assert.Equal(2, document.XPathSelectElements("//c:procedure/c:text/c:reference[@value='#technique']", Names).Count());
    }

    [Fact]
    public void The_same_level_3_report_gives_the_same_bytes_and_ids_that_differ()
    {
        Assert.Equal(CdaWriter.Write(CdaWriterTests.Report, Body), CdaWriter.Write(CdaWriterTests.Report, Body));
        var ids = Document().XPathSelectElements("//c:structuredBody//c:id", Names)
            .Select(id => $"{(string?)id.Attribute("root")}^{(string?)id.Attribute("extension")}").ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.InRange(ids.Count, 10, 30);
    }

    private static StructuredBody OfTwoStudies { get; } = Body with
    {
        Acts =
        [
            Body.Acts[0],
            Body.Acts[0] with
            {
                Code = new Code("24558-9", ReportCodes.Loinc, "US Abdomen"),
                Region = new Code("818983003", ReportCodes.SnomedCt, "Abdomen"),
                StudyInstanceUid = Uid.Parse("1.2.250.1.999.2.2"),
            },
        ],
    };

    private static XDocument Document() =>
        XDocument.Parse(Encoding.UTF8.GetString(CdaWriter.Write(CdaWriterTests.Report, Body)));

    private static void Holds(byte[] cda, string rule, string breaking, string what)
    {
        var document = XDocument.Parse(Encoding.UTF8.GetString(cda));
        Assert.True(Evaluate(document, rule), $"{what}: {rule}");
        var broken = document.Root!.XPathSelectElements(breaking, Names).ToList();
        Assert.NotEmpty(broken);
        broken.ForEach(element => element.Remove());
        Assert.False(Evaluate(document, rule), $"{what} holds of anything: {rule}");
    }

    private static bool Evaluate(XDocument document, string rule) =>
        (bool)document.Root!.XPathEvaluate($"boolean({rule})", Names);

    private static string Section(string template) =>
        $"c:component/c:structuredBody/c:component/c:section[c:templateId/@root='{template}']";

    private static string Once(string template, string code) =>
        $"count({Section(template)}) = 1 and {Section(template)}[c:code/@code='{code}' and c:text]";

    private static string Inner(string outer, string template, string code) =>
        $"count({Section(outer)}/c:component/c:section[c:templateId/@root='{template}'][c:code/@code='{code}' and c:text])"
        + " = 1";

    private static string Paragraphs(XDocument document, string template) => string.Join(
        '|', document.XPathSelectElements($"//c:section[c:templateId/@root='{template}']/c:text/c:paragraph", Names)
            .Select(paragraph => paragraph.Value.Length == 0 ? " " : paragraph.Value));

    private static XmlNamespaceManager MakeNames()
    {
        var names = new XmlNamespaceManager(new NameTable());
        names.AddNamespace("c", "urn:hl7-org:v3");
        names.AddNamespace("d", "urn:dicom-org:ps3-20");
        return names;
    }
}
