using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using static Drimbox.Tests.Audit.AuditSamples;

namespace Drimbox.Tests.Audit;

/// <summary>Audit messages against ones that were written by hand from the tables of PS3.15 A.5.3 (2025e), in the
/// order of the schema of A.5.1.1.</summary>
public sealed class AuditXmlTests
{
    // A.5.3.1: EventID 110100, E, type 110120 or 110121; the application with its AE titles and the role 110150.
    [Fact]
    public void The_start_of_the_application_is_as_PS3_15_A_5_3_1_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="0">
        <EventID csd-code="110100" codeSystemName="DCM" originalText="Application Activity" />
        <EventTypeCode csd-code="110120" codeSystemName="DCM" originalText="Application Start" />
        </EventIdentification>
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="AETITLES=DRIMSOURCE"
        UserIsRequestor="false" NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n</AuditMessage>",
        AuditEvents.ApplicationStarted(Node, At));

    // A.5.3.2: EventID 110101, R; object 2, role 13, 12 URI, name "Security Audit Log".
    [Fact]
    public void A_look_at_the_trail_is_as_PS3_15_A_5_3_2_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="R" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="0">
        <EventID csd-code="110101" codeSystemName="DCM" originalText="Audit Log Used" />
        </EventIdentification>
        <ActiveParticipant UserID="account:lben" UserIsRequestor="true" />
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="4711" UserIsRequestor="false"
        NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="/api/source/audit/search" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="13">
        <ParticipantObjectIDTypeCode csd-code="12" codeSystemName="RFC-3881" originalText="URI" />
        <ParticipantObjectName>Security Audit Log</ParticipantObjectName>
        </ParticipantObjectIdentification>
        </AuditMessage>
        """,
        AuditEvents.LogUsed(Node, "account:lben", "/api/source/audit/search", At));

    // A.5.3.3: EventID 110102, E; source 110153, destination 110152; study 2/3 110180, patient 1/1 2.
    [Fact]
    [Requirement("DB.SO.46")]
    public void Images_that_are_about_to_go_out_are_told_as_PS3_15_A_5_3_3_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="0">
        <EventID csd-code="110102" codeSystemName="DCM" originalText="Begin Transferring DICOM Instances" />
        <EventTypeCode csd-code="ITI-43" codeSystemName="IHE Transactions" originalText="Retrieve Document Set" />
        </EventIdentification>
        """ + "\n" + Participants + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="1.2.250.1.999.9.1" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="3">
        <ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID" />
        <ParticipantObjectName>Study Instance UID</ParticipantObjectName>
        </ParticipantObjectIdentification>
        """ + "\n" + ManifestAndPatient,
        AuditEvents.BeginTransferring(Node, Caller, Subject, At));

    // ITI TF-2 3.43.5.1.2: 110106 Export, R, ITI-43; document 2/3 9 Report Number. DB.SO.47: EventOutcomeDescription.
    [Fact]
    [Requirement("DB.SO.46")]
    [Requirement("DB.SO.47")]
    public void Images_that_went_out_are_told_as_ITI_43_with_what_went_wrong() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="R" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="4">
        <EventID csd-code="110106" codeSystemName="DCM" originalText="Export" />
        <EventTypeCode csd-code="ITI-43" codeSystemName="IHE Transactions" originalText="Retrieve Document Set" />
        <EventOutcomeDescription>The PACS did not send an image in time.</EventOutcomeDescription>
        </EventIdentification>
        """ + "\n" + Participants + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="1.2.250.1.999.9.1" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="3">
        <ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID" />
        <ParticipantObjectName>Study Instance UID</ParticipantObjectName>
        <ParticipantObjectDescription>
        <SOPClass UID="1.2.840.10008.5.1.4.1.1.2" NumberOfInstances="12" />
        </ParticipantObjectDescription>
        </ParticipantObjectIdentification>
        """ + "\n" + ManifestAndPatient,
        AuditEvents.ImagesExported(
            Node, Caller, Subject, [new AuditSopClass(Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), 12)],
            "The PACS did not send an image in time.", isOver: false, At));

    // A.5.3.7: EventID 110104; C, since we did not hold the instances.
    [Fact]
    public void Images_that_came_from_the_PACS_are_told_as_PS3_15_A_5_3_7_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="C" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="0">
        <EventID csd-code="110104" codeSystemName="DCM" originalText="DICOM Instances Transferred" />
        </EventIdentification>
        <ActiveParticipant UserID="192.0.2.9" AlternativeUserID="AETITLES=PACS" UserIsRequestor="false"
        NetworkAccessPointID="192.0.2.9" NetworkAccessPointTypeCode="2">
        <RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID" />
        </ActiveParticipant>
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="AETITLES=DRIMSOURCE"
        UserIsRequestor="true" NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="1.2.250.1.999.9.1" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="3">
        <ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID" />
        <ParticipantObjectName>Study Instance UID</ParticipantObjectName>
        <ParticipantObjectDescription>
        <SOPClass UID="1.2.840.10008.5.1.4.1.1.2" NumberOfInstances="3" />
        </ParticipantObjectDescription>
        </ParticipantObjectIdentification>
        """ + "\n" + Patient,
        AuditEvents.InstancesTransferred(
            Node, AeTitle.Parse("PACS"), "192.0.2.9", Subject with { Manifest = null },
            [new AuditSopClass(Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), 3)], null, At));

    // A.5.3.10: EventID 110112, E; object 2/3, 110181 with the class that is queried, its data set and its syntax.
    [Fact]
    public void A_question_to_the_PACS_is_told_as_PS3_15_A_5_3_10_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="0">
        <EventID csd-code="110112" codeSystemName="DCM" originalText="Query" />
        </EventIdentification>
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="AETITLES=DRIMSOURCE"
        UserIsRequestor="true" NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID" />
        </ActiveParticipant>
        <ActiveParticipant UserID="pacs.example" AlternativeUserID="AETITLES=PACS" UserIsRequestor="false"
        NetworkAccessPointID="pacs.example" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="1.2.840.10008.5.1.4.1.2.2.1" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="3">
        <ParticipantObjectIDTypeCode csd-code="110181" codeSystemName="DCM" originalText="SOP Class UID" />
        <ParticipantObjectQuery>AQID</ParticipantObjectQuery>
        <ParticipantObjectDetail type="TransferSyntax" value="MS4yLjg0MC4xMDAwOC4xLjIuMQ==" />
        </ParticipantObjectIdentification>
        </AuditMessage>
        """,
        AuditEvents.PacsQueried(
            Node, AeTitle.Parse("PACS"), "pacs.example", Uid.Parse("1.2.840.10008.5.1.4.1.2.2.1"),
            new byte[] { 1, 2, 3 },
            Uid.Parse("1.2.840.10008.1.2.1"), Study, null, At));

    // A.5.3.11: EventID 110113, E, type of CID 403; the performing one is no requestor; 110182 with an address, and the
    // detail "Alert Description".
    [Fact]
    public void A_node_that_is_not_listed_is_an_alert_as_PS3_15_A_5_3_11_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="8">
        <EventID csd-code="110113" codeSystemName="DCM" originalText="Security Alert" />
        <EventTypeCode csd-code="110126" codeSystemName="DCM" originalText="Node Authentication" />
        <EventOutcomeDescription>Not listed.</EventOutcomeDescription>
        </EventIdentification>
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="4711" UserIsRequestor="false"
        NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application" />
        </ActiveParticipant>
        <ActiveParticipant UserID="CN=db2.example" UserIsRequestor="false" NetworkAccessPointID="2001:db8::7"
        NetworkAccessPointTypeCode="2" />
        """ + "\n" + Source + "\n" + """
        <ParticipantObjectIdentification ParticipantObjectID="2001:db8::7" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="13">
        <ParticipantObjectIDTypeCode csd-code="110182" codeSystemName="DCM" originalText="Node ID" />
        <ParticipantObjectName>Node ID</ParticipantObjectName>
        <ParticipantObjectDetail type="Alert Description" value="Tm90IGxpc3RlZC4=" />
        </ParticipantObjectIdentification>
        </AuditMessage>
        """,
        AuditEvents.NodeRefused(Node, "2001:db8::7", "CN=db2.example", "Not listed.", At));

    // A.5.3.12: EventID 110114, E, type 110122; no objects.
    [Fact]
    public void A_person_who_is_not_let_in_is_told_as_PS3_15_A_5_3_12_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="8">
        <EventID csd-code="110114" codeSystemName="DCM" originalText="User Authentication" />
        <EventTypeCode csd-code="110122" codeSystemName="DCM" originalText="Login" />
        <EventOutcomeDescription>No token.</EventOutcomeDescription>
        </EventIdentification>
        <ActiveParticipant UserID="unknown" UserIsRequestor="true" NetworkAccessPointID="192.0.2.7"
        NetworkAccessPointTypeCode="2" />
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="4711" UserIsRequestor="false"
        NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n</AuditMessage>",
        AuditEvents.UserRefused(Node, "", "192.0.2.7", "No token.", isOver: true, At));

    // ITI TF-2 3.18.5.1.1: 110112, E, ITI-18; query 2/24 with its id, its text and its encoding.
    [Fact]
    public void A_question_to_the_registry_is_told_as_ITI_18_wants_it() => IsWritten(
        """
        <AuditMessage>
        <EventIdentification EventActionCode="E" EventDateTime="2026-11-29T08:30:00.250Z" EventOutcomeIndicator="4">
        <EventID csd-code="110112" codeSystemName="DCM" originalText="Query" />
        <EventTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions" originalText="Registry Stored Query" />
        <EventOutcomeDescription>HTTP 503</EventOutcomeDescription>
        </EventIdentification>
        <ActiveParticipant UserID="source@drimbox.example" AlternativeUserID="4711" UserIsRequestor="false"
        NetworkAccessPointID="drimbox-1" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID" />
        </ActiveParticipant>
        <ActiveParticipant UserID="801234564895" UserIsRequestor="true" />
        <ActiveParticipant UserID="https://dmp.example/registry" UserIsRequestor="false"
        NetworkAccessPointID="dmp.example" NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID" />
        </ActiveParticipant>
        """ + "\n" + Source + "\n" + Patient.Replace("</AuditMessage>", "", StringComparison.Ordinal) + """
        <ParticipantObjectIdentification ParticipantObjectID="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
        ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="24">
        <ParticipantObjectIDTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions"
        originalText="Registry Stored Query" />
        <ParticipantObjectQuery>PGEgLz4=</ParticipantObjectQuery>
        <ParticipantObjectDetail type="QueryEncoding" value="VVRGLTg=" />
        </ParticipantObjectIdentification>
        </AuditMessage>
        """,
        AuditEvents.RegistryQueried(
            Node, Doctor, Ins, new Uri("https://dmp.example/registry"), "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
            "<a />"u8.ToArray(), InstanceIdentifier.Create("2.25.77", null), AuditOutcome.MinorFailure,
            "HTTP 503", At));

    [Fact]
    public void One_participant_at_most_is_the_requestor()
    {
        AuditEvent[] events =
        [
            AuditEvents.ApplicationStopped(Node, At),
            AuditEvents.LogUsed(Node, "root", "/", At),
            AuditEvents.BeginTransferring(Node, Caller, Subject, At),
            AuditEvents.ImagesExported(Node, Caller with { Professional = "" }, Subject, [], null, false, At),
            AuditEvents.ReportReceived(Node, new MessageSender("RIS|SITE", "192.0.2.8", "ORU^R01"), null, null, At),
            AuditEvents.StudyChangeReceived(Node, new MessageSender("PACS|SITE", "192.0.2.9", "OMI^O23"), [], null, At),
            AuditEvents.ManifestWithheld(Node, Study, Ins, "DB.SO.15", At),
            AuditEvents.FeedingInterrupted(Node, "The peer 'dmp' cannot be reached.", At),
        ];
        Assert.All(events, e => Assert.InRange(e.Participants.Count(p => p.IsRequestor), 0, 1));
        // PS3.15 A.5.2: where it is known who asked, it is said.
        Assert.All(events[1..], e => Assert.Single(e.Participants, p => p.IsRequestor));
    }

    [Theory]
    [InlineData("<script>&\"'", "<script>&\"'")]
    [InlineData("a\0b\u0001c", "a\uFFFDb\uFFFDc")]
    [InlineData("é\uD83D\uDE00", "é\uD83D\uDE00")]
    [InlineData("half of a pair", "\uFFFD")]
    public void What_others_wrote_can_neither_break_the_message_nor_be_lost_in_it(string written, string read)
    {
        // An attribute cannot hold what is no text.
        if (written == "half of a pair") written = "\uD83D";
        var e = AuditEvents.NodeRefused(Node, "192.0.2.7", written, "Why.", At);
        var message = XDocument.Parse(AuditXml.Write(e, Node.Source));
        Assert.Equal(read, (string?)message.Descendants("ActiveParticipant").Last().Attribute("UserID"));
    }

    [Fact]
    public void A_message_stays_short_whatever_others_sent()
    {
        var longText = new string('&', 100_000);
        var e = AuditEvents.ImagesExported(
            Node, new ImageCaller(longText, longText, longText, longText), Subject,
            [.. Enumerable.Range(1, 500).Select(i => new AuditSopClass(Uid.Parse($"1.2.{i}"), i))], longText, true, At);

        // PS3.15 A.6: every collector takes 32,768 octets.
        Assert.InRange(Encoding.UTF8.GetByteCount(AuditXml.Write(e, Node.Source)), 1, 32_768 - 200);
    }

    private const string Participants = """
        <ActiveParticipant UserID="https://drimbox.example/studies/1.2.250.1.999.9.1/series/1.2.3"
        AlternativeUserID="4711" UserIsRequestor="false" NetworkAccessPointID="drimbox-1"
        NetworkAccessPointTypeCode="1">
        <RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID" />
        </ActiveParticipant>
        <ActiveParticipant UserID="17 SITE DIX-SEPT" UserIsRequestor="false" NetworkAccessPointID="192.0.2.7"
        NetworkAccessPointTypeCode="2">
        <RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID" />
        </ActiveParticipant>
        <ActiveParticipant UserID="899700218896" UserIsRequestor="true" />
        """;

    private const string Patient = """
        <ParticipantObjectIdentification ParticipantObjectID="279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO"
        ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">
        <ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number" />
        <ParticipantObjectName>Patient Number</ParticipantObjectName>
        </ParticipantObjectIdentification>
        </AuditMessage>
        """;

    private const string ManifestAndPatient = """
        <ParticipantObjectIdentification ParticipantObjectID="2.25.77" ParticipantObjectTypeCode="2"
        ParticipantObjectTypeCodeRole="3">
        <ParticipantObjectIDTypeCode csd-code="9" codeSystemName="RFC-3881" originalText="Report Number" />
        <ParticipantObjectName>Report Number</ParticipantObjectName>
        </ParticipantObjectIdentification>
        """ + "\n" + Patient;
}
