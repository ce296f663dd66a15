using System.Text.Json;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>
/// The rows of a removed study, kept as they were: every column of every table that belongs to it, by name, so that
/// what a later version of the schema adds is kept as well. Brought back, a row gets a new number; one that is there
/// again by its key (a patient with another study, an instance that came again) is left as it is now.
/// </summary>
internal static class RemovedRows
{
    public const string Schema = """
        CREATE TABLE removed_row (
            removal    INTEGER NOT NULL REFERENCES removal (id),
            position   INTEGER NOT NULL,
            table_name TEXT NOT NULL,
            row_id     INTEGER,
            parent_id  INTEGER,
            row        TEXT NOT NULL,
            PRIMARY KEY (removal, position)
        ) STRICT, WITHOUT ROWID;
        """;

    private const string SeriesOfStudy = "SELECT id FROM series WHERE study = ?1";

    // Parents before their children.
    private static readonly Table[] _tables =
    [
        new("patient", null, "id = (SELECT patient FROM study WHERE id = ?1)", "patient_attributes", HasId: true),
        new("other_patient_id", "patient", "patient = (SELECT patient FROM study WHERE id = ?1)", null, HasId: false),
        new("study", "patient", "id = ?1", "study_uid", HasId: true),
        new("series", "study", "study = ?1", "series_of_study", HasId: true),
        new("request_attributes", "series", $"series IN ({SeriesOfStudy})", null, HasId: false),
        new("instance", "series", $"series IN ({SeriesOfStudy})", "instance_uid", HasId: true),
        new("further_file", "instance", $"instance IN (SELECT id FROM instance WHERE series IN ({SeriesOfStudy}))", null,
            HasId: true),
        new("corrected_study", "study", "study = ?1", null, HasId: false),
        new("applied_correction", "study", "study = ?1", null, HasId: false),
    ];

    // What is counted from the instances is counted again as they come back.
    private static readonly string[] _counted = ["visible_series", "visible_instances", "modalities"];

    /// <param name="Parent">The table that a column of the same name refers to.</param>
    /// <param name="Where">Selects the rows of the study ?1.</param>
    /// <param name="Key">The unique index that tells whether a row is there already; null: it follows its parent.</param>
    private sealed record Table(string Name, string? Parent, string Where, string? Key, bool HasId);

    /// <summary>Keeps the rows of a study.</summary>
    public static void Keep(DatabaseConnection db, long removal, long study)
    {
        var position = 0;
        foreach (var table in _tables)
        {
            var columns = ColumnsOf(db, table.Name);
            if (columns.Count == 0) continue;
            using var rows = db.Prepare(
                $"SELECT {(table.HasId ? "id" : "NULL")}, {table.Parent ?? "NULL"}, "
                + $"{string.Join(", ", columns.Select(column => $"quote({column})"))} FROM {table.Name} "
                + $"WHERE {table.Where}{(table.HasId ? " ORDER BY id" : "")}");
            rows.Add(study);
            while (rows.Step())
            {
                var row = new Dictionary<string, string>();
                for (var i = 0; i < columns.Count; i++) row[columns[i]] = rows.Text(i + 2);
                db.Use("""
                    INSERT INTO removed_row (removal, position, table_name, row_id, parent_id, row)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """)
                    .Add(removal).Add(position++).Add(table.Name).Add(rows.LongOrNull(0)).Add(rows.LongOrNull(1))
                    .Add(JsonSerializer.Serialize(row)).Run();
            }
        }
    }

