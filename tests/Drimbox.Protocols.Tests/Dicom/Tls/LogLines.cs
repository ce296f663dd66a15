using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILogger
{
    private readonly ConcurrentQueue<(int Id, string Text)> _lines = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((eventId.Id, formatter(state, exception)));

    /// <summary>The first line with that id; waits for it.</summary>
    public string Expect(int id)
    {
        Assert.True(
            SpinWait.SpinUntil(() => _lines.Any(line => line.Id == id), TimeSpan.FromSeconds(10)),
            $"No line {id} in: {string.Join(Environment.NewLine, _lines)}");
        return _lines.First(line => line.Id == id).Text;
    }
}
