using System.Globalization;

namespace Drimbox.Core.Accounts;

/// <summary>The rules of accounts: an identifier is of one account, and traits that two accounts share are a warning;
/// who administers has no clinical right, and nobody gives rights to himself.</summary>
public static class AccountDecider
{
    public static AccountDecision Decide(AccountsState state, AccountCommand command, AccountContext context)
    {
        if (command is AddAccount add) return Add(state, add, context);
        if (state.Find(command.Name) is not { } account)
            return AccountDecision.Refused(RefusalReason.UnknownTarget, "There is no such account.");
        return command switch
        {
            ChangeAccount change => Change(state, account, change, context),
            SetRoles roles => Roles(state, account, roles, context),
            SuspendAccount suspend => Suspend(account, suspend, context),
            ResumeAccount => account.IsSuspended
                ? Done(new AccountResumed(account.Name, context.Actor, context.Now))
                : AccountDecision.Refused(RefusalReason.WrongState, "The account is not suspended."),
            SetPassword password => Password(account, password, context),
            _ => throw Invariant.Unreachable(command),
        };
    }

    public static AccountsState Evolve(AccountsState state, AccountEvent e)
    {
        if (e is AccountAdded added)
        {
            return With(state, new Account(
                added.Name, added.Holder, added.Roles, added.Means, false, null, added.RecordedAt));
        }

        var account = state.Find(e.Name);
        Invariant.Holds(account is not null);
        return e switch
        {
            AccountChanged changed => With(state, account with { Holder = changed.Holder, Means = changed.Means }),
            RolesChanged changed => With(state, account with { Roles = changed.Roles }),
            AccountSuspended => With(state, account with { IsSuspended = true }),
            AccountResumed => With(state, account with { IsSuspended = false }),
            PasswordSet set => With(state, account with { Password = After(account.Password, set) }),
            PasswordRefused => state,
            _ => throw Invariant.Unreachable(e),
        };
    }

    private static AccountDecision Add(AccountsState state, AddAccount add, AccountContext context)
    {
        if (state.Find(add.Name) is not null)
            return AccountDecision.Refused(RefusalReason.IdentifierReused, "An account has this name already.");
        if (state.Accounts.Count >= Limits.AccountsMax)
            return AccountDecision.Refused(RefusalReason.OverLimit, $"There are {Limits.AccountsMax} accounts.");
        var account = new Account(add.Name, add.Holder, add.Roles, add.Means, false, null, context.Now);
        return WhyNot(state, account, context) is { } refusal
            ? new AccountDecision([], refusal, [])
            : Done(
                new AccountAdded(add.Name, add.Holder, add.Roles, add.Means, context.Actor, context.Now),
                Warnings(state, account));
    }

    private static AccountDecision Change(
        AccountsState state, Account account, ChangeAccount change, AccountContext context)
    {
        var holder = change.Said.ApplyTo(account.Holder);
        var means = change.Said.ApplyTo(account.Means);
        var after = account with { Holder = holder, Means = means };
        if (WhyNot(state, after, context) is { } refusal) return new AccountDecision([], refusal, []);
        // No event says that nothing has changed.
        return after == account
            ? new AccountDecision([], null, Warnings(state, after))
            : Done(new AccountChanged(account.Name, holder, means, context.Actor, context.Now), Warnings(state, after));
    }

    private static AccountDecision Roles(
        AccountsState state, Account account, SetRoles command, AccountContext context)
    {
        if (account.Name == context.ActorAccount)
        {
            return AccountDecision.Refused(
                RefusalReason.AuthorNotAllowed, "Nobody changes the roles of his own account.");
        }

        if (account.Roles.SetEquals(command.Roles)) return new AccountDecision([], null, []);
        return WhyNot(state, account with { Roles = command.Roles }, context) is { } refusal
            ? new AccountDecision([], refusal, [])
            : Done(new RolesChanged(account.Name, command.Roles, context.Actor, context.Now));
    }

    private static AccountDecision Suspend(Account account, SuspendAccount command, AccountContext context)
    {
        if (account.IsSuspended)
            return AccountDecision.Refused(RefusalReason.WrongState, "The account is suspended already.");
        return command.Reason.Length > Limits.AccountTextMax
            ? TooLong()
            : Done(new AccountSuspended(account.Name, command.Reason, context.Actor, context.Now));
    }

    private static AccountDecision Password(Account account, SetPassword command, AccountContext context)
    {
        if (command.Digest is { } digest)
        {
            return Done(new PasswordSet(
                account.Name, digest, account.Name != context.ActorAccount, context.Actor, context.Now));
        }

        var fault = command.Fault;
        Invariant.Holds(fault is not null);
        // The attempt is kept too (SSI/IAM.91.04).
        return new AccountDecision(
            [new PasswordRefused(account.Name, fault.Value, context.Actor, context.Now)],
            new Refusal(RefusalReason.TableValue, PasswordPolicy.TextOf(fault.Value)), []);
    }

