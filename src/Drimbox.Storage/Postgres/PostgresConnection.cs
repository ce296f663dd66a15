using System.Diagnostics;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Storage.Database;
using Npgsql;

namespace Drimbox.Storage.Postgres;

/// <summary>
/// A session of PostgreSQL. That of the writer holds the schema by an advisory lock, alone or with other processes
/// (docs/adr/0035), and is opened again when it was lost. A transaction whose COMMIT was not answered is asked after by its number: whoever waits is told the truth.
/// </summary>
internal sealed class PostgresConnection : DatabaseConnection
{
    private const string Begun = "BEGIN; SELECT CAST(pg_current_xact_id() AS text)";

    private readonly PostgresOptions _options;
    private readonly bool _isWriter;
    private readonly ManualResetEventSlim _closed = new();
    private NpgsqlConnection _session;
    private volatile NpgsqlCommand? _running;
    private bool _isInTransaction;
    private bool _isAborted;
    private string? _transaction;
    private string? _unresolved;
    private DateTimeOffset? _time;
    private StoreSchema? _shared;

    private PostgresConnection(PostgresOptions options, bool isWriter)
    {
        _options = options;
        _isWriter = isWriter;
        _session = OpenSession();
    }

    public override SqlDialect Dialect => PostgresDialect.Instance;

    public override bool IsInTransaction => _isInTransaction && !IsLost;

    public override bool IsLost => _session.FullState is not System.Data.ConnectionState.Open;

    public override bool IsShared => _shared is not null;

    public override DateTimeOffset? ServerTime => _time;

    public override int Changes => LastChanges;

    internal int LastChanges { get; set; }

    /// <summary>Grows with each session: what was prepared in one is gone in the next.</summary>
    internal int Session { get; private set; }

    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: another process has the schema; or
    /// the server cannot be reached, or is not to be trusted with it.</exception>
    public static PostgresConnection OpenWriter(PostgresOptions options) => new(options, isWriter: true);

    public static PostgresConnection OpenReader(PostgresOptions options) => new(options, isWriter: false);

    public override void Execute(string sql)
    {
        // A step of the schema takes what it takes; so does a COMMIT, whose end must not be guessed. Where others go on meanwhile,
        // one that is not answered is asked after in a new session: this process may be cut off from the server.
        using var command = new NpgsqlCommand(sql, _session)
        {
            CommandTimeout = IsShared ? (int)Limits.SharedAnswerMax.TotalSeconds : 0,
        };
        Run(command, static command => command.ExecuteNonQuery());
    }

    public override void Interrupt() => _running?.Cancel();

    public override void Begin()
    {
        if (IsLost) Reopen();
        RefuseIfCommitted();
        var begin = _shared is null ? Begun : _shared.HasPositions ? PostgresSharing.Begin : PostgresSharing.BeginTimed;
        using var command = new NpgsqlCommand(begin, _session);
        try
        {
            (_transaction, _time) = Run(command, static command =>
            {
                using var row = command.ExecuteReader();
                row.Read();
                return (row.GetString(0), row.FieldCount > 1 ? DatabaseTime.FromNumber(row.GetInt64(1)) : (DateTimeOffset?)null);
            });
        }
        catch (StorageFaultException) when (!IsLost)
        {
            // BEGIN was done, and the session would answer every statement from now on by a fault.
            Rollback();
            throw;
        }

        (_isInTransaction, _isAborted) = (true, false);
    }

    public override void Lock(IReadOnlyCollection<string> names)
    {
        if (!IsShared || names.Count == 0) return;
        var keys = names.Select(name => PostgresSharing.KeyOf(_options.Schema, name)).Distinct().Order();
        Use(PostgresSharing.Lock).Add(JsonSerializer.Serialize(keys)).Run();
    }

    public override IReadOnlyList<string> TryLock(IReadOnlyList<string> names, int max)
    {
        if (!IsShared || names.Count == 0) return base.TryLock(names, max);
        var byKey = names.DistinctBy(name => PostgresSharing.KeyOf(_options.Schema, name))
            .ToDictionary(name => PostgresSharing.KeyOf(_options.Schema, name));
        var free = Use(PostgresSharing.TryLock).Add(JsonSerializer.Serialize(byKey.Keys)).Add(max);
        var locked = new List<string>();
        while (free.Step()) locked.Add(byKey[free.Long(0)]);
        free.Reset();
        return locked;
    }

    public override DateTimeOffset? AskTime() =>
        _options.IsShared ? DatabaseTime.FromNumber(Use(PostgresSharing.Time).LongOrNone()!.Value) : null;

    /// <summary>For a writer whose schema is to be shared: takes it alone as long as its tables are changed.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: other processes use it.</exception>
    public void HoldAlone() => PostgresSession.Hold(_session, _options.Schema);

    /// <summary>The tables are as this program knows them: from now on other processes may write too.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: a process has it alone.</exception>
    public void Share(StoreSchema kind)
    {
        PostgresSession.HoldShared(_session, _options.Schema, kind.IsLockedWhole);
        PostgresSession.LetGo(_session, _options.Schema);
        _shared = kind;
    }

