namespace Drimbox.Core.Accounts;

/// <summary>Why a new password is not taken.</summary>
public enum PasswordFault
{
    TooShort,
    TooLong,

    /// <summary>A lower-case letter, a capital, a digit or another character is missing.</summary>
    TooSimple,

    /// <summary>It has the name of the account in it.</summary>
    ContainsName,

    /// <summary>It is the present one or one of those before.</summary>
    UsedBefore,
}

/// <summary>What a site asks of passwords (SSI/IAM.92).</summary>
/// <param name="LengthMin">Characters.</param>
/// <param name="AllKinds">Lower case, capital, digit and another character, one of each.</param>
/// <param name="AgeMax">After which the holder must set another; null: never.</param>
/// <param name="Remembered">So many passwords before the present one are not taken again, up to
/// <see cref="Limits.PasswordsRememberedMax"/>.</param>
/// <param name="FailuresMax">Failed attempts in a row after which the account is locked for
/// <see cref="Limits.AccountLockTime"/>; 10 at most.</param>
public sealed record PasswordPolicy(int LengthMin, bool AllKinds, TimeSpan? AgeMax, int Remembered, int FailuresMax)
{
    /// <summary>What is wrong with a new password in itself, or null. Whether it was used before is not seen
    /// here.</summary>
    public PasswordFault? WhyNot(AccountName account, string password)
    {
        if (password.Length < LengthMin) return PasswordFault.TooShort;
        if (password.Length > Limits.PasswordCharactersMax) return PasswordFault.TooLong;
        if (AllKinds && !HasAllKinds(password)) return PasswordFault.TooSimple;
        return password.Contains(account.ToString(), StringComparison.OrdinalIgnoreCase)
            ? PasswordFault.ContainsName
            : null;
    }

    /// <summary>The holder must set another before anything else.</summary>
    public bool MustChange(PasswordState password, DateTimeOffset now) =>
        password.IsTemporary || (AgeMax is { } age && now - password.SetAt > age);

    public static string TextOf(PasswordFault fault) => fault switch
    {
        PasswordFault.TooShort => "The password is too short.",
        PasswordFault.TooLong => $"A password has at most {Limits.PasswordCharactersMax} characters.",
        PasswordFault.TooSimple => "A password has a lower-case letter, a capital, a digit and another character.",
        PasswordFault.ContainsName => "The name of the account must not be in the password.",
        PasswordFault.UsedBefore => "This password was used before.",
        _ => throw Invariant.Unreachable(fault),
    };

    private static bool HasAllKinds(string password) =>
        password.Any(char.IsLower) && password.Any(char.IsUpper) && password.Any(char.IsDigit)
        && password.Any(c => !char.IsLetterOrDigit(c));
}
