using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class PasswordPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 2, 8, 0, 0, TimeSpan.Zero);

    private static readonly PasswordPolicy Policy = new(12, true, null, 5, 5);

    [Theory]
    [InlineData("Vert-Pomme-7", null)]
    [InlineData("Vert-Pom-7", PasswordFault.TooShort)]
    [InlineData("vert-pomme-7", PasswordFault.TooSimple)]
    [InlineData("VERT-POMME-7", PasswordFault.TooSimple)]
    [InlineData("Vert-Pomme-x", PasswordFault.TooSimple)]
    [InlineData("VertPomme777", PasswordFault.TooSimple)]
    [InlineData("xHadam-Pomme-7", PasswordFault.ContainsName)]
    [Requirement("SSI/IAM.92")]
    public void A_password_is_long_and_of_all_kinds(string password, PasswordFault? fault) =>
        Assert.Equal(fault, Policy.WhyNot(AccountName.Parse("hadam"), password));

    [Fact]
    public void A_site_may_ask_for_length_alone()
    {
        var policy = Policy with { LengthMin = 20, AllKinds = false };
        Assert.Null(policy.WhyNot(AccountName.Parse("hadam"), "verte pomme sur la table"));
        Assert.Equal(PasswordFault.TooShort, policy.WhyNot(AccountName.Parse("hadam"), "Vert-Pomme-7"));
        Assert.Equal(
            PasswordFault.TooLong,
            policy.WhyNot(AccountName.Parse("hadam"), new string('x', Limits.PasswordCharactersMax + 1)));
    }

    [Fact]
    [Requirement("SSI/IAM.92")]
    public void A_password_that_is_temporary_or_too_old_must_be_changed()
    {
        var aged = Policy with { AgeMax = TimeSpan.FromDays(90) };
        var password = new PasswordState(new PasswordDigest(1, [], []), false, Now, []);
        Assert.False(aged.MustChange(password, Now + TimeSpan.FromDays(90)));
        Assert.True(aged.MustChange(password, Now + TimeSpan.FromDays(91)));
        Assert.False(Policy.MustChange(password, Now + TimeSpan.FromDays(10_000)));
        Assert.True(Policy.MustChange(password with { IsTemporary = true }, Now));
    }

    [Fact]
    public void Every_fault_has_words() =>
        Assert.All(Enum.GetValues<PasswordFault>(), fault => Assert.NotEmpty(PasswordPolicy.TextOf(fault)));
}
