using System.Net;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology;

// Event ids 2100-2119. Rows are named by their id; no content of a message, no patient data.
internal static partial class TeleradiologyLog
{
    [LoggerMessage(2100, LogLevel.Information, "Teleradiology node {Node}: HL7 on {Hl7}, DICOM on {Dicom}")]
    public static partial void Started(ILogger logger, string node, IPEndPoint hl7, IPEndPoint? dicom);

    [LoggerMessage(2101, LogLevel.Information, "Teleradiology node {Node} stopped")]
    public static partial void Stopped(ILogger logger, string node);

    [LoggerMessage(2102, LogLevel.Information, "Message {Type} taken (known before: {Repeated})")]
    public static partial void MessageTaken(ILogger logger, string type, bool repeated);

    [LoggerMessage(2103, LogLevel.Warning, "Message {Type} refused with {AckCode}: {Reason} at {Location}: {Detail}")]
    public static partial void MessageRefused(
        ILogger logger, string type, string ackCode, string reason, string? location, string detail);

    [LoggerMessage(2104, LogLevel.Warning, "A frame of {Peer} has no readable MSH: the connection is closed")]
    public static partial void FrameUnreadable(ILogger logger, IPAddress peer);

    [LoggerMessage(2105, LogLevel.Error, "Message {Type} could not be stored, the sender shall send it again: {Fault}")]
    public static partial void MessageNotStored(ILogger logger, string type, string fault);

    [LoggerMessage(2110, LogLevel.Information, "Outbox row {RowId}: the RIS took the message")]
    public static partial void MessageDelivered(ILogger logger, long rowId);

    [LoggerMessage(2111, LogLevel.Warning, "Outbox row {RowId}: not delivered to the RIS: {Why}")]
    public static partial void MessageNotDelivered(ILogger logger, long rowId, string why);

    [LoggerMessage(2112, LogLevel.Error, "Outbox row {RowId}: the RIS refused the message: {Errors}")]
    public static partial void MessageRefusedByRis(ILogger logger, long rowId, string errors);

    [LoggerMessage(2113, LogLevel.Information, "Outbox row {RowId}: the study is here, {Instances} instances")]
    public static partial void StudyFetched(ILogger logger, long rowId, int instances);

    [LoggerMessage(2114, LogLevel.Warning, "Outbox row {RowId}: the study was not fetched: {Why}")]
    public static partial void StudyNotFetched(ILogger logger, long rowId, string why);

    [LoggerMessage(2115, LogLevel.Warning, "Outbox row {RowId}: the lease was lost, the fetch is not recorded")]
    public static partial void LeaseLost(ILogger logger, long rowId);

    [LoggerMessage(2116, LogLevel.Warning, "Document {DocumentId} has no address of the images: the RIS sent none that can be printed")]
    public static partial void NoViewerAddress(ILogger logger, string documentId);
}
