using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;

namespace Drimbox.Tests.Cda;

public sealed class CdaReaderTests
{
    private static CdaHeader Read(byte[] cda)
    {
        var header = CdaReader.TryRead(cda, out var refusal);
        Assert.Null(refusal);
        return header!;
    }

    private static CdaHeader Sample { get; } = Read(CdaSample.Bytes(CdaSample.Xml));

    [Fact]
    public void The_document_is_identified_with_its_set_version_and_the_one_it_replaces()
    {
        Assert.Equal("1.2.250.1.999.1.1.7898^CR-0002", Sample.DocumentId.ToString());
        Assert.Equal("1.2.250.1.999.1.1.7898^CR-SET-1", Sample.SetId.ToString());
        Assert.Equal(2, Sample.VersionNumber);
        // Not the appended document before it, and a UUID as root is an identifier too.
        Assert.Equal("90E1C8EC-F951-4B26-A305-A34848818DD6", Sample.Replaces.ToString());
        Assert.Equal(new Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie médicale"), Sample.Type);
        Assert.Equal("Scanner thoracique", Sample.Title);
        Assert.Equal("20240314101500+0100", Sample.EffectiveTime);
        Assert.Equal("N", Sample.Confidentiality.Value);
        Assert.Equal("fr-FR", Sample.LanguageCode);
        Assert.False(Sample.IsLevel3);
        Assert.Equal("application/pdf", Sample.BodyMediaType);
        Assert.Equal("SA08", Sample.HealthcareFacilityType!.Value);
    }

    [Fact]
    public void A_header_costs_the_same_whatever_the_document_carries()
    {
        const int Length = 8 * 1024 * 1024;
        var cda = CdaSample.With("JVBERi0xLjQ=", new string('A', Length));
        Read(cda);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("application/pdf", Read(cda).BodyMediaType);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Length / 16);
    }

    [Fact]
    public void The_patient_comes_with_ins_local_identifier_and_five_traits()
    {
        Assert.Equal(
            new Patient(
                InstanceIdentifier.Create("1.2.250.1.213.1.4.10", "279035121518989"),
                new LocalPatientId("IPP101", "1.2.250.1.999.1.5", "HOPITAL-TEST"),
                "PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE-LOUISE", "PAT-USAGE", "19790328", "F", "51215"),
            Sample.Patient);
        Assert.Equal(2, Sample.PatientIds.Count);
    }

    [Fact]
    public void Author_signer_and_custodian_keep_their_own_organisations()
    {
        Assert.Equal("899900000001 REDACTEUR Jacques", Show(Sample.Author));
        Assert.Equal("1750000001", Sample.AuthorOrganization!.Id.Extension);
        Assert.Equal("Référent", Sample.AuthorRole);
        Assert.Equal("G15_10/SM44", Sample.AuthorSpecialty!.Value);
        Assert.Equal("899900000002 SIGNATAIRE Anne", Show(Sample.LegalAuthenticator));
        Assert.Equal("1750000002", Sample.LegalAuthenticatorOrganization!.Id.Extension);
        Assert.Equal("Centre gardien", Sample.Custodian!.Name);

        static string Show(Professional? p) => $"{p!.Id.Extension} {p.FamilyName} {p.GivenName}";
    }

    [Fact]
    [Requirement("DB.SO.12")]
    public void Every_order_and_every_study_is_read()
    {
        Assert.Equal(
            ["1.2.250.1.999.1.10^DEM-1/1.2.250.1.999.1.11^ACC-1", "1.2.250.1.999.1.10^DEM-2/1.2.250.1.999.1.11^ACC-2"],
            Sample.Orders.Select(o => $"{o.PlacerOrderNumber}/{o.AccessionNumber}"));
        Assert.Equal(["1.2.250.1.999.2.1", "1.2.250.1.999.2.2"], Sample.StudyInstanceUids.Select(uid => uid.ToString()));
        Assert.Equal(3, Sample.ServiceEvents.Count);
    }

