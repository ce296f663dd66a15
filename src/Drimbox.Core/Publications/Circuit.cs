namespace Drimbox.Core.Publications;

/// <summary>
/// The circuit breaker of one destination: closed, everything goes; open after
/// <see cref="Limits.CircuitFailuresMax"/> attempts in a row that did not reach the peer, nothing goes until
/// <paramref name="OpenUntil"/>, then one probe, which closes it or opens it for twice as long.
/// </summary>
/// <param name="Failures">In a row.</param>
/// <param name="OpenUntil">Null: closed.</param>
/// <param name="Pause">Of this opening.</param>
/// <param name="IsProbing">The probe is on its way.</param>
public sealed record Circuit(int Failures, DateTimeOffset? OpenUntil, TimeSpan Pause, bool IsProbing)
{
    public static Circuit Closed { get; } = new(0, null, TimeSpan.Zero, false);

    /// <summary>Of a peer that was away when the process before this one ended: a probe goes first.</summary>
    public static Circuit KnownAway(DateTimeOffset now) =>
        new(Limits.CircuitFailuresMax, now, Limits.CircuitPauseMin, false);

    public bool IsOpen => OpenUntil is not null;

    /// <summary>How many attempts may begin now, of those for which there is room.</summary>
    public int Admits(int room, DateTimeOffset now) => OpenUntil switch
    {
        null => room,
        _ when IsProbing => 0,
        { } until => now < until ? 0 : Math.Min(room, 1),
    };

    /// <summary>An attempt begins; with an open circuit it is the probe.</summary>
    public Circuit Began() => IsOpen ? this with { IsProbing = true } : this;

    /// <summary>An attempt ended.</summary>
    /// <param name="reached">The peer answered, whatever it said, but for "not now".</param>
    /// <param name="wasProbe">It began while the circuit was open.</param>
    public Circuit Ended(bool reached, bool wasProbe, DateTimeOffset now)
    {
        if (reached) return Closed;
        if (!IsOpen)
        {
            var failures = Failures + 1;
            return failures < Limits.CircuitFailuresMax
                ? this with { Failures = failures }
                : new Circuit(failures, now + Limits.CircuitPauseMin, Limits.CircuitPauseMin, false);
        }

        // What began before it opened says nothing new.
        if (!wasProbe) return this;
        var pause = Pause * 2 < Limits.CircuitPauseMax ? Pause * 2 : Limits.CircuitPauseMax;
        return new Circuit(Failures + 1, now + pause, pause, false);
    }

    /// <summary>A probe that said nothing about the peer (a fault of ours): the next row may be one.</summary>
    public Circuit Withdrawn(bool wasProbe) => wasProbe ? this with { IsProbing = false } : this;
}