    /// <summary>Puts the rows back.</summary>
    /// <returns>How many instances there are again, and the files whose rows were not wanted.</returns>
    public static (int Instances, IReadOnlyList<string> Unwanted) PutBack(DatabaseConnection db, long removal)
    {
        var instances = 0;
        var unwanted = new List<string>();
        // Old number of a row to its new one, where it was put back; the others have only what is there now.
        var numbers = new Dictionary<(string Table, long Id), (long Id, bool IsNew)>();
        foreach (var (name, id, parent, row) in Read(db, removal))
        {
            var table = Array.Find(_tables, t => t.Name == name)!;
            var above = table.Parent is null || parent is null ? (0, true) : numbers[(table.Parent, parent.Value)];
            if (table.Parent is not null) row[table.Parent] = FormattableString.Invariant($"{above.Item1}");
            var existing = table.Key is null
                ? above.Item2 ? null : (long?)0
                : Existing(db, table, row);
            if (existing is null)
            {
                var added = Insert(db, table, row);
                if (id is not null) numbers[(name, id.Value)] = (added, true);
                if (name == "instance") instances++;
                continue;
            }

            if (id is not null) numbers[(name, id.Value)] = (existing.Value, false);
            if (row.TryGetValue("file_name", out var file)) unwanted.Add(file.Trim('\''));
        }

        foreach (var ((table, _), (series, _)) in numbers)
        {
            if (table != "series") continue;
            db.Use("""
                UPDATE series SET visible_instances = (
                    SELECT count(*) FROM instance WHERE series = ?1 AND visible = 1)
                WHERE id = ?1
                """).Add(series).Run();
        }

        return (instances, unwanted);
    }

    /// <summary>The instances of a removal: UID, transfer syntax and hash of the data set, as SQL literals.</summary>
    public static IEnumerable<(string Uid, string TransferSyntax, string DataSetSha256)> Instances(
        DatabaseConnection db, long removal)
    {
        foreach (var (name, _, _, row) in Read(db, removal))
        {
            if (name == "instance")
                yield return (row["sop_instance_uid"], row["transfer_syntax_uid"], row["data_set_sha256"]);
        }
    }

    private static List<(string Table, long? Id, long? Parent, Dictionary<string, string> Row)> Read(
        DatabaseConnection db, long removal)
    {
        var rows = db.Use("""
            SELECT table_name, row_id, parent_id, row FROM removed_row WHERE removal = ? ORDER BY position
            """).Add(removal);
        var read = new List<(string, long?, long?, Dictionary<string, string>)>();
        while (rows.Step())
        {
            read.Add((
                rows.Text(0), rows.LongOrNull(1), rows.LongOrNull(2),
                JsonSerializer.Deserialize<Dictionary<string, string>>(rows.Text(3))!));
        }

        rows.Reset();
        return read;
    }

    // The literals are the database's own (quote()), never text of a peer that was put together here.
    private static long? Existing(DatabaseConnection db, Table table, Dictionary<string, string> row)
    {
        using var found = db.Prepare(
            $"SELECT id FROM {table.Name} WHERE "
            + string.Join(" AND ", KeyColumns(db, table.Key!).Select(column => $"{column} = {row[column]}")));
        return found.LongOrNone();
    }

    private static long Insert(DatabaseConnection db, Table table, Dictionary<string, string> row)
    {
        foreach (var counted in _counted)
        {
            if (table.Name is "study" or "series" && row.ContainsKey(counted))
                row[counted] = counted == "modalities" ? "''" : "0";
        }

        using var insert = db.Prepare(
            $"INSERT INTO {table.Name} ({string.Join(", ", row.Keys)}) VALUES ({string.Join(", ", row.Values)})"
            + (table.HasId ? " RETURNING id" : ""));
        return insert.LongOrNone() ?? 0;
    }

    private static List<string> KeyColumns(DatabaseConnection db, string index) =>
        Texts(db.Use(db.Dialect.ColumnsOfIndex).Add(index));

    /// <summary>All but the number of the row; none if there is no such table.</summary>
    private static List<string> ColumnsOf(DatabaseConnection db, string table) =>
        Texts(db.Use(db.Dialect.ColumnsOfTable).Add(table));

    private static List<string> Texts(DatabaseStatement rows)
    {
        var texts = new List<string>();
        while (rows.Step()) texts.Add(rows.Text(0));
        rows.Reset();
        return texts;
    }
}
