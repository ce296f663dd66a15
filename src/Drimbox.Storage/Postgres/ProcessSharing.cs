using Drimbox.Core;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Npgsql;

namespace Drimbox.Storage;

/// <summary>
/// A process among others over one schema (docs/adr/0035, 0040). It has a name that its leases have, which a session of its own
/// holds: whoever finds the name free ends the leases. It tells the others of its commits, and hears of theirs.
/// </summary>
internal sealed class ProcessSharing : IAsyncDisposable
{
    private const string Channel = "drimbox";

    private readonly PostgresOptions _options;
    private readonly TimeProvider _clock;
    private readonly OutboxTable _outbox;
    private readonly Action _others;
    private readonly WorkSignal _mine;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _voiceTurn = new(1);
    private readonly HashSet<string> _duties = new(StringComparer.Ordinal);
    private volatile NpgsqlConnection? _ear;
    private NpgsqlConnection? _voice;
    private HashSet<string> _free = new(StringComparer.Ordinal);
    private Task _running = Task.CompletedTask;

    /// <param name="others">Called when another process has committed, and from time to time.</param>
    /// <exception cref="StorageFaultException">The server cannot be reached.</exception>
    public ProcessSharing(PostgresOptions options, TimeProvider clock, OutboxTable outbox, Action others)
    {
        _options = options;
        _clock = clock;
        _outbox = outbox;
        _others = others;
        _mine = new WorkSignal(clock);
        Name = $"{Environment.MachineName}/{Environment.ProcessId}/{NewNumber()}";
        _ear = OpenEar();
    }

    /// <summary>The owner of the leases of this process.</summary>
    public string Name { get; }

    /// <summary>The audit trail of this process (docs/adr/0035): the lowest that no other has, so that those of processes
    /// that are gone are gone on with. From 1 on.</summary>
    public int Trail { get; private set; }

    /// <summary>False while the session that holds the name is lost: it is asked every 5 s and has 5 s to answer, which is before
    /// the server has noticed too and the others see the name free twice.</summary>
    public bool HoldsName => _ear?.State == System.Data.ConnectionState.Open;

    /// <summary>Begins to listen, and to look after the leases of others.</summary>
    /// <param name="writer">Of the store.</param>
    public void Start(DatabaseWriter writer) =>
        _running = Task.WhenAll(Task.Run(ListenAsync), Task.Run(TellAsync), Task.Run(() => LookAsync(writer)));

    /// <summary>This process has committed what others may work on.</summary>
    public void Committed() => _mine.Set();

    /// <summary>An instant of the database on the clock of this process.</summary>
    /// <param name="now">On the clock of the database.</param>
    public DateTimeOffset Told(DateTimeOffset at, DateTimeOffset now) => _clock.DatabaseNow() + (at - now);

    /// <summary>When a wait for work ends at the latest: a wake-up may have been lost. What is due and could not be
    /// claimed is locked by another for a moment.</summary>
    public DateTimeOffset Until(DateTimeOffset? until)
    {
        var now = _clock.GetUtcNow();
        var (soonest, latest) = (now + Limits.SharedNoticePause, now + Limits.SharedLookInterval);
        return until is not { } at || at > latest ? latest : at < soonest ? soonest : at;
    }

    /// <summary>Makes the name known before anything is claimed under it.</summary>
    public void Register(DatabaseConnection db) =>
        db.Use("INSERT INTO process (name) VALUES (?) ON CONFLICT (name) DO NOTHING").Add(Name).Run();

    /// <summary>Ends the leases of all who are gone, those of a time when the schema had one process among them.</summary>
    public int VoidAll(DatabaseConnection db)
    {
        var (count, known) = (0, Processes(db));
        foreach (var name in Free(db, known)) count += Bury(db, name);
        var left = Processes(db);
        foreach (var owner in OutboxTable.Owners(db).Except(left)) count += _outbox.VoidLeases(db, owner);
        return count;
    }

