using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7.Tools;

/// <summary>Our own acknowledgements are as the pages of the volets declare them.</summary>
public sealed class AckProfileTests
{
    [Fact]
    public void Every_acknowledgement_that_we_write_is_of_its_profile()
    {
        (string Message, string Profile)[] messages =
        [
            (Fixtures.Flux1, "TLR-ACK"), (Fixtures.Flux3, "TLR-ACK"), (Fixtures.Flux4, "TLR-ACK"),
            (Fixtures.Notice, "TLR-ACK"), (Fixtures.Oru, "CDA-ACK-ORU"), (Fixtures.Mdm, "CDA-ACK-MDM"),
            (Fixtures.MdmT10, "CDA-ACK-MDM"), (Fixtures.MdmT04, "CDA-ACK-MDM"),
        ];
        var refusals = Enum.GetValues<RefusalReason>().Select(r => new Refusal(r, "x", "PID^1^3")).Append(null);
        foreach (var (message, profile) in messages)
        {
            foreach (var refusal in refusals)
            {
                var ack = AckWriter.Write(Er7Text.Read(message), refusal, DateTimeOffset.UnixEpoch, "A1");
                var reading = MessageValidator.Read(ack, MessageCatalog.All)!;

                Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
                Assert.Equal(profile, reading.Profile!.Id);
            }
        }
    }

    [Theory]
    [InlineData("MSA|AE|M1", "ERR", RefusalReason.SegmentSequence)] // a refusal without a reason
    [InlineData("MSA|OK|M1", "MSA-1", RefusalReason.TableValue)]
    [InlineData("MSA|AA", "MSA-2", RefusalReason.RequiredFieldMissing)]
    [InlineData("MSA|AE|M1\rERR||PID^1^3||E", "ERR-3", RefusalReason.RequiredFieldMissing)]
    [InlineData("MSA|AE|M1\rERR||PID^1^3|207^Application error|X", "ERR-4", RefusalReason.TableValue)]
    public void An_acknowledgement_that_is_wrong_has_a_finding(string segments, string location, RefusalReason reason)
    {
        var reading = MessageValidator.Read(
            Er7Text.Bytes(
                $"MSH|^~\\&|A|B|C|D|20260106134419||ACK^T02^ACK|A1|P|2.6|||||FRA|UNICODE UTF-8\r{segments}\r"),
            MessageCatalog.All)!;

        Assert.Contains((location, reason), reading.Findings.Select(f => (f.Location.ToString(), f.Reason)));
    }

    [Theory]
    [InlineData("OBX^3^5^1^1", "OBX[3]-5.1")]
    [InlineData("MSH^1^12", "MSH-12")]
    [InlineData("PV1^1", "PV1")]
    [InlineData("PID^1^3^2^4^2", "PID-3[2].4.2")]
    public void ERL_is_read_as_a_path(string erl, string path)
    {
        Assert.True(Er7Path.TryParseErl(erl, out var parsed));
        Assert.Equal(path, parsed.ToString());
        Assert.Equal(erl, parsed.ToErl());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("PID^0")]
    [InlineData("PID^1^x")]
    [InlineData("PID^1^2^3^4^5^6")]
    public void What_is_no_ERL_is_refused(string? erl) => Assert.False(Er7Path.TryParseErl(erl, out _));
}
