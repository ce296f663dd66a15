using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Mail;
using Drimbox.Grains.Mail;
using Drimbox.Storage;
using static Drimbox.Tests.Ris.Mail.MailingRis;

namespace Drimbox.Tests.Ris.Mail;

/// <summary>What the mailbox of the sender tells, shown with the report and told to its creator.</summary>
[Requirement("FAQ/ACK.1")]
public sealed class MailNotificationTests
{
    private static readonly PublicationChoices Asking =
        ByMailAlone with { WantsReceipt = true, WantsReadReceipt = true };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delivery_is_ZAM_Z02()
    {
        await using var ris = await StartAsync();
        var mail = await SentAsync(ris);

        Assert.Equal(1, await ris.Node.LookIntoMailboxAsync(Token));

        Assert.Equal(MailStatus.Delivered, await ris.StatusAsync("A", Physician));
        var ack = await ris.AckAsync();
        Assert.Equal((BusinessAckKind.MailReception, "M-A", true, mail.Recipient),
            (ack.Kind, ack.MessageControlId, ack.Succeeded, ack.Address));
        Assert.Null(ack.Error);
    }

    [Theory]
    [InlineData("5.1.1", "550 5.1.1 unknown", "550")]
    [InlineData("5.2.2", null, "552")]
    [InlineData("4.4.7", "421 4.4.7 too long in the queue", "421")]
    [InlineData("5.7.1", "571 no", "554")]
    public async Task A_failure_is_ZAM_Z02_with_a_code_of_the_table(string status, string? diagnostic, string code)
    {
        await using var ris = await StartAsync(changeOperator: o => o with { SendsDeliveryStatus = false });
        var mail = await SentAsync(ris);
        ris.Operator.NotifyDelivery(mail, "failed", status, diagnostic);

        await ris.Node.LookIntoMailboxAsync(Token);

        Assert.Equal(MailStatus.Undelivered, await ris.StatusAsync("A", Physician));
        var ack = await ris.AckAsync();
        Assert.Equal((false, code, "SMTPERRORCODE"), (ack.Succeeded, ack.Error!.Code, ack.Error.Table));
    }

    [Theory]
    [InlineData("manual-action/MDN-sent-manually; displayed", null, MailStatus.Read, null)]
    [InlineData("automatic-action/MDN-sent-automatically; processed", null, MailStatus.Read, null)]
    [InlineData(
        "automatic-action/MDN-sent-automatically; processed/error",
        "902^Identifiant de patient inconnu^applicationErrorCondition| E^Error^errorSeverity",
        MailStatus.NotIntegrated, "902")]
    // As the CDA volet for mail had it before its version 1.1.3.
    [InlineData(
        "automatic-action/MDN-sent-automatically; processed/Error: 904^INS différente^applicationErrorCondition",
        null, MailStatus.NotIntegrated, "904")]
    // As IHE XDM has it (ITI TF-2 3.32.4.1.2.3).
    [InlineData("automatic-action/MDN-sent-automatically; deleted/Failure", null, MailStatus.NotIntegrated, "906")]
    public async Task A_reading_is_ZAM_Z03(string disposition, string? error, MailStatus status, string? code)
    {
        await using var ris = await StartAsync(changeOperator: o => o with { SendsDeliveryStatus = false });
        var mail = await SentAsync(ris);
        ris.Operator.NotifyDisposition(mail, disposition, error);

        await ris.Node.LookIntoMailboxAsync(Token);

        Assert.Equal(status, await ris.StatusAsync("A", Physician));
        var ack = await ris.AckAsync();
        Assert.Equal((BusinessAckKind.MailReading, code is null, code), (ack.Kind, ack.Succeeded, ack.Error?.Code));
    }

    [Fact]
    public async Task A_delay_is_shown_and_told_to_nobody()
    {
        await using var ris = await StartAsync(changeOperator: o => o with { SendsDeliveryStatus = false });
        var mail = await SentAsync(ris);
        ris.Operator.NotifyDelivery(mail, "delayed", "4.4.1");
        ris.Operator.NotifyDelivery(mail, "delivered", "2.0.0");

        Assert.Equal(2, await ris.Node.LookIntoMailboxAsync(Token));

        var notices = Assert.Single((await ris.Ris.StateAsync("A")).Mails).Notices;
        Assert.Equal([MailNoticeKind.Delayed, MailNoticeKind.Delivered], notices.Select(n => n.Kind));
        Assert.True((await ris.AckAsync()).Succeeded);
        Assert.True(ris.Ris.Creator.IsQuiet);
    }

    [Fact]
    public async Task What_is_no_notification_stays_unseen_and_what_is_about_another_mail_changes_nothing()
    {
        await using var ris = await StartAsync(changeOperator: o => o with { SendsDeliveryStatus = false });
        var mail = await SentAsync(ris);
        ris.Operator.Put(Sender, "From: a@b.mssante.fr\r\nMessage-ID: <1@b>\r\nSubject: Bonjour\r\n\r\nMerci.\r\n");
        ris.Operator.NotifyDelivery(
            mail with { EnvelopeId = "00", Content = "Message-Id: <00@test-ci-sis.mssante.fr>\r\n\r\n"u8.ToArray() },
            "failed", "5.1.1");
        Assert.Equal(1, await ris.Node.LookIntoMailboxAsync(Token));

        Assert.Equal(1, ris.Operator.Unseen);
        Assert.Equal(MailStatus.Sent, await ris.StatusAsync("A", Physician));
        Assert.Equal(0, await ris.Node.LookIntoMailboxAsync(Token));
    }

    [Fact]
    public async Task A_creator_who_asked_for_nothing_hears_nothing()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        await ris.EndedAsync();
        await ris.Node.LookIntoMailboxAsync(Token);

        Assert.Equal(MailStatus.Delivered, await ris.StatusAsync("A", Physician));
        Assert.Empty(await ris.Node.ListOutboxAsync(
            new OutboxFilter([], Kind: ReportMail.AckKind), Token));
    }

    private static async Task<ReceivedMail> SentAsync(MailingRis ris)
    {
        await ris.ReportAsync("A", choices: Asking);
        var mail = await ris.MailAsync(Physician);
        await ris.EndedAsync();
        return mail;
    }
}
