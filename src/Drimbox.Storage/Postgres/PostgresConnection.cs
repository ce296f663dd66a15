using Drimbox.Core;
using Drimbox.Storage.Database;
using Npgsql;

namespace Drimbox.Storage.Postgres;

/// <summary>
/// A session of PostgreSQL. That of the writer holds the schema by an advisory lock and is opened again when it was
/// lost. A transaction whose COMMIT was not answered is asked after by its number: whoever waits is told the truth.
/// </summary>
internal sealed class PostgresConnection : DatabaseConnection
{
    private readonly PostgresOptions _options;
    private readonly bool _isWriter;
    private readonly ManualResetEventSlim _closed = new();
    private NpgsqlConnection _session;
    private volatile NpgsqlCommand? _running;
    private bool _isInTransaction;
    private bool _isAborted;
    private string? _transaction;
    private string? _unresolved;

    private PostgresConnection(PostgresOptions options, bool isWriter)
    {
        _options = options;
        _isWriter = isWriter;
        _session = OpenSession();
    }

    public override SqlDialect Dialect => PostgresDialect.Instance;

    public override bool IsInTransaction => _isInTransaction && !IsLost;

    public override bool IsLost => _session.FullState is not System.Data.ConnectionState.Open;

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
        // A step of the schema takes what it takes; so does a COMMIT, whose end must not be guessed.
        using var command = new NpgsqlCommand(sql, _session) { CommandTimeout = 0 };
        Run(command, static command => command.ExecuteNonQuery());
    }

    public override void Interrupt() => _running?.Cancel();

    public override void Begin()
    {
        if (IsLost) Reopen();
        RefuseIfCommitted();
        using var command = new NpgsqlCommand("BEGIN; SELECT CAST(pg_current_xact_id() AS text)", _session);
        _transaction = Run(command, static command => (string)command.ExecuteScalar()!);
        (_isInTransaction, _isAborted) = (true, false);
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
        catch (StorageFaultException) when (IsLost)
        {
            (_isInTransaction, _unresolved) = (false, _transaction);
            if (!IsCommittedAfterAll()) throw;
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
        for (var attempt = 0; attempt < Limits.CommitInquiriesMax && !_closed.Wait(Limits.CommitInquiryPause); attempt++)
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
            if (_isWriter) PostgresSession.Hold(session, _options.Schema);
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
}
