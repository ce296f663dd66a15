using System.Collections.Immutable;
using Drimbox.Core.Accounts;

namespace Drimbox.Gateway.Accounts;

/// <summary>Where a caller came in.</summary>
internal enum Door
{
    /// <summary>The Unix socket: the kernel knows the user.</summary>
    Socket,

    /// <summary>The HTTP port of the loopback: nobody is known, and nothing changes.</summary>
    Loopback,

    /// <summary>HTTPS: a session or a certificate.</summary>
    Https,
}

/// <summary>Who calls, and what he may do.</summary>
/// <param name="Actor">For the record: <c>account:NAME</c>, a user of the operating system, or <c>http</c>.</param>
/// <param name="Account">Null for the local administrator and for the loopback.</param>
internal sealed record Caller(string Actor, Account? Account, ImmutableHashSet<Right> Rights, Door Door)
{
    private static readonly ImmutableHashSet<Right> _ofAnyone = [Right.SeeStates];

    /// <summary>Whoever is on this machine.</summary>
    public static Caller Anyone { get; } = new("http", null, _ofAnyone, Door.Loopback);

    public static Caller Of(Account account, Door door) => new(ActorOf(account.Name), account, account.Rights, door);

    /// <summary>root, or the user that the process runs as. Without accounts he may do everything; where persons have
    /// accounts he keeps the system and the accounts, and leaves the records to them.</summary>
    public static Caller LocalAdministrator(string user, AccountsState accounts) => new(
        user, null,
        accounts.Accounts.IsEmpty ? RoleRights.All : RoleRights.Of(Role.Administrator), Door.Socket);

    /// <summary>A prefix, so that no account passes for a user of the operating system.</summary>
    public static string ActorOf(AccountName account) => $"account:{account}";
}
