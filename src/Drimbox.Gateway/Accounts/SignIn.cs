using Drimbox.Core;
using Drimbox.Core.Accounts;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts;

/// <summary>How an attempt to sign in ended.</summary>
internal enum SignInOutcome
{
    Accepted,

    /// <summary>Wrong, unknown, suspended or locked: a caller is not told which.</summary>
    Refused,

    /// <summary>The password is right, and must be changed before it serves.</summary>
    MustChange,

    /// <summary>Too many others wait.</summary>
    Busy,
}

/// <summary>Passwords at the door and new passwords. One is computed at a time: whoever guesses takes one core at most,
/// and guesses that come together are counted one by one.</summary>
internal sealed class SignIn(
    AccountRegister accounts,
    Sessions sessions,
    PasswordPolicy policy,
    PasswordHasher hasher,
    TimeProvider time,
    ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly PasswordDigest _ofNobody = hasher.OfNobody();
    private int _waiting;

    /// <param name="address">Where the caller is, for the log.</param>
    /// <returns>With the token of a session, where the outcome is <see cref="SignInOutcome.Accepted"/>.</returns>
    public Task<(SignInOutcome Outcome, string? Token)> TryAsync(
        string name, string password, string? address, CancellationToken cancellation) =>
        InTurnAsync<(SignInOutcome Outcome, string? Token)>(
            async () =>
            {
                if (await VerifyAsync(name, password, address, cancellation) is not { } account)
                    return (SignInOutcome.Refused, null);
                if (policy.MustChange(account.Password!, time.GetUtcNow())) return (SignInOutcome.MustChange, null);
                await SucceedAsync(account.Name, AccessMeans.Password, address, cancellation);
                return (SignInOutcome.Accepted, sessions.Open(new SessionHolder(account.Name, account.Password?.Digest)));
            },
            (SignInOutcome.Busy, null), cancellation);

    /// <summary>The holder sets another password and shows that he knows the present one.</summary>
    /// <returns>The outcome of the present password, and of the new one where that was right.</returns>
    public async Task<(SignInOutcome Outcome, Refusal? Refusal)> ChangeAsync(
        string name, string password, string wanted, string? address, CancellationToken cancellation)
    {
        Refusal? refusal = null;
        var outcome = await InTurnAsync(
            async () =>
            {
                if (await VerifyAsync(name, password, address, cancellation) is not { } account)
                    return SignInOutcome.Refused;
                refusal = await SetInTurnAsync(
                    account, wanted, Caller.ActorOf(account.Name), account.Name, cancellation);
                if (refusal is null) await SucceedAsync(account.Name, AccessMeans.Password, address, cancellation);
                return SignInOutcome.Accepted;
            },
            SignInOutcome.Busy, cancellation);
        return (outcome, refusal);
    }

    /// <summary>An administrator sets a password, which its holder must change; failed attempts are
    /// forgotten.</summary>
    public async Task<Refusal?> SetAsync(
        AccountName name, string wanted, string actor, AccountName? actorAccount, CancellationToken cancellation) =>
        await InTurnAsync<Refusal?>(
            async () =>
            {
                if (accounts.State.Find(name) is not { } account)
                    return new Refusal(RefusalReason.UnknownTarget, "There is no such account.");
                if (await SetInTurnAsync(account, wanted, actor, actorAccount, cancellation) is { } refusal)
                    return refusal;
                await accounts.RecordAsync(name, _ => new LockOpened(actor, time.GetUtcNow()), cancellation);
                return null;
            },
            new Refusal(RefusalReason.Unavailable, "Too many passwords are being computed: try again."), cancellation);

    /// <summary>A caller proved to be the holder.</summary>
    public async Task SucceedAsync(
        AccountName account, AccessMeans means, string? address, CancellationToken cancellation)
    {
        await accounts.RecordAsync(account, _ => AccessDecider.Succeed(means, time.GetUtcNow()), cancellation);
        AccountsLog.SignedIn(log, account, means, address);
    }

    public void Dispose() => _one.Dispose();

    private async Task<Account?> VerifyAsync(
        string name, string password, string? address, CancellationToken cancellation)
    {
        // A password that was changed at another process just now.
        await accounts.CatchUpAsync(cancellation);
        var account = AccountName.TryParse(name, null, out var parsed) ? accounts.State.Find(parsed) : null;
        var isOpen = account is not null
            && (await accounts.AccessOfAsync(account.Name, cancellation)).IsOpen(time.GetUtcNow());
        var counts = account is { IsSuspended: false, Password: not null } && isOpen;
        // As slow for whoever is not there, has no password or is locked.
        var digest = counts ? account!.Password!.Digest : _ofNobody;
        var given = password.Length > Limits.PasswordCharactersMax ? "" : password;
        if (await Task.Run(() => PasswordHasher.Matches(digest, given), cancellation)) return account;

        // What was typed in the place of a name may be a password: the log names accounts that are there.
        AccountsLog.SignInFailed(log, account?.Name.ToString() ?? "an unknown account", address);
        if (!counts) return null;
        // A caller who hangs up is counted too.
        var after = await accounts.RecordAsync(
            account!.Name, state => AccessDecider.Fail(state, policy.FailuresMax, time.GetUtcNow()),
            CancellationToken.None);
        if (after.LockedUntil is { } until) AccountsLog.Locked(log, account.Name, until);
        return null;
    }

    private async Task<Refusal?> SetInTurnAsync(
        Account account, string wanted, string actor, AccountName? actorAccount, CancellationToken cancellation)
    {
        var fault = policy.WhyNot(account.Name, wanted)
            ?? (await Task.Run(() => WasUsed(account.Password, wanted), cancellation)
                ? PasswordFault.UsedBefore
                : (PasswordFault?)null);
        var digest = fault is null ? await Task.Run(() => hasher.Hash(wanted), cancellation) : null;
        var decision = await accounts.ExecuteAsync(
            new SetPassword(account.Name, digest, fault), actor, actorAccount, cancellation);
        return decision.Refusal;
    }

    private bool WasUsed(PasswordState? password, string wanted) => password is not null
        && password.Former.Take(policy.Remembered).Prepend(password.Digest)
            .Any(digest => PasswordHasher.Matches(digest, wanted));

    private async Task<T> InTurnAsync<T>(Func<Task<T>> turn, T busy, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > Limits.SignInsWaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            return busy;
        }

        try
        {
            await _one.WaitAsync(cancellation);
            try
            {
                return await turn();
            }
            finally
            {
                _one.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