    [Fact]
    public void A_service_event_tells_modality_region_act_time_and_performer()
    {
        var first = Sample.ServiceEvents[0];
        Assert.Equal("24627-2", first.Code!.Value);
        Assert.Equal("CT", Assert.Single(first.Modalities).Value);
        Assert.Equal("67734004", Assert.Single(first.Regions).Value);
        Assert.Equal("ZBQH001", Assert.Single(first.Acts).Value);
        Assert.Equal(("20240314093000+0100", "20240314094500+0100"), (first.Start, first.Stop));
        Assert.Equal("1750000004", first.Performer!.Id.Extension);
        Assert.Equal("AMBULATOIRE", first.PracticeSetting!.Value);

        // The code of the second event is itself a region, under the former identifier of CCAM.
        Assert.Equal("69536005", Assert.Single(Sample.ServiceEvents[1].Regions).Value);
        Assert.Empty(Sample.ServiceEvents[1].Acts);
        Assert.Null(Sample.ServiceEvents[2].StudyInstanceUid);
    }

    [Fact]
    public void A_document_may_begin_with_a_byte_order_mark() =>
        Assert.Equal("CR-0002", Read([0xEF, 0xBB, 0xBF, .. CdaSample.Bytes(CdaSample.Xml)]).DocumentId.Extension);

    [Theory]
    [InlineData("legalAuthenticator", "1750000001")] // then the author's
    [InlineData("title", "1750000002")] // nothing missing there: the signer's
    public void The_responsible_organisation_falls_back_from_signer_to_author(string absent, string expected) =>
        Assert.Equal(expected, Read(CdaSample.Without(absent)).ResponsibleOrganization!.Id.Extension);

    [Fact]
    public void The_responsible_organisation_falls_back_to_the_custodian_last()
    {
        var header = Sample with { LegalAuthenticatorOrganization = null, AuthorOrganization = null };
        Assert.Equal("1750000003", header.ResponsibleOrganization!.Id.Extension);
        Assert.Null((header with { Custodian = null }).ResponsibleOrganization);
    }

    [Theory]
    [InlineData("setId")]
    [InlineData("versionNumber")]
    [InlineData("author")]
    [InlineData("custodian")]
    [InlineData("legalAuthenticator")]
    [InlineData("inFulfillmentOf")]
    [InlineData("documentationOf")]
    [InlineData("relatedDocument")]
    [InlineData("componentOf")]
    [InlineData("birthplace")]
    [InlineData("confidentialityCode")]
    [InlineData("languageCode")]
    [InlineData("title")]
    [InlineData("effectiveTime")]
    [InlineData("component")]
    public void A_header_is_read_without(string element) =>
        Assert.Equal("CR-0002", Read(CdaSample.Without(element)).DocumentId.Extension);

    [Fact]
    public void An_identifier_without_extension_is_whole_and_a_null_flavour_is_none()
    {
        Assert.Equal("1.2.3.4", Read(CdaSample.With(
            """<id root="1.2.250.1.999.1.1.7898" extension="CR-0002"/>""",
            """<id nullFlavor="NI"/><id root=" 1.2.3.4 "/>""")).DocumentId.ToString());
        Assert.Null(Read(CdaSample.With(
            """<setId root="1.2.250.1.999.1.1.7898" extension="CR-SET-1"/>""", """<setId nullFlavor="UNK"/>""")).SetId);
    }

    [Theory]
    [InlineData("<family qualifier=\"BR\">PAT-TROIS</family>", "<family>PAT-TROIS</family>", "PAT-TROIS", "PAT-USAGE")]
    [InlineData("qualifier=\"CL\">PAT-USAGE", "qualifier=\"SP\">PAT-USAGE", "PAT-TROIS", "PAT-USAGE")]
    [InlineData("<family qualifier=\"BR\">PAT-TROIS</family>", "", "", "PAT-USAGE")]
    [InlineData("<family qualifier=\"BR\">", "<family qualifier=\"IN BR\">", "PAT-TROIS", "PAT-USAGE")]
    public void The_birth_name_is_never_taken_from_a_used_name(string part, string other, string birth, string used)
    {
        var patient = Read(CdaSample.With(part, other)).Patient;
        Assert.Equal((birth, used), (patient.BirthName, patient.UsedName));
        Assert.Equal(birth.Length > 0, patient.InsIsComplete);
    }

