using System.Text;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Hl7.Samples;

namespace Drimbox.Tests.Hl7.Tools;

/// <summary>What the generator makes of the declarations, the validator takes.</summary>
public sealed class SampleMessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 6, 13, 44, 18, TimeSpan.Zero);

    public static TheoryData<string, string?, string?, bool> Choices
    {
        get
        {
            var data = new TheoryData<string, string?, string?, bool>();
            foreach (var profile in MessageCatalog.All)
            {
                foreach (var isFull in (bool[])[false, true])
                {
                    data.Add(profile.Id, null, null, isFull);
                    foreach (var trigger in profile.TriggerEvents) data.Add(profile.Id, trigger, null, isFull);
                    foreach (var control in profile.OrderControls) data.Add(profile.Id, null, control, isFull);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void A_sample_is_of_its_profile_and_has_no_finding(string id, string? trigger, string? control, bool isFull)
    {
        var message = Write(id, new SampleChoice(trigger, control, isFull));
        var reading = MessageValidator.Read(message, MessageCatalog.All)!;

        Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
        Assert.Null(reading.Refusal);
        Assert.Equal(id, reading.Profile!.Id);
        Assert.Null(MessageCatalog.CheckContent(reading));
        if (trigger is not null) Assert.Equal(trigger, reading.Message.Get("MSH-9.2"));
        // The samples of 2.0 have no ORC: there the event alone says it.
        if (control is not null && reading.Message.Find("ORC") is not null)
            Assert.Equal(control, reading.Message.Get("ORC-1"));
    }

    /// <summary>The sample has what the profile describes: every line that could stand in it does.</summary>
    [Theory]
    [InlineData("TLR-1")]
    [InlineData("TLR-4")]
    [InlineData("CDA-MDM-2.1")]
    [InlineData("CDA-ORU-2.1")]
    public void A_full_sample_has_every_observation_and_a_minimal_one_only_the_required(string id)
    {
        var profile = MessageCatalog.Find(id)!;
        var (full, minimal) = (Read(Write(id, new SampleChoice(IsFull: true))), Read(Write(id, new SampleChoice())));

        Assert.Equal(profile.Observations.Count, full.CountOf("OBX"));
        Assert.Equal(profile.Observations.Count(o => o.Usage == Usage.R), minimal.CountOf("OBX"));
    }

    [Fact]
    public void A_report_carries_a_document_of_the_same_patient_order_and_organization()
    {
        var message = Read(Write("CDA-MDM-2.1", new SampleChoice(TriggerEvent: "T10", Order: "OPN7")));
        var report = ReportMessageReader.TryRead(message, out var refusal)!;

        Assert.Null(refusal);
        Assert.Equal(report.Message.Parent, report.Message.Cda!.Replaces);
        Assert.Equal("OPN7", report.Message.PlacerOrderNumber!.Value.Extension);
        Assert.Equal("OPN7", report.Message.Cda.Orders[0].PlacerOrderNumber.Extension);
        Assert.False(report.Message.RelatedAndParentDisagree);
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes() => Assert.Equal(
        Encoding.UTF8.GetString(Write("TLR-4", new SampleChoice(IsFull: true))),
        Encoding.UTF8.GetString(Write("TLR-4", new SampleChoice(IsFull: true))));

    [Theory]
    [InlineData("TLR-1", "R01", null, "TLR-1 has the events O01.")]
    [InlineData("TLR-3", null, "NW", "TLR-3 has the order controls OK, OC.")]
    [InlineData("DRIM-OMI", null, "NW", "DRIM-OMI fixes no order control.")]
    [InlineData(
        "CDA-MDM-2.1", "T02", "CA", "CDA-MDM-2.1: the event T02 and the order control CA contradict each other.")]
    public void What_a_profile_has_not_is_refused(string id, string? trigger, string? control, string expected)
    {
        Assert.Null(SampleMessage.TryWrite(
            MessageCatalog.Find(id)!, new SampleChoice(trigger, control), Now, new SequentialIds(), out var why));
        Assert.Equal(expected, why);
    }

    /// <summary>The validator would see it: a sample of which one required value is taken away has a finding.</summary>
    [Theory]
    [InlineData("TLR-1", "ORC-17.1")]
    [InlineData("TLR-2", "ORC-9")]
    [InlineData("TLR-3", "OBX-5")]
    [InlineData("TLR-4", "IPC-3")]
    [InlineData("CDA-ORU-2.1", "OBR-4.2")]
    [InlineData("CDA-MDM-2.1", "TXA-12")]
    [InlineData("DRIM-OMI", "IPC-3")]
    [InlineData("TLR-ACK", "MSA-2")]
    public void A_sample_without_one_of_its_values_has_a_finding_there(string id, string path)
    {
        var message = Encoding.UTF8.GetString(Write(id, new SampleChoice()));
        var reading = MessageValidator.Read(Er7Text.Bytes(Er7Text.Set(message, path, "")), MessageCatalog.All)!;

        Assert.Contains(path, reading.Findings.Select(f => f.Location.ToString()));
        Assert.All(reading.Findings.Where(f => f.Location.ToString() == path), f => Assert.NotEqual("", f.Expected));
    }

    private static byte[] Write(string id, SampleChoice choice)
    {
        var message = SampleMessage.TryWrite(MessageCatalog.Find(id)!, choice, Now, new SequentialIds(), out var why);
        Assert.True(message is not null, why);
        return message;
    }

    private static Er7Message Read(byte[] message) => Er7Message.TryRead(message, out _)!;
}
