namespace Drimbox.Tests;

/// <summary>The clock of a machine that is wrong: the date and time of another one with a skew, which may be set anew as
/// NTP or a person does. Its timers and what it measures are right.</summary>
/// <param name="timers">Whose timers it has; null: those of the right one.</param>
public sealed class SkewedClock(TimeProvider right, TimeSpan skew, TimeProvider? timers = null) : TimeProvider
{
    private long _skew = skew.Ticks;

    /// <summary>How far it is ahead.</summary>
    public TimeSpan Skew
    {
        get => new(Interlocked.Read(ref _skew));
        set => Interlocked.Exchange(ref _skew, value.Ticks);
    }

    public override long TimestampFrequency => right.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Skew;

    public override long GetTimestamp() => right.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        (timers ?? right).CreateTimer(callback, state, dueTime, period);
}
