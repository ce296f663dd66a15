using System.Buffers.Text;
using System.Data;
using System.Text;
using Drimbox.Storage.Database;
using Npgsql;
using NpgsqlTypes;

namespace Drimbox.Storage.Postgres;

/// <summary>A statement, prepared in the session where it first runs. Its rows are read at once: a session answers one
/// statement at a time, and what is read here is a page, a list of row ids or a single row.</summary>
internal sealed class PostgresStatement(PostgresConnection db, string sql, bool isKept) : DatabaseStatement
{
    private const int BytesKept = 64 * 1024;

    private readonly string _text = PostgresText.Statement(sql);
    private readonly List<(NpgsqlDbType Type, object Value)> _values = [];
    private readonly byte[] _digits = new byte[20];
    private NpgsqlCommand? _command;
    private int _session = -1;
    private bool _hasRun;
    private int _row = -1;
    private int _columns;
    private List<Cell> _cells = [];
    private byte[] _bytes = [];
    private int _used;

    /// <summary>A value: NULL, a number, or bytes.</summary>
    private readonly record struct Cell(CellKind Kind, long Number, int Length);

    private enum CellKind : byte
    {
        Null,
        Number,

        /// <summary>Number is where they begin.</summary>
        Bytes,
    }

    public override DatabaseStatement Add(string? value)
    {
        // What is no text is replaced, as SQLite does too: never refused.
        _values.Add((
            NpgsqlDbType.Text,
            value is null ? DBNull.Value : Encoding.UTF8.GetBytes(PostgresDialect.Instance.Storable(value))));
        return this;
    }

    public override DatabaseStatement Add(long value)
    {
        _values.Add((NpgsqlDbType.Bigint, value));
        return this;
    }

    public override DatabaseStatement Add(long? value)
    {
        _values.Add((NpgsqlDbType.Bigint, value is { } number ? number : DBNull.Value));
        return this;
    }

    public override DatabaseStatement AddBlob(ReadOnlySpan<byte> value)
    {
        _values.Add((NpgsqlDbType.Bytea, value.ToArray()));
        return this;
    }

    public override bool Step()
    {
        if (!_hasRun)
        {
            Execute();
            _hasRun = true;
        }

        return (++_row * _columns) < _cells.Count;
    }

    public override bool IsNull(int column) => At(column).Kind == CellKind.Null;

    public override long Long(int column) => At(column) is { Kind: CellKind.Number } cell ? cell.Number : 0;

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        var cell = At(column);
        if (cell.Kind == CellKind.Bytes) return _bytes.AsSpan((int)cell.Number, cell.Length);
        if (cell.Kind == CellKind.Null) return [];
        Utf8Formatter.TryFormat(cell.Number, _digits, out var length);
        return _digits.AsSpan(0, length);
    }

    public override void Reset()
    {
        _values.Clear();
        Forget();
    }

    public override void Again(int parameter, long value)
    {
        _values[parameter - 1] = (NpgsqlDbType.Bigint, value);
        Forget();
    }

    public override void Dispose() => _command?.Dispose();

    private Cell At(int column) => _cells[(_row * _columns) + column];

    private void Forget()
    {
        (_hasRun, _row, _used) = (false, -1, 0);
        if (_bytes.Length > BytesKept) _bytes = [];
        if (_cells.Capacity > BytesKept) _cells = [];
        else _cells.Clear();
    }

    private void Execute()
    {
        _columns = 1;
        db.LastChanges = db.Run(
            Command(),
            command =>
            {
                using var reader = command.ExecuteReader(CommandBehavior.SequentialAccess);
                _columns = Math.Max(reader.FieldCount, 1);
                while (reader.Read())
                {
                    for (var column = 0; column < reader.FieldCount; column++) _cells.Add(Read(reader, column));
                }

                reader.Close();
                return Math.Max(reader.RecordsAffected, 0);
            });
    }

    private Cell Read(NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column)) return new Cell(CellKind.Null, 0, 0);
        switch (reader.GetDataTypeName(column))
        {
            case "bigint":
                return new Cell(CellKind.Number, reader.GetInt64(column), 0);
            case "integer":
                return new Cell(CellKind.Number, reader.GetInt32(column), 0);
            case "boolean":
                return new Cell(CellKind.Number, reader.GetBoolean(column) ? 1 : 0, 0);
            case "numeric":
                // sum() of bigint.
                return new Cell(CellKind.Number, (long)reader.GetDecimal(column), 0);
            default:
                var value = reader.GetFieldValue<byte[]>(column);
                if (_bytes.Length - _used < value.Length)
                    Array.Resize(ref _bytes, Math.Max(Math.Max(_bytes.Length * 2, 1024), _used + value.Length));
                value.CopyTo(_bytes, _used);
                _used += value.Length;
                return new Cell(CellKind.Bytes, _used - value.Length, value.Length);
        }
    }

    /// <summary>The command of the session that is open now, with the values.</summary>
    private NpgsqlCommand Command()
    {
        if (_command is not null && _session == db.Session && HasTypes(_command))
        {
            for (var i = 0; i < _values.Count; i++) _command.Parameters[i].Value = _values[i].Value;
            return _command;
        }

        _command?.Dispose();
        _command = db.Command(_text);
        _session = db.Session;
        foreach (var (type, value) in _values)
            _command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value });
        if (isKept)
        {
            db.Run(
                _command,
                static command =>
                {
                    command.Prepare();
                    return true;
                });
        }

        return _command;
    }

    private bool HasTypes(NpgsqlCommand command)
    {
        if (command.Parameters.Count != _values.Count) return false;
        for (var i = 0; i < _values.Count; i++)
        {
            if (command.Parameters[i].NpgsqlDbType != _values[i].Type) return false;
        }

        return true;
    }
}
