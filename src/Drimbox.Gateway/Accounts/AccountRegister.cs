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
/// The accounts of a process: events in a file of their own (<c>accounts/accounts.db</c>), since a person works with
/// all nodes of the process and a node belongs to none (docs/adr/0022). The state is kept in memory, so that a request
/// asks no database who calls.
/// </summary>
internal sealed class AccountRegister : IAsyncDisposable
{
    /// <summary>Folder of the store below the data folder.</summary>
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
    private volatile AccountsState _state = AccountsState.Empty;

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
        IReadOnlySet<string> reservedOsUsers,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = Path.Combine(dataFolder, FolderName), FileName = "accounts", Clock = time,
            },
            cancellation);
        try
        {
            var register = new AccountRegister(
                store, time, reservedOsUsers, loggers.CreateLogger<AccountRegister>());
            register._state = await register._register.CatchUpAsync(cancellation);
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
            var state = await _register.CatchUpAsync(cancellation);
            var decision = AccountDecider.Decide(
                state, command, new AccountContext(_time.GetUtcNow(), actor, actorAccount, _reservedOsUsers));
            if (decision.Events.Count > 0)
            {
                await AppendAsync(_register, decision.Events, cancellation);
                _state = _register.State;
            }

            foreach (var e in decision.Events) AccountsLog.Changed(_log, e.Name, e.GetType().Name, actor);
            foreach (var warning in decision.Warnings) AccountsLog.Warned(_log, command.Name, warning);
            return decision;
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

            if (decide(await stream.CatchUpAsync(cancellation)) is { } e) await AppendAsync(stream, [e], cancellation);
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

    private async Task AppendAsync<TState, TEvent>(
        EventStream<TState, TEvent> stream, IReadOnlyList<TEvent> events, CancellationToken cancellation)
        where TEvent : notnull
    {
        var result = await _store.CommitAsync(new FlowCommit { Appends = [stream.Append(events)] }, cancellation);
        // One process holds the file, and one turn at a time writes to it.
        Invariant.Holds(result is CommitResult.Committed);
        stream.Committed(events);
    }
}
