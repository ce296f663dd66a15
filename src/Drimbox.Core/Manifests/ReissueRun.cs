using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>What happened to the re-issue of all manifests under another host (DB.SO.31).</summary>
[JsonDerivedType(typeof(ReissueBegun), nameof(ReissueBegun))]
[JsonDerivedType(typeof(ReissueAdvanced), nameof(ReissueAdvanced))]
[JsonDerivedType(typeof(ReissuePaused), nameof(ReissuePaused))]
[JsonDerivedType(typeof(ReissueResumed), nameof(ReissueResumed))]
[JsonDerivedType(typeof(ReissueEnded), nameof(ReissueEnded))]
public abstract record ReissueEvent;

/// <param name="PerMinute">Manifests a minute, at most.</param>
public sealed record ReissueBegun(string Host, int PerMinute, string Actor, DateTimeOffset At) : ReissueEvent;

/// <summary>All studies up to <paramref name="Through"/> were looked at.</summary>
/// <param name="Reissued">Manifests that replace others since the record before.</param>
/// <param name="Current">Lead to the host already.</param>
/// <param name="NotWanted">Of studies that have no manifest, or none that should be in the DMP.</param>
/// <param name="Failed">Whose KOS cannot be read.</param>
public sealed record ReissueAdvanced(Uid Through, int Reissued, int Current, int NotWanted, int Failed) : ReissueEvent;

public sealed record ReissuePaused(string Actor, DateTimeOffset At) : ReissueEvent;

public sealed record ReissueResumed(int PerMinute, string Actor, DateTimeOffset At) : ReissueEvent;

public sealed record ReissueEnded(DateTimeOffset At) : ReissueEvent;

/// <summary>Where a re-issue stands.</summary>
public enum ReissuePhase
{
    None,
    Running,
    Paused,
    Ended,
}

/// <summary>How far the last re-issue is.</summary>
/// <param name="Through">The studies up to it were looked at, in the order of their UIDs; null: none yet.</param>
public sealed record ReissueRun(
    ReissuePhase Phase,
    string Host,
    int PerMinute,
    Uid? Through,
    int Reissued,
    int Current,
    int NotWanted,
    int Failed,
    DateTimeOffset? BegunAt,
    DateTimeOffset? EndedAt)
{
    public static ReissueRun None { get; } = new(ReissuePhase.None, "", 0, null, 0, 0, 0, 0, null, null);

    public static ReissueRun Evolve(ReissueRun run, ReissueEvent e) => e switch
    {
        ReissueBegun begun => None with
        {
            Phase = ReissuePhase.Running, Host = begun.Host, PerMinute = begun.PerMinute, BegunAt = begun.At,
        },
        ReissueAdvanced advanced => run with
        {
            Through = advanced.Through,
            Reissued = run.Reissued + advanced.Reissued,
            Current = run.Current + advanced.Current,
            NotWanted = run.NotWanted + advanced.NotWanted,
            Failed = run.Failed + advanced.Failed,
        },
        ReissuePaused => run with { Phase = ReissuePhase.Paused },
        ReissueResumed resumed => run with { Phase = ReissuePhase.Running, PerMinute = resumed.PerMinute },
        ReissueEnded ended => run with { Phase = ReissuePhase.Ended, EndedAt = ended.At },
        _ => throw Invariant.Unreachable(e),
    };
}
