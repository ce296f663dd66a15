using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Teleradiology;

/// <summary>The log of a node as the signal that something has happened, so that no test has to look again and
/// again.</summary>
internal sealed class LoggedEvents : ILoggerFactory, ILogger
{
    public const int MessageTaken = 2102;
    public const int MessageDelivered = 2110;
    public const int MessageNotDelivered = 2111;
    public const int MessageRefusedByRis = 2112;
    public const int StudyFetched = 2113;
    public const int StudyNotFetched = 2114;

    private readonly Lock _lock = new();
    private readonly List<(int Event, string Text)> _entries = [];
    private readonly List<(int Event, int Count, TaskCompletionSource<string> Signal)> _waiting = [];

    /// <summary>Everything that was logged, for assertions about what must not be.</summary>
    public string Text
    {
        get
        {
            lock (_lock) return string.Join('\n', _entries.Select(e => e.Text));
        }
    }

    public int CountOf(int eventId)
    {
        lock (_lock) return _entries.Count(e => e.Event == eventId);
    }

    /// <summary>Ends when the event has been logged so many times since the start; its text.</summary>
    public async Task<string> WhenAsync(int eventId, int count = 1)
    {
        var signal = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            var known = _entries.Where(e => e.Event == eventId).ToList();
            if (known.Count >= count) return known[count - 1].Text;
            _waiting.Add((eventId, count, signal));
        }

        return await signal.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var text = $"{eventId.Id} {formatter(state, exception)} {exception}";
        WatchedLog.Hear(eventId, formatter(state, exception), exception);
        lock (_lock)
        {
            _entries.Add((eventId.Id, text));
            var count = _entries.Count(e => e.Event == eventId.Id);
            foreach (var waiting in _waiting.Where(w => w.Event == eventId.Id && w.Count == count))
                waiting.Signal.TrySetResult(text);
        }
    }

    public void Dispose()
    {
    }
}
