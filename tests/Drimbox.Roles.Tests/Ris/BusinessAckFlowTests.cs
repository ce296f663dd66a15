using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Dmp;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Ris;

/// <summary>Business acknowledgements (ZAM) at the RIS: received for what it sent, sent for what it published.</summary>
public sealed class BusinessAckFlowTests
{
    private static readonly MessageProfile[] Profiles =
        [BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading];

    [Fact]
    public async Task An_acknowledgement_is_shown_with_the_report_that_its_message_carried()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        var (carrier, _) = await ris.CopyAsync();
        var received = Ack(BusinessAckKind.MailReception, carrier);
        var unread = Ack(BusinessAckKind.MailReading, carrier) with
        {
            Succeeded = false,
            Error = new BusinessError("902", "Identifiant patient inconnu", "applicationErrorCondition"),
        };

        await ris.TakesAsync(Zam(received, "Z1"));
        await ris.TakesAsync(Zam(unread, "Z2"));
        // A repeat is one acknowledgement.
        await ris.TakesAsync(Zam(received, "Z1"));

        await ris.RestartAsync();
        Assert.Equal([received, unread], (await ris.StateAsync("A")).BusinessAcks.Select(a => a.Ack));
    }

    [Fact]
    public async Task An_acknowledgement_of_a_message_that_was_never_sent_is_AE_906()
    {
        await using var ris = await PublishingRis.StartAsync();

        Assert.Equal("207 906 OBX^1^4", await ris.RefusesAsync(Zam(Ack(BusinessAckKind.DmpReception, "015"), "Z1")));
    }

    [Fact]
    public async Task The_creator_of_a_report_that_asks_for_a_receipt_hears_that_the_DMP_took_it()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Mdm("A", choices: PublicationChoices.Default with { WantsReceipt = true }));
        await ris.TakesAsync(PublishingRis.Mdm("C"));

        var ack = await ReceiptAsync(ris);

        Assert.Equal((BusinessAckKind.DmpReception, "M-A", true), (ack.Kind, ack.MessageControlId, ack.Succeeded));
        await ris.PublishedAsync("C");
        await ris.Log.WhenAsync(3003, 2);
        Assert.True(ris.Creator.IsQuiet);
    }

    [Fact]
    public async Task The_creator_hears_with_which_code_the_DMP_refused()
    {
        await using var ris = await PublishingRis.StartAsync();
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.RegistryError, ErrorCode: "XDSUnknownPatientId"));
        await ris.TakesAsync(PublishingRis.Mdm("A", choices: PublicationChoices.Default with { WantsReceipt = true }));

        var ack = await ReceiptAsync(ris);

        Assert.False(ack.Succeeded);
        Assert.Contains("XDSUnknownPatientId", ack.Error!.Code, StringComparison.Ordinal);
    }

    private static async Task<BusinessAck> ReceiptAsync(PublishingRis ris)
    {
        var reading = MessageValidator.Read(await ris.Creator.NextAsync(), Profiles)!;
        Assert.Null(reading.Refusal);
        var ack = BusinessAckReader.TryRead(reading.Message, out var refusal);
        Assert.Null(refusal);
        return ack!;
    }

    private static BusinessAck Ack(BusinessAckKind kind, string carrier) => new(
        kind, carrier, true, "20261102110000",
        kind == BusinessAckKind.DmpReception ? null : "hoda.adam@test.mssante.example",
        kind == BusinessAckKind.DmpReception ? null : "801234567897", null);

    private static byte[] Zam(BusinessAck ack, string controlId) => BusinessAckWriter.Write(
        ack, new MessageEnvelope("PFI", "SITE", "RIS", "SITE", DateTimeOffset.UnixEpoch, controlId));
}
