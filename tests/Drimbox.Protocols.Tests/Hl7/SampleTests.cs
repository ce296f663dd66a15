using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

/// <summary>The messages that the ANS publishes, against the pages that describe them. docs/conformance/hl7.md gives
/// the
/// reason for each refusal.</summary>
public sealed class SampleTests
{
    private static readonly MessageProfile[] Profiles =
    [
        TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux3,
        TeleradiologyProfiles.Flux4, CdaProfiles.Oru21, CdaProfiles.Oru20, CdaProfiles.Mdm21, CdaProfiles.Mdm20,
        BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading,
        PamProfiles.Admission, PamProfiles.Identity,
    ];

    [Theory]
    [InlineData("teleradiology/flux1-ORM_O01-NW.hl7", null)]
    [InlineData("teleradiology/flux2-ORM_O01-CA.hl7", null)]
    [InlineData("teleradiology/flux3-ORU_R01-OK.hl7", "102 OBX^1^5^1^5")] // its protocol is no base64
    [InlineData("teleradiology/flux4-OMI_O23-SR.hl7", null)]
    [InlineData("cda-transmission/MDM_T02-initial-with-document.er7", null)]
    [InlineData("cda-transmission/MDM_T10-replacement.er7", "102 OBX^1^5^1^5")] // a placeholder for the document
    [InlineData("cda-transmission/MDM_T04-deletion.er7", null)] // a placeholder is enough: TXA-12 names the document
    [InlineData("cda-transmission/ORU_R01-initial.hl7", "102 OBX^1^5^1^5")]
    [InlineData("cda-transmission/ORU_R01-replacement.er7", "102 OBX^1^5^1^5")]
    [InlineData("cda-transmission/ORU_R01-deletion.er7", "102 OBX^1^5^1^5")] // nothing else would name the document
    [InlineData("cda-transmission/ZAM_Z02-reception-DMP.hl7", null)]
    [InlineData("cda-transmission/ZAM_Z02-reception-MSS.hl7", null)]
    [InlineData("cda-transmission/ZAM_Z02-lecture-MSS.hl7", null)] // its MSH-9 is Z03, as the page says
    [InlineData("consent/ConsentementConsultation_NonOppositionAlimentation.er7", null)]
    [InlineData("consent/NonConsentementConsultation_NonOppositionAlimentation.er7", null)]
    [InlineData("consent/NonConsentementConsultation_OppositionAlimentation.er7", null)]
    [InlineData("consent/NonRecueillieConsentementConsultation_NonOppositionAlimentation.er7", null)]
    [InlineData("consent/NonRecueillieConsentementConsultation_NonRecueillieOppositionAlimentation.er7", null)]
    public void A_sample_is_answered_as_its_page_says(string file, string? expected)
    {
        var bytes = Sample(file);
        var reading = MessageValidator.Read(bytes, Profiles)!;
        var refusal = reading.Refusal ?? ReadValue(reading);

        Assert.Equal(expected,
            refusal is null ? null : $"{AckMap.For(refusal.Reason).Hl7Code.Value} {refusal.Location}");
    }

    [Theory]
    [InlineData("ZAM_Z02-reception-DMP.hl7", BusinessAckKind.DmpReception, false, null, null, "DMPClosed")]
    [InlineData(
        "ZAM_Z02-reception-MSS.hl7", BusinessAckKind.MailReception, true, "adam.hoda@test-ci-sis.mssante.fr",
        "801234567897", null)]
    [InlineData(
        "ZAM_Z02-lecture-MSS.hl7", BusinessAckKind.MailReading, true, "adam.hoda@test-ci-sis.mssante.fr",
        "801234567897", null)]
    public void The_sample_business_acknowledgements_say_how_message_015_fared(
        string file, BusinessAckKind kind, bool succeeded, string? address, string? person, string? error)
    {
        var ack = BusinessAckReader.TryRead(
            MessageValidator.Read(Sample("cda-transmission/" + file), Profiles)!.Message, out var refusal);

        Assert.Null(refusal);
        Assert.Equal(
            new BusinessAck(kind, "015", succeeded, "20211005152908", address, person, ack!.Error), ack);
        Assert.Equal(error, ack.Error?.Code);
    }

