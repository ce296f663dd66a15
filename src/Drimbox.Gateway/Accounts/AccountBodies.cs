using System.Collections.Immutable;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Dicom.Tls;

namespace Drimbox.Gateway.Accounts;

/// <summary>An account as it is asked for.</summary>
internal sealed record AccountBody : AccountStatement
{
    public string Name { get; init; } = "";

    public IReadOnlyList<Role> Roles { get; init; } = [];

    /// <summary>Null with what is wrong.</summary>
    public AddAccount? ToAdd(out Refusal? refusal)
    {
        refusal = WhyNot();
        return refusal is not null
            ? null
            : new AddAccount(
                AccountName.Parse(Name), ToHolder(), [.. Roles], ApplyTo(new AccountMeans(null, null)));
    }

    /// <inheritdoc cref="ToAdd"/>
    public ChangeAccount? ToChange(out Refusal? refusal)
    {
        refusal = WhyNot();
        return refusal is not null ? null : new ChangeAccount(AccountName.Parse(Name), this);
    }

    private Refusal? WhyNot()
    {
        if (!AccountName.TryParse(Name, null, out _)) return new Refusal(RefusalReason.DataType, AccountName.Error);
        return Certificate?.Trim() is { Length: > 0 } text && !CertificateBinding.TryParse(text, out _)
            ? new Refusal(RefusalReason.DataType, $"A certificate {CertificateBinding.Error}.")
            : null;
    }
}

internal sealed record RolesBody(IReadOnlyList<Role> Roles)
{
    public ImmutableSortedSet<Role> ToSet() => [.. Roles];
}

internal sealed record SuspensionBody(string? Reason);

internal sealed record NewPasswordBody(string? Password);

internal sealed record SignInBody(string? Account, string? Password, string? NewPassword = null);