    private static Refusal? WhyNot(AccountsState state, Account account, AccountContext context)
    {
        if (!RoleRights.AreApart(account.Roles))
        {
            return new Refusal(
                RefusalReason.WrongState,
                $"{Role.Administrator} does not go with a role that works on records of patients: a person who does "
                + "both has two accounts.");
        }

        return OfHolder(account.Holder) ?? OfMeans(account.Means, context) ?? Taken(state, account);
    }

    private static Refusal? OfHolder(AccountHolder holder)
    {
        if (string.IsNullOrWhiteSpace(holder.FamilyName) || string.IsNullOrWhiteSpace(holder.GivenName))
            return new Refusal(RefusalReason.RequiredFieldMissing, "An account is of a person: give both names.");
        if (holder.NationalId is null && holder.InternalId is null)
        {
            return new Refusal(
                RefusalReason.RequiredFieldMissing, "Give the national identifier, or one that the site assigned.");
        }

        string?[] texts =
        [
            holder.FamilyName, holder.GivenName, holder.NationalId, holder.InternalId, holder.Profession,
        ];
        if (texts.Any(text => text?.Length > Limits.AccountTextMax)) return TooLong().Refusal;
        if (texts.Any(text => text?.Any(char.IsControl) == true))
            return new Refusal(RefusalReason.DataType, "Names and identifiers have no control characters.");
        if (holder.NationalId is { } national && WhyNoNationalId(national) is { } why)
            return new Refusal(RefusalReason.DataType, why);
        return holder.BirthDate is { } date && !DateOnly.TryParseExact(
            date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? new Refusal(RefusalReason.DataType, "A birth date is written yyyyMMdd.")
            : null;
    }

    // PS_IdNat: the kind of the identifier in one digit, 8 for an RPPS number, then the identifier.
    private static string? WhyNoNationalId(string id)
    {
        if (id.Contains('^', StringComparison.Ordinal) || id.Contains(' ', StringComparison.Ordinal))
            return "A national identifier has no spaces and no circumflex.";
        const string rpps = "A national identifier is a PS_IdNat: 8 and the 11 digits of the RPPS number.";
        if (id.Length is 0 or 11 && id.All(char.IsAsciiDigit)) return rpps;
        return id.StartsWith('8') && (id.Length != 12 || !id.All(char.IsAsciiDigit)) ? rpps : null;
    }

    private static Refusal? OfMeans(AccountMeans means, AccountContext context)
    {
        if (means.OsUser is { } user && context.ReservedOsUsers.Contains(user))
        {
            // SSI/GEN.17: nobody signs in to a shared account.
            return new Refusal(
                RefusalReason.WrongState,
                "This user of the operating system is no person: root, the user that the process runs as, and nobody.");
        }

        return means.OsUser?.Length > Limits.AccountTextMax || means.Certificate?.Length > Limits.AccountTextMax
            ? TooLong().Refusal
            : null;
    }

    private static Refusal? Taken(AccountsState state, Account account)
    {
        foreach (var other in state.Accounts.Values)
        {
            if (other.Name == account.Name) continue;
            var what =
                IsSame(account.Holder.NationalId, other.Holder.NationalId) ? "national identifier"
                : IsSame(account.Holder.InternalId, other.Holder.InternalId) ? "internal identifier"
                : IsSame(account.Means.OsUser, other.Means.OsUser) ? "user of the operating system"
                : IsSame(account.Means.Certificate, other.Means.Certificate) ? "certificate"
                : null;
            if (what is not null)
                return new Refusal(RefusalReason.IdentifierReused, $"The {what} is that of the account {other.Name}.");
        }

        return null;
    }

    // IEPS 8: said, not refused. Two persons may have one name, and one person an account for each of two functions.
    private static IReadOnlyList<string> Warnings(AccountsState state, Account account) =>
    [
        .. state.DuplicatesOf(account).Select(other => $"The account {other.Name} has a holder with the same traits."),
    ];

    private static PasswordState After(PasswordState? before, PasswordSet set) => new(
        set.Digest, set.IsTemporary, set.RecordedAt,
        before is null
            ? []
            : [.. before.Former.Insert(0, before.Digest).Take(Limits.PasswordsRememberedMax)]);

    private static AccountsState With(AccountsState state, Account account) =>
        new(state.Accounts.SetItem(account.Name.ToString(), account));

    private static AccountDecision Done(AccountEvent e, IReadOnlyList<string>? warnings = null) =>
        new([e], null, warnings ?? []);

    private static AccountDecision TooLong() => AccountDecision.Refused(
        RefusalReason.OverLimit, $"A text of an account has at most {Limits.AccountTextMax} characters.");

    private static bool IsSame(string? a, string? b) => a is not null && a == b;
}
