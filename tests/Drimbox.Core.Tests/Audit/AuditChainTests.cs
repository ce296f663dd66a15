using System.Text;
using Drimbox.Core.Audit;
using static Drimbox.Tests.Audit.AuditSamples;

namespace Drimbox.Tests.Audit;

/// <summary>The chain of the trail, and the form in which a collector gets its records.</summary>
public sealed class AuditChainTests
{
    private static AuditRecord Record =>
        AuditRecord.Of(AuditEvents.BeginTransferring(Node, Caller, Subject, At), Node.Source);

    [Fact]
    public void A_record_is_found_by_its_patient_its_professional_its_document_and_its_study() => Assert.Equal(
        [
            new AuditKey(AuditKeyKind.Patient, "1.2.250.1.213.1.4.10^279035121518989"),
            new AuditKey(AuditKeyKind.Patient, "279035121518989"),
            new AuditKey(AuditKeyKind.User, "899700218896"),
            new AuditKey(AuditKeyKind.Document, "2.25.77"),
            new AuditKey(AuditKeyKind.Study, "1.2.250.1.999.9.1"),
        ],
        Record.Keys);

    [Fact]
    [Requirement("DB.CS.08")]
    public void Every_part_of_a_record_and_its_place_are_in_its_hash()
    {
        var first = AuditChain.Next(AuditLink.Beginning, Record);
        AuditRecord[] changed =
        [
            Record with { At = Record.At.AddMicroseconds(1) },
            Record with { Event = "110107" },
            Record with { Type = "" },
            Record with { Outcome = AuditOutcome.MinorFailure },
            Record with { Message = Record.Message.Replace("2.25.77", "2.25.78", StringComparison.Ordinal) },
            Record with { Keys = Record.Keys.Skip(1).ToList() },
            Record with { Keys = [.. Record.Keys.Skip(1), new AuditKey(AuditKeyKind.Study, "1.2")] },
            // What moves from one field to the next is another record.
            Record with { Event = Record.Event + "I", Type = Record.Type[1..] },
        ];

        Assert.All(changed, record => Assert.NotEqual(first, AuditChain.Next(AuditLink.Beginning, record)));
        Assert.NotEqual(first.Sha256, AuditChain.Next(first, Record).Sha256);
        Assert.NotEqual(first.Sha256, AuditChain.Next(new AuditLink(1, ""), Record).Sha256);
        Assert.Equal(first, AuditChain.Next(AuditLink.Beginning, Record));
        // Written down: a later version of the program must find the same.
        Assert.Equal(
            "1:" + Expected, $"{first.Id}:{AuditChain.Next(AuditLink.Beginning, Plain).Sha256}");
    }

    // sha256(printf '...') of the fields of Plain, each text with its length in 8 bytes before it, by Python's hashlib.
    private const string Expected = "8f7114ab4b952ad500cd06543b0d085f2995103ee2ef6d4f2f59109180a4bfc2";

    private static AuditRecord Plain => new(
        DateTimeOffset.UnixEpoch.AddSeconds(1), "110100", "110120", AuditOutcome.Success, "<é/>",
        [new AuditKey(AuditKeyKind.Study, "1.2.3")]);

    [Fact]
    [Requirement("DB.CS.96")]
    public void A_collector_gets_RFC_5424_in_the_octet_counting_of_RFC_5425()
    {
        var frame = Encoding.UTF8.GetString(SyslogFrame.Write(Plain with { At = At }, "drimbox-1"));

        // 85: facility 10, severity 5. The message begins with the byte order mark (three octets, as é has two).
        const string message = "<85>1 2026-11-29T08:30:00.250Z drimbox-1 drimbox - IHE+RFC-3881 - \uFEFF<é/>";
        Assert.Equal($"{Encoding.UTF8.GetByteCount(message)} {message}", frame);
        Assert.Equal("74", frame[..2]);
    }
}
