using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class SessionsTests
{
    private readonly ManualClock _clock = new(new DateTimeOffset(2026, 11, 2, 8, 0, 0, TimeSpan.Zero));

    [Fact]
    public void One_account_has_so_many_sessions_and_ends_its_own_for_more()
    {
        var sessions = new Sessions(_clock, TimeSpan.FromHours(1));
        var other = sessions.Open(Of("hoda"));
        var opened = new List<string>();
        for (var i = 0; i <= Limits.SessionsPerAccountMax; i++)
        {
            opened.Add(sessions.Open(Of("ines")));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Null(sessions.Find(opened[0]));
        Assert.All(opened.Skip(1), token => Assert.Equal(Of("ines"), sessions.Find(token)));
        Assert.NotNull(sessions.Find(other));
    }

    [Fact]
    public void All_accounts_together_have_a_bound()
    {
        var sessions = new Sessions(_clock, TimeSpan.FromHours(1));
        var opened = new List<string>();
        for (var i = 0; i <= Limits.SessionsMax; i++)
        {
            opened.Add(sessions.Open(Of($"user{i}")));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Null(sessions.Find(opened[0]));
        Assert.NotNull(sessions.Find(opened[1]));
    }

    [Fact]
    public void Two_tokens_are_never_alike_and_are_long()
    {
        var sessions = new Sessions(_clock, TimeSpan.FromHours(1));
        var (one, two) = (sessions.Open(Of("ines")), sessions.Open(Of("ines")));
        Assert.NotEqual(one, two);
        Assert.Equal(2 * Limits.SessionTokenBytes, one.Length);
    }

    private static SessionHolder Of(string account) => new(AccountName.Parse(account), Password: null);
}