    public override void Commit()
    {
        // A statement that failed ended the transaction: the server would answer COMMIT by a rollback, not a fault.
        Invariant.Holds(!_isAborted);
        try
        {
            Execute("COMMIT");
            _isInTransaction = false;
        }
        catch (StorageFaultException e) when (IsLost)
        {
            (_isInTransaction, _unresolved) = (false, _transaction);
            if (IsCommittedAfterAll()) return;
            if (_unresolved is null) throw;
            throw new StorageFaultException(
                StorageFault.Unresolved, "Database: PostgreSQL did not say in time whether it kept a transaction.", e);
        }
    }

    public override void Rollback()
    {
        Execute("ROLLBACK");
        (_isInTransaction, _isAborted) = (false, false);
    }

    public override void Savepoint() => Execute("SAVEPOINT job");

    public override void RollbackToSavepoint()
    {
        Execute("ROLLBACK TO job");
        _isAborted = false;
    }

    public override void ReleaseSavepoint() => Execute("RELEASE job");

    public override void Dispose()
    {
        _closed.Set();
        DisposeStatements();
        _session.Dispose();
        _closed.Dispose();
    }

    internal NpgsqlCommand Command(string sql) => new(sql, _session);

    /// <summary>Runs a command so that it can be interrupted, and gives its faults their names.</summary>
    internal T Run<T>(NpgsqlCommand command, Func<NpgsqlCommand, T> run)
    {
        if (IsLost) throw new StorageFaultException(StorageFault.Io, "Database: the session of PostgreSQL was lost.");
        try
        {
            _running = command;
            return run(command);
        }
        catch (NpgsqlException e)
        {
            _isAborted = _isInTransaction;
            throw PostgresFaults.Of(e);
        }
        finally
        {
            _running = null;
        }
    }

    protected override DatabaseStatement Create(string sql, bool isKept) => new PostgresStatement(this, sql, isKept);

    /// <summary>Asks a server that did not answer COMMIT whether it did it. It may be starting again after a crash, so it
    /// is asked for a while.</summary>
    private bool IsCommittedAfterAll()
    {
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < Limits.CommitInquiryMax && !_closed.Wait(Limits.CommitInquiryPause))
        {
            try
            {
                Reopen();
                var status = StatusOfUnresolved();
                // The session that was lost still works on it.
                if (status == "in progress") continue;
                _unresolved = null;
                return status == "committed";
            }
            catch (StorageFaultException)
            {
                // It is not there yet, or has not noticed that the former session is gone.
            }
        }

        return false;
    }

    private void Reopen()
    {
        _session.Dispose();
        (_isInTransaction, _isAborted) = (false, false);
        _session = OpenSession();
        Session++;
    }

    /// <summary>Its writers were told a fault, and dropped what they had written beside the database: rows of it that are
    /// there nevertheless must be looked at before anything is built on them, which a start does.</summary>
    private void RefuseIfCommitted()
    {
        // Where others write too it is as one of theirs: what was read is caught up with before anything is decided, and
        // nothing beside the database is built on it.
        if (IsShared) _unresolved = null;
        if (_unresolved is null) return;
        if (StatusOfUnresolved() is "committed" or "in progress")
        {
            throw new StorageFaultException(
                StorageFault.Other,
                "PostgreSQL kept a transaction whose end it did not tell in time: the process must be started again.");
        }

        _unresolved = null;
    }

    private string? StatusOfUnresolved()
    {
        using var command = new NpgsqlCommand("SELECT pg_xact_status(CAST($1 AS xid8))", _session);
        command.Parameters.Add(new NpgsqlParameter { Value = _unresolved });
        // NULL is for a transaction that is too old to be known; that it was committed is the safe assumption.
        return Run(command, static command => command.ExecuteScalar() as string ?? "committed");
    }

    private NpgsqlConnection OpenSession()
    {
        var session = new NpgsqlConnection(_options.Session());
        try
        {
            session.Open();
            using (var settings = new NpgsqlCommand(PostgresSession.Settings(_options.Schema, _isWriter), session))
                settings.ExecuteNonQuery();
            if (_isWriter) Hold(session);
            return session;
        }
        catch (NpgsqlException e)
        {
            session.Dispose();
            throw PostgresFaults.Of(e);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private void Hold(NpgsqlConnection session)
    {
        if (!_options.IsShared)
        {
            PostgresSession.Hold(session, _options.Schema);
        }
        else if (_shared is null)
        {
            PostgresSession.HoldStart(session, _options.Schema);
        }
        else
        {
            PostgresSession.HoldShared(session, _options.Schema, _shared.IsLockedWhole);
            // Nobody held it for a moment: a newer program may have changed the tables.
            using var command = new NpgsqlCommand("SELECT max(number) FROM schema_version", session);
            DatabaseMigration.RequireKnown((long)command.ExecuteScalar()!, _shared.Migrations);
        }
    }
}
