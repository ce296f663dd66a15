using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Source;

/// <summary>A log that a test waits on: each event is one that was logged, past or to come.</summary>
public sealed class SourceEvents : ILoggerFactory
{
    public const int NoteTaken = 3106;
    public const int PacsAsked = 3110;
    public const int Withheld = 3111;
    public const int PacsUnreachable = 3112;
    public const int WithheldOver = 3114;
    public const int ResyncDone = 3181;
    public const int ResyncPausedItself = 3182;
    public const int ResyncWaits = 3183;
    public const int ResyncStudyDone = 3184;
    public const int SubmissionEnded = 3120;
    public const int OutageBegan = 5110;
    public const int OutageEnded = 5111;
    public const int SubmissionDelayed = 3121;
    public const int SubmissionRefused = 3122;

    private readonly Lock _gate = new();
    private readonly List<(int Id, string Text)> _seen = [];
    private readonly List<(int Id, int Count, TaskCompletionSource Source)> _waiting = [];

    private readonly List<(string Text, TaskCompletionSource Source)> _waitingForText = [];

    public IReadOnlyList<string> Texts
    {
        get
        {
            lock (_gate) return _seen.ConvertAll(e => e.Text);
        }
    }

    public int CountOf(int id)
    {
        lock (_gate) return _seen.Count(e => e.Id == id);
    }

    /// <summary>Completes when the event has been logged <paramref name="count"/> times.</summary>
    public async Task WhenAsync(int id, int count)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_seen.Count(e => e.Id == id) >= count) return;
            _waiting.Add((id, count, source));
        }

        await source.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    /// <summary>Completes when something with this text has been logged.</summary>
    public async Task WhenTextAsync(string text)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_seen.Exists(e => e.Text.Contains(text, StringComparison.Ordinal))) return;
            _waitingForText.Add((text, source));
        }

        await source.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public ILogger CreateLogger(string categoryName) => new EventLogger(this);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private void Add(int id, string text)
    {
        lock (_gate)
        {
            _seen.Add((id, text));
            var count = _seen.Count(e => e.Id == id);
            foreach (var (wanted, needed, source) in _waiting)
            {
                if (wanted == id && count >= needed) source.TrySetResult();
            }

            foreach (var (wanted, source) in _waitingForText)
            {
                if (text.Contains(wanted, StringComparison.Ordinal)) source.TrySetResult();
            }
        }
    }

    private sealed class EventLogger(SourceEvents events) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            WatchedLog.Hear(eventId, text, exception);
            events.Add(eventId.Id, text);
        }
    }
}
