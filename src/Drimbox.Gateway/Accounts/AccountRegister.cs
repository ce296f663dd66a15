using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts;

/// <summary>One line of what happened to accounts.</summary>
internal sealed record AccountEntry(
    long Position, DateTimeOffset At, string Account, string What, string? By, string Detail);

/// <summary>
/// The accounts of a process, or of several: events in a file of their own (<c>accounts/accounts.db</c>) or a schema of
/// PostgreSQL, since a person works with all nodes of the process and a node belongs to none (docs/adr/0022). The state is
/// kept in memory, so that a request asks no database who calls; what another process changed is in it within seconds.
/// </summary>
internal sealed class AccountRegister : IAsyncDisposable
{
    /// <summary>Folder of the store below the data folder, and what its files are called.</summary>
    public const string FolderName = "accounts";

    private const string Prefix = "accounts/";
    private const string AccessPrefix = Prefix + "access/";
    private static readonly StreamId _registerId = new(Prefix + "register");

    private readonly FlowStore _store;
    private readonly TimeProvider _time;
    private readonly IReadOnlySet<string> _reservedOsUsers;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly EventStream<AccountsState, AccountEvent> _register;
    private readonly Dictionary<AccountName, EventStream<AccessState, AccessEvent>> _access = [];
    private readonly CancellationTokenSource _stopping = new();
    private volatile AccountsState _state = AccountsState.Empty;
    private Task _following = Task.CompletedTask;

    private AccountRegister(FlowStore store, TimeProvider time, IReadOnlySet<string> reservedOsUsers, ILogger log)
    {
        _store = store;
        _time = time;
        _reservedOsUsers = reservedOsUsers;
        _log = log;
        _register = new(store, _registerId, AccountsState.Empty, AccountDecider.Evolve);
    }

    /// <summary>All accounts as of the last commit.</summary>
    public AccountsState State => _state;

    /// <exception cref="StorageFaultException">The store is in use, was written by a newer program, or the disk
    /// failed.</exception>
    public static async Task<AccountRegister> OpenAsync(
        string dataFolder,
        DatabaseOptions? database,
        IReadOnlySet<string> reservedOsUsers,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var folders = NodeFolders.Of(dataFolder, FolderName, database);
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folders.Store,
                FileName = FolderName,
                Postgres = database?.ToAccounts(),
                Bucket = folders.Bucket,
                Clock = time,
            },
            cancellation);
        try
        {
            var register = new AccountRegister(
                store, time, reservedOsUsers, loggers.CreateLogger<AccountRegister>());
            register._state = await register._register.CatchUpAsync(cancellation);
            // Who was suspended elsewhere, or has another password, has no session here any more.
            register._following = store.FollowOthersAsync(register.CatchUpAsync, register._stopping.Token);
            return register;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Does what was asked, or says why not; what was done is durable then.</summary>
    /// <param name="actor">Who asks, for the record.</param>
    /// <param name="actorAccount">The account of who asks, or null.</param>
    public async Task<AccountDecision> ExecuteAsync(
        AccountCommand command, string actor, AccountName? actorAccount, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            AccountDecision decision;
            do
            {
                var state = await _register.CatchUpAsync(cancellation);
                decision = AccountDecider.Decide(
                    state, command, new AccountContext(_time.GetUtcNow(), actor, actorAccount, _reservedOsUsers));
            }
            while (!await TryAppendAsync(_register, decision.Events, cancellation));

            _state = _register.State;

            foreach (var e in decision.Events) AccountsLog.Changed(_log, e.Name, e.GetType().Name, actor);
            foreach (var warning in decision.Warnings) AccountsLog.Warned(_log, command.Name, warning);
            return decision;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes over what other processes changed until now.</summary>
    /// <exception cref="StorageFaultException">The store cannot be read.</exception>
    public async Task CatchUpAsync(CancellationToken cancellation)
    {
        if (!_store.IsShared) return;
        await _turn.WaitAsync(cancellation);
        try
        {
            _state = await _register.CatchUpAsync(cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The failed attempts of an account that exists.</summary>
    public Task<AccessState> AccessOfAsync(AccountName account, CancellationToken cancellation) =>
        RecordAsync(account, _ => null, cancellation);

    /// <summary>Writes down what happened at the door of an account that exists.</summary>
    /// <param name="decide">From the state until now; null: nothing happened.</param>
    public async Task<AccessState> RecordAsync(
        AccountName account, Func<AccessState, AccessEvent?> decide, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (!_access.TryGetValue(account, out var stream))
            {
                stream = new(
                    _store, new StreamId(AccessPrefix + account), AccessState.Empty, AccessDecider.Evolve);
                _access.Add(account, stream);
            }

            while (decide(await stream.CatchUpAsync(cancellation)) is { } e
                && !await TryAppendAsync(stream, [e], cancellation))
            {
                // Another process was faster: its event counts too.
            }

            return stream.State;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The last events of one account or of all, oldest first.</summary>
    public async Task<IReadOnlyList<AccountEntry>> ListEventsAsync(
        AccountName? account, int max, CancellationToken cancellation)
    {
        var entries = new Queue<AccountEntry>();
        var state = AccountsState.Empty;
        long after = 0;
        while (await _store.ListEventsAsync(Prefix, after, Limits.EventsPerPage, cancellation) is { Count: > 0 } page)
        {
            foreach (var placed in page)
            {
                after = placed.Position;
                var entry = EntryOf(placed, ref state);
                if (account is { } name && entry.Account != name.ToString()) continue;
                entries.Enqueue(entry);
                if (entries.Count > max) entries.Dequeue();
            }
        }

        return [.. entries];
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
        await _store.DisposeAsync();
        _turn.Dispose();
    }

    private static AccountEntry EntryOf(PlacedEvent placed, ref AccountsState state)
    {
        if (placed.Stream != _registerId)
        {
            var access = EventCodec.FromRow<AccessEvent>(placed.Event);
            return new AccountEntry(
                placed.Position, access.RecordedAt, placed.Stream.Value[AccessPrefix.Length..], placed.Event.Type,
                (access as LockOpened)?.Actor, AccountHistory.Describe(access));
        }

        var e = EventCodec.FromRow<AccountEvent>(placed.Event);
        var detail = AccountHistory.Describe(state, e);
        state = AccountDecider.Evolve(state, e);
        return new AccountEntry(placed.Position, e.RecordedAt, e.Name.ToString(), placed.Event.Type, e.Actor, detail);
    }

    /// <returns>False: another process has written meanwhile.</returns>
    private async Task<bool> TryAppendAsync<TState, TEvent>(
        EventStream<TState, TEvent> stream, IReadOnlyList<TEvent> events, CancellationToken cancellation)
        where TEvent : notnull
    {
        if (events.Count == 0) return true;
        var result = await _store.CommitAsync(new FlowCommit { Appends = [stream.Append(events)] }, cancellation);
        if (result is not CommitResult.Committed)
        {
            // Where no other process writes one turn at a time does.
            Invariant.Holds(_store.IsShared);
            return false;
        }

        stream.Committed(events);
        return true;
    }
}
