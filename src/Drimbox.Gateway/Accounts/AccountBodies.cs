using System.Collections.Immutable;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Dicom.Tls;

namespace Drimbox.Gateway.Accounts;

/// <summary>An account as it is asked for.</summary>
internal sealed record AccountBody
{
    public string Name { get; init; } = "";

    public string? FamilyName { get; init; }

    public string? GivenName { get; init; }

    public string? NationalId { get; init; }

    public string? InternalId { get; init; }

    public string? BirthDate { get; init; }

    public string? Profession { get; init; }

    public IReadOnlyList<Role> Roles { get; init; } = [];

    public string? OsUser { get; init; }

    public string? Certificate { get; init; }

    /// <summary>Null with what is wrong.</summary>
    public AddAccount? ToAdd(out Refusal? refusal)
    {
        refusal = WhyNot();
        if (refusal is not null) return null;
        var holder = new AccountHolder
        {
            FamilyName = FamilyName?.Trim() ?? "",
            GivenName = GivenName?.Trim() ?? "",
            NationalId = Given(NationalId),
            InternalId = Given(InternalId),
            BirthDate = Given(BirthDate),
            Profession = Profession?.Trim() ?? "",
        };
        return new AddAccount(
            AccountName.Parse(Name), holder, [.. Roles], new AccountMeans(Given(OsUser), Given(Certificate)));
    }

    /// <inheritdoc cref="ToAdd"/>
    public ChangeAccount? ToChange(out Refusal? refusal)
    {
        refusal = WhyNot();
        return refusal is not null ? null : new ChangeAccount(AccountName.Parse(Name))
        {
            FamilyName = FamilyName?.Trim(),
            GivenName = GivenName?.Trim(),
            NationalId = NationalId?.Trim(),
            InternalId = InternalId?.Trim(),
            BirthDate = BirthDate?.Trim(),
            Profession = Profession?.Trim(),
            OsUser = OsUser?.Trim(),
            Certificate = Certificate?.Trim(),
        };
    }

    private Refusal? WhyNot()
    {
        if (!AccountName.TryParse(Name, null, out _)) return new Refusal(RefusalReason.DataType, AccountName.Error);
        return Given(Certificate) is { } text && !CertificateBinding.TryParse(text, out _)
            ? new Refusal(RefusalReason.DataType, $"A certificate {CertificateBinding.Error}.")
            : null;
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

internal sealed record RolesBody(IReadOnlyList<Role> Roles)
{
    public ImmutableSortedSet<Role> ToSet() => [.. Roles];
}

internal sealed record SuspensionBody(string? Reason);

internal sealed record NewPasswordBody(string? Password);

internal sealed record SignInBody(string? Account, string? Password, string? NewPassword = null);
