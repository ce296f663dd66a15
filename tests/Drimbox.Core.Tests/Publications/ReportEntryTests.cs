using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Publications;

public sealed class ReportEntryTests
{
    private const string Sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    private static Organization Organization(string id) =>
        new(InstanceIdentifier.Create(NationalAuthorities.Organizations, id), "Centre " + id, "IDNST");

    private static Professional Person(string id) =>
        new(InstanceIdentifier.Create(NationalAuthorities.Persons, id), "PS" + id, "Anne");

    private static ImagingServiceEvent Event(string study, string modality, string region, string? start) => new(
        Uid.Parse(study),
        new Code("24627-2", ReportCodes.Loinc, "CT Chest"),
        [new Code(modality, ReportCodes.Dcm, "modalité")],
        [new Code(region, ReportCodes.SnomedCt, "région")],
        [new Code("ZBQH001", ReportCodes.Ccam, "acte")],
        start,
        "20240314094500+0100",
        Organization("4"),
        new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"));

    private static CdaHeader Header { get; } = new(
        InstanceIdentifier.Create("1.2.250.1.999.1", "CR-1"),
        null,
        1,
        null,
        ReportCodes.ImagingReport with { Display = "CR d’imagerie" },
        "Scanner thoracique",
        "20240314101500+0100",
        ReportCodes.Normal,
        "fr-FR",
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
            new LocalPatientId("IPP101", "1.2.3", ""),
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "51215"),
        [],
        Person("1"),
        Organization("1"),
        Person("2"),
        Organization("2"),
        Organization("3"),
        [
            new ImagingOrder(InstanceIdentifier.Create("1.2.10", "DEM-1"), InstanceIdentifier.Create("1.2.11", "ACC-1")),
            new ImagingOrder(InstanceIdentifier.Create("1.2.10", "DEM-1"), InstanceIdentifier.Create("1.2.11", "ACC-2")),
            new ImagingOrder(default, InstanceIdentifier.Create("1.2.11", "ACC-3")),
        ],
        [
            Event("1.2.3.1", "CT", "67734004", "20240314093000+0100"),
            Event("1.2.3.2", "MR", "67734004", "20240315093000+0100"),
        ],
        new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
        IsLevel3: false)
    {
        AuthorRole = "Référent",
        AuthorSpecialty = new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Radiologue"),
        BodyMediaType = "application/pdf",
    };

    private static DocumentEntry? From(CdaHeader header, out Refusal? refusal, ReportEntryDefaults? defaults = null) =>
        ReportEntry.TryFrom(
            header, "Document01", Sha1, 1234, Visibility.InvisibleToPatient, defaults ?? new(), out refusal);

    private static DocumentEntry Entry(CdaHeader header, ReportEntryDefaults? defaults = null)
    {
        var entry = From(header, out var refusal, defaults);
        Assert.Null(refusal);
        return entry!;
    }

