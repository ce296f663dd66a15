namespace Drimbox.Core.Accounts;

/// <summary>What somebody says of an account: whose it is, and how he is recognised. Null says nothing of a thing, and an
/// empty text takes it away. Spaces around a text do not count.</summary>
public record AccountStatement
{
    public string? FamilyName { get; init; }

    public string? GivenName { get; init; }

    public string? NationalId { get; init; }

    public string? InternalId { get; init; }

    public string? BirthDate { get; init; }

    public string? Profession { get; init; }

    public string? OsUser { get; init; }

    public string? Certificate { get; init; }

    /// <summary>The holder of an account that is new.</summary>
    public AccountHolder ToHolder() => ApplyTo(new AccountHolder { FamilyName = "", GivenName = "" });

    public AccountHolder ApplyTo(AccountHolder holder) => holder with
    {
        FamilyName = FamilyName?.Trim() ?? holder.FamilyName,
        GivenName = GivenName?.Trim() ?? holder.GivenName,
        NationalId = Changed(holder.NationalId, NationalId),
        InternalId = Changed(holder.InternalId, InternalId),
        BirthDate = Changed(holder.BirthDate, BirthDate),
        Profession = Profession?.Trim() ?? holder.Profession,
    };

    public AccountMeans ApplyTo(AccountMeans means) =>
        new(Changed(means.OsUser, OsUser), Changed(means.Certificate, Certificate));

    private static string? Changed(string? before, string? said) => said is null
        ? before
        : said.Trim() is { Length: > 0 } after ? after : null;
}
