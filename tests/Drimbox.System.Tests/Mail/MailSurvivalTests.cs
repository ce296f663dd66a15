using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Emulators.Mail;
using Drimbox.Grains.Hosting;
using Drimbox.Ris.Mail;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Ris.Mail;

namespace Drimbox.Tests.Mail;

/// <summary>The program as a process that sends by MSSanté: killed, asked and told by command.</summary>
public sealed class MailSurvivalTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly TestAuthority _authority;

    public MailSurvivalTests() => _authority = new TestAuthority(_folder.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_mail_that_was_acknowledged_survives_kill_9_and_its_recipients_are_changed_by_command()
    {
        Peer.RequireGate();
        var identity = _authority.Certify("operator");
        await using var mailbox = MailEmulator.Start(
            new MailEmulatorOptions
            {
                Certificate = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile),
                Account = new MailAccount(MailingRis.Sender, MailingRis.Password),
            },
            new RandomIdSource(), TimeProvider.System);
        mailbox.Faults.Add(new MailFaultRule(MailFaultKind.Unavailable));
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
        {
            Ris = GatewayUnderTest.RisAlone(all).Ris! with
            {
                Structures = [new StructureOptions { Id = "300017985", Name = "CENTRE D'IMAGERIE DES TILLEULS" }],
                Mail = new RisMailOptions
                {
                    Sender = MailingRis.Sender,
                    Smtp = ServerAt(mailbox.SmtpPort),
                    Mailbox = ServerAt(mailbox.ImapPort),
                    Delay = TimeSpan.Zero,
                },
            },
        });
        var ack = await MllpWire.SendAsync(gateway.RisPort, MailingRis.Mdm("A", to: [MailingRis.Physician]), Token);
        Assert.Equal("AA", ack!["MSA", 1]);
        await gateway.Child.KillAsync(Token);

        await gateway.StartChildAsync();
        const string Report = "1.2.250.1.999.7^A";
        await gateway.CommandAsync("reports", "recipients", Report, "--add", MailingRis.Colleague);
        mailbox.Faults.Clear();
        foreach (var address in (string[])[MailingRis.Physician, MailingRis.Colleague])
        {
            await mailbox.WhenReceivedAsync(m => m.Recipient == address, Token)
                .WaitAsync(TimeSpan.FromMinutes(1), Token);
        }

        await gateway.CommandAsync("reports", "mailbox");
        var shown = await Eventually.HoldsAsync(
            () => gateway.AskAsync("reports", "show", Report),
            report => report.GetProperty("mails").EnumerateArray()
                .All(m => m.GetProperty("status").GetString() == "Delivered"),
            report => report.ToString());

        Assert.Equal(2, shown.GetProperty("mails").GetArrayLength());
        Assert.Equal(2, mailbox.Received.Count);
        var waiting = await gateway.AskAsync("queue", "out", "ris");
        Assert.Equal(
            ["Done", "Done"],
            waiting.EnumerateArray().Where(row => row.GetProperty("kind").GetString() == "report.mail")
                .Select(row => row.GetProperty("state").GetString()));
        Assert.DoesNotContain(MailingRis.Physician, gateway.Child.Output, StringComparison.Ordinal);
    }

    private MailServerOptions ServerAt(int port)
    {
        var password = Path.Combine(_folder.Path, "password");
        File.WriteAllText(password, MailingRis.Password);
        return new MailServerOptions
        {
            Host = "127.0.0.1",
            Port = port,
            UserName = MailingRis.Sender,
            PasswordFile = password,
            Tls = new DicomPeerTlsOptions { Authorities = _authority.CertificateFile },
        };
    }
}
