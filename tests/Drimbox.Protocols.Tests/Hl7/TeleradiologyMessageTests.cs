using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

public sealed class TeleradiologyMessageTests
{
    private static readonly MessageEnvelope Envelope = new(
        "RIS", "CLINIQUE", "TLR", "PLATEFORME", new DateTimeOffset(2026, 1, 6, 13, 44, 18, TimeSpan.Zero), "C1");

    private static readonly InstanceIdentifier Placer = InstanceIdentifier.Create("1.2.250.1.999.9", "OPN1");

    [Fact]
    public void A_request_says_all_that_the_message_says()
    {
        var request = Assert.Single(TeleradiologyReader.TryReadRequests(Read(Fixtures.Flux1), out var refusal)!);

        Assert.Null(refusal);
        Assert.Equal(Placer, request.PlacerOrderNumber);
        Assert.Equal(Fixtures.Patient, request.Patient.Identity);
        Assert.Equal(["VALI"], request.Patient.Reliability);
        Assert.Equal("A77", request.Patient.Account!.Value);
        Assert.Equal(("O", "RDV5", "20260103134418"),
            (request.Visit.PatientClass, request.Visit.Number!.Value, request.Visit.Admission));
        Assert.Equal("20260106134418", request.RequestedAt);
        Assert.Equal("Petit", request.Verifier!.FamilyName);
        Assert.Equal(Fixtures.Author, request.OrderingProvider);
        Assert.Equal("0400000000", request.CallBackPhone);
        Assert.Equal(Fixtures.Clinic, request.Structure);
        Assert.Equal("Céphalée brutale", request.Justification);
        Assert.Equal(["Exclure une hémorragie"], request.Purposes);
        Assert.Equal(new Code("MR", "DCM", "IRM"), request.Modality);
        Assert.Equal(["sans injection"], request.ModalityComments);
        Assert.Equal(
            new AnatomicRegion(new Code("774007", "SCT", "tête"), new Code("24028007", "SCT", "droit")),
                request.Region);
        Assert.Equal([new MedicalHistory("HTA\ndiabète", "MAJEUR")], request.History);
        Assert.Equal((new Measurement("170", "cm"), new Measurement("68.5", "kg")), (request.Height!, request.Weight!));
        Assert.False(request.Pregnant);
    }

    [Fact]
    public void A_request_comes_back_from_the_message_written_of_it()
    {
        var request = TeleradiologyReader.TryReadRequests(Read(Fixtures.Flux1), out _)![0] with
        {
            History = [new MedicalHistory("A & B | C", null), new MedicalHistory("D\nE", "PERTINENT")],
        };
        var again = TeleradiologyReader.TryReadRequests(Read(TeleradiologyWriter.Write(request, Envelope)), out _)![0];

        AssertSame(request, again);
    }

    [Fact]
    public void A_cancellation_comes_back_from_the_message_written_of_it()
    {
        var cancellation = TeleradiologyReader.TryReadCancellations(Read(Fixtures.Flux2), out _)![0];
        var again = TeleradiologyReader.TryReadCancellations(
            Read(TeleradiologyWriter.Write(cancellation, Envelope)), out _)![0];

        Assert.Equal(new Code("", "", "Patient parti"), cancellation.Reason);
        AssertSame(cancellation, again);
    }

    [Fact]
    public void An_acceptance_carries_its_protocols()
    {
        var response = TeleradiologyReader.TryReadResponses(Read(Fixtures.Flux3), out _)![0];

        Assert.True(response.Accepted);
        Assert.Equal("Petit", response.DecidedBy.FamilyName);
        Assert.Equal("Plateforme", response.Platform.Name);
        var document = Assert.IsType<ImagingProtocol.Encapsulated>(response.Protocols[0]);
        Assert.Equal("Protocole", Encoding.UTF8.GetString(document.Content.Span));
        Assert.Equal(new ImagingProtocol.PlainText("T1\nT2"), response.Protocols[1]);

        var again = TeleradiologyReader.TryReadResponses(Read(TeleradiologyWriter.Write(response, Envelope)),
            out _)![0];
        AssertSame(response, again);
    }

    [Fact]
    public void A_refusal_carries_its_reason_and_no_protocol()
    {
        var refused = TeleradiologyReader.TryReadResponses(Read(Fixtures.Flux3), out _)![0] with
        {
            Accepted = false,
            Reason = new Code("NJ", "LOCAL", "Non justifié"),
            Protocols = [],
        };

        AssertSame(refused,
            TeleradiologyReader.TryReadResponses(Read(TeleradiologyWriter.Write(refused, Envelope)), out _)![0]);
    }

