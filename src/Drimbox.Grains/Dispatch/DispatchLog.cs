using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Dispatch;

// Event ids 5100-5109 and 5115. A row is named by its id and kind: its lane and payload may name a patient.
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

    [LoggerMessage(5104, LogLevel.Error, "Outbox of {Owner}: rows of the kind {Kind} wait, and it has no handler")]
    public static partial void NoHandler(ILogger logger, string owner, string kind);

    [LoggerMessage(5105, LogLevel.Error, "Outbox of {Owner}: {Exception}; trying again until it works")]
    public static partial void StoreFailed(ILogger logger, string owner, string exception);

    [LoggerMessage(5106, LogLevel.Error, "Outbox row {RowId} ({Kind}): its result could not be recorded: {Exception}")]
    public static partial void ResultLost(ILogger logger, long rowId, string kind, string exception);

    [LoggerMessage(5107, LogLevel.Error,
        "Outbox row {RowId} ({Kind}) is quarantined without its grain, which could not be told: {Exception}")]
    public static partial void GrainNotTold(ILogger logger, long rowId, string kind, string exception);

    [LoggerMessage(5108, LogLevel.Error, "Outbox row {RowId} ({Kind}) is quarantined for its age after {Attempts} attempts")]
    public static partial void TooOld(ILogger logger, long rowId, string kind, int attempts);

    [LoggerMessage(5109, LogLevel.Information, "The circuit breaker of {Destination} is {State}")]
    public static partial void CircuitChanged(ILogger logger, string destination, string state);

    [LoggerMessage(5115, LogLevel.Warning,
        "Outbox row {RowId} ({Kind}): its result cannot be recorded ({Fault}); trying again while its lease lasts")]
    public static partial void ResultWaits(ILogger logger, long rowId, string kind, StorageFault fault);
}
