using System.Collections.Immutable;
namespace Drimbox.Core.Accounts;

/// <summary>Events of accounts in words, for whoever looks at what was done. Names what changed and, of roles, to what;
/// never a password.</summary>
public static class AccountHistory
{
    /// <param name="before">All accounts as they were before the event.</param>
    public static string Describe(AccountsState before, AccountEvent e) => e switch
    {
        AccountAdded added => $"roles: {Text(added.Roles)}",
        AccountChanged changed when before.Find(e.Name) is { } account => string.Join(", ", Changes(account, changed)),
        RolesChanged changed => $"roles: {Text(before.Find(e.Name)?.Roles ?? [])} -> {Text(changed.Roles)}",
        AccountSuspended suspended => suspended.Reason,
        PasswordSet set => set.IsTemporary ? "temporary" : "by the holder",
        PasswordRefused refused => $"{refused.Fault}",
        _ => "",
    };

    public static string Describe(AccessEvent e) => e switch
    {
        SignedIn signedIn => $"{signedIn.Means}",
        SignInFailed { LockedUntil: { } until } => $"locked until {until:yyyy-MM-ddTHH:mm:ssZ}",
        _ => "",
    };

    private static IEnumerable<string> Changes(Account before, AccountChanged after)
    {
        var (old, now) = (before.Holder, after.Holder);
        if (old.FamilyName != now.FamilyName) yield return "family name";
        if (old.GivenName != now.GivenName) yield return "given name";
        if (old.NationalId != now.NationalId) yield return "national identifier";
        if (old.InternalId != now.InternalId) yield return "internal identifier";
        if (old.BirthDate != now.BirthDate) yield return "birth date";
        if (old.Profession != now.Profession) yield return "profession";
        if (before.Means.OsUser != after.Means.OsUser) yield return "user of the operating system";
        if (before.Means.Certificate != after.Means.Certificate) yield return "certificate";
    }

    private static string Text(ImmutableSortedSet<Role> roles) =>
        roles.Count == 0 ? "none" : string.Join(' ', roles);
}
