using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Accounts;

/// <summary>The name of an account: a letter, then letters, digits, dots, hyphens and underscores, all in lower case,
/// 32 at most (what useradd(8) takes, so that both can be the same).</summary>
[JsonConverter(typeof(ParsableJsonConverter<AccountName>))]
public readonly record struct AccountName : IParsable<AccountName>
{
    public const string Error =
        "An account name is a letter, then letters, digits, dots, hyphens or underscores: 32 at most, in lower case.";

    private const int LengthMax = 32;

    private readonly string? _value;

    private AccountName(string value) => _value = value;

    public static bool TryParse(
        [NotNullWhen(true)] string? s, IFormatProvider? provider, out AccountName result)
    {
        result = default;
        if (s is null || s.Length is 0 or > LengthMax || !char.IsAsciiLetterLower(s[0])) return false;
        if (!s.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_')) return false;
        result = new AccountName(s);
        return true;
    }

    public static AccountName Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var name) ? name : throw new FormatException(Error);

    public override string ToString() => _value ?? "";
}

/// <summary>Whose account it is (SSI/IE.33).</summary>
public sealed record AccountHolder
{
    /// <summary>The name that the profession is exercised under.</summary>
    public required string FamilyName { get; init; }

    public required string GivenName { get; init; }

    /// <summary>PS_IdNat: 8 and the RPPS number for most. Null where the holder has none; then
    /// <see cref="InternalId"/> is there.</summary>
    public string? NationalId { get; init; }

    /// <summary>Assigned by the site.</summary>
    public string? InternalId { get; init; }

    /// <summary>yyyyMMdd, or null.</summary>
    public string? BirthDate { get; init; }

    /// <summary>Profession or function in words; may be empty.</summary>
    public string Profession { get; init; } = "";

    /// <summary>The holder as one who decides about a report, or null without a national identifier.</summary>
    public Professional? ToProfessional() =>
        InstanceIdentifier.TryCreate(NationalAuthorities.Persons, NationalId, out var id) && NationalId is not null
            ? new Professional(id, FamilyName, GivenName)
            : null;

    /// <summary>IEPS 8: the same names, and birth dates that do not differ. One that is not stated is no
    /// difference.</summary>
    public bool HasTraitsOf(AccountHolder other) =>
        FoldedNames == other.FoldedNames
        && (BirthDate is null || other.BirthDate is null || BirthDate == other.BirthDate);

    /// <summary>Both names without case and accents.</summary>
    internal string FoldedNames => $"{NameFolding.Fold(FamilyName)}^{NameFolding.Fold(GivenName)}";
}

/// <summary>A password as PBKDF2 (RFC 8018 5.2) leaves it.</summary>
/// <param name="Iterations">Of HMAC-SHA-256.</param>
public sealed record PasswordDigest(int Iterations, byte[] Salt, byte[] Hash);

/// <summary>The password of an account.</summary>
/// <param name="IsTemporary">Another than the holder has set it: it serves to set one's own.</param>
/// <param name="Former">Newest first, so that none is used again.</param>
public sealed record PasswordState(
    PasswordDigest Digest, bool IsTemporary, DateTimeOffset SetAt, ImmutableList<PasswordDigest> Former);

/// <summary>How a caller is recognised as the holder, beside a password.</summary>
/// <param name="OsUser">User of the operating system at the other end of the administration socket, or null.</param>
/// <param name="Certificate">What the certificate of a TLS client must be, or null: <c>CN=…</c>, <c>name:…</c>,
/// <c>sha256:…</c>, <c>pin-sha256:…</c>.</param>
public sealed record AccountMeans(string? OsUser, string? Certificate);

/// <summary>An account of one person.</summary>
public sealed record Account(
    AccountName Name,
    AccountHolder Holder,
    ImmutableSortedSet<Role> Roles,
    AccountMeans Means,
    bool IsSuspended,
    PasswordState? Password,
    DateTimeOffset AddedAt)
{
    /// <summary>What the account may do now.</summary>
    public ImmutableHashSet<Right> Rights => IsSuspended ? [] : RoleRights.Of(Roles);
}

/// <summary>All accounts. One is suspended, never deleted: what it did names it.</summary>
public sealed record AccountsState(ImmutableSortedDictionary<string, Account> Accounts)
{
    public static AccountsState Empty { get; } =
        new(ImmutableSortedDictionary.Create<string, Account>(StringComparer.Ordinal));

    public Account? Find(AccountName name) => Accounts.GetValueOrDefault(name.ToString());

    public Account? FindByOsUser(string user) => Accounts.Values.FirstOrDefault(a => a.Means.OsUser == user);

    /// <summary>The accounts that have others whose holder has the same traits, with these.</summary>
    public IReadOnlyDictionary<AccountName, IReadOnlyList<Account>> FindDuplicates()
    {
        var duplicates = new Dictionary<AccountName, IReadOnlyList<Account>>();
        foreach (var namesakes in Accounts.Values.GroupBy(a => a.Holder.FoldedNames).Where(g => g.Skip(1).Any()))
        {
            foreach (var account in namesakes)
            {
                var others = namesakes
                    .Where(other => other.Name != account.Name && other.Holder.HasTraitsOf(account.Holder)).ToList();
                if (others.Count > 0) duplicates.Add(account.Name, others);
            }
        }

        return duplicates;
    }

    /// <summary>Other accounts whose holder has the same traits.</summary>
    public IReadOnlyList<Account> DuplicatesOf(Account account) =>
        [.. Accounts.Values.Where(other => other.Name != account.Name && other.Holder.HasTraitsOf(account.Holder))];
}
