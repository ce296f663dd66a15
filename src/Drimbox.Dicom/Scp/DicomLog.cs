using Microsoft.Extensions.Logging;

namespace Drimbox.Dicom.Scp;

/// <summary>Log messages of the DICOM engine: event ids 1000 to 1099. AE titles are checked text; nothing of a data
/// set is ever logged.</summary>
internal static partial class DicomLog
{
    [LoggerMessage(1000, LogLevel.Information, "DICOM listener on {EndPoint}")]
    public static partial void Listening(ILogger logger, string endPoint);

    [LoggerMessage(1001, LogLevel.Information, "DICOM listener stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(1002, LogLevel.Debug, "Association of {CallingAe} with {CalledAe} from {Address} accepted")]
    public static partial void Accepted(ILogger logger, string callingAe, string calledAe, string address);

    [LoggerMessage(
        1003, LogLevel.Warning, "Association of '{CallingAe}' with '{CalledAe}' from {Address} rejected: {Rejection}")]
    public static partial void Rejected(
        ILogger logger, string callingAe, string calledAe, string address, string rejection);

    [LoggerMessage(1004, LogLevel.Debug, "Association of {CallingAe} from {Address} released")]
    public static partial void Released(ILogger logger, string callingAe, string address);

    [LoggerMessage(1005, LogLevel.Warning, "Association of '{CallingAe}' from {Address} ended early: {Reason}")]
    public static partial void EndedEarly(ILogger logger, string callingAe, string address, string reason);

    [LoggerMessage(
        1006, LogLevel.Error, "A fault in this program ended an association of '{CallingAe}' from {Address}")]
    public static partial void SessionFault(ILogger logger, Exception exception, string callingAe, string address);

    [LoggerMessage(1007, LogLevel.Error, "A DIMSE operation failed: {Operation} is answered {Status}")]
    public static partial void OperationFailed(ILogger logger, Exception exception, string operation, string status);

    [LoggerMessage(1008, LogLevel.Error, "No connection can be accepted: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(1050, LogLevel.Warning, "No TLS connection with {Address}: {Reason}")]
    public static partial void NoTls(ILogger logger, string address, string reason);

    [LoggerMessage(1051, LogLevel.Information, "TLS {Profile} with the certificate of {File}, valid until {NotAfter:u}")]
    public static partial void TlsCertificate(ILogger logger, string profile, string file, DateTimeOffset? notAfter);

    [LoggerMessage(
        1052, LogLevel.Error, "The new TLS files cannot be used, the former ones stay in force: {Reason}")]
    public static partial void TlsFilesUnusable(ILogger logger, string reason);

    [LoggerMessage(1053, LogLevel.Warning, "The TLS certificate of {File} ends at {NotAfter:u}")]
    public static partial void TlsCertificateEnds(ILogger logger, string file, DateTimeOffset? notAfter);

    [LoggerMessage(
        1014, LogLevel.Warning,
        "The limit of open files of this process is low: no more than {Associations} associations and {Pending} "
        + "connections without one are taken at once")]
    public static partial void FewDescriptors(ILogger logger, int associations, int pending);

    [LoggerMessage(1009, LogLevel.Warning, "C-MOVE of {CallingAe} to {Destination}: no association, or it was lost: {Reason}")]
    public static partial void MoveDestinationFailed(
        ILogger logger, string callingAe, string destination, string reason);

    [LoggerMessage(1010, LogLevel.Information, "Storage commitment for {CallingAe}: the report waits: {Reason}")]
    public static partial void CommitmentDelayed(ILogger logger, string callingAe, string reason);

    [LoggerMessage(1011, LogLevel.Warning, "Storage commitment for {CallingAe}: the report was answered {Status}")]
    public static partial void CommitmentRefused(ILogger logger, string callingAe, string status);

    [LoggerMessage(1012, LogLevel.Error, "Storage commitment for {CallingAe} is not reported: {Reason}")]
    public static partial void CommitmentUnreported(ILogger logger, string callingAe, string reason);

    [LoggerMessage(1013, LogLevel.Error, "A fault in this program ended a storage commitment for {CallingAe}")]
    public static partial void CommitmentFault(ILogger logger, Exception exception, string callingAe);
}
