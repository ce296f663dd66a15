namespace Drimbox.Load.Pacing;

/// <summary>When operations are to begin, and which of them count. Times are spans from the start of the run.</summary>
/// <param name="Rate">Operations a second of an open loop; null for a closed loop, where one begins when its user is
/// free.</param>
/// <param name="WarmUp">What begins in this time is not counted.</param>
/// <param name="Duration">Time after the warm-up in which operations begin; null if a count ends the run.</param>
/// <param name="Count">Operations in all, those of the warm-up included; null if the time ends the run.</param>
public sealed record ArrivalSchedule(double? Rate, TimeSpan WarmUp, TimeSpan? Duration, long? Count)
{
    /// <summary>When the last operation may begin; null without a duration.</summary>
    public TimeSpan? End => WarmUp + Duration;

    /// <summary>Operations that an open loop foresees; null in a closed loop without a count.</summary>
    public long? Foreseen => (Rate, Duration) switch
    {
        ({ } rate, { } duration) => Math.Min(
            (long)Math.Ceiling((WarmUp + duration).TotalSeconds * rate), Count ?? long.MaxValue),
        _ => Count,
    };

    /// <summary>The intended start of the operation with that number, by the rate alone: how the operations before it
    /// fared does not move it (no coordinated omission).</summary>
    public TimeSpan DueOf(long index, TimeSpan now) => Rate is { } rate ? TimeSpan.FromSeconds(index / rate) : now;

    /// <summary>True if no operation is to begin at <paramref name="due"/> any more.</summary>
    public bool IsOver(long index, TimeSpan due) => index >= Count || due >= End;

    public bool IsMeasured(TimeSpan due) => due >= WarmUp;
}
