using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Mail;

// Event ids 3050-3069. Reports are named by our own id; addresses may name a patient and are never logged.
internal static partial class RisMailLog
{
    [LoggerMessage(3050, LogLevel.Information, "Report {Report}: a mail ended {Outcome}: {Detail}")]
    public static partial void MailEnded(ILogger logger, ReportId report, DispatchOutcome outcome, string? detail);

    [LoggerMessage(3051, LogLevel.Warning, "Report {Report}: attempt {Attempt} of a mail ended {Outcome}: {Detail}")]
    public static partial void AttemptFailed(
        ILogger logger, ReportId report, int attempt, DispatchOutcome outcome, string? detail);

    [LoggerMessage(3052, LogLevel.Information, "Report {Report}: a notification says {Kind}")]
    public static partial void Notified(ILogger logger, ReportId report, MailNoticeKind kind);

    [LoggerMessage(3053, LogLevel.Warning, "A notification ({Kind}) is about a mail that is none of this RIS")]
    public static partial void UnknownMail(ILogger logger, MailNoticeKind kind);

    [LoggerMessage(3054, LogLevel.Warning, "The mailbox could not be looked into: {Fault}")]
    public static partial void MailboxUnreadable(ILogger logger, string fault);
}