    [Theory]
    [InlineData("ConsentementConsultation_NonOppositionAlimentation", DmpFeeding.NotOpposed, DmpConsultation.Consented)]
    [InlineData(
        "NonConsentementConsultation_NonOppositionAlimentation", DmpFeeding.NotOpposed, DmpConsultation.Refused)]
    [InlineData("NonConsentementConsultation_OppositionAlimentation", DmpFeeding.Opposed, DmpConsultation.Refused)]
    [InlineData(
        "NonRecueillieConsentementConsultation_NonOppositionAlimentation", DmpFeeding.NotOpposed,
        DmpConsultation.NotCollected)]
    [InlineData(
        "NonRecueillieConsentementConsultation_NonRecueillieOppositionAlimentation", DmpFeeding.NotCollected,
        DmpConsultation.NotCollected)]
    public void The_sample_consent_messages_say_what_their_names_say(
        string file, DmpFeeding feeding, DmpConsultation consultation)
    {
        var message = MessageValidator.Read(Sample($"consent/{file}.er7"), Profiles)!.Message;
        var statement = PatientMessageReader.TryRead(
            message, TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris"), out var refusal);

        Assert.Null(refusal);
        Assert.Equal((feeding, consultation), (statement!.Feeding, statement.Consultation));
        Assert.Equal(
            ["1.2.250.1.213.1.4.10^279035121518989", "000897406^000003"], statement.Keys.Select(k => k.ToString()));
        // MSH-7 is French time without saying so.
        Assert.Equal(message.Header[7].Code[..8] + "101154", statement.StatedAt);
    }

    [Fact]
    public void The_sample_replacement_with_its_document_is_taken()
    {
        var cda = Convert.ToBase64String(Sample("cda-transmission/CR_Radio_v2.cda.xml"));
        var message = Encoding.UTF8.GetString(Sample("cda-transmission/MDM_T10-replacement.er7"))
            .Replace("\n", "\r", StringComparison.Ordinal);
        var reading = MessageValidator.Read(Er7Text.Bytes(Er7Text.Set(message, "OBX-5.5", cda)), Profiles)!;
        Assert.Null(reading.Refusal);
        var report = ReportMessageReader.TryRead(reading.Message, ReadCda, out var refusal);

        Assert.Null(refusal);
        Assert.Equal(InstanceIdentifier.Create("1.2.250.1.71.4.2.2.120456789", "A71024000082"),
            report!.Message.DocumentId);
        Assert.Equal(InstanceIdentifier.Create("1.2.250.1.71.4.2.2.120456789", "A71024000081"), report.Message.Parent);
        Assert.False(report.Message.RelatedAndParentDisagree); // although TXA-13 has lost a dot
    }

    [Fact]
    public void The_deletion_of_the_samples_finds_the_document_of_their_replacement()
    {
        var reading = MessageValidator.Read(Sample("cda-transmission/MDM_T04-deletion.er7"), Profiles)!;
        var report = ReportMessageReader.TryRead(reading.Message, ReadCda, out _)!;

        Assert.Equal(
            DocumentKey.Of(InstanceIdentifier.Create("1.2.250.1.71.4.2.2.120456789", "A71024000082")),
            DocumentKey.Of(report.Message.DocumentId));
    }

    [Theory]
    [InlineData("cda-transmission/ACK_R01.hl7")]
    [InlineData("cda-transmission/ACK_T04.er7")]
    public void The_sample_acknowledgements_are_read(string file) =>
        Assert.Equal(AckCode.AA, AckReader.TryRead(Sample(file), "015", out _)!.Code);

    private static Refusal? ReadValue(MessageReading reading)
    {
        Refusal? refusal;
        switch (reading.Profile!.Id)
        {
            case "TLR-1": TeleradiologyReader.TryReadRequests(reading, out refusal); break;
            case "TLR-2": TeleradiologyReader.TryReadCancellations(reading, out refusal); break;
            case "TLR-3": TeleradiologyReader.TryReadResponses(reading, out refusal); break;
            case "TLR-4": TeleradiologyReader.TryReadPostExaminations(reading, out refusal); break;
            case "ZAM-Z01" or "ZAM-Z02" or "ZAM-Z03": BusinessAckReader.TryRead(reading.Message, out refusal); break;
            case "PAM-FR-A01" or "PAM-FR-A05":
                PatientMessageReader.TryRead(reading.Message, TimeZoneInfo.Utc, out refusal);
                break;
            default: ReportMessageReader.TryRead(reading.Message, ReadCda, out refusal); break;
        }

        return refusal;
    }

    // As much of a CDA header as these tests compare.
    private static (CdaHeader? Header, Refusal? Refusal) ReadCda(ReadOnlyMemory<byte> cda)
    {
        if (HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out var refusal)?.Root is not { } root) return (null, refusal);
        XNamespace hl7 = "urn:hl7-org:v3";
        var role = root.Element(hl7 + "recordTarget")!.Element(hl7 + "patientRole")!;
        var person = role.Element(hl7 + "patient")!;
        var patient = new Patient(
            Id(role.Element(hl7 + "id")!), null,
            person.Descendants(hl7 + "family").First().Value, person.Descendants(hl7 + "given").First().Value, "", null,
            person.Element(hl7 + "birthTime")!.Attribute("value")!.Value,
            person.Element(hl7 + "administrativeGenderCode")!.Attribute("code")!.Value,
            person.Descendants(hl7 + "county").First().Value);
        return (Fixtures.Header with
        {
            DocumentId = Id(root.Element(hl7 + "id")!),
            Replaces = root.Element(hl7 + "relatedDocument") is { } related
                ? Id(related.Descendants(hl7 + "id").First())
                : null,
            Patient = patient,
            PatientIds = [patient.Ins!.Value],
            LegalAuthenticatorOrganization = null,
        }, null);
    }

    private static InstanceIdentifier Id(XElement id) =>
        InstanceIdentifier.Create(id.Attribute("root")!.Value, id.Attribute("extension")!.Value);

    /// <summary>A file below <c>hl7</c> of the folder that <c>DRIMBOX_SAMPLES</c> names, or of <c>shared/data</c>
    /// beside
    /// the repository; without it the test is skipped.</summary>
    private static byte[] Sample(string file)
    {
        var folder = Environment.GetEnvironmentVariable("DRIMBOX_SAMPLES");
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); folder is null && at is not null; at = at.Parent)
        {
            var beside = Path.Combine(at.FullName, "shared", "data");
            if (Directory.Exists(beside)) folder = beside;
        }

        var path = folder is null ? null : Path.Combine(folder, "hl7", file);
        if (path is null || !File.Exists(path))
            Assert.Skip(string.Create(CultureInfo.InvariantCulture,
                $"the published sample {file} is not there (DRIMBOX_SAMPLES)"));
        return File.ReadAllBytes(path!);
    }
}
