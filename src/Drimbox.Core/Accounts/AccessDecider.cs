using System.Text.Json.Serialization;

namespace Drimbox.Core.Accounts;

/// <summary>How a caller proved to be the holder of an account.</summary>
public enum AccessMeans
{
    Password,
    Certificate,
    OpenId,
}

/// <summary>What happened at the door of an account (SSI/IAM.91.03).</summary>
[JsonDerivedType(typeof(SignedIn), nameof(SignedIn))]
[JsonDerivedType(typeof(SignInFailed), nameof(SignInFailed))]
[JsonDerivedType(typeof(LockOpened), nameof(LockOpened))]
public abstract record AccessEvent(DateTimeOffset RecordedAt);

public sealed record SignedIn(AccessMeans Means, DateTimeOffset RecordedAt) : AccessEvent(RecordedAt);

/// <param name="LockedUntil">Null while further attempts may follow.</param>
public sealed record SignInFailed(DateTimeOffset? LockedUntil, DateTimeOffset RecordedAt) : AccessEvent(RecordedAt);

/// <summary>An administrator set another password: failures do not count any more.</summary>
public sealed record LockOpened(string Actor, DateTimeOffset RecordedAt) : AccessEvent(RecordedAt);

/// <param name="Failures">In a row, since the last success or lock.</param>
public sealed record AccessState(int Failures, DateTimeOffset? LockedUntil)
{
    public static AccessState Empty { get; } = new(0, null);

    /// <summary>A password is looked at now. While it is not, nothing tells a right one from a wrong one.</summary>
    public bool IsOpen(DateTimeOffset now) => LockedUntil is not { } until || now >= until;
}

/// <summary>Counts failed attempts. The lock opens by itself, so that nobody can shut a professional out for long.
/// </summary>
public static class AccessDecider
{
    public static AccessEvent Succeed(AccessMeans means, DateTimeOffset now) => new SignedIn(means, now);

    public static AccessEvent Fail(AccessState state, int failuresMax, DateTimeOffset now) =>
        new SignInFailed(state.Failures + 1 >= failuresMax ? now + Limits.AccountLockTime : null, now);

    public static AccessState Evolve(AccessState state, AccessEvent e) => e switch
    {
        // Another proof says nothing of a password that somebody guesses meanwhile.
        SignedIn { Means: not AccessMeans.Password } => state,
        SignedIn or LockOpened => AccessState.Empty,
        SignInFailed { LockedUntil: { } until } => new AccessState(0, until),
        SignInFailed => state with { Failures = state.Failures + 1 },
        _ => throw Invariant.Unreachable(e),
    };
}
