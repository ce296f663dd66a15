using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class AccountDeciderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 2, 8, 0, 0, TimeSpan.Zero);

    private static readonly AccountContext ByRoot = new(Now, "root", null, new HashSet<string> { "root", "nobody" });

    private static AddAccount Hoda { get; } = new(
        AccountName.Parse("hadam"),
        new AccountHolder
        {
            FamilyName = "ADAM", GivenName = "Hoda", NationalId = "801234567897", BirthDate = "19800214",
            Profession = "Radiologue",
        },
        [Role.Radiologist], new AccountMeans("hadam", "name:hadam.example"));

    private static AddAccount Lina { get; } = new(
        AccountName.Parse("admin.ben"),
        new AccountHolder { FamilyName = "BEN", GivenName = "Lina", InternalId = "4711" },
        [Role.Administrator], new AccountMeans(null, null));

    [Fact]
    [Requirement("SSI/IE.33")]
    [Requirement("SSI/IAM.91")]
    public void An_account_keeps_who_the_holder_is_and_the_event_keeps_who_added_it_and_when()
    {
        var decision = AccountDecider.Decide(AccountsState.Empty, Hoda, ByRoot);

        var added = Assert.IsType<AccountAdded>(Assert.Single(decision.Events));
        Assert.Equal("root", added.Actor);
        Assert.Equal(Now, added.RecordedAt);
        var account = AccountDecider.Evolve(AccountsState.Empty, added).Find(Hoda.Name)!;
        Assert.Equal(Hoda.Holder, account.Holder);
        Assert.Equal("801234567897", account.Holder.ToProfessional()!.Id.Extension);
        Assert.Equal("1.2.250.1.71.4.2.1", account.Holder.ToProfessional()!.Id.Root);
        Assert.Equal(RoleRights.Of(Role.Radiologist), account.Rights);
    }

    public static TheoryData<string> Taken => ["name", "national", "internal", "os user", "certificate"];

    [Theory]
    [MemberData(nameof(Taken))]
    [Requirement("IEPS 8")]
    public void What_is_of_one_account_is_of_no_other(string what)
    {
        var state = After(AccountsState.Empty, Hoda, Lina);
        var other = new AddAccount(
            AccountName.Parse("other"),
            new AccountHolder { FamilyName = "DUBOIS", GivenName = "Ines", InternalId = "4712" }, [],
            new AccountMeans(null, null));
        Assert.Null(AccountDecider.Decide(state, other, ByRoot).Refusal);

        var clash = what switch
        {
            "name" => other with { Name = Hoda.Name },
            "national" => other with { Holder = other.Holder with { NationalId = Hoda.Holder.NationalId } },
            "internal" => other with { Holder = other.Holder with { InternalId = Lina.Holder.InternalId } },
            "os user" => other with { Means = Hoda.Means with { Certificate = null } },
            _ => other with { Means = Hoda.Means with { OsUser = null } },
        };

        Refused(RefusalReason.IdentifierReused, AccountDecider.Decide(state, clash, ByRoot));
        // Nor of one that is suspended: what it did names it.
        state = After(
            state, new SuspendAccount(Hoda.Name, ""), new SuspendAccount(Lina.Name, ""));
        Refused(RefusalReason.IdentifierReused, AccountDecider.Decide(state, clash, ByRoot));
    }

    [Fact]
    public void A_change_cannot_take_the_identifier_of_another_either()
    {
        var state = After(AccountsState.Empty, Hoda, Lina);

        Refused(RefusalReason.IdentifierReused, AccountDecider.Decide(
            state, new ChangeAccount(Lina.Name, new() { NationalId = "801234567897" }), ByRoot));
        Refused(RefusalReason.IdentifierReused, AccountDecider.Decide(
            state, new ChangeAccount(Lina.Name, new() { OsUser = "hadam" }), ByRoot));
    }

    [Theory]
    [InlineData("Adam", "HODA", "19800214", true)]
    [InlineData("ADAM", "Hôda", null, true)]
    [InlineData("ADAM", "Hoda", "19800215", false)]
    [InlineData("ADAM", "Hodia", "19800214", false)]
    [Requirement("IEPS 8")]
    public void Traits_that_two_accounts_share_are_a_warning_and_no_refusal(
        string family, string given, string? birthDate, bool warns)
    {
        var state = After(AccountsState.Empty, Hoda);
        var second = new AddAccount(
            AccountName.Parse("hadam2"),
            new AccountHolder { FamilyName = family, GivenName = given, InternalId = "4713", BirthDate = birthDate },
            [], new AccountMeans(null, null));

        var decision = AccountDecider.Decide(state, second, ByRoot);

        Assert.Null(decision.Refusal);
        Assert.Equal(warns ? 1 : 0, decision.Warnings.Count);
        var after = After(state, second);
        Assert.Equal(warns, after.DuplicatesOf(after.Find(Hoda.Name)!).Any(a => a.Name == second.Name));
        string[] listed = warns ? ["hadam", "hadam2"] : [];
        Assert.Equal(listed, after.FindDuplicates().Keys.Select(name => name.ToString()).Order());
    }

    [Fact]
    [Requirement("SSI/GEN.16")]
    public void One_account_never_has_the_administrator_and_a_clinical_role()
    {
        var state = After(AccountsState.Empty, Hoda, Lina);

        Refused(RefusalReason.WrongState, AccountDecider.Decide(
            state, Hoda with { Name = AccountName.Parse("x"), Roles = [Role.Administrator, Role.Secretary] }, ByRoot));
        Refused(RefusalReason.WrongState, AccountDecider.Decide(
            state, new SetRoles(Lina.Name, [Role.Administrator, Role.Radiologist]), ByRoot));
        Assert.Null(AccountDecider.Decide(
            state, new SetRoles(Lina.Name, [Role.Administrator, Role.Auditor]), ByRoot).Refusal);
    }

    [Fact]
    public void Nobody_changes_the_roles_of_his_own_account()
    {
        var state = After(AccountsState.Empty, Hoda, Lina);
        var byLina = ByRoot with { Actor = "account:admin.ben", ActorAccount = Lina.Name };

        Refused(RefusalReason.AuthorNotAllowed, AccountDecider.Decide(
            state, new SetRoles(Lina.Name, [Role.Radiologist]), byLina));
        Assert.Null(AccountDecider.Decide(state, new SetRoles(Hoda.Name, []), byLina).Refusal);
    }

    [Fact]
    [Requirement("SSI/GEN.17")]
    public void A_user_of_the_system_who_is_no_person_has_no_account()
    {
        foreach (var user in ByRoot.ReservedOsUsers)
        {
            Refused(RefusalReason.WrongState, AccountDecider.Decide(
                AccountsState.Empty, Hoda with { Means = new AccountMeans(user, null) }, ByRoot));
        }
    }

    [Theory]
    [InlineData("", "Hoda", "801234567897", null, null)]
    [InlineData("ADAM", " ", "801234567897", null, null)]
    [InlineData("ADAM", "Hoda", null, null, null)]
    [InlineData("ADAM", "Hoda", "", null, null)]
    [InlineData("ADAM", "Hoda", "01234567897", null, null)]
    [InlineData("ADAM", "Hoda", "80123456789", null, null)]
    [InlineData("ADAM", "Hoda", "8012345678AB", null, null)]
    [InlineData("ADAM", "Hoda", "1.2^3", null, null)]
    [InlineData("ADAM\n", "Hoda", "801234567897", null, null)]
    [InlineData("ADAM", "Hoda", null, "4711", "14/02/1980")]
    [InlineData("ADAM", "Hoda", null, "4711", "19800231")]
    public void A_holder_who_cannot_be_told_is_refused(
        string family, string given, string? national, string? site, string? birthDate)
    {
        var add = Hoda with
        {
            Holder = new AccountHolder
            {
                FamilyName = family, GivenName = given, NationalId = national, InternalId = site,
                BirthDate = birthDate,
            },
        };
        var decision = AccountDecider.Decide(AccountsState.Empty, add, ByRoot);
        Assert.NotNull(decision.Refusal);
        Assert.Empty(decision.Events);
    }

    [Fact]
    public void A_text_that_is_too_long_is_refused()
    {
        var text = new string('x', Limits.AccountTextMax + 1);
        Refused(RefusalReason.OverLimit, AccountDecider.Decide(
            AccountsState.Empty, Hoda with { Holder = Hoda.Holder with { Profession = text } }, ByRoot));
        Refused(RefusalReason.OverLimit, AccountDecider.Decide(
            AccountsState.Empty, Hoda with { Means = new AccountMeans(null, text) }, ByRoot));
        Refused(RefusalReason.OverLimit, AccountDecider.Decide(
            After(AccountsState.Empty, Hoda), new SuspendAccount(Hoda.Name, text), ByRoot));
    }

    [Fact]
    public void A_suspended_account_may_do_nothing_until_it_is_resumed()
    {
        var state = After(AccountsState.Empty, Hoda, new SuspendAccount(Hoda.Name, "left"));
        Assert.Empty(state.Find(Hoda.Name)!.Rights);
        Refused(RefusalReason.WrongState, AccountDecider.Decide(state, new SuspendAccount(Hoda.Name, ""), ByRoot));

        state = After(state, new ResumeAccount(Hoda.Name));
        Assert.Equal(RoleRights.Of(Role.Radiologist), state.Find(Hoda.Name)!.Rights);
        Refused(RefusalReason.WrongState, AccountDecider.Decide(state, new ResumeAccount(Hoda.Name), ByRoot));
    }

    [Fact]
    public void A_command_about_no_account_is_refused() => Refused(
        RefusalReason.UnknownTarget,
        AccountDecider.Decide(AccountsState.Empty, new ResumeAccount(Hoda.Name), ByRoot));

    [Fact]
    public void A_change_says_what_it_changes_and_an_empty_text_takes_a_thing_away()
    {
        var state = After(AccountsState.Empty, Hoda);
        var change = new ChangeAccount(
            Hoda.Name, new() { FamilyName = "ADAM-BEN", OsUser = "", InternalId = " 77 " });
        var changed = Assert.IsType<AccountChanged>(Assert.Single(AccountDecider.Decide(state, change, ByRoot).Events));

        Assert.Equal(
            "family name, internal identifier, user of the operating system", AccountHistory.Describe(state, changed));
        var account = AccountDecider.Evolve(state, changed).Find(Hoda.Name)!;
        Assert.Null(account.Means.OsUser);
        Assert.Equal("name:hadam.example", account.Means.Certificate);
        Assert.Equal(("801234567897", "77"), (account.Holder.NationalId, account.Holder.InternalId));
        // Nothing that changes nothing is an event.
        Assert.Empty(AccountDecider.Decide(state, new ChangeAccount(Hoda.Name, new() { GivenName = "Hoda" }), ByRoot).Events);
    }

    [Fact]
    [Requirement("SSI/IAM.91")]
    public void Roles_and_passwords_leave_an_event_each_with_what_came_of_it()
    {
        var state = After(AccountsState.Empty, Hoda);
        var roles = Assert.Single(AccountDecider.Decide(
            state, new SetRoles(Hoda.Name, [Role.Secretary, Role.Archivist]), ByRoot).Events);
        Assert.Equal("roles: Radiologist -> Archivist Secretary", AccountHistory.Describe(state, roles));

        var refused = AccountDecider.Decide(
            state, new SetPassword(Hoda.Name, null, PasswordFault.TooShort), ByRoot);
        Assert.Equal("TooShort", AccountHistory.Describe(state, Assert.Single(refused.Events)));
        Assert.NotNull(refused.Refusal);
        Assert.Null(After(state, new SetPassword(Hoda.Name, null, PasswordFault.TooShort)).Find(Hoda.Name)!.Password);
    }

    [Fact]
    public void A_password_that_another_than_the_holder_sets_is_temporary_and_the_former_ones_are_remembered()
    {
        var byHoda = ByRoot with { Actor = "account:hadam", ActorAccount = Hoda.Name };
        var (first, second) = (new PasswordDigest(1, [1], [1]), new PasswordDigest(1, [2], [2]));
        var state = After(AccountsState.Empty, Hoda, new SetPassword(Hoda.Name, first, null));
        Assert.True(state.Find(Hoda.Name)!.Password!.IsTemporary);

        state = AccountDecider.Decide(state, new SetPassword(Hoda.Name, second, null), byHoda).Events
            .Aggregate(state, AccountDecider.Evolve);

        var password = state.Find(Hoda.Name)!.Password!;
        Assert.False(password.IsTemporary);
        Assert.Same(second, password.Digest);
        Assert.Equal([first], password.Former);
    }

    [Theory]
    [InlineData("hadam", true)]
    [InlineData("h.adam_2-b", true)]
    [InlineData("", false)]
    [InlineData("Hadam", false)]
    [InlineData("2hadam", false)]
    [InlineData("h adam", false)]
    [InlineData("hadam/x", false)]
    [InlineData("àdam", false)]
    public void An_account_name_is_plain(string text, bool isOne) =>
        Assert.Equal(isOne, AccountName.TryParse(text, null, out _));

    private static AccountsState After(AccountsState state, params AccountCommand[] commands) => commands.Aggregate(
        state,
        (s, command) => AccountDecider.Decide(s, command, ByRoot).Events.Aggregate(s, AccountDecider.Evolve));

    private static void Refused(RefusalReason reason, AccountDecision decision)
    {
        Assert.Equal(reason, decision.Refusal?.Reason);
        Assert.Empty(decision.Events);
    }
}
