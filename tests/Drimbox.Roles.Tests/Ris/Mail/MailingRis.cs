using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Mail;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Ris;
using Drimbox.Ris.Mail;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris.Mail;

/// <summary>A RIS that sends by MSSanté, its operator, and the mailbox of its notifications, all over sockets with
/// STARTTLS. The tests' mailboxes are those of the examples of the CDA volet.</summary>
internal sealed class MailingRis : IAsyncDisposable
{
    public const string Sender = "imagerie@test-ci-sis.mssante.fr";
    public const string Physician = "adam.hoda@test-ci-sis.mssante.fr";
    public const string Colleague = "jean.dupont@hopital-a.mssante.fr";
    public const string Patient = "279035121518989@patient.mssante.fr";

    public const string Password = "correct horse";

    private const int MailEnded = 3050;
    private const int AttemptFailed = 3051;

    private static readonly MessageProfile[] Acks =
        [BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading];

    private readonly StoreFolder _folder = new();
    private readonly TestAuthority _authority;

    private MailingRis() => _authority = new TestAuthority(_folder.Path);

    public MailEmulator Operator { get; private set; } = null!;

    public PublishingRis Ris { get; private set; } = null!;

    public RisNode Node => Ris.Node;

    /// <summary>The certificate of the authority that the operator's comes from.</summary>
    public string Authorities => _authority.CertificateFile;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<MailingRis> StartAsync(
        Func<RisMailOptions, RisMailOptions>? change = null,
        Func<MailEmulatorOptions, MailEmulatorOptions>? changeOperator = null)
    {
        var ris = new MailingRis();
        var identity = ris._authority.Certify("operator");
        var options = new MailEmulatorOptions
        {
            Certificate = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile),
            Account = new MailAccount(Sender, Password),
        };
        ris.Operator = MailEmulator.Start(
            changeOperator is null ? options : changeOperator(options), new RandomIdSource(), TimeProvider.System);
        var mail = ris.Options();
        mail = change is null ? mail : change(mail);
        ris.Ris = await PublishingRis.StartAsync(o => o with { Mail = mail });
        return ris;
    }

    /// <summary>A report by message.</summary>
    /// <param name="to">PRT-4 = RCT.</param>
    public Task ReportAsync(
        string name, string? parent = null, IReadOnlyList<string>? to = null, PublicationChoices? choices = null,
        Func<string, string>? edit = null) =>
        Ris.TakesAsync(Mdm(name, parent, to ?? [Physician], choices, edit));

    public static byte[] Mdm(
        string name, string? parent = null, IReadOnlyList<string>? to = null, PublicationChoices? choices = null,
        Func<string, string>? edit = null) => SourceReports.Mdm(
            $"M-{name}", parent is null ? ReportAction.Initial : ReportAction.Replace,
            SourceReports.Report(name, parent), choices ?? ByMailAlone, to, edit);

    /// <summary>To the mailboxes that the message names, and not to the DMP.</summary>
    public static PublicationChoices ByMailAlone { get; } = PublicationChoices.Default with
    {
        ToDmp = false, ToProfessionals = true, ToPatient = true,
    };

    /// <summary>The next mail to an address, by count from 1.</summary>
    public Task<ReceivedMail> MailAsync(string address, int count = 1)
    {
        var seen = 0;
        return Operator.WhenReceivedAsync(mail => mail.Recipient == address && ++seen == count, Token)
            .WaitAsync(TimeSpan.FromMinutes(2), Token);
    }

    public IEnumerable<ReceivedMail> MailsTo(string address) => Operator.Received.Where(m => m.Recipient == address);

    /// <summary>Completes when so many mails have ended, one way or another.</summary>
    public Task EndedAsync(int count = 1) => Ris.Log.WhenAsync(MailEnded, count);

    /// <summary>Completes when so many attempts have failed and will be repeated.</summary>
    public Task<string> FailedAsync(int count = 1) => Ris.Log.WhenAsync(AttemptFailed, count);

    /// <summary>Where the newest mail to an address stands.</summary>
    public async Task<MailStatus> StatusAsync(string report, string address) =>
        (await Ris.StateAsync(report)).Mails.Last(m => m.Recipient.Address == MailAddress.Parse(address)).Status;

    public async Task<GrainReply> ChangeAsync(string report, string[] add, string[] remove)
    {
        var id = (await Node.FindReportAsync(SourceReports.Document(report), Token))!.Value;
        return await Node.ChangeMailRecipientsAsync(
            id, [.. add.Select(a => MailAddress.Parse(a))], [.. remove.Select(a => MailAddress.Parse(a))], "alice",
            Token);
    }

    public async Task RetryAsync(string report)
    {
        var id = (await Node.FindReportAsync(SourceReports.Document(report), Token))!.Value;
        Assert.Null((await Node.RetryMailAsync(id, "alice", Token)).Refusal);
    }

    /// <summary>The next business acknowledgement that the creator of the reports gets about a mail.</summary>
    public async Task<BusinessAck> AckAsync()
    {
        var reading = MessageValidator.Read(await Ris.Creator.NextAsync(), Acks)!;
        Assert.Null(reading.Refusal);
        var ack = BusinessAckReader.TryRead(reading.Message, out var refusal);
        Assert.Null(refusal);
        return ack!;
    }

    /// <summary>The server of the operator, under the rules that a deployment has.</summary>
    public MailServerOptions ServerAt(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        UserName = Sender,
        PasswordFile = PasswordFile(),
        Tls = new DicomPeerTlsOptions { Authorities = _authority.CertificateFile },
    };

    public async ValueTask DisposeAsync()
    {
        await Ris.DisposeAsync();
        await Operator.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    /// <summary>Tells the node of other options, as a reload of the configuration does.</summary>
    public void Reload(Func<RisMailOptions, RisMailOptions> change) =>
        Node.Reload(new RisOptions { Mail = change(Options()) });

    private RisMailOptions Options() => new()
    {
        Sender = Sender,
        Smtp = ServerAt(Operator.SmtpPort),
        Mailbox = ServerAt(Operator.ImapPort),
        Delay = TimeSpan.Zero,
        // The tests look when there is something to see.
        LookInterval = TimeSpan.FromHours(1),
    };

    private string PasswordFile()
    {
        var path = Path.Combine(_folder.Path, "password");
        File.WriteAllText(path, Password + "\n");
        return path;
    }
}
