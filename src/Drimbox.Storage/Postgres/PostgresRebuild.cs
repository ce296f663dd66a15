using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

/// <summary>Makes the index of an archive again in PostgreSQL: beside the present one, whose place it takes in one
/// transaction. Holds both schemas until it is disposed.</summary>
public sealed class PostgresRebuild : IDisposable
{
    private readonly PostgresOptions _options;
    private readonly PostgresConnection _db;

    private PostgresRebuild(PostgresOptions options, PostgresConnection db)
    {
        _options = options;
        _db = db;
    }

    /// <summary>Where the new index is made; it is empty at the beginning.</summary>
    public PostgresOptions Made => _options with { Schema = _options.Schema + "_rebuild" };

    private string Former => _options.Schema + "_before_rebuild";

    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: a process has the index; or the server
    /// cannot be reached.</exception>
    public static PostgresRebuild Begin(PostgresOptions options)
    {
        var db = PostgresConnection.OpenWriter(options);
        try
        {
            var rebuild = new PostgresRebuild(options, db);
            // Of one that was interrupted.
            db.Execute($"DROP SCHEMA IF EXISTS \"{rebuild.Made.Schema}\" CASCADE");
            return rebuild;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    /// <summary>Copies what the present index has beyond the files of its archive into the new one, and puts that in its
    /// place. The former stays under another name.</summary>
    /// <param name="now">When it was made: what is old by then is not announced.</param>
    /// <exception cref="StorageFaultException">The present index is still in its place.</exception>
    public TakenOver Finish(DateTimeOffset now)
    {
        _db.Begin();
        try
        {
            var hasFormer = PostgresMigrations.HasStore(_db, _options.Schema);
            var state = new RebuiltState(_db, $"\"{Made.Schema}\"", $"\"{_options.Schema}\"");
            var taken = (hasFormer ? TryTakeOver(state, now) : null)
                ?? new TakenOver(false, 0, 0, state.WithoutFormer(now));
            taken = taken with { StudiesOpen = state.CountOpen() };
            // The folder says which it is; the one that the new index was made in goes.
            _db.Execute($"DELETE FROM \"{Made.Schema}\".store_identity");
            if (hasFormer)
            {
                _db.Execute($"""
                    DROP SCHEMA IF EXISTS "{Former}" CASCADE;
                    ALTER SCHEMA "{_options.Schema}" RENAME TO "{Former}";
                    """);
            }
            else
            {
                _db.Execute($"DROP SCHEMA IF EXISTS \"{_options.Schema}\" CASCADE");
            }

            _db.Execute($"ALTER SCHEMA \"{Made.Schema}\" RENAME TO \"{_options.Schema}\"");
            // In the schema of this connection, which the new index is from here on.
            if (taken.IsKept) CorrectionWrites.SettleAll(_db);
            _db.Commit();
            return taken;
        }
        catch (StorageFaultException)
        {
            if (_db.IsInTransaction) _db.Rollback();
            throw;
        }
    }

    public void Dispose() => _db.Dispose();

    /// <returns>Null: the former index cannot be read, and nothing of it was taken.</returns>
    private TakenOver? TryTakeOver(RebuiltState state, DateTimeOffset now)
    {
        _db.Savepoint();
        try
        {
            var tables = HistoryColumns();
            // Parents come first, so they are emptied last.
            foreach (var (table, _, _) in Enumerable.Reverse(tables)) _db.Execute($"DELETE FROM \"{Made.Schema}\".{table}");
            foreach (var (table, columns, hasId) in tables)
            {
                _db.Execute($"""
                    INSERT INTO "{Made.Schema}".{table} ({columns}) SELECT {columns} FROM "{_options.Schema}".{table}
                    """);
                if (!hasId) continue;
                // A number of a row is never used again.
                _db.Execute($"""
                    SELECT setval(pg_get_serial_sequence('"{Made.Schema}".{table}', 'id'), max(id))
                    FROM "{Made.Schema}".{table} HAVING max(id) IS NOT NULL
                    """);
            }

            // What people and retrievals said of a study, by its UID. The scrubber counts rows of the former index.
            _db.Execute($"""
                UPDATE "{Made.Schema}".study made SET protected_by = f.protected_by, accessed_on = f.accessed_on
                FROM "{_options.Schema}".study f WHERE f.study_instance_uid = made.study_instance_uid;
                UPDATE "{Made.Schema}".scrub SET position = 0;
                """);
            var damaged = state.TakeOverDamage(now);
            var old = state.TakeOverCompleteness(now);
            _db.ReleaseSavepoint();
            return new TakenOver(true, damaged, 0, old);
        }
        catch (StorageFaultException) when (_db.IsInTransaction)
        {
            // A broken index is why it is made again.
            _db.RollbackToSavepoint();
            _db.ReleaseSavepoint();
            return null;
        }
    }

    // What both schemas have; an index of an older version has fewer tables and columns.
    private List<(string Table, string Columns, bool HasId)> HistoryColumns()
    {
        var rows = _db.Use($"""
            SELECT CAST(c.relname AS text), string_agg(quote_ident(a.attname), ', '), bool_or(a.attname = 'id')
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_class f ON f.relname = c.relname AND f.relnamespace = to_regnamespace(?2)
            JOIN pg_attribute b ON b.attrelid = f.oid AND b.attname = a.attname AND NOT b.attisdropped
            WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(?1)
                AND c.relname NOT IN ({ArchiveIndex.DerivedTables}, 'schema_version', 'store_identity')
                AND NOT EXISTS (
                    SELECT 1 FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
                    WHERE k.conrelid = c.oid AND k.contype = 'f' AND t.relname IN ({ArchiveIndex.DerivedTables}))
            GROUP BY c.oid, c.relname
            ORDER BY (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f')
            """).Add($"\"{Made.Schema}\"").Add($"\"{_options.Schema}\"");
        var tables = new List<(string, string, bool)>();
        while (rows.Step()) tables.Add((rows.Text(0), rows.Text(1), rows.Long(2) == 1));
        rows.Reset();
        return tables;
    }
}
