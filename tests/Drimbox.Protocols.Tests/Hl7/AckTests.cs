using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;

namespace Drimbox.Tests.Hl7;

public sealed class AckTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 6, 14, 44, 19, TimeSpan.FromHours(1));

    [Fact]
    public void A_positive_acknowledgement_is_as_the_table_of_the_page()
    {
        Assert.Equal(
            "MSH|^~\\&|TLR|PLATEFORME|RIS|CLINIQUE|20260106134419+0000||ACK^O01^ACK|A1|P|2.5.1|||||FRA|UNICODE UTF-8\r"
            + "MSA|AA|MSG00001\r",
            Ack(Fixtures.Flux1, null));
    }

    [Theory]
    [InlineData("ORM^O01^ORM_O01", "2.5.1", "1.0^CISIS_TLR_HL7_V2", "ACK^O01^ACK", "2.5.1")]
    [InlineData("ORU^R01^ORU_R01", "2.5.1", "1.0^CISIS_TLR_HL7_V2", "ACK^R01^ACK", "2.5.1")]
    [InlineData("OMI^O23^OMI_O23", "2.5.1", "1.0^CISIS_TLR_HL7_V2", "ACK^O23^ACK", "2.5.1")]
    [InlineData("ORU^R01^ORU_R01", "2.5", "2.1^CISIS_CDA_HL7_V2", "ACK^R01^ACK", "2.5")]
    [InlineData("MDM^T02^MDM_T02", "2.6", "2.1^CISIS_CDA_HL7_V2", "ACK^T02^ACK", "2.6")]
    [InlineData("MDM^T10^MDM_T02", "2.6", "2.0^CISIS_CDA_HL7_V2", "ACK^T10^ACK", "2.6")]
    [InlineData("MDM^T04^MDM_T02", "2.6", "2.1^CISIS_CDA_HL7_V2", "ACK^T04^ACK", "2.6")]
    [InlineData("ORM^O01^ORM_O01", "2.3", "1.0^CISIS_TLR_HL7_V2", "ACK^O01^ACK", "2.5.1")] // a version we do not speak
    [InlineData("MDM^T02^MDM_T02", "2.3", "", "ACK^T02^ACK", "2.6")]
    [InlineData("ADT^A01^ADT_A01", "2.5", "", "ACK^A01^ACK", "2.5")]
    [InlineData("ADT^A01^ADT_A01", "9.9", "", "ACK^A01^ACK", "2.5")]
    [InlineData("ADT", "2.5", "", "ACK", "2.5")]
    [InlineData("ADT^A\\F\\1", "2.5", "", "ACK", "2.5")] // no event that could be repeated
    public void Event_and_version_are_those_of_the_request_and_its_volet(
        string type, string version, string profile, string ackType, string ackVersion)
    {
        var request = Er7Text.Set(Er7Text.Set(Fixtures.Flux1, "MSH-9", type), "MSH-12", version);
        var ack = Er7Text.Read(Ack(Er7Text.Set(request, "MSH-21", profile), null));

        Assert.Equal(ackType, Encoding.UTF8.GetString(ack.Header[9].Raw.Span));
        Assert.Equal(ackVersion, ack.Get("MSH-12"));
    }

    [Fact]
    public void A_refusal_of_the_teleradiology_volet_has_no_ERR_5() =>
        Assert.EndsWith(
            "MSA|AE|MSG00001\rERR||MSH^1^12|203^Unsupported version^messageErrorCondition|E\r",
            Ack(Fixtures.Flux1, new Refusal(RefusalReason.UnsupportedVersion, "x", "MSH^1^12")),
            StringComparison.Ordinal);

    [Fact]
    public void A_business_refusal_of_the_CDA_volet_has_ERR_5() =>
        Assert.EndsWith(
            "ERR||PID^1^3|207^Application error^messageErrorCondition|E"
            + "|902^Identifiant patient inconnu^applicationErrorCondition\r",
            Ack(Fixtures.Mdm, new Refusal(RefusalReason.UnknownPatient, "x", "PID^1^3")),
            StringComparison.Ordinal);

    [Fact]
    public void A_business_refusal_of_the_teleradiology_volet_is_207_alone() =>
        Assert.EndsWith(
            "MSA|AE|MSG00001\rERR|||207^Application error^messageErrorCondition|E\r",
            Ack(Fixtures.Flux2, new Refusal(RefusalReason.UnknownTarget, "x")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(RefusalReason.SegmentSequence, AckCode.AE, "100", "")]
    [InlineData(RefusalReason.RequiredFieldMissing, AckCode.AE, "101", "")]
    [InlineData(RefusalReason.DataType, AckCode.AE, "102", "")]
    [InlineData(RefusalReason.TableValue, AckCode.AE, "103", "")]
    [InlineData(RefusalReason.Cardinality, AckCode.AE, "198", "")]
    [InlineData(RefusalReason.Malformed, AckCode.AE, "199", "")]
    [InlineData(RefusalReason.OverLimit, AckCode.AE, "199", "")]
    [InlineData(RefusalReason.UnsupportedMessageType, AckCode.AE, "200", "")]
    [InlineData(RefusalReason.UnsupportedEvent, AckCode.AE, "201", "")]
    [InlineData(RefusalReason.UnsupportedProcessingId, AckCode.AE, "202", "")]
    [InlineData(RefusalReason.UnsupportedVersion, AckCode.AE, "203", "")]
    [InlineData(RefusalReason.StaleDocumentVersion, AckCode.AE, "207", "900")]
    [InlineData(RefusalReason.AuthorNotAllowed, AckCode.AE, "207", "901")]
    [InlineData(RefusalReason.ForeignStructure, AckCode.AE, "207", "901")]
    [InlineData(RefusalReason.UnknownPatient, AckCode.AE, "207", "902")]
    [InlineData(RefusalReason.InsAbsent, AckCode.AE, "207", "903")]
    [InlineData(RefusalReason.PatientMismatch, AckCode.AE, "207", "904")]
    [InlineData(RefusalReason.InsIncomplete, AckCode.AE, "207", "905")]
    [InlineData(RefusalReason.IdentifierReused, AckCode.AE, "207", "906")]
    [InlineData(RefusalReason.UnknownTarget, AckCode.AE, "207", "906")]
    [InlineData(RefusalReason.WrongState, AckCode.AE, "207", "906")]
    [InlineData(RefusalReason.Unavailable, AckCode.AR, "207", "906")]
    public void Every_refusal_has_its_codes(RefusalReason reason, AckCode code, string hl7, string application)
    {
        var ack = AckReader.TryRead(
            Er7Text.Bytes(Ack(Fixtures.Oru, new Refusal(reason, "x"))), "MSG00001", out _)!;

        Assert.Equal(code, ack.Code);
        Assert.Equal((hl7, "E", application), (ack.Errors[0].Code, ack.Errors[0].Severity,
            ack.Errors[0].ApplicationCode));
    }

    [Fact]
    public void No_refusal_is_without_codes_and_only_unavailable_is_rejected()
    {
        foreach (var reason in Enum.GetValues<RefusalReason>())
        {
            Assert.Equal(
                reason == RefusalReason.Unavailable ? AckCode.AR : AckCode.AE, AckMap.For(reason).Code);
            Assert.Equal(AckMap.For(reason).Hl7Code.Value == "207", AckMap.For(reason).ApplicationCode is not null);
        }
    }

    [Fact]
    public void Hostile_header_values_make_no_segment()
    {
        var request = Er7Text.Set(
            Er7Text.Set(Fixtures.Flux1, "MSH-3", @"A\X0D\MSA\F\AA"), "MSH-4", @"\.br\\X1C0D\^1&2~Z");
        var ack = Er7Text.Read(Ack(request, new Refusal(RefusalReason.DataType, "x")));

        Assert.Equal(["MSH", "MSA", "ERR"], ack.Segments.Select(s => s.Name));
        Assert.Equal("A\rMSA|AA", ack.Get("MSH-5"));
        Assert.Equal("2", ack.Get("MSH-6.2.2"));
    }

    [Theory]
    [InlineData(@"\X0D\")]
    [InlineData("")]
    [InlineData("é")]
    public void A_control_id_that_is_not_plain_is_not_repeated(string id) =>
        Assert.Equal("", Er7Text.Read(Ack(Er7Text.Set(Fixtures.Flux1, "MSH-10", id), null)).Get("MSA-2"));

    [Fact]
    public void The_character_set_of_the_request_is_that_of_the_answer()
    {
        var request = Er7Text.Set(Er7Text.Set(Fixtures.Flux1, "MSH-18", "8859/15"), "MSH-4", "CLINIQUE œ");
        var message = Er7Message.TryRead(Er7Charset.Iso885915.GetBytes(request), out _)!;
        var ack = Er7Message.TryRead(AckWriter.Write(message, null, Now, "A1"), out var refusal)!;

        Assert.Null(refusal);
        Assert.Equal("8859/15", ack.Get("MSH-18"));
        Assert.Equal("CLINIQUE œ", ack.Get("MSH-6"));
    }

    [Fact]
    public void A_frame_that_breaks_off_is_answered_from_its_header()
    {
        var refusal = new Refusal(RefusalReason.OverLimit, "x");
        var bytes = Er7Text.Bytes(Fixtures.Mdm)[..300];

        Assert.Contains(
            "ERR|||199^Other HL7 Error", Encoding.UTF8.GetString(AckWriter.WriteForBeginning(bytes, refusal, Now,
                "A1")!.Value.Span),
            StringComparison.Ordinal);
        Assert.Null(AckWriter.WriteForBeginning("GET / HTTP/1.1"u8.ToArray(), refusal, Now, "A1"));
    }

    [Theory]
    [InlineData("MSH|^~\\&|A|B|C|D|2026||ACK^O01^ACK|1|P|2.5.1\rMSA|AA|OTHER\r")]
    [InlineData("MSH|^~\\&|A|B|C|D|2026||ACK^O01^ACK|1|P|2.5.1\rMSA|XX|M1\r")]
    [InlineData("MSH|^~\\&|A|B|C|D|2026||ACK^O01^ACK|1|P|2.5.1\r")]
    [InlineData("OK")]
    public void An_answer_that_is_none_of_ours_is_refused(string answer)
    {
        Assert.Null(AckReader.TryRead(Er7Text.Bytes(answer), "M1", out var refusal));
        Assert.NotNull(refusal);
    }

    private static string Ack(string request, Refusal? refusal) =>
        Encoding.UTF8.GetString(AckWriter.Write(
            Er7Message.TryRead(Er7Text.Bytes(request), out _)!, refusal, Now, "A1"));
}
