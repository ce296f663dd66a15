using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Keeps all that is logged, at every level, as a person would see it.</summary>
internal sealed class RecordingLog : ILogger
{
    /// <summary>A fault of the program ended an association: what no input may bring about.</summary>
    public const int SessionFault = 1006;

    private readonly ConcurrentQueue<(int Event, string Line)> _lines = [];

    public IReadOnlyList<string> Lines => [.. _lines.Select(entry => entry.Line)];

    /// <summary>The first fault of the program, or null.</summary>
    public string? Fault => _lines.FirstOrDefault(entry => entry.Event == SessionFault).Line;

    public void Clear() => _lines.Clear();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        WatchedLog.Hear(eventId, formatter(state, exception), exception);
        _lines.Enqueue((eventId.Id, exception is null
            ? formatter(state, exception)
            : $"{formatter(state, exception)} {exception}"));
    }
}
