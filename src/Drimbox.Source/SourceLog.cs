using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Core.ImageAccess;
using Drimbox.Core.Studies;
using Drimbox.Grains.Studies;
using Drimbox.Source.Studies;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source;

// Event ids 3100-3149. Studies are named by their hash, rows by their id; no content of a message, no patient data.
internal static partial class SourceLog
{
    [LoggerMessage(3100, LogLevel.Information, "DRIMbox source {Node}: HL7 on {Hl7}, DICOM on {Dicom}")]
    public static partial void Started(ILogger logger, string node, IPEndPoint hl7, IPEndPoint dicom);

    [LoggerMessage(3101, LogLevel.Information, "DRIMbox source {Node} stopped")]
    public static partial void Stopped(ILogger logger, string node);

    [LoggerMessage(3102, LogLevel.Information, "Message {Type} taken (known before: {Repeated})")]
    public static partial void MessageTaken(ILogger logger, string type, bool repeated);

    [LoggerMessage(3103, LogLevel.Warning, "Message {Type} refused with {AckCode}: {Reason} at {Location}: {Detail}")]
    public static partial void MessageRefused(
        ILogger logger, string type, string ackCode, string reason, string? location, string detail);

    [LoggerMessage(3104, LogLevel.Warning, "A frame of {Peer} has no readable MSH: the connection is closed")]
    public static partial void FrameUnreadable(ILogger logger, IPAddress peer);

    [LoggerMessage(3105, LogLevel.Error, "Message {Type} could not be stored, the sender shall send it again: {Fault}")]
    public static partial void MessageNotStored(ILogger logger, string type, string fault);

    [LoggerMessage(3108, LogLevel.Warning, "Message {Type} of a sender that is not configured: answered AR")]
    public static partial void StrangerRefused(ILogger logger, string type);

    [LoggerMessage(3106, LogLevel.Information, "Study {Study}: rejection note taken")]
    public static partial void NoteTaken(ILogger logger, StudyRef study);

    [LoggerMessage(3107, LogLevel.Warning, "An object of {CallingAe} is no rejection note: answered {Status}")]
    public static partial void NoteRefused(ILogger logger, AeTitle callingAe, string status);

    [LoggerMessage(3110, LogLevel.Information, "Study {Study}: the PACS shows {Instances} instances")]
    public static partial void PacsAsked(ILogger logger, StudyRef study, int instances);

    [LoggerMessage(3111, LogLevel.Warning, "Study {Study}: no manifest is published: {Reason} ({Rule})")]
    public static partial void Withheld(ILogger logger, StudyRef study, WithheldReason reason, string rule);

    [LoggerMessage(3114, LogLevel.Information, "Study {Study}: no longer: {Reason} ({Rule})")]
    public static partial void WithheldOver(ILogger logger, StudyRef study, WithheldReason reason, string rule);

    // DB.SO.15 to 17 and 21: the administrator is told once when it begins and once when it ends.
    public static void AlertChanged(ILogger logger, StudyAlertChange alert)
    {
        var (study, rule) = (StudyRef.Of(alert.Study), WithheldRules.Of(alert.Reason));
        if (alert.IsOver) WithheldOver(logger, study, alert.Reason, rule);
        else Withheld(logger, study, alert.Reason, rule);
    }

    // That the PACS is away is told once (5110): of each study then for information only.
    [LoggerMessage(EventId = 3112, Message = "Study {Study}: the PACS could not be asked: {Why}")]
    public static partial void PacsUnreachable(ILogger logger, LogLevel level, StudyRef study, string why);

    [LoggerMessage(3113, LogLevel.Warning, "Outbox row {RowId}: the lease was lost, its result is not recorded")]
    public static partial void LeaseLost(ILogger logger, long rowId);

    [LoggerMessage(3120, LogLevel.Information, "Study {Study}: {Kind} of the manifest: {Outcome}: {Detail}")]
    public static partial void SubmissionEnded(
        ILogger logger, StudyRef study, string kind, string outcome, string? detail);

    // As of the PACS: where the DMP is away, for information.
    [LoggerMessage(
        EventId = 3121, Message = "Study {Study}: {Kind} of the manifest, attempt {Attempt}: {Outcome}: {Detail}")]
    public static partial void SubmissionDelayed(
        ILogger logger, LogLevel level, StudyRef study, string kind, int attempt, string outcome, string? detail);

    [LoggerMessage(
        3122, LogLevel.Error, "Study {Study}: {Kind} of the manifest was refused for good: {Detail} (DB.SO.21)")]
    public static partial void SubmissionRefused(ILogger logger, StudyRef study, string kind, string? detail);

    [LoggerMessage(3130, LogLevel.Information, "White list taken: {Entries} DRIMboxes, made {GeneratedAt}")]
    public static partial void WhiteListTaken(ILogger logger, int entries, DateTimeOffset generatedAt);

    [LoggerMessage(3131, LogLevel.Warning, "White list not taken, the former one stays in force: {Why}")]
    public static partial void WhiteListNotTaken(ILogger logger, string why);

    [LoggerMessage(
        3132, LogLevel.Information, "Study {Study}: {Images} images sent to DRIMbox {Caller} for {Professional} (DB.SO.46)")]
    public static partial void ImagesSent(
        ILogger logger, StudyRef study, string caller, string professional, int images);

    [LoggerMessage(
        3133, LogLevel.Warning, "Study {Study}: images refused to DRIMbox {Caller} for {Professional}: {Denial} (DB.SO.47)")]
    public static partial void ImagesRefused(
        ILogger logger, StudyRef study, string caller, string professional, AccessDenial denial);

    [LoggerMessage(3134, LogLevel.Warning, "Study {Study}: images could not be had: {Why} (DB.SO.47)")]
    public static partial void ImagesNotRetrieved(ILogger logger, StudyRef study, string why);

    [LoggerMessage(3135, LogLevel.Error, "A request for images failed")]
    public static partial void ImageAccessFailed(ILogger logger, Exception exception);

    [LoggerMessage(3136, LogLevel.Warning, "Image access keeps its former TLS files: {Reason}")]
    public static partial void TlsFilesUnusable(ILogger logger, string reason);

    [LoggerMessage(3123, LogLevel.Critical,
        "Study {Study}: the DMP has other bytes of submission {SubmissionSet} ({Detail}): an error of this program")]
    public static partial void BytesChanged(ILogger logger, StudyRef study, string submissionSet, string? detail);
}
