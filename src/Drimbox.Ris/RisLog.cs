using System.Net;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris;

// Event ids 3000-3049. Reports are named by our own id, messages by their control id: neither tells of a patient.
internal static partial class RisLog
{
    [LoggerMessage(3000, LogLevel.Information, "RIS {Node} started: HL7 on {EndPoint}")]
    public static partial void Started(ILogger logger, string node, string endPoint);

    [LoggerMessage(3001, LogLevel.Warning, "Message {ControlId} ({MessageType}) refused: {Reason} at {Location}")]
    public static partial void MessageRefused(
        ILogger logger, string controlId, string messageType, RefusalReason reason, string? location);

    [LoggerMessage(3002, LogLevel.Error, "Message {ControlId} answered AR: {Fault}")]
    public static partial void StoreFailed(ILogger logger, string controlId, string fault);

    [LoggerMessage(3003, LogLevel.Information, "Report {Report}: submission {SubmissionSet} ended {Outcome}: {Detail}")]
    public static partial void SubmissionEnded(
        ILogger logger, ReportId report, string submissionSet, DispatchOutcome outcome, string? detail);

    [LoggerMessage(3004, LogLevel.Warning, "Report {Report}: attempt {Attempt} ended {Outcome}: {Detail}")]
    public static partial void AttemptFailed(
        ILogger logger, ReportId report, int attempt, DispatchOutcome outcome, string? detail);

    [LoggerMessage(3005, LogLevel.Error, "The peer refused a message for good: {Detail}")]
    public static partial void MessageNotTaken(ILogger logger, string detail);

    [LoggerMessage(3006, LogLevel.Warning, "A frame of {Peer} has no readable MSH: the connection is closed")]
    public static partial void FrameUnreadable(ILogger logger, IPAddress peer);

    [LoggerMessage(3007, LogLevel.Warning,
        "Message {ControlId}: {Count} other record(s) have the traits of its patient (drimbox reports duplicates)")]
    public static partial void SameTraits(ILogger logger, string controlId, int count);

    [LoggerMessage(3008, LogLevel.Information,
        "Report {Report}: submission {SubmissionSet} was revoked before it left")]
    public static partial void SubmissionRevoked(ILogger logger, ReportId report, string submissionSet);

    [LoggerMessage(3009, LogLevel.Warning,
        "A document without a qualified INS cannot go to MSSanté: {Reason}")]
    public static partial void NoMailDocument(ILogger logger, RefusalReason reason);

    [LoggerMessage(3010, LogLevel.Critical,
        "Report {Report}: the DMP has other bytes of submission {SubmissionSet} ({Detail}): an error of this program")]
    public static partial void BytesChanged(ILogger logger, ReportId report, string submissionSet, string? detail);
}