    /// <summary>Takes what one process does for all, if no other has it; it stays with this process until it ends or loses
    /// its session.</summary>
    public async Task<bool> TryHoldAsync(string duty, CancellationToken cancellationToken)
    {
        await _voiceTurn.WaitAsync(cancellationToken);
        try
        {
            var session = Voice();
            if (_duties.Contains(duty)) return true;
            await using var command = new NpgsqlCommand(PostgresSharing.TryHoldKey, session);
            command.Parameters.Add(Key("duty " + duty));
            if (await command.ExecuteScalarAsync(cancellationToken) is not true) return false;
            _duties.Add(duty);
            return true;
        }
        catch (NpgsqlException e)
        {
            throw PostgresFaults.Of(e);
        }
        finally
        {
            _voiceTurn.Release();
        }
    }

    /// <summary>Waits for a name that one process has at a time, in a session of its own.</summary>
    /// <returns>Disposed, it is free.</returns>
    /// <exception cref="StorageFaultException">The server cannot be reached.</exception>
    public async Task<IDisposable> HoldAsync(string name, CancellationToken cancellationToken)
    {
        var session = Open();
        try
        {
            // However long another has it.
            await using var command = new NpgsqlCommand(
                "SELECT set_config('lock_timeout', '0', false), pg_advisory_lock($1)", session) { CommandTimeout = 0 };
            command.Parameters.Add(Key("hold " + name));
            await command.ExecuteNonQueryAsync(cancellationToken);
            return session;
        }
        catch (NpgsqlException e)
        {
            await session.DisposeAsync();
            throw PostgresFaults.Of(e);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (_ear is not null) await _ear.DisposeAsync();
        if (_voice is not null) await _voice.DisposeAsync();
        _voiceTurn.Dispose();
        _stop.Dispose();
    }

    private static List<string> Processes(DatabaseConnection db)
    {
        var rows = db.Use("SELECT name FROM process");
        var names = new List<string>();
        while (rows.Step()) names.Add(rows.Text(0));
        rows.Reset();
        return names;
    }

    /// <summary>The names that nobody holds; they stay locked until the end of the transaction, so that nobody comes back
    /// to one meanwhile.</summary>
    private static List<string> Free(DatabaseConnection db, List<string> names) =>
        [.. db.TryLock([.. names.Select(NameOf)], names.Count).Select(name => name[NameOf("").Length..])];

    private static string NameOf(string process) => "process " + process;

    private int Bury(DatabaseConnection db, string name)
    {
        var count = _outbox.VoidLeases(db, name);
        // This process has lost the session that held its own name: it goes on under it.
        if (name != Name) db.Use("DELETE FROM process WHERE name = ?").Add(name).Run();
        return count;
    }

    /// <summary>Ends the leases of those whose name was free at two looks: after the server was started again all have
    /// lost their sessions, and none is gone.</summary>
    private async Task LookAsync(DatabaseWriter writer)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Limits.SharedLookInterval, _clock, _stop.Token);
                _others();
                _free = await writer.RunAsync(
                    db =>
                    {
                        Register(db);
                        var free = Free(db, Processes(db)).ToHashSet(StringComparer.Ordinal);
                        foreach (var name in free.Where(_free.Contains)) Bury(db, name);
                        return new Written<HashSet<string>>(free, Keep: true);
                    },
                    _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or StorageFaultException)
            {
                // The stop, or the server is away: the next look sees.
                _free = [];
            }
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ear ??= OpenEar();
                // A server that is cut off says nothing, as one that has nothing to say: it is asked, so that this process knows
                // before the others take what it holds.
                if (!await _ear.WaitAsync((int)Limits.SharedLookInterval.TotalMilliseconds, _stop.Token)) await AskAsync(_ear);
            }
            catch (Exception e) when (e is NpgsqlException or StorageFaultException or InvalidOperationException)
            {
                if (_ear is not null) await _ear.DisposeAsync();
                _ear = null;
                await Task.Delay(Limits.CommitInquiryPause, _clock, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task AskAsync(NpgsqlConnection ear)
    {
        await using var ask = new NpgsqlCommand("SELECT 1", ear)
        {
            CommandTimeout = (int)Limits.SharedLookInterval.TotalSeconds,
        };
        await ask.ExecuteScalarAsync(_stop.Token);
    }

    private async Task TellAsync()
    {
        try
        {
            while (true)
            {
                await _mine.WaitAsync(null, _stop.Token);
                await TellOnceAsync();
                await Task.Delay(Limits.SharedNoticePause, _clock, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }

    private async Task TellOnceAsync()
    {
        await _voiceTurn.WaitAsync(_stop.Token);
        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_notify($1, $2)", Voice());
            command.Parameters.Add(new NpgsqlParameter { Value = Channel });
            command.Parameters.Add(new NpgsqlParameter { Value = $"{_options.Schema}\n{Name}" });
            await command.ExecuteNonQueryAsync(_stop.Token);
        }
        catch (Exception e) when (e is NpgsqlException or StorageFaultException)
        {
            // The others look by themselves every few seconds.
        }
        finally
        {
            _voiceTurn.Release();
        }
    }

    private NpgsqlConnection OpenEar()
    {
        var session = Open();
        try
        {
            using (var hold = new NpgsqlCommand(PostgresSharing.HoldKey, session))
            {
                hold.Parameters.Add(Key(NameOf(Name)));
                hold.ExecuteNonQuery();
            }

            HoldTrail(session);
            session.Notification += (_, notice) =>
            {
                if (notice.Payload.StartsWith(_options.Schema + "\n", StringComparison.Ordinal)
                    && !notice.Payload.EndsWith("\n" + Name, StringComparison.Ordinal))
                    _others();
            };
            using var listen = new NpgsqlCommand($"LISTEN {Channel}", session);
            listen.ExecuteNonQuery();
            return session;
        }
        catch (NpgsqlException e)
        {
            session.Dispose();
            throw PostgresFaults.Of(e);
        }
    }

    // A session that was lost takes the same again. If another process has it by now both write to it, in turns: who writes
    // has locked the name of the trail, whoever holds its number.
    private void HoldTrail(NpgsqlConnection session)
    {
        if (Trail > 0)
        {
            TryHold(session, Trail);
            return;
        }

        var trail = 1;
        while (!TryHold(session, trail)) trail++;
        Trail = trail;
    }

    private bool TryHold(NpgsqlConnection session, int trail)
    {
        using var hold = new NpgsqlCommand(PostgresSharing.TryHoldKey, session);
        hold.Parameters.Add(Key($"trail {trail}"));
        return hold.ExecuteScalar() is true;
    }

    // A container has the same machine and process id again and again.
    private string NewNumber()
    {
        using var session = Open();
        using var command = new NpgsqlCommand("SELECT left(CAST(gen_random_uuid() AS text), 8)", session);
        return (string)command.ExecuteScalar()!;
    }

    // In the turn of the voice.
    private NpgsqlConnection Voice()
    {
        if (_voice?.FullState == System.Data.ConnectionState.Open) return _voice;
        _voice?.Dispose();
        _duties.Clear();
        return _voice = Open();
    }

    private NpgsqlConnection Open()
    {
        // One that does not answer is given up, not asked to stop.
        var session = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(_options.Session()) { CancellationTimeout = -1 }.ConnectionString);
        try
        {
            session.Open();
            // What it writes is heard or it is not: nobody waits for the disk for it.
            using var settings = new NpgsqlCommand(
                PostgresSession.Settings(_options.Schema, isWriter: true) + "SET synchronous_commit = off;", session);
            settings.ExecuteNonQuery();
            return session;
        }
        catch (NpgsqlException e)
        {
            session.Dispose();
            throw PostgresFaults.Of(e);
        }
    }

    private NpgsqlParameter Key(string name) => new() { Value = PostgresSharing.KeyOf(_options.Schema, name) };
}
