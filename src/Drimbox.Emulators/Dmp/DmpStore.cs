using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Microsoft.Data.Sqlite;

namespace Drimbox.Emulators.Dmp;

/// <summary>The emulator's own database: one connection, one caller at a time, one transaction a submission.</summary>
internal sealed class DmpStore : IDisposable
{
    private const string Schema =
        """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        CREATE TABLE IF NOT EXISTS patient (id TEXT PRIMARY KEY, closed INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS submission (
          unique_id TEXT PRIMARY KEY, action TEXT NOT NULL, structure TEXT NOT NULL, patient TEXT NOT NULL,
          submission_time TEXT NOT NULL, committed_at TEXT NOT NULL, documents TEXT NOT NULL, xml TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS entry (
          row INTEGER PRIMARY KEY, entry_uuid TEXT NOT NULL UNIQUE, logical_id TEXT NOT NULL, version INTEGER NOT NULL,
          status TEXT NOT NULL, unique_id TEXT NOT NULL, patient TEXT NOT NULL, owner TEXT NOT NULL,
          submission TEXT NOT NULL, replaces TEXT, hash TEXT NOT NULL, size INTEGER NOT NULL, mime_type TEXT NOT NULL,
          type_code TEXT NOT NULL, xml TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS entry_unique_id ON entry (unique_id);
        CREATE INDEX IF NOT EXISTS entry_logical_id ON entry (logical_id);
        CREATE INDEX IF NOT EXISTS entry_patient ON entry (patient);
        CREATE TABLE IF NOT EXISTS reference (entry_uuid TEXT NOT NULL, value TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS reference_value ON reference (value);
        CREATE TABLE IF NOT EXISTS association (
          uuid TEXT PRIMARY KEY, type TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, xml TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS association_source ON association (source);
        CREATE INDEX IF NOT EXISTS association_target ON association (target);
        CREATE TABLE IF NOT EXISTS document (unique_id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        """;

    private const string EntryColumns =
        "entry_uuid, logical_id, version, status, unique_id, patient, owner, submission, replaces, hash, size, "
        + "mime_type, type_code, xml";

    private readonly SqliteConnection _connection;
    private readonly SemaphoreSlim _gate = new(1, 1);

    public DmpStore(string path)
    {
        _connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Execute(Schema);
    }

    public void Dispose()
    {
        _gate.Dispose();
        _connection.Dispose();
    }

