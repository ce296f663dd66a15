using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class AccessDeciderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 2, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    [Requirement("SSI/IAM.92")]
    public void Failures_in_a_row_lock_the_account_and_the_lock_opens_by_itself()
    {
        var state = Fails(AccessState.Empty, 4);
        Assert.True(state.IsOpen(Now));

        state = Fails(state, 1);

        Assert.False(state.IsOpen(Now));
        Assert.False(state.IsOpen(Now + Limits.AccountLockTime - TimeSpan.FromSeconds(1)));
        Assert.True(state.IsOpen(Now + Limits.AccountLockTime));
        // After it as many again, and not one.
        Assert.True(Fails(state, 4).IsOpen(Now + Limits.AccountLockTime));
    }

    [Fact]
    public void A_success_and_a_new_password_forget_failures_and_a_certificate_does_not()
    {
        var failed = Fails(AccessState.Empty, 4);
        Assert.Equal(0, After(failed, AccessDecider.Succeed(AccessMeans.Password, Now)).Failures);
        Assert.Equal(0, After(failed, new LockOpened("root", Now)).Failures);
        Assert.Equal(4, After(failed, AccessDecider.Succeed(AccessMeans.Certificate, Now)).Failures);
        Assert.Equal(4, After(failed, AccessDecider.Succeed(AccessMeans.OpenId, Now)).Failures);
        Assert.True(After(Fails(failed, 1), new LockOpened("root", Now)).IsOpen(Now));
    }

    [Fact]
    public void No_policy_allows_more_failures_than_the_requirement() =>
        Assert.InRange(Limits.SignInFailuresMax, 1, 10);

    private static AccessState Fails(AccessState state, int times) => Enumerable.Range(0, times).Aggregate(
        state, (s, _) => After(s, AccessDecider.Fail(s, 5, Now)));

    private static AccessState After(AccessState state, AccessEvent e) => AccessDecider.Evolve(state, e);
}
