using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

/// <summary>Copies all tables of a store from one database into another, inside the transaction of the other.</summary>
/// <param name="sqlite">The one of the two whose catalogue is asked: it lists tables in the order in which they were made,
/// so what a table refers to comes before it.</param>
internal sealed class TableCopy(
    DatabaseConnection source,
    DatabaseConnection target,
    DatabaseConnection sqlite,
    StoreSchema kind,
    IProgress<int>? progress,
    CancellationToken cancellationToken)
{
    private enum ColumnType
    {
        Text,
        Number,
        Bytes,
    }

    /// <param name="IsKey">A peer chose its length: PostgreSQL may hold a shorter form of it.</param>
    private sealed record Column(string Name, ColumnType Type, int KeyPart, bool IsKey);

    private sealed record Table(string Name, IReadOnlyList<Column> Columns)
    {
        public string Names { get; } = string.Join(", ", Columns.Select(column => $"\"{column.Name}\""));

        public IReadOnlyList<int> Key { get; } =
            [.. Enumerable.Range(0, Columns.Count).Where(i => Columns[i].KeyPart > 0).OrderBy(i => Columns[i].KeyPart)];

        public string KeyNames => string.Join(", ", Key.Select(i => $"\"{Columns[i].Name}\""));
    }

    /// <summary>Copies, and reads both sides again.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Corrupt"/>: they are not the same.</exception>
    public IReadOnlyList<CopiedTable> Run()
    {
        // Tables that a store makes for some nodes only.
        foreach (var (name, schema) in kind.Further)
        {
            if (Has(source, name)) target.Execute(target.Dialect.Schema(schema));
        }

        var tables = Tables();
        progress?.Report(-2 * Count(tables));
        // What a new store begins with, or an unfinished copy left: what refers to others first.
        foreach (var table in Enumerable.Reverse(tables)) target.Execute($"DELETE FROM \"{table.Name}\"");
        foreach (var table in tables)
        {
            // Triggers of the tables before it may have filled it.
            target.Execute($"DELETE FROM \"{table.Name}\"");
            foreach (var page in Pages(source, table))
            {
                Insert(table, page);
                progress?.Report(page.Count);
            }

            KeepNumbers(table);
        }

        return Compare(tables);
    }

    /// <summary>Reads both sides.</summary>
    /// <inheritdoc cref="Run"/>
    public IReadOnlyList<CopiedTable> Verify()
    {
        var tables = Tables();
        progress?.Report(-Count(tables));
        return Compare(tables);
    }

    private List<CopiedTable> Compare(List<Table> tables)
    {
        var copied = new List<CopiedTable>();
        foreach (var table in tables)
        {
            var (from, to) = (Digest(source, table, null), Digest(target, table, progress));
            if (from != to)
            {
                throw new StorageFaultException(
                    StorageFault.Corrupt,
                    $"The table '{table.Name}' has {from.Rows} rows with the checksum {from.Sha256} and its copy {to.Rows} "
                    + $"with {to.Sha256}: nothing was copied.");
            }

            copied.Add(to);
        }

        return copied;
    }

    private List<Table> Tables()
    {
        var names = new List<string>();
        var rows = sqlite.Use("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid");
        while (rows.Step()) names.Add(rows.Text(0));
        rows.Reset();
        return names.ConvertAll(name => new Table(name, Columns(name)));
    }

    private List<Column> Columns(string table)
    {
        var columns = new List<Column>();
        var rows = sqlite.Use("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid").Add(table);
        while (rows.Step())
        {
            var name = rows.Text(0);
            // All tables are STRICT and have these three.
            var type = rows.Text(1) switch { "TEXT" => ColumnType.Text, "INTEGER" => ColumnType.Number, _ => ColumnType.Bytes };
            columns.Add(new Column(name, type, rows.Int(2), kind.PeerKeys.Contains($"{table}.{name}")));
        }

        rows.Reset();
        Invariant.Holds(columns.Exists(column => column.KeyPart > 0));
        return columns;
    }

    private int Count(List<Table> tables) => (int)Math.Min(
        int.MaxValue / 2, tables.Sum(table => source.Use($"SELECT count(*) FROM \"{table.Name}\"").LongOrNone() ?? 0));

    /// <summary>The rows of a table in the order of its key: texts, numbers, bytes or null, as the target holds
    /// them.</summary>
    private IEnumerable<List<object?[]>> Pages(DatabaseConnection db, Table table)
    {
        var after = string.Join(", ", table.Key.Select(_ => "?"));
        var order = $"ORDER BY {table.KeyNames} LIMIT {Limits.CopyPageRows}";
        var rows = db.Use($"SELECT {table.Names} FROM \"{table.Name}\" {order}");
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = new List<object?[]>();
            object?[]? last = null;
            while (rows.Step())
            {
                last = [.. table.Columns.Select((column, i) => Value(rows, i, column.Type))];
                page.Add(db == target ? last : [.. last.Select((value, i) => Kept(table, table.Columns[i], value))]);
            }

            rows.Reset();
            if (last is null) yield break;
            yield return page;
            if (page.Count < Limits.CopyPageRows) yield break;
            rows = db.Use($"SELECT {table.Names} FROM \"{table.Name}\" WHERE ({table.KeyNames}) > ({after}) {order}");
            foreach (var part in table.Key) Add(rows, table.Columns[part].Type, last[part]);
        }
    }

    private static object? Value(DatabaseStatement row, int column, ColumnType type) => row.IsNull(column)
        ? null
        : type switch { ColumnType.Text => row.Text(column), ColumnType.Number => row.Long(column), _ => row.Blob(column) };

    /// <summary>A value as the target can hold it.</summary>
    private object? Kept(Table table, Column column, object? value)
    {
        if (value is not string text) return value;
        if (column.IsKey && source.Dialect.IsShortened(text))
        {
            throw new StorageFaultException(
                StorageFault.Other,
                $"'{table.Name}' has a key of more than 448 bytes, of which PostgreSQL has a hash: it cannot go back into a "
                + "file.");
        }

        var kept = target.Dialect.Storable(column.IsKey ? target.Dialect.Indexable(text) : text);
        // Its hashes are over the texts as they are.
        if (kept == text || table.Name is not ("audit" or "audit_key")) return kept;
        throw new StorageFaultException(
            StorageFault.Other, "The audit trail has a text with a NUL, which PostgreSQL cannot hold.");
    }

    private static void Add(DatabaseStatement statement, ColumnType type, object? value)
    {
        _ = type switch
        {
            ColumnType.Text => statement.Add((string?)value),
            ColumnType.Number => statement.Add((long?)value),
            _ => statement.AddBlob((byte[])value!),
        };
    }

    // One statement a page: over a network a statement a row would take hours.
    private void Insert(Table table, List<object?[]> page)
    {
        var row = $"({string.Join(", ", table.Columns.Select(_ => "?"))})";
        var sql = $"INSERT INTO \"{table.Name}\" ({table.Names}) VALUES {string.Join(", ", page.Select(_ => row))}";
        var insert = target.UseBuilt(sql);
        foreach (var values in page)
        {
            for (var i = 0; i < values.Length; i++) Add(insert, table.Columns[i].Type, values[i]);
        }

        insert.Run();
    }

    /// <summary>A number of a row is never used again: the target goes on after the highest that the source gave.</summary>
    private void KeepNumbers(Table table)
    {
        if (target == sqlite)
        {
            if (sqlite.Use("SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE '%AUTOINCREMENT%'").Add(table.Name)
                .LongOrNone() is null)
            {
                return;
            }

            var given = source.Use("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(?, 'id') AS regclass))")
                .Add(table.Name).LongOrNone();
            target.Use("DELETE FROM sqlite_sequence WHERE name = ?").Add(table.Name).Run();
            target.Use("INSERT INTO sqlite_sequence (name, seq) SELECT ?1, max(?2, (SELECT coalesce(max(id), 0) FROM "
                + $"\"{table.Name}\"))").Add(table.Name).Add(given ?? 0).Run();
            return;
        }

        var number = target.Use("""
            SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = to_regclass(?) AND attidentity <> ''
            """).Add(table.Name).TextOrNone();
        if (number is null) return;
        var highest = Math.Max(
            source.Use($"SELECT max(\"{number}\") FROM \"{table.Name}\"").LongOrNone() ?? 0,
            source.Use("SELECT seq FROM sqlite_sequence WHERE name = ?").Add(table.Name).LongOrNone() ?? 0);
        if (highest == 0) return;
        target.Use("SELECT setval(CAST(pg_get_serial_sequence(?, ?) AS regclass), ?)")
            .Add(table.Name).Add(number).Add(highest).Run();
    }

    /// <summary>The exclusive or of the SHA-256 of each row: no two rows are the same, and the order does not matter, which
    /// is another where a key was shortened.</summary>
    private CopiedTable Digest(DatabaseConnection db, Table table, IProgress<int>? told)
    {
        var (all, count) = (new byte[SHA256.HashSizeInBytes], 0L);
        Span<byte> one = stackalloc byte[SHA256.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var page in Pages(db, table))
        {
            foreach (var row in page)
            {
                foreach (var value in row) Hash(hash, value);
                hash.GetHashAndReset(one);
                for (var i = 0; i < all.Length; i++) all[i] ^= one[i];
            }

            count += page.Count;
            told?.Report(page.Count);
        }

        return new CopiedTable(table.Name, count, Convert.ToHexStringLower(all));
    }

    private static void Hash(IncrementalHash hash, object? value)
    {
        var bytes = value switch
        {
            string text => Encoding.UTF8.GetBytes(text),
            byte[] blob => blob,
            long => new byte[sizeof(long)],
            _ => [],
        };
        if (value is long number) BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        // Each with its length before it, NULL with one that nothing has.
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, value is null ? -1 : bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }

    private bool Has(DatabaseConnection db, string table) => db == sqlite
        ? db.Use("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").Add(table).LongOrNone() is not null
        : PostgresStore.HasTable(db, table);
}
