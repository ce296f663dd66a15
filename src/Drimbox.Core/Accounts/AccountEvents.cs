using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Accounts;

/// <summary>What happened to an account, by whom and when (SSI/IAM.91). None is ever deleted.</summary>
[JsonDerivedType(typeof(AccountAdded), nameof(AccountAdded))]
[JsonDerivedType(typeof(AccountChanged), nameof(AccountChanged))]
[JsonDerivedType(typeof(RolesChanged), nameof(RolesChanged))]
[JsonDerivedType(typeof(AccountSuspended), nameof(AccountSuspended))]
[JsonDerivedType(typeof(AccountResumed), nameof(AccountResumed))]
[JsonDerivedType(typeof(PasswordSet), nameof(PasswordSet))]
[JsonDerivedType(typeof(PasswordRefused), nameof(PasswordRefused))]
public abstract record AccountEvent(AccountName Name, string Actor, DateTimeOffset RecordedAt);

public sealed record AccountAdded(
    AccountName Name,
    AccountHolder Holder,
    ImmutableSortedSet<Role> Roles,
    AccountMeans Means,
    string Actor,
    DateTimeOffset RecordedAt) : AccountEvent(Name, Actor, RecordedAt);

/// <summary>The holder or the means are others; both as they are from now on.</summary>
public sealed record AccountChanged(
    AccountName Name, AccountHolder Holder, AccountMeans Means, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);

/// <param name="Roles">As they are from now on.</param>
public sealed record RolesChanged(
    AccountName Name, ImmutableSortedSet<Role> Roles, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);

public sealed record AccountSuspended(AccountName Name, string Reason, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);

public sealed record AccountResumed(AccountName Name, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);

/// <param name="IsTemporary">Another than the holder set it.</param>
public sealed record PasswordSet(
    AccountName Name, PasswordDigest Digest, bool IsTemporary, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);

/// <summary>A new password that the policy does not take.</summary>
public sealed record PasswordRefused(
    AccountName Name, PasswordFault Fault, string Actor, DateTimeOffset RecordedAt)
    : AccountEvent(Name, Actor, RecordedAt);
