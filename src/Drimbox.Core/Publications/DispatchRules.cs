namespace Drimbox.Core.Publications;

/// <summary>How the rows of one kind are treated when they do not end.</summary>
/// <param name="FaultsMax">A row whose attempts ended this often without a verdict that explains them (exception, hang,
/// death of the process, an error that says nothing) is quarantined; null for never. A peer that is not reached or
/// that says "later" does not count.</param>
/// <param name="AgeMax">A row that waits longer than this is quarantined, for a person to look at; null for never. It
/// gets <see cref="Limits.PublicationAttemptsMax"/> attempts at least, so one that a person sends again is not put
/// aside at once.</param>
public sealed record DispatchPatience(int? FaultsMax, TimeSpan? AgeMax = null);

/// <summary>What the dispatcher decides, without its I/O: the simulation follows the same (docs/adr/0026).</summary>
public static class DispatchRules
{
    /// <summary>The wait before the next attempt: doubles from the shortest to the longest; the upper half of it is
    /// drawn, so that what failed together does not come back together.</summary>
    /// <param name="attempts">So far, from 1.</param>
    /// <param name="draw">0 to 1, from the randomness of the dispatcher.</param>
    public static TimeSpan RetryDelay(int attempts, TimeSpan min, TimeSpan max, double draw)
    {
        var doubled = min.TotalSeconds * Math.Pow(2, Math.Clamp(attempts - 1, 0, 30));
        var full = Math.Min(doubled, max.TotalSeconds);
        return TimeSpan.FromSeconds(full * (0.5 + (0.5 * draw)));
    }

    /// <summary>True if an attempt that was claimed this long ago may still begin to send: one that was paused (a
    /// stopped process, a machine that slept) may find that its lease is somebody else's.</summary>
    public static bool MayStart(TimeSpan sinceClaim, TimeSpan deadline) => sinceClaim < deadline;

    /// <summary>True if an earlier attempt may have had its effect, so that the peer must be asked first.</summary>
    /// <param name="askFirst">A person sends again what was refused: a refusal does not say that nothing was
    /// done.</param>
    /// <param name="last">How the attempt before ended; quarantined rows that come back may have been ambiguous.</param>
    public static bool MayStand(bool askFirst, DispatchOutcome? last) =>
        askFirst || last is DispatchOutcome.Ambiguous or DispatchOutcome.Quarantine;

    /// <summary>True if it is known that nothing of the row has left, so that it may be taken back.</summary>
    public static bool IsUnsent(bool askFirst, DispatchOutcome? last) =>
        !askFirst && last is null or DispatchOutcome.Retry;

    /// <summary>True if so many faults quarantine the row.</summary>
    public static bool IsPoison(int faults, DispatchPatience patience) => faults >= patience.FaultsMax;

    /// <summary>True if an attempt that did not end the row was its last.</summary>
    public static bool IsTooOld(int attempts, TimeSpan age, DispatchPatience patience) =>
        age >= patience.AgeMax && attempts >= Limits.PublicationAttemptsMax;

    /// <summary>How an attempt without a verdict ended.</summary>
    /// <param name="started">It may have sent something.</param>
    public static DispatchOutcome OutcomeOfFault(bool started, DispatchOutcome? last) =>
        started || MayStand(askFirst: false, last) ? DispatchOutcome.Ambiguous : DispatchOutcome.Retry;
}
