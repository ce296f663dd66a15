using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Reports;

/// <summary>Whatever comes in whatever order, and however mails end: each recipient of the newest version has one mail
/// of it, and nobody has a mail that a rule forbids.</summary>
public sealed class MailHistoryTests
{
    private const int Histories = 2_000;

    private static readonly MailPolicy Mail = new(
        MailAddress.Parse("ris@test.mssante.fr"), ["mssante.fr"], new Dictionary<string, MailAddress>(), TimeSpan.Zero);

    private static readonly RisPolicy Mailing = Policy with { Mail = Mail };

    private static readonly MailAddress[] Mailboxes =
        [.. ((string[])["a@x.mssante.fr", "b@x.mssante.fr", "c@x.mssante.fr"]).Select(a => MailAddress.Parse(a))];

    [Fact]
    public void Each_recipient_has_one_mail_of_the_newest_version_after_any_history()
    {
        var random = new Random(Seed.Get());
        for (var i = 0; i < Histories; i++)
        {
            var history = new History(random);
            history.Run();
            history.Settle();
            AssertSettled(history.State);
        }
    }

    private static void AssertSettled(ReportState state)
    {
        Assert.DoesNotContain(state.Mails, m => m.Outcome is null);
        Assert.Equal(state.Mails.Count, state.Mails.Select(m => m.MessageId).Distinct().Count());
        foreach (var recipient in MailRecipients.Of(state, Mail))
        {
            var mail = Assert.Single(
                state.Mails, m => m.DocumentId == state.Head && m.Recipient.Address == recipient.Address);
            Assert.NotEqual(DispatchOutcome.Stale, mail.Outcome);
        }

        if (!state.HeadIsWithdrawn) return;
        // Who has a version knows that it is withdrawn, or could not be told.
        foreach (var mailbox in state.Mails.GroupBy(m => m.Recipient.Address))
        {
            if (mailbox.LastOrDefault(m => m.Outcome == DispatchOutcome.Done) is not { IsWithdrawal: false }) continue;
            Assert.Contains(
                mailbox,
                m => m is { IsWithdrawal: true, Outcome: DispatchOutcome.Quarantine } && m.DocumentId == state.Head);
        }
    }

    private sealed class History(Random random)
    {
        private readonly SequentialIds _ids = new();

        public ReportState State { get; private set; } = ReportState.Empty;

        public void Run()
        {
            // Each message once or twice, in any order.
            ReceiveReport[] messages =
            [
                To(Initial("A")), To(Replace("B", "A")), To(Replace("C", "B")),
                .. random.Next(3) == 0 ? [Delete("C")] : Array.Empty<ReceiveReport>(),
            ];
            var steps = messages.Concat(messages.Where(_ => random.Next(2) == 0))
                .Select(m => (Action)(() => Decide(m)))
                .Concat(Enumerable.Range(0, 3).Select(_ => (Action)ChangeRecipients))
                .Concat(Enumerable.Range(0, 8).Select(_ => (Action)EndOne))
                .Append(() => Decide(new RetryMail("alice")))
                .Append(() => Decide(new ChangeVisibility((Visibility)random.Next(2), "alice")))
                .ToArray();
            random.Shuffle(steps);
            foreach (var step in steps) step();
        }

        /// <summary>As the outbox does: what waits is sent or taken back.</summary>
        public void Settle()
        {
            while (State.Mails.Find(m => m.Outcome is null) is { } mail)
                End(mail, DispatchOutcome.Done);
        }

        // What the handler of the outbox does with a mail that is not wanted any more.
        private void End(MailSending mail, DispatchOutcome outcome)
        {
            var end = MailDecisions.IsWanted(State, mail, Mail) ? outcome : DispatchOutcome.Stale;
            Decide(new EndMail(mail.MessageId, end, null, null, MayHaveArrived: end == DispatchOutcome.Done));
        }

        private void EndOne()
        {
            if (State.Mails.Find(m => m.Outcome is null) is { } mail)
                End(mail, random.Next(3) == 0 ? DispatchOutcome.Quarantine : DispatchOutcome.Done);
        }

        private void ChangeRecipients() => Decide(new ChangeMailRecipients(
            [Mailboxes[random.Next(3)]], random.Next(2) == 0 ? [Mailboxes[random.Next(3)]] : [], "alice"));

        private void Decide(ReportCommand command)
        {
            var decision = ReportDecider.Decide(
                State, command, Mailing, new DecisionContext(DateTimeOffset.UnixEpoch, _ids));
            State = decision.Events.Aggregate(State, ReportDecider.Evolve);
            // What goes on its way is of the newest version, and to one of its recipients.
            Assert.All(decision.Mails, mail => Assert.True(MailDecisions.IsWanted(State, mail, Mail)));
        }

        private static ReceiveReport To(ReceiveReport command) => command with
        {
            Message = command.Message with
            {
                Choices = PublicationChoices.Default with { ToProfessionals = true },
                MailInstructions = MailInstructions.None with { Named = [new NamedMailbox(Mailboxes[0], null)] },
            },
        };
    }
}