    [Fact]
    public void Given_names_in_one_element_each_are_joined()
    {
        var patient = Read(CdaSample.With(
            "<given>DOMINIQUE MARIE-LOUISE</given>", "<given>DOMINIQUE</given><given>MARIE</given>")).Patient;
        Assert.Equal(("DOMINIQUE", "DOMINIQUE MARIE"), (patient.FirstGivenName, patient.GivenNames));
        Assert.Equal("DOMINIQUE", Read(CdaSample.With("<given>DOMINIQUE MARIE-LOUISE</given>", "")).Patient.GivenNames);
    }

    [Theory]
    [InlineData("value=\"19790328\"", "value=\"197903280000+0100\"", "19790328")]
    [InlineData("value=\"19790328\"", "value=\"1979\"", "")]
    [InlineData("value=\"19790328\"", "nullFlavor=\"UNK\"", "")]
    [InlineData("value=\"19790328\"", "value=\"19791300\"", "19791300")] // no month, yet the civil register's date
    public void A_birth_date_is_eight_digits_or_unknown(string part, string other, string expected) =>
        Assert.Equal(expected, Read(CdaSample.With(part, other)).Patient.BirthDate);

    [Theory]
    [InlineData("code=\"UN\"", "U")]
    [InlineData("code=\"M\"", "M")]
    [InlineData("nullFlavor=\"UNK\"", "")]
    public void The_sex_is_that_of_pid_8(string gender, string expected) =>
        Assert.Equal(expected, Read(CdaSample.With("Code code=\"F\"", "Code " + gender)).Patient.Sex);

    [Fact]
    public void An_author_that_is_a_device_is_no_professional()
    {
        var header = Read(CdaSample.With(
            "<assignedPerson><name><prefix>M</prefix><given>Jacques</given><family>REDACTEUR</family></name></assignedPerson>",
            "<assignedAuthoringDevice><softwareName>RIS</softwareName></assignedAuthoringDevice>"));
        Assert.Null(header.Author);
        Assert.Equal("1750000001", header.AuthorOrganization!.Id.Extension);
    }

    [Fact]
    public void An_accession_number_without_order_is_kept()
    {
        var header = Read(CdaSample.With(
            """<id root="1.2.250.1.999.1.10" extension="DEM-1"/>""", """<id nullFlavor="UNK"/>"""));
        Assert.True(header.Orders[0].PlacerOrderNumber.IsEmpty);
        Assert.Equal("ACC-1", header.Orders[0].AccessionNumber!.Value.Extension);
    }

    [Theory]
    [InlineData("1.2.250.1.999.2.1\" extension=\"EXAM-7")] // an identifier of the exam, under somebody's root
    [InlineData("90E1C8EC-F951-4B26-A305-A34848818DD6")]
    [InlineData("1.2.250.01")]
    public void An_event_identifier_that_is_no_study_names_no_study(string root)
    {
        var header = Read(CdaSample.With(
            "<id root=\"1.2.250.1.999.2.1\" extension=\"studyInstanceUID\"/>", $"<id root=\"{root}\"/>"));
        Assert.Null(header.ServiceEvents[0].StudyInstanceUid);
        Assert.Equal("1.2.250.1.999.2.2", Assert.Single(header.StudyInstanceUids).ToString());
    }

    [Fact]
    public void A_structured_body_is_level_3()
    {
        var header = Read(CdaSample.With(
            "<nonXMLBody><text mediaType=\"application/pdf\" representation=\"B64\">JVBERi0xLjQ=</text></nonXMLBody>",
            "<structuredBody><component/></structuredBody>"));
        Assert.True(header.IsLevel3);
        Assert.Null(header.BodyMediaType);
    }

    [Fact]
    public void An_event_time_without_interval_is_its_start()
    {
        var header = Read(CdaSample.With(
            "<effectiveTime><low value=\"20240314093000+0100\"/><high value=\"20240314094500+0100\"/></effectiveTime>",
            "<effectiveTime value=\"20240314\"/>"));
        Assert.Equal(("20240314", null), (header.ServiceEvents[0].Start, header.ServiceEvents[0].Stop));
    }
}
