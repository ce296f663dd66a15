using Drimbox.Core.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class RoleRightsTests
{
    private static readonly Right[] Administration =
        [Right.Operate, Right.SeeAccounts, Right.AdministerAccounts, Right.ReadAudit];

    [Fact]
    [Requirement("SSI/GEN.16")]
    public void No_role_both_administers_and_works_on_records()
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            var administers = RoleRights.Of(role).Overlaps(Administration);
            Assert.False(administers && RoleRights.IsClinical(role), role.ToString());
        }

        Right[] clinical =
        [
            Right.ReadRecords, Right.ManageStudies, Right.CorrectPatients, Right.ManageRequests, Right.AnswerRequests,
            Right.WriteReports, Right.SignReports, Right.DecidePublications,
        ];
        Assert.Empty(RoleRights.Of(Role.Administrator).Intersect(clinical));
        Assert.Empty(RoleRights.Of(Role.Auditor).Intersect(clinical));
        // Each right is on one of the two sides, or open to both.
        Assert.Equal(
            Enum.GetValues<Right>().Order(), Administration.Concat(clinical).Append(Right.SeeStates).Order());
    }

    [Theory]
    [InlineData(Role.Administrator, "SeeStates Operate SeeAccounts AdministerAccounts")]
    [InlineData(Role.Auditor, "SeeStates SeeAccounts ReadAudit")]
    [InlineData(Role.Archivist, "SeeStates ReadRecords ManageStudies CorrectPatients")]
    [InlineData(Role.Secretary, "SeeStates ReadRecords ManageRequests")]
    [InlineData(Role.Radiologist,
        "SeeStates ReadRecords ManageRequests AnswerRequests WriteReports SignReports DecidePublications")]
    public void A_role_has_these_rights_and_no_other(Role role, string rights) =>
        Assert.Equal(rights, string.Join(' ', RoleRights.Of(role).Order()));

    [Fact]
    public void Every_right_is_of_some_role() =>
        Assert.Empty(RoleRights.All.Except(RoleRights.Of(Enum.GetValues<Role>())));

    [Fact]
    [Requirement("SSI/GEN.16")]
    public void The_administrator_goes_with_no_clinical_role()
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            Assert.Equal(
                role is Role.Administrator or Role.Auditor, RoleRights.AreApart([Role.Administrator, role]));
        }

        Assert.True(RoleRights.AreApart([Role.Radiologist, Role.Archivist, Role.Secretary, Role.Auditor]));
        Assert.True(RoleRights.AreApart([]));
    }
}
