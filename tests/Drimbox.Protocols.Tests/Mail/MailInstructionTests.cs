using System.Text;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Tests.Cda;
using Drimbox.Tests.Hl7;

namespace Drimbox.Tests.Mail;

/// <summary>What messages and documents say about the mail of a report.</summary>
public sealed class MailInstructionTests
{
    private const string Copy = "PRT||UC||RCT^results Copies To^participation|";

    // The example of the CDA volet, page profils-messages: a patient, a physician, a service, an application.
    private static readonly string Recipients = string.Join(
        '\r',
        Copy + "||||||||||^^X.400^146026322000196@patient.mssante.fr",
        Copy + "101234567897^Hoda^Adam^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS||||||||||"
            + "^^X.400^adam.hoda@test-ci-sis.mssante.fr",
        Copy + "|||Radiologie^^^^^120456789^UF^^^3435|||||||^^X.400^radiologie@hopitalA.mssante.fr",
        Copy + "|||||12|||||^^X.400^appliExemple@hopitalB.mssante.fr",
        "PRT||UC||REPLY^Reply to^participation|||||||||||^^X.400^adam.hoda@test-ci-sis.mssante.fr");

    [Fact]
    public void Recipients_come_with_the_identifier_of_a_person_an_organisation_or_an_application()
    {
        var said = Read(With(Recipients))!;

        Assert.Equal(
            [
                ("146026322000196@patient.mssante.fr", null),
                ("adam.hoda@test-ci-sis.mssante.fr", "101234567897"),
                ("radiologie@hopitalA.mssante.fr", "3435"),
                ("appliExemple@hopitalB.mssante.fr", "12"),
            ],
            said.Named.Select(n => (n.Address.ToString(), n.PersonId)));
        Assert.Equal("adam.hoda@test-ci-sis.mssante.fr", said.ReplyTo.ToString());
        Assert.Equal((null, null, false), (said.ProfessionalText, said.PatientText, said.PatientMayNotReply));
    }

    [Fact]
    public void A_message_without_recipients_and_words_says_nothing() => Assert.Null(Read(Fixtures.Mdm));

    [Theory]
    [InlineData("^TEXT^^Base64^Qm9uam91ciDDqA==", "Bonjour è")]
    [InlineData("^TEXT^^A^Bonjour\\.br\\ami", "Bonjour\nami")]
    [InlineData("Bonjour", "Bonjour")]
    public void The_words_are_read_in_each_form_that_the_volet_leaves_open(string value, string expected)
    {
        var said = Read(
            Fixtures.Mdm + $"\rOBX|30|ED|CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS||{value}||||||F")!;

        Assert.Equal(expected, said.ProfessionalText!.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void An_address_that_is_none_is_refused_where_it_stands()
    {
        var message = Er7Text.Read(
            With(Recipients.Replace("adam.hoda@test", "adam hoda@test", StringComparison.Ordinal)));

        Assert.Null(MailInstructionReader.TryRead(message, out var refusal));
        Assert.Equal((RefusalReason.DataType, "PRT^3^15^1^4"), (refusal!.Reason, refusal.Location));
    }

    [Fact]
    public void The_treating_physician_and_the_referring_professional_are_those_of_participant()
    {
        var cda = CdaSample.Xml.Replace("<custodian>", Participants + "<custodian>", StringComparison.Ordinal);
        var header = CdaReader.TryRead(Encoding.UTF8.GetBytes(cda), out var refusal);

        Assert.Null(refusal);
        Assert.Equal(
            [
                (CorrespondentRole.TreatingPhysician, "801234567897", "MEDIONI", "medioni@test-ci-sis.mssante.fr"),
                (CorrespondentRole.ReferringProfessional, "801234560000", "", ""),
            ],
            header!.Correspondents.Select(c => (c.Role, c.Person.Id.Extension!, c.Person.FamilyName, $"{c.Address}")));
    }

    [Fact]
    public void A_document_without_a_PDF_is_printed_from_its_narrative()
    {
        var cda = Encoding.UTF8.GetBytes("""
            <ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section>
            <title>Conclusion</title><text><paragraph>Pas de lésion.</paragraph></text></section></component>
            </structuredBody></component></ClinicalDocument>
            """);
        var header = CdaReader.TryRead(Encoding.UTF8.GetBytes(CdaSample.Xml), out _)!;

        var pdf = CdaPrint.TryWrite(cda, header, DateTimeOffset.UnixEpoch, out var refusal);

        Assert.Null(refusal);
        Assert.StartsWith("%PDF-1.4", Encoding.ASCII.GetString(pdf!, 0, 8), StringComparison.Ordinal);
        Assert.Null(CdaPrint.TryWrite(
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>"u8.ToArray(), header, DateTimeOffset.UnixEpoch, out refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    private const string Participants = """
        <participant typeCode="INF"><functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88"/>
          <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
          <telecom value="tel:0147150000" use="WP"/><telecom value="mailto:medioni@test-ci-sis.mssante.fr"/>
          <associatedPerson><name><given>Stéphane</given><family>MEDIONI</family></name></associatedPerson>
          </associatedEntity></participant>
        <participant typeCode="REF">
          <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="801234560000"/>
          </associatedEntity></participant>
        <participant typeCode="INF">
          <associatedEntity classCode="ECON"><id root="1.2.250.1.71.4.2.1" extension="1"/></associatedEntity>
        </participant>
        """;

    private static string With(string segments)
    {
        var lines = Fixtures.Mdm.Split('\r').ToList();
        lines.InsertRange(
            lines.FindIndex(line => line.StartsWith("PRT", StringComparison.Ordinal)) + 1,
            segments.Split('\r'));
        return string.Join('\r', lines);
    }

    private static MailInstructions? Read(string message)
    {
        var said = MailInstructionReader.TryRead(Er7Text.Read(message), out var refusal);
        Assert.Null(refusal);
        return said;
    }
}
