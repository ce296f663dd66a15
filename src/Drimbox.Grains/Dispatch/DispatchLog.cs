using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Dispatch;

// Event ids 5100-5119. A row is named by its id and kind: its lane and payload may name a patient.
internal static partial class DispatchLog
{
    [LoggerMessage(5100, LogLevel.Error, "Outbox row {RowId} ({Kind}): the handler threw {Exception}")]
    public static partial void HandlerThrew(ILogger logger, long rowId, string kind, string exception);

    [LoggerMessage(5101, LogLevel.Error, "Outbox row {RowId} ({Kind}): the handler did not end by its deadline")]
    public static partial void HandlerHangs(ILogger logger, long rowId, string kind);

    [LoggerMessage(5102, LogLevel.Error, "Outbox row {RowId} ({Kind}) is quarantined after {Faults} faults")]
    public static partial void Poisoned(ILogger logger, long rowId, string kind, int faults);

    [LoggerMessage(5103, LogLevel.Warning, "Outbox row {RowId} ({Kind}): the lease was lost, its result is dropped")]
    public static partial void LeaseLost(ILogger logger, long rowId, string kind);

    [LoggerMessage(5104, LogLevel.Error, "Outbox row {RowId}: no handler for the kind {Kind}")]
    public static partial void NoHandler(ILogger logger, long rowId, string kind);

    [LoggerMessage(5105, LogLevel.Error, "Outbox of {Owner}: {Exception}; trying again at {NextAttempt}")]
    public static partial void StoreFailed(
        ILogger logger, string owner, string exception, DateTimeOffset nextAttempt);

    [LoggerMessage(5106, LogLevel.Error, "Outbox row {RowId} ({Kind}): its result could not be recorded: {Exception}")]
    public static partial void ResultLost(ILogger logger, long rowId, string kind, string exception);
}
