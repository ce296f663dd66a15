using System.Collections.Immutable;

namespace Drimbox.Core.Accounts;

/// <summary>What somebody wants done to an account.</summary>
public abstract record AccountCommand(AccountName Name);

public sealed record AddAccount(
    AccountName Name, AccountHolder Holder, ImmutableSortedSet<Role> Roles, AccountMeans Means) : AccountCommand(Name);

public sealed record ChangeAccount(AccountName Name, AccountStatement Said) : AccountCommand(Name);

/// <param name="Roles">As they shall be; none takes every right away.</param>
public sealed record SetRoles(AccountName Name, ImmutableSortedSet<Role> Roles) : AccountCommand(Name);

public sealed record SuspendAccount(AccountName Name, string Reason) : AccountCommand(Name);

public sealed record ResumeAccount(AccountName Name) : AccountCommand(Name);

/// <param name="Digest">Null where <paramref name="Fault"/> says why the policy does not take it.</param>
public sealed record SetPassword(AccountName Name, PasswordDigest? Digest, PasswordFault? Fault) : AccountCommand(Name);

/// <summary>What a decision about an account may know of the world.</summary>
/// <param name="Actor">Who asks, for the record.</param>
/// <param name="ActorAccount">The account of who asks, or null.</param>
/// <param name="ReservedOsUsers">Users of the operating system that stand for no person.</param>
public sealed record AccountContext(
    DateTimeOffset Now, string Actor, AccountName? ActorAccount, IReadOnlySet<string> ReservedOsUsers);

/// <param name="Warnings">For whoever asked: what was done all the same.</param>
public sealed record AccountDecision(
    IReadOnlyList<AccountEvent> Events, Refusal? Refusal, IReadOnlyList<string> Warnings)
{
    public static AccountDecision Refused(RefusalReason reason, string detail) =>
        new([], new Refusal(reason, detail), []);
}
