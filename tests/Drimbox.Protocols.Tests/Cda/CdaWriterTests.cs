using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;

namespace Drimbox.Tests.Cda;

public sealed class CdaWriterTests
{
    internal static Level1Report Report { get; } = new(
        InstanceIdentifier.Create("1.2.250.1.999.3.2", null),
        InstanceIdentifier.Create("1.2.250.1.999.3", "SET-1"),
        2,
        InstanceIdentifier.Create("1.2.250.1.999.3.1", "V1"),
        "Scanner thoracique <avec> & sans injection",
        Timestamp.Parse("20240314101500+0100"),
        "fr-FR",
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
            new LocalPatientId("IPP101", "1.2.250.1.999.1.5", "HOPITAL-TEST"),
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE-LOUISE", "PAT-USAGE", "19790328", "F", "51215"),
        Participant("899900000001", "RÉDACTEUR", "1750000001"),
        Participant("899900000002", "SIGNATAIRE", "1750000002"),
        Organization("1750000003"),
        [
            new ImagingOrder(
                InstanceIdentifier.Create("1.2.250.1.999.1.10", "DEM-1"),
                InstanceIdentifier.Create("1.2.250.1.999.1.11", "ACC-1")),
            new ImagingOrder(InstanceIdentifier.Create("1.2.250.1.999.1.10", "DEM-2"), null),
        ],
        [
            new ImagingServiceEvent(
                Uid.Parse("1.2.250.1.999.2.1"),
                new Code("24627-2", ReportCodes.Loinc, "CT Chest"),
                [new Code("CT", ReportCodes.Dcm, "Tomodensitométrie")],
                [new Code("67734004", ReportCodes.SnomedCt, "thorax")],
                [new Code("ZBQH001", ReportCodes.Ccam, "Scanographie du thorax")],
                "20240314093000+0100",
                "20240314094500+0100",
                Organization("1750000004"),
                new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")),
            new ImagingServiceEvent(
                Uid.Parse("1.2.250.1.999.2.2"), null, [new Code("MR", ReportCodes.Dcm, "IRM")], [], [],
                "20240314095000+0100", null, null, null),
        ],
        new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
        "%PDF-1.4 body"u8.ToArray());

    private static ReportParticipant Participant(string id, string family, string organization) => new(
        new Professional(InstanceIdentifier.Create(NationalAuthorities.Persons, id), family, "Anne"),
        Organization(organization),
        new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"),
        Timestamp.Parse("20240314101400+0100"));

    private static Organization Organization(string id) =>
        new(InstanceIdentifier.Create(NationalAuthorities.Organizations, id), "Centre " + id, "IDNST");

    [Fact]
    [Requirement("DB/RIS.08")]
    public void What_is_written_is_read_back()
    {
        var header = CdaReader.TryRead(CdaWriter.Write(Report), out var refusal);
        Assert.Null(refusal);
        Assert.Equal(Report.DocumentId, header!.DocumentId);
        Assert.Equal(Report.SetId, header.SetId);
        Assert.Equal(Report.VersionNumber, header.VersionNumber);
        Assert.Equal(Report.Replaces, header.Replaces);
        Assert.Equal(ReportCodes.ImagingReport, header.Type);
        Assert.Equal(ReportCodes.Normal, header.Confidentiality);
        Assert.Equal(Report.Title, header.Title);
        Assert.Equal(Report.EffectiveTime.ToString(), header.EffectiveTime);
        Assert.Equal(Report.LanguageCode, header.LanguageCode);
        Assert.Equal(Report.Patient, header.Patient);
        Assert.Equal(Report.Author.Person, header.Author);
        Assert.Equal(Report.Author.Specialty, header.AuthorSpecialty);
        Assert.Equal(Report.Author.Organization, header.AuthorOrganization);
        Assert.Equal(Report.LegalAuthenticator.Person, header.LegalAuthenticator);
        Assert.Equal(Report.LegalAuthenticator.Organization, header.LegalAuthenticatorOrganization);
        Assert.Equal(Report.Custodian, header.Custodian);
        Assert.Equal(Report.Orders, header.Orders);
        Assert.Equivalent(Report.ServiceEvents, header.ServiceEvents, strict: true);
        Assert.Equal(Report.HealthcareFacilityType, header.HealthcareFacilityType);
        Assert.Equal("application/pdf", header.BodyMediaType);
        Assert.False(header.IsLevel3);
    }

    [Fact]
    public void The_pdf_comes_out_byte_for_byte()
    {
        var text = Document(Report).Descendants(XName.Get("text", "urn:hl7-org:v3")).Single();
        Assert.Equal("B64", (string?)text.Attribute("representation"));
        Assert.Equal(Report.Pdf.ToArray(), Convert.FromBase64String(text.Value));
    }

    [Fact]
    public void The_three_templates_of_level_1_are_claimed_and_no_other() =>
        Assert.Equal(
            ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"],
            Document(Report).Root!.Elements(XName.Get("templateId", "urn:hl7-org:v3"))
                .Select(e => (string)e.Attribute("root")!));

    [Fact]
    public void The_same_report_gives_the_same_bytes()
    {
        var cda = CdaWriter.Write(Report);
        Assert.Equal(cda, CdaWriter.Write(Report with { Title = new string(Report.Title) }));
        Assert.Equal((byte)'<', cda[0]); // no byte order mark
    }

    [Fact]
    public void Characters_that_xml_cannot_hold_are_left_out()
    {
        var cda = CdaWriter.Write(Report with { Title = "Scan\u0001ner \uFFFE\ud83d\ude00 fin" });
        Assert.Equal("Scanner 😀 fin", CdaReader.TryRead(cda, out _)!.Title);
    }

    [Fact]
    public void A_first_version_without_local_identifier_or_traits_is_written()
    {
        var report = Report with
        {
            Replaces = null,
            Patient = new Patient(null, new LocalPatientId("IPP1", "1.2.3", ""), "PAT", "", "", null, "", "U", ""),
        };
        var header = CdaReader.TryRead(CdaWriter.Write(report), out _)!;
        Assert.Null(header.Replaces);
        Assert.Equal(report.Patient, header.Patient);
    }

    [Fact]
    public void A_code_that_is_a_region_itself_is_not_written_twice()
    {
        var region = new Code("67734004", ReportCodes.SnomedCt, "thorax");
        var serviceEvent = Report.ServiceEvents[0] with { Code = region };
        var header = CdaReader.TryRead(CdaWriter.Write(Report with { ServiceEvents = [serviceEvent] }), out _)!;
        Assert.Equal(region, Assert.Single(header.ServiceEvents[0].Regions));
    }

    private static XDocument Document(Level1Report report) =>
        XDocument.Parse(Encoding.UTF8.GetString(CdaWriter.Write(report)));
}
