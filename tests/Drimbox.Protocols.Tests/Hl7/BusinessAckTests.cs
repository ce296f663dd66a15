using System.Text;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

public sealed class BusinessAckTests
{
    private static readonly MessageProfile[] Profiles =
        [BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading];

    private static readonly BusinessAck[] Acks =
    [
        new BusinessAck(BusinessAckKind.DmpReception, "015", true, "20261102110000", null, null, null),
        new BusinessAck(
            BusinessAckKind.DmpReception, "015", false, "20261102110000", null, null,
            new BusinessError("DMPClosed", "DMP fermé", "DMP_ERROR_CODE")),
        new BusinessAck(
            BusinessAckKind.MailReception, "015", true, "20261102110000", "a.b@test.mssante.example", "801234567897",
            null),
        new BusinessAck(
            BusinessAckKind.MailReception, "015", false, "20261102110000", "a.b@test.mssante.example", null,
            new BusinessError("550", "Boîte aux lettres non disponible", "SMTPERRORCODE")),
        new BusinessAck(
            BusinessAckKind.MailReading, "015", false, "20261102110000", "a.b@test.mssante.example", null,
            new BusinessError("902", "Identifiant patient inconnu", "applicationErrorCondition")),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_is_written_passes_the_profile_and_is_read_as_it_was(int index)
    {
        var reading = MessageValidator.Read(Write(Acks[index]), Profiles)!;
        Assert.Null(reading.Refusal);
        Assert.Equal(Acks[index], BusinessAckReader.TryRead(reading.Message, out var refusal));
        Assert.Null(refusal);
    }

    [Theory]
    [InlineData("OBX-3.1", "ACK_RECEPTION", "100 OBX^3^3")] // the code of the other table
    [InlineData("OBX-3.3", "MetaDMPMSS", "103 OBX^1^3^1^3")]
    [InlineData("OBX-4", "", "101 OBX^1^4")]
    [InlineData("OBX-5.1", "O", "103 OBX^1^5^1^1")]
    [InlineData("OBX[2]-5.3", "Internet", "103 OBX^2^5^1^3")]
    [InlineData("OBX[2]-5.4", "", "101 OBX^2^5^1^4")]
    [InlineData("OBX-11", "C", "103 OBX^1^11")]
    [InlineData("MSH-21", "1.0^CISIS_TLR_HL7_V2", "103 MSH^1^21")]
    [InlineData("MSH-9", "ZAM^Z04^ZAM_Z01", "201 MSH^1^9^1^2")]
    [InlineData("MSH-12", "2.5", "203 MSH^1^12")]
    public void A_defect_is_named_where_it_stands(string path, string raw, string expected)
    {
        var good = Encoding.UTF8.GetString(Write(Acks[2]));
        var reading = MessageValidator.Read(Er7Text.Bytes(Er7Text.Set(good, path, raw)), Profiles)!;

        var code = AckMap.For(reading.Refusal!.Reason).Hl7Code.Value;
        Assert.Equal(expected, $"{code} {reading.Refusal.Location}");
    }

    [Fact]
    public void A_failure_without_its_reason_is_refused()
    {
        var message = Er7Text.Remove(Encoding.UTF8.GetString(Write(Acks[1])), "ERR");
        var reading = MessageValidator.Read(Er7Text.Bytes(message), Profiles)!;
        Assert.Null(reading.Refusal);

        Assert.Null(BusinessAckReader.TryRead(reading.Message, out var refusal));
        Assert.Equal((RefusalReason.SegmentSequence, "ERR^1"), (refusal!.Reason, refusal.Location));
    }

    private static byte[] Write(BusinessAck ack) => BusinessAckWriter.Write(
        ack, new MessageEnvelope("PFI", "SITE", "RIS", "SITE", DateTimeOffset.UnixEpoch, "017"));
}