    /// <summary>Runs <paramref name="work"/> alone and in one transaction, which is kept if it returns
    /// <see langword="true"/>.</summary>
    public async Task TransactAsync(Func<DmpStore, bool> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            Transact(work);
        }
        finally
        {
            _gate.Release();
        }
    }

    // SQLite works in the calling thread; its asynchronous methods only look so.
    private void Transact(Func<DmpStore, bool> work)
    {
        using var transaction = _connection.BeginTransaction();
        if (work(this)) transaction.Commit();
    }

    /// <summary>Runs <paramref name="read"/> alone.</summary>
    public async Task<T> ReadAsync<T>(Func<DmpStore, T> read, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return read(this);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void SetPatient(InstanceIdentifier patientId, bool closed) =>
        Execute(
            "INSERT INTO patient (id, closed) VALUES ($id, $closed) ON CONFLICT (id) DO UPDATE SET closed = $closed",
            ("$id", patientId.ToString()), ("$closed", closed ? 1 : 0));

    /// <summary>True if closed, false if open, null if there is no such DMP.</summary>
    public bool? IsPatientClosed(InstanceIdentifier patientId) =>
        Query("SELECT closed FROM patient WHERE id = $id", row => row.GetInt64(0) == 1, ("$id", patientId.ToString()))
            is [var closed] ? closed : null;

    /// <summary>True if a submission set or a document has this unique id.</summary>
    public bool HasUniqueId(string uniqueId) =>
        Query(
            "SELECT 1 FROM submission WHERE unique_id = $id UNION ALL SELECT 1 FROM entry WHERE unique_id = $id LIMIT 1",
            _ => true, ("$id", uniqueId)).Count > 0;

    public void AddSubmission(CommittedSubmission submission, XElement xml) =>
        Execute(
            "INSERT INTO submission VALUES ($id, $action, $structure, $patient, $time, $committed, $documents, $xml)",
            ("$id", submission.SubmissionSetUniqueId), ("$action", submission.Action),
            ("$structure", submission.Structure), ("$patient", submission.PatientId.ToString()),
            ("$time", submission.SubmissionTime),
            ("$committed", submission.CommittedAt.ToString("O", CultureInfo.InvariantCulture)),
            ("$documents", string.Join('|', submission.Documents)),
            ("$xml", xml.ToString(SaveOptions.DisableFormatting)));

    public IReadOnlyList<(CommittedSubmission Submission, XElement Xml)> Submissions(InstanceIdentifier? patientId) =>
        Query(
            "SELECT unique_id, action, structure, patient, submission_time, committed_at, documents, xml "
            + "FROM submission WHERE $patient IS NULL OR patient = $patient ORDER BY rowid",
            row => (
                new CommittedSubmission(
                    row.GetString(0), row.GetString(1), row.GetString(2), InstanceIdentifier.Parse(row.GetString(3)),
                    row.GetString(4), DateTimeOffset.Parse(row.GetString(5), CultureInfo.InvariantCulture),
                    row.GetString(6).Split('|', StringSplitOptions.RemoveEmptyEntries)
                        .Select(id => InstanceIdentifier.Parse(id)).ToList()),
                XElement.Parse(row.GetString(7))),
            ("$patient", (object?)patientId?.ToString() ?? DBNull.Value));

    public void AddEntry(StoredEntry entry, IEnumerable<string> references)
    {
        Execute(
            $"INSERT INTO entry ({EntryColumns}) VALUES ($uuid, $lid, $version, $status, $unique, $patient, $owner, "
            + "$submission, $replaces, $hash, $size, $mime, $type, $xml)",
            ("$uuid", entry.EntryUuid), ("$lid", entry.LogicalId), ("$version", entry.Version),
            ("$status", entry.Status.ToString()), ("$unique", entry.UniqueId), ("$patient", entry.Patient),
            ("$owner", entry.Owner), ("$submission", entry.SubmissionSetUniqueId),
            ("$replaces", (object?)entry.Replaces ?? DBNull.Value), ("$hash", entry.Hash), ("$size", entry.Size),
            ("$mime", entry.MimeType), ("$type", entry.TypeCode),
            ("$xml", entry.Xml.ToString(SaveOptions.DisableFormatting)));
        foreach (var reference in references)
        {
            Execute("INSERT INTO reference VALUES ($uuid, $value)", ("$uuid", entry.EntryUuid), ("$value", reference));
        }
    }

    public void SetStatus(string entryUuid, AvailabilityStatus status) =>
        Execute(
            "UPDATE entry SET status = $status WHERE entry_uuid = $uuid",
            ("$status", status.ToString()), ("$uuid", entryUuid));

    public void AddAssociation(RegistryAssociation association, XElement xml) =>
        Execute(
            "INSERT INTO association VALUES ($uuid, $type, $source, $target, $xml)",
            ("$uuid", association.Id), ("$type", association.Type), ("$source", association.Source),
            ("$target", association.Target), ("$xml", xml.ToString(SaveOptions.DisableFormatting)));

    /// <summary>The associations from or to an object.</summary>
    public IReadOnlyList<XElement> AssociationsOf(string uuid) =>
        Query(
            "SELECT xml FROM association WHERE source = $uuid OR target = $uuid ORDER BY rowid",
            row => XElement.Parse(row.GetString(0)), ("$uuid", uuid));

    /// <summary>What an entry is related to by <paramref name="type"/>, as its source; or null.</summary>
    public string? RelationOf(string entryUuid, string type) =>
        Query(
            "SELECT target FROM association WHERE source = $uuid AND type = $type", row => row.GetString(0),
            ("$uuid", entryUuid), ("$type", type)).FirstOrDefault();

    /// <summary>Deprecates the addenda and the transformations of a document, whatever version of its metadata they
    /// name.</summary>
    public void DeprecateChildren(string logicalId) =>
        Execute(
            "UPDATE entry SET status = $deprecated WHERE status = $approved AND logical_id IN ("
            + "SELECT s.logical_id FROM association a JOIN entry s ON s.entry_uuid = a.source "
            + "JOIN entry t ON t.entry_uuid = a.target WHERE a.type IN ($append, $transform) AND t.logical_id = $lid)",
            ("$deprecated", nameof(AvailabilityStatus.Deprecated)), ("$approved", nameof(AvailabilityStatus.Approved)),
            ("$append", AssociationType.Append), ("$transform", AssociationType.Transform), ("$lid", logicalId));

    public StoredEntry? EntryByUuid(string entryUuid) =>
        Entries("entry_uuid = $v", entryUuid) is [var one] ? one : null;

    public IReadOnlyList<StoredEntry> EntriesByUniqueId(string uniqueId) => Entries("unique_id = $v", uniqueId);

    public IReadOnlyList<StoredEntry> EntriesByLogicalId(string logicalId) => Entries("logical_id = $v", logicalId);

    public IReadOnlyList<StoredEntry> EntriesOfPatient(string? patient) =>
        Entries("$v IS NULL OR patient = $v", patient);

    public IReadOnlyList<string> ReferencesOf(string entryUuid) =>
        Query("SELECT value FROM reference WHERE entry_uuid = $v", row => row.GetString(0), ("$v", entryUuid));

    /// <summary>Keeps a document, written in place: it is not copied for it.</summary>
    public void AddDocument(string uniqueId, ReadOnlyMemory<byte> bytes)
    {
        using var insert = Command(
            "INSERT OR IGNORE INTO document VALUES ($id, zeroblob($length)) RETURNING rowid",
            [("$id", uniqueId), ("$length", bytes.Length)]);
        if (insert.ExecuteScalar() is not long row) return;
        using var blob = new SqliteBlob(_connection, "document", "bytes", row);
        blob.Write(bytes.Span);
    }

    public byte[]? Document(string uniqueId) =>
        Query("SELECT bytes FROM document WHERE unique_id = $v", row => (byte[])row.GetValue(0), ("$v", uniqueId))
            is [var bytes] ? bytes : null;

    private List<StoredEntry> Entries(string condition, string? value) =>
        Query(
            $"SELECT {EntryColumns} FROM entry WHERE {condition} ORDER BY row",
            row => new StoredEntry(
                row.GetString(0), row.GetString(1), row.GetInt32(2), Enum.Parse<AvailabilityStatus>(row.GetString(3)),
                row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7),
                row.IsDBNull(8) ? null : row.GetString(8), row.GetString(9), row.GetInt64(10), row.GetString(11),
                row.GetString(12), XElement.Parse(row.GetString(13))),
            ("$v", (object?)value ?? DBNull.Value));

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private List<T> Query<T>(
        string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
