using System.Collections.Immutable;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>What a notification tells. Source: RFC 3464 2.3.3 (Action) and RFC 8098 3.2.6 (Disposition).</summary>
public enum MailNoticeKind
{
    /// <summary>Action delivered: it lies in the mailbox of the recipient.</summary>
    Delivered,

    /// <summary>Action relayed or expanded: taken by a system that will say nothing more.</summary>
    Relayed,

    /// <summary>Action delayed: not yet, and nothing to do.</summary>
    Delayed,

    /// <summary>Action failed.</summary>
    Undelivered,

    /// <summary>Disposition displayed, dispatched or processed without an error.</summary>
    Read,

    /// <summary>Disposition deleted.</summary>
    Deleted,

    /// <summary>Disposition processed/error: the document could not be integrated.</summary>
    NotIntegrated,
}

/// <summary>A delivery status or disposition notification.</summary>
/// <param name="SourceId">Message-ID of the notification: what is read twice counts once.</param>
/// <param name="Address">Final-Recipient, where it can be read.</param>
/// <param name="Error">For <see cref="MailNoticeKind.Undelivered"/>, <see cref="MailNoticeKind.Deleted"/> and
/// <see cref="MailNoticeKind.NotIntegrated"/>.</param>
public sealed record MailNotice(
    MailNoticeKind Kind, string SourceId, MailAddress? Address, BusinessError? Error, DateTimeOffset At);

/// <summary>Where a mail stands, as users see it.</summary>
public enum MailStatus
{
    /// <summary>In the outbox.</summary>
    Waiting,

    /// <summary>Taken back before it left.</summary>
    Revoked,

    /// <summary>Refused for good, by a rule here or by the mail server.</summary>
    Refused,

    /// <summary>Taken by the mail server.</summary>
    Sent,

    Delivered,
    Undelivered,
    Read,
    NotIntegrated,
}

/// <summary>One version of a report to one mailbox, or the news there that it was withdrawn.</summary>
/// <param name="MessageId">Message-ID without its brackets: the same for the same version and mailbox, whatever
/// happens, so that a repetition can be recognised.</param>
/// <param name="DocumentId">The version; what is sent may be its rendition.</param>
/// <param name="Visibility">When it was decided: a repetition says the same, whatever has changed since.</param>
public sealed record MailSending(
    string MessageId,
    InstanceIdentifier DocumentId,
    MailRecipient Recipient,
    Visibility Visibility,
    DateTimeOffset DecidedAt)
{
    /// <summary>It tells that the report was withdrawn, and carries no document.</summary>
    public bool IsWithdrawal { get; init; }

    /// <summary>How it ended at the mail server; null while it waits.</summary>
    public DispatchOutcome? Outcome { get; init; }

    /// <summary>Of the table SMTPERRORCODE, where it was refused.</summary>
    public BusinessError? Error { get; init; }

    /// <summary>For the operator: our own words, no patient data.</summary>
    public string? Detail { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public ImmutableList<MailNotice> Notices { get; init; } = [];

    public MailStatus Status => Outcome switch
    {
        null => MailStatus.Waiting,
        DispatchOutcome.Stale when !MayHaveArrived => MailStatus.Revoked,
        // What had no answer at first may have arrived all the same.
        DispatchOutcome.Stale or DispatchOutcome.Quarantine when Notices.IsEmpty => MailStatus.Refused,
        _ when Has(MailNoticeKind.NotIntegrated) => MailStatus.NotIntegrated,
        _ when Has(MailNoticeKind.Read) => MailStatus.Read,
        _ when Has(MailNoticeKind.Undelivered) => MailStatus.Undelivered,
        _ when Has(MailNoticeKind.Delivered) => MailStatus.Delivered,
        _ => MailStatus.Sent,
    };

    /// <summary>The recipient has it, or may have it: the server took it, or left an attempt without an
    /// answer.</summary>
    public bool MayHaveArrived { get; init; }

    public bool Has(MailNoticeKind kind) => Notices.Exists(n => n.Kind == kind);
}

/// <summary>A RIS user changes who gets a report by MSSanté, from this version on.</summary>
public sealed record ChangeMailRecipients(
    IReadOnlyList<MailAddress> Added, IReadOnlyList<MailAddress> Removed, string Actor) : ReportCommand;

/// <summary>A mail came to an end at the mail server.</summary>
/// <param name="MayHaveArrived">See <see cref="MailSending.MayHaveArrived"/>.</param>
public sealed record EndMail(
    string MessageId, DispatchOutcome Outcome, BusinessError? Error, string? Detail, bool MayHaveArrived)
    : ReportCommand;

/// <summary>A notification about a mail was read.</summary>
public sealed record ReceiveMailNotice(string MessageId, MailNotice Notice) : ReportCommand;

/// <summary>A RIS user has the refused mails of the newest version tried again.</summary>
public sealed record RetryMail(string Actor) : ReportCommand;

public sealed record MailRecipientsChanged(
    IReadOnlyList<MailRecipient> Added, IReadOnlyList<MailAddress> Removed, string Actor, DateTimeOffset RecordedAt)
    : ReportEvent;

public sealed record MailDecided(
    string MessageId,
    InstanceIdentifier DocumentId,
    MailRecipient Recipient,
    Visibility Visibility,
    DateTimeOffset DecidedAt) : ReportEvent
{
    public bool IsWithdrawal { get; init; }
}

public sealed record MailEnded(
    string MessageId,
    DispatchOutcome Outcome,
    BusinessError? Error,
    string? Detail,
    DateTimeOffset EndedAt,
    bool MayHaveArrived) : ReportEvent;

public sealed record MailNoticeReceived(string MessageId, MailNotice Notice, DateTimeOffset RecordedAt) : ReportEvent;

public sealed record MailRetried(string MessageId, string Actor, DateTimeOffset RecordedAt) : ReportEvent;
