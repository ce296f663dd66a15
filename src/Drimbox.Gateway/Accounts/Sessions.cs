using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Gateway.Accounts;

/// <summary>Whose session it is.</summary>
/// <param name="Password">That the account had then; null: none. An account that has another since has no session of the
/// former one, whichever process changed it.</param>
internal readonly record struct SessionHolder(AccountName Account, PasswordDigest? Password)
{
    /// <summary>The account as it is now, or null if the session is over.</summary>
    public Account? In(AccountsState accounts) =>
        accounts.Find(Account) is { IsSuspended: false } account && ReferenceEquals(account.Password?.Digest, Password)
            ? account
            : null;
}

/// <summary>Who signed in by password over HTTPS. In memory: a process that starts again has none. Only the hash of a
/// token is kept.</summary>
/// <param name="idle">Without a request for so long, a session ends (SSI/IE.39).</param>
internal sealed class Sessions(TimeProvider time, TimeSpan idle)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    /// <returns>The token, for the caller alone.</returns>
    public string Open(SessionHolder by)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Limits.SessionTokenBytes));
        var now = time.GetUtcNow();
        lock (_gate)
        {
            foreach (var (key, _) in _sessions.Where(s => IsOver(s.Value, now)).ToList()) _sessions.Remove(key);
            MakePlace(Limits.SessionsPerAccountMax, session => session.By.Account == by.Account);
            MakePlace(Limits.SessionsMax, _ => true);
            _sessions.Add(KeyOf(token), new Session(by, now, now));
        }

        return token;
    }

    /// <summary>Whose session it is; null if there is none, or it has ended.</summary>
    public SessionHolder? Find(string token)
    {
        var now = time.GetUtcNow();
        var key = KeyOf(token);
        lock (_gate)
        {
            if (!_sessions.TryGetValue(key, out var session)) return null;
            if (IsOver(session, now))
            {
                _sessions.Remove(key);
                return null;
            }

            _sessions[key] = session with { UsedAt = now };
            return session.By;
        }
    }

    /// <summary>Ends a session (SSI/IE.38).</summary>
    public void End(string token)
    {
        lock (_gate) _sessions.Remove(KeyOf(token));
    }

    // The one that was idle longest ends for a new one: first of the same account, so that no user ends all others'.
    private void MakePlace(int max, Func<Session, bool> counts)
    {
        var counted = _sessions.Where(s => counts(s.Value)).ToList();
        if (counted.Count >= max) _sessions.Remove(counted.MinBy(s => s.Value.UsedAt).Key);
    }

    private bool IsOver(Session session, DateTimeOffset now) =>
        now - session.UsedAt > idle || now - session.OpenedAt > Limits.SessionTime;

    private static string KeyOf(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private sealed record Session(SessionHolder By, DateTimeOffset OpenedAt, DateTimeOffset UsedAt);
}
