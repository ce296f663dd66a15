using System.Buffers;
using System.Text;
using SQLitePCL;

namespace Drimbox.Storage.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite itself.</summary>
internal sealed class SqliteStatement(SqliteDatabase db, sqlite3_stmt statement) : IDisposable
{
    private int _bound;

    /// <summary>Binds the next parameter.</summary>
    public SqliteStatement Add(string? value)
    {
        _bound++;
        if (value is null) db.Check(raw.sqlite3_bind_null(statement, _bound));
        else if (value.Length == 0) db.Check(raw.sqlite3_bind_text(statement, _bound, ""));
        else AddUtf8(value);
        return this;
    }

    /// <inheritdoc cref="Add(string?)"/>
    public SqliteStatement Add(long value)
    {
        db.Check(raw.sqlite3_bind_int64(statement, ++_bound, value));
        return this;
    }

    /// <inheritdoc cref="Add(string?)"/>
    public SqliteStatement Add(long? value)
    {
        if (value is { } number) return Add(number);
        db.Check(raw.sqlite3_bind_null(statement, ++_bound));
        return this;
    }

    /// <inheritdoc cref="Add(string?)"/>
    public SqliteStatement Add(DateTimeOffset value) => Add(DatabaseTime.ToNumber(value));

    /// <inheritdoc cref="Add(string?)"/>
    public SqliteStatement AddBlob(ReadOnlySpan<byte> value)
    {
        _bound++;
        // An empty span has no address, which SQLite would take as NULL.
        db.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(statement, _bound, 0)
            : raw.sqlite3_bind_blob(statement, _bound, value));
        return this;
    }

    /// <summary>True if there is a (further) row.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW) return true;
        if (code != raw.SQLITE_DONE) db.Check(code);
        return false;
    }

    /// <summary>Runs a statement that returns nothing.</summary>
    public void Run()
    {
        Step();
        Reset();
    }

    /// <summary>Runs a statement and returns the first column of its only row, or null without a row.</summary>
    public long? LongOrNone()
    {
        long? value = Step() && !IsNull(0) ? Long(0) : null;
        Reset();
        return value;
    }

    /// <inheritdoc cref="LongOrNone"/>
    public string? TextOrNone()
    {
        var value = Step() ? TextOrNull(0) : null;
        Reset();
        return value;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public int Int(int column) => checked((int)Long(column));

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    // column_blob of a TEXT is its UTF-8 with the true length; column_text would end at an embedded NUL.
    public string Text(int column) => Encoding.UTF8.GetString(raw.sqlite3_column_blob(statement, column));

    /// <summary>As <see cref="Text"/>, in UTF-8; valid until the next step.</summary>
    public ReadOnlySpan<byte> Utf8(int column) => raw.sqlite3_column_blob(statement, column);

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public DateTimeOffset Time(int column) => DatabaseTime.FromNumber(Long(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    /// <summary>Ready to run again; the values are forgotten.</summary>
    public void Reset()
    {
        // Its result repeats the error of the last step, which was thrown already.
        _ = raw.sqlite3_reset(statement);
        if (_bound > 0) _ = raw.sqlite3_clear_bindings(statement);
        _bound = 0;
    }

    /// <summary>Ready to run again with one other value; the rest stays.</summary>
    public void Again(int parameter, long value)
    {
        _ = raw.sqlite3_reset(statement);
        db.Check(raw.sqlite3_bind_int64(statement, parameter, value));
    }

    public void Dispose() => statement.Dispose();

    private void AddUtf8(string value)
    {
        const int stackBytesMax = 512;
        var max = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (max <= stackBytesMax)
        {
            Span<byte> bytes = stackalloc byte[stackBytesMax];
            db.Check(raw.sqlite3_bind_text(statement, _bound, bytes[..Encoding.UTF8.GetBytes(value, bytes)]));
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(max);
        try
        {
            var count = Encoding.UTF8.GetBytes(value, rented);
            db.Check(raw.sqlite3_bind_text(statement, _bound, rented.AsSpan(0, count)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