    [Fact]
    public void Every_value_comes_from_where_the_mapping_says()
    {
        var entry = Entry(Header);
        Assert.Equal("Document01", entry.SymbolicId);
        Assert.Equal("1.2.250.1.999.1^CR-1", entry.UniqueId.ToString());
        Assert.Equal("text/xml", entry.MimeType);
        Assert.Equal(new Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"), entry.ClassCode);
        Assert.Equal(new Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie médicale"), entry.TypeCode);
        Assert.Equal(
            new Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "Document à corps non structuré en Pdf/A-1"),
            entry.FormatCode);
        Assert.Equal("SA08", entry.HealthcareFacilityType.Value);
        Assert.Equal("AMBULATOIRE", entry.PracticeSetting.Value);
        Assert.Equal(
            new Author(Header.Author!, Header.AuthorOrganization!, "Référent", Header.AuthorSpecialty),
            Assert.Single(entry.Authors));
        Assert.Equal(Header.LegalAuthenticator, entry.LegalAuthenticator);
        Assert.Equal("1.2.250.1.213.1.4.10^279035121518989", entry.PatientId.ToString());
        Assert.Same(Header.Patient, entry.SourcePatient);
        Assert.Equal("20240314091500", entry.CreationTime);
        Assert.Equal(("20240314083000", "20240314084500"), (entry.ServiceStartTime, entry.ServiceStopTime));
        Assert.Equal("fr-FR", entry.LanguageCode);
        Assert.Equal("Scanner thoracique", entry.Title);
        Assert.Equal((Sha1, 1234L), (entry.Hash, entry.Size));
        Assert.Equal(Visibility.InvisibleToPatient, entry.Visibility);
    }

    [Fact]
    [Requirement("DB/RIS.09")]
    public void Events_are_the_distinct_modalities_regions_and_acts() =>
        Assert.Equal(["CT", "MR", "67734004", "ZBQH001"], Entry(Header).EventCodes.Select(code => code.Value));

    [Fact]
    [Requirement("DB/RIS.09")]
    public void References_are_the_distinct_accessions_orders_and_studies() =>
        Assert.Equal(
            [
                "Accession 1.2.11^ACC-1", "Accession 1.2.11^ACC-2", "Accession 1.2.11^ACC-3", "Order 1.2.10^DEM-1",
                "StudyInstanceUid 1.2.3.1", "StudyInstanceUid 1.2.3.2",
            ],
            Entry(Header).ReferenceIds.Select(id => $"{id.Type} {id.Value}"));

    [Fact]
    public void The_schemes_that_published_guides_disagree_on_can_be_set()
    {
        var codes = Entry(Header, new ReportEntryDefaults(ModalityScheme: "1.1", RegionScheme: "2.2")).EventCodes;
        Assert.Equal(["1.1", "1.1", "2.2", ReportCodes.Ccam], codes.Select(code => code.System));
    }

    [Fact]
    public void A_structured_report_has_the_format_of_its_profile()
    {
        var entry = Entry(Header with { IsLevel3 = true, BodyMediaType = null });
        Assert.Equal("urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", entry.FormatCode.Value);
    }

    [Fact]
    public void An_author_without_organisation_wrote_for_the_responsible_one() =>
        Assert.Equal("2", Entry(Header with { AuthorOrganization = null }).Authors[0].Institution.Id.Extension);

    [Fact]
    public void The_end_of_the_act_may_be_unknown()
    {
        var entry = Entry(Header with { ServiceEvents = [Header.ServiceEvents[0] with { Stop = null }] });
        Assert.Null(entry.ServiceStopTime);
    }

    [Fact]
    public void Defaults_serve_only_where_the_document_is_silent()
    {
        var defaults = new ReportEntryDefaults(
            new Code("SA07", "s", ""), new Code("HAD", "s", ""), "fr", TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris"));
        var told = Entry(Header, defaults);
        Assert.Equal(("SA08", "AMBULATOIRE", "fr-FR", "20240314091500"), Values(told));

        var silent = Header with
        {
            HealthcareFacilityType = null,
            LanguageCode = "",
            EffectiveTime = "20240714101500",
            ServiceEvents = [Header.ServiceEvents[0] with { PracticeSetting = null }],
        };
        Assert.Equal(("SA07", "HAD", "fr", "20240714081500"), Values(Entry(silent, defaults)));

        static (string, string, string, string) Values(DocumentEntry e) =>
            (e.HealthcareFacilityType.Value, e.PracticeSetting.Value, e.LanguageCode, e.CreationTime);
    }

    public static TheoryData<string, RefusalReason, string> Silent => new()
    {
        { "type", RefusalReason.TableValue, "code" },
        { "type system", RefusalReason.TableValue, "code" },
        { "restricted", RefusalReason.TableValue, "confidentialityCode" },
        { "body", RefusalReason.TableValue, "component/nonXMLBody/text/@mediaType" },
        { "ins", RefusalReason.InsAbsent, "recordTarget/patientRole/id" },
        { "author", RefusalReason.RequiredFieldMissing, "author/assignedAuthor" },
        { "organisations", RefusalReason.RequiredFieldMissing, "author/assignedAuthor/representedOrganization" },
        { "signer", RefusalReason.RequiredFieldMissing, "legalAuthenticator/assignedEntity" },
        { "title", RefusalReason.RequiredFieldMissing, "title" },
        { "time", RefusalReason.RequiredFieldMissing, "effectiveTime/@value" },
        { "no time", RefusalReason.DataType, "effectiveTime/@value" },
        { "no offset", RefusalReason.DataType, "effectiveTime/@value" },
        { "language", RefusalReason.RequiredFieldMissing, "languageCode/@code" },
        {
            "facility", RefusalReason.RequiredFieldMissing,
            "componentOf/encompassingEncounter/location/healthCareFacility/code"
        },
        {
            "setting", RefusalReason.RequiredFieldMissing,
            "documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode"
        },
        { "start", RefusalReason.RequiredFieldMissing, "documentationOf/serviceEvent/effectiveTime/low/@value" },
        { "bad stop", RefusalReason.DataType, "documentationOf/serviceEvent/effectiveTime/high/@value" },
    };

    [Theory]
    [MemberData(nameof(Silent))]
    public void A_missing_value_is_refused_by_its_path(string what, RefusalReason reason, string path)
    {
        var first = Header.ServiceEvents[0];
        var header = what switch
        {
            "type" => Header with { Type = Header.Type with { Value = "11502-2" } },
            "type system" => Header with { Type = Header.Type with { System = "1.2" } },
            "restricted" => Header with { Confidentiality = ReportCodes.Normal with { Value = "R" } },
            "body" => Header with { BodyMediaType = "text/plain" },
            "ins" => Header with { Patient = Header.Patient with { Ins = null } },
            "author" => Header with { Author = null },
            "organisations" => Header with
            {
                AuthorOrganization = null, LegalAuthenticatorOrganization = null, Custodian = null,
            },
            "signer" => Header with { LegalAuthenticator = null },
            "title" => Header with { Title = "" },
            "time" => Header with { EffectiveTime = "" },
            "no time" => Header with { EffectiveTime = "yesterday" },
            "no offset" => Header with { EffectiveTime = "20240314101500" },
            "language" => Header with { LanguageCode = "" },
            "facility" => Header with { HealthcareFacilityType = null },
            "setting" => Header with { ServiceEvents = [first with { PracticeSetting = null }] },
            "start" => Header with { ServiceEvents = [first with { Start = null }] },
            "bad stop" => Header with { ServiceEvents = [first with { Stop = "later" }] },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
        Assert.Null(From(header, out var refusal));
        Assert.Equal((reason, "ClinicalDocument/" + path), (refusal!.Reason, refusal.Location));
    }
}