    [Fact]
    public void What_is_known_after_the_examination_is_read()
    {
        var examination = TeleradiologyReader.TryReadPostExaminations(Read(Fixtures.Flux4), out _)![0];

        Assert.Equal(Uid.Parse("1.2.3.4"), examination.StudyInstanceUid);
        Assert.Equal(InstanceIdentifier.Create("1.2.250.1.999.8", "ACN1"), examination.AccessionNumber);
        Assert.Equal("https://drimbox.example/view?studyUID=1.2.3&accessionNumber=ACN1", examination.PartialViewerUrl);
        Assert.Equal((730, "20260106184418"), (examination.RetentionDays, examination.ExaminedAt));
        Assert.Equal(new Code("24590-2", "LN", "IRM cerveau"), examination.Act);
        Assert.Equal("24590-2", examination.RequestedProcedure.Value);
        Assert.Equal(new Code("774007", "SCT", "tête"), examination.Region!.Region);
        Assert.Equal("MR", examination.Modality!.Value);
        Assert.Equal(
            [new AdministeredProduct(new Code("V09", "ATC", ""), "LOT-7", new Measurement("1.5", "ml"))],
            examination.Products);
        Assert.Equal([new ImagingDevice("(01)1234", "Modèle X")], examination.Devices);

        AssertSame(examination, TeleradiologyReader.TryReadPostExaminations(
            Read(TeleradiologyWriter.Write(examination, Envelope)), out _)![0]);
    }

    [Fact]
    public void Several_products_and_devices_keep_apart()
    {
        var examination = TeleradiologyReader.TryReadPostExaminations(Read(Fixtures.Flux4), out _)![0] with
        {
            Products =
            [
                new AdministeredProduct(new Code("V09", "ATC", ""), "123", null),
                new AdministeredProduct(new Code("V10", "ATC", ""), "B", new Measurement("2", "mg")),
            ],
            Devices = [new ImagingDevice("U1", null), new ImagingDevice(null, "M2")],
            Region = null,
            Modality = null,
        };

        AssertSame(examination, TeleradiologyReader.TryReadPostExaminations(
            Read(TeleradiologyWriter.Write(examination, Envelope)), out _)![0]);
    }

    [Fact]
    public void A_viewer_address_that_is_none_is_left_out()
    {
        var message = Er7Text.Set(Fixtures.Flux4, "OBX-5.5", "Penfhghdegge");

        Assert.Null(TeleradiologyReader.TryReadPostExaminations(Read(message), out _)![0].PartialViewerUrl);
    }

    [Fact]
    public void Each_order_of_a_message_is_an_examination()
    {
        var order = Fixtures.Flux4[Fixtures.Flux4.IndexOf("ORC|", StringComparison.Ordinal)..];
        var examinations = TeleradiologyReader.TryReadPostExaminations(
            Read(Er7Text.Set(Fixtures.Flux4 + order, "IPC[2]-3", "1.2.3.5")), out _)!;

        Assert.Equal(["1.2.3.4", "1.2.3.5"], examinations.Select(e => e.StudyInstanceUid.ToString()));
    }

    [Fact]
    public void The_notice_of_a_PACS_names_the_study()
    {
        var notice = TeleradiologyReader.TryReadStudyChanges(Read(Fixtures.Notice), out _)![0];

        Assert.Equal(Uid.Parse("1.2.3.4"), notice.StudyInstanceUid);
        Assert.Equal("ACN1", notice.AccessionNumber.ToString());
        Assert.Equal(("CT", AeTitle.Parse("PACS1")), (notice.Modality, notice.Station!.Value));
        AssertSame(notice, TeleradiologyReader.TryReadStudyChanges(
            Read(TeleradiologyWriter.Write(notice, Envelope)), out _)![0]);
    }

    [Fact]
    public void An_identifier_with_a_hidden_control_character_is_refused()
    {
        var message = Er7Text.Set(Er7Text.Set(Fixtures.Flux2, "ORC-2.1", @"OPN\X0D\1"), "OBR-2.1", @"OPN\X0D\1");

        Assert.Null(TeleradiologyReader.TryReadCancellations(Read(message), out var refusal));
        Assert.Equal((RefusalReason.DataType, "ORC^1^2"), (refusal!.Reason, refusal.Location));
    }

    [Fact]
    public void A_control_id_is_as_long_as_HL7_allows() =>
        Assert.Equal(20, MessageEnvelope.NewControlId(new FixedIds()).Length);

    private static MessageReading Read(string message) => Read(Er7Text.Bytes(message));

    private static MessageReading Read(byte[] message)
    {
        var reading = MessageValidator.Read(message,
        [
            TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux3,
            TeleradiologyProfiles.Flux4, StudyChangeProfile.Omi,
        ])!;
        Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
        return reading;
    }

    // Records with lists compare by reference; their JSON compares by content.
    private static void AssertSame<T>(T expected, T actual) => Assert.Equal(
        System.Text.Json.JsonSerializer.Serialize(expected), System.Text.Json.JsonSerializer.Serialize(actual));

    private sealed class FixedIds : IIdSource
    {
        public Uid NewUid() => Uid.Parse("2.25.1");

        public string NewUuid() => "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    }
}
