using Microsoft.Extensions.Logging;

namespace Drimbox.Tests;

/// <summary>The log of a node that no test reads: only <see cref="PatientData"/> does, at every level.</summary>
internal sealed class WatchedLog : ILoggerFactory, ILogger
{
    public static WatchedLog Instance { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Hear(eventId, formatter(state, exception), exception);

    /// <summary>The same for a log that keeps what it gets.</summary>
    public static void Hear(EventId eventId, string text, Exception? exception) =>
        PatientData.Hear(exception is null ? $"[{eventId.Id}] {text}" : $"[{eventId.Id}] {text} {exception}".ReplaceLineEndings(" "));

    public void Dispose()
    {
    }
}
