using System.Text;
using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Mail;
using static Drimbox.Tests.Ris.Mail.MailingRis;

namespace Drimbox.Tests.Ris.Mail;

/// <summary>How sending ends: done, again later, unknown, refused for good.</summary>
public sealed class MailOutcomeTests
{
    [Fact]
    public async Task A_mail_is_taken_over_TLS_from_who_authenticates_and_asks_for_notifications()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", choices: ByMailAlone with { WantsReadReceipt = true });
        var mail = await ris.MailAsync(Physician);
        await ris.EndedAsync();

        Assert.True(mail.WasSecure);
        Assert.Equal((Sender, Sender), (mail.Sender, mail.User!));
        Assert.Contains("SUCCESS", mail.Notify!, StringComparison.Ordinal);
        Assert.Equal($"<{mail.EnvelopeId}@test-ci-sis.mssante.fr>", mail.Header("Message-Id"));
        Assert.Equal(Sender, mail.Header("Disposition-Notification-To"));
        Assert.StartsWith("XDM/1.0/DDM+CR d'imagerie", mail.Header("Subject"), StringComparison.Ordinal);
        Assert.Equal(MailStatus.Sent, await ris.StatusAsync("A", Physician));
    }

    [Theory]
    [InlineData(MailFaultKind.Unavailable, "421")]
    [InlineData(MailFaultKind.Greylist, "450")]
    [InlineData(MailFaultKind.NoRoom, "452")]
    [InlineData(MailFaultKind.NoStartTls, "STARTTLS")]
    public async Task What_the_server_does_not_take_now_is_sent_again_and_arrives_once(MailFaultKind fault, string why)
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(fault, Times: 1));
        await ris.ReportAsync("A");

        Assert.Contains(why, await ris.FailedAsync(), StringComparison.Ordinal);
        await ris.EndedAsync();
        Assert.True(Assert.Single(ris.Operator.Received).WasSecure);
    }

    [Theory]
    [InlineData(MailFaultKind.RefuseRecipient, "550")]
    [InlineData(MailFaultKind.RefuseSender, "550")]
    [InlineData(MailFaultKind.RefuseContent, "554")]
    public async Task What_the_server_refuses_for_good_is_told_to_the_creator_and_sent_again_only_when_a_user_says_so(
        MailFaultKind fault, string code)
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(fault, Times: 1));
        await ris.ReportAsync("A", to: [Physician], choices: ByMailAlone with { WantsReceipt = true });
        await ris.EndedAsync();
        Assert.Equal(MailStatus.Refused, await ris.StatusAsync("A", Physician));

        var ack = await ris.AckAsync();
        Assert.Equal((BusinessAckKind.MailReception, "M-A", false, code, "SMTPERRORCODE", Physician),
            (ack.Kind, ack.MessageControlId, ack.Succeeded, ack.Error!.Code, ack.Error.Table, ack.Address));

        await ris.RetryAsync("A");
        await ris.EndedAsync(2);
        Assert.Equal(MailStatus.Sent, await ris.StatusAsync("A", Physician));
    }

    [Fact]
    public async Task A_recipient_that_is_refused_holds_up_no_other()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.Greylist, Physician));
        await ris.ReportAsync("A", to: [Physician, Colleague]);

        await ris.MailAsync(Colleague);
        await ris.FailedAsync();
        Assert.Empty(ris.MailsTo(Physician));
    }

    [Theory]
    [InlineData(MailFaultKind.CloseAfterData, 2)]
    [InlineData(MailFaultKind.LoseAfterData, 1)]
    [InlineData(MailFaultKind.CloseInData, 1)]
    public async Task A_mail_that_may_have_been_taken_is_repeated_byte_for_byte(MailFaultKind fault, int arrivals)
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(fault, Times: 1));
        await ris.ReportAsync("A");

        Assert.Contains("Ambiguous", await ris.FailedAsync(), StringComparison.Ordinal);
        await ris.EndedAsync();
        var mails = ris.MailsTo(Physician).ToList();
        Assert.Equal(arrivals, mails.Count);
        Assert.All(
            mails,
            mail => Assert.Equal(Encoding.UTF8.GetString(mails[0].Content), Encoding.UTF8.GetString(mail.Content)));
    }

    [Fact]
    public async Task A_server_that_never_answers_gets_a_mail_five_times_and_then_a_person_decides()
    {
        // The backoff of five attempts.
        Peer.RequireGate();
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.CloseAfterData));
        await ris.ReportAsync("A");

        await ris.EndedAsync();
        Assert.Equal(5, ris.Operator.Received.Count);
        Assert.Equal(MailStatus.Refused, await ris.StatusAsync("A", Physician));
    }

    [Fact]
    public async Task A_notification_of_delivery_spares_the_repetition()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.CloseAfterData, Times: 1));
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.Unavailable, After: 1));
        await ris.ReportAsync("A");
        await ris.FailedAsync();

        await ris.Node.LookIntoMailboxAsync(TestContext.Current.CancellationToken);
        await ris.EndedAsync();

        Assert.Single(ris.MailsTo(Physician));
        Assert.Equal(MailStatus.Delivered, await ris.StatusAsync("A", Physician));
    }

    [Fact]
    public async Task A_mail_that_is_refused_after_an_attempt_without_an_answer_may_have_arrived()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.CloseAfterData, Times: 1));
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.RefuseRecipient, After: 1));
        await ris.ReportAsync("A");
        await ris.EndedAsync();

        var mail = Assert.Single((await ris.Ris.StateAsync("A")).Mails);
        Assert.Equal((MailStatus.Refused, true), (mail.Status, mail.MayHaveArrived));
        await ris.Node.LookIntoMailboxAsync(TestContext.Current.CancellationToken);
        Assert.Equal(MailStatus.Delivered, await ris.StatusAsync("A", Physician));
    }

    [Fact]
    public async Task A_server_whose_certificate_is_of_another_authority_gets_nothing()
    {
        using var folder = new StoreFolder();
        using var other = new TestAuthority(folder.Path, "other");
        await using var ris = await StartAsync(o => o with
        {
            Smtp = o.Smtp! with { Tls = o.Smtp.Tls! with { Authorities = other.CertificateFile } },
        });
        await ris.ReportAsync("A");

        Assert.Contains("certificate", await ris.FailedAsync(), StringComparison.Ordinal);
        Assert.Empty(ris.Operator.Received);
    }

    [Fact]
    public async Task A_wrong_password_keeps_the_mail_here()
    {
        await using var ris = await StartAsync(
            changeOperator: o => o with { Account = o.Account! with { Password = "another" } });
        await ris.ReportAsync("A");

        Assert.Contains("authentication", await ris.FailedAsync(), StringComparison.Ordinal);
        Assert.Empty(ris.Operator.Received);
        Assert.Equal(MailStatus.Waiting, await ris.StatusAsync("A", Physician));
    }

    [Fact]
    public async Task A_mail_that_waits_outlives_a_restart_and_arrives_once()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.Unavailable));
        await ris.ReportAsync("A");
        await ris.FailedAsync();

        await ris.Ris.RestartAsync();
        ris.Operator.Faults.Clear();
        await ris.MailAsync(Physician);
        await ris.EndedAsync();
        Assert.Single(ris.Operator.Received);
    }

    [Fact]
    public async Task A_version_that_was_overtaken_before_it_left_is_not_sent()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.Unavailable));
        await ris.ReportAsync("A");
        await ris.FailedAsync();

        await ris.ReportAsync("B", "A");
        // An attempt that began before B came may still be under way: it must not meet an operator that takes mail again.
        await ris.EndedAsync(1);
        ris.Operator.Faults.Clear();
        await ris.EndedAsync(2);

        var mail = Assert.Single(ris.Operator.Received);
        // It replaces nothing that this mailbox has.
        Assert.Null(mail.Header("In-Reply-To"));
    }
}
