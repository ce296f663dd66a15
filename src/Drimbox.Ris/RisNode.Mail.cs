using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Mail;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Ris.Mail;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris;

/// <content>Reports by MSSanté.</content>
public sealed partial class RisNode
{
    private readonly ReportGrainParts _parts;
    private readonly MailboxReader? _mailbox;
    private Task _looking = Task.CompletedTask;

    /// <summary>Who gets the newest version of a report by MSSanté; empty where this RIS does not send.</summary>
    public IReadOnlyList<MailRecipient> MailRecipientsOf(ReportState report) =>
        _parts.Policy.Mail is { } mail ? MailRecipients.Of(report, mail) : [];

    /// <summary>Takes over who may call by DICOM, and the address book and the delay of mails, for what begins from now on. The
    /// book is read again though its name is the same.</summary>
    /// <exception cref="FormatException">It is none; nothing was changed.</exception>
    public void Reload(RisOptions changed)
    {
        var taken = changed.Mail?.ToPolicy();
        if (changed.Dicom is { } dicom) ChangeCallers(dicom.Callers);
        if (_parts.Policy.Mail is not { } mail || taken is null) return;
        _parts.Policy = _parts.Policy with
        {
            Mail = mail with { AddressBook = taken.AddressBook, Delay = taken.Delay },
        };
    }

    /// <summary>Adds and removes recipients of a report: for the mails that wait, and for the versions to
    /// come.</summary>
    public Task<GrainReply> ChangeMailRecipientsAsync(
        ReportId report, IReadOnlyList<MailAddress> added, IReadOnlyList<MailAddress> removed, string actor,
        CancellationToken cancellation) =>
        _reports.ExecuteAsync(report, new ChangeMailRecipients(added, removed, actor), null, cancellation);

    /// <summary>Has the refused mails of the newest version tried again.</summary>
    public Task<GrainReply> RetryMailAsync(ReportId report, string actor, CancellationToken cancellation) =>
        _reports.ExecuteAsync(report, new RetryMail(actor), null, cancellation);

    /// <summary>Looks into the mailbox for notifications now.</summary>
    /// <returns>How many there were; null where this RIS has no mailbox.</returns>
    /// <exception cref="MailboxFaultException">The mailbox cannot be read.</exception>
    public async Task<int?> LookIntoMailboxAsync(CancellationToken cancellation) =>
        _mailbox is null ? null : await _mailbox.LookAsync(cancellation);

    private MailboxReader? MailboxOf(RisMailOptions? options, ILogger logger) =>
        options?.MailboxServer() is { } server
            ? new MailboxReader(
                new Mailbox(server, _surroundings.Time), _reports, _parts.Policy.Mail!, options.LookInterval,
                token => _store.HasDutyAsync("mailbox", token),
                _surroundings.Time, logger)
            : null;

    private ReportMailHandler MailHandler(RisMailOptions options, ILogger logger) => new(
        new SmtpSender(options.SmtpServer(), _surroundings.Time), _reports, _objects, () => _parts.Policy,
        options.SenderName ?? _options.Structures[0].Name, logger);
}
