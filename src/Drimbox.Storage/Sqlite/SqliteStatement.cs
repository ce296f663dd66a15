using System.Buffers;
using System.Text;
using Drimbox.Storage.Database;
using SQLitePCL;

namespace Drimbox.Storage.Sqlite;

/// <summary>A statement that SQLite prepared; its texts are read where SQLite has them.</summary>
internal sealed class SqliteStatement(SqliteDatabase db, sqlite3_stmt statement) : DatabaseStatement
{
    private int _bound;

    public override SqliteStatement Add(string? value)
    {
        _bound++;
        if (value is null) db.Check(raw.sqlite3_bind_null(statement, _bound));
        else if (value.Length == 0) db.Check(raw.sqlite3_bind_text(statement, _bound, ""));
        else AddUtf8(value);
        return this;
    }

    public override SqliteStatement Add(long value)
    {
        db.Check(raw.sqlite3_bind_int64(statement, ++_bound, value));
        return this;
    }

    public override SqliteStatement Add(long? value)
    {
        if (value is { } number) return Add(number);
        db.Check(raw.sqlite3_bind_null(statement, ++_bound));
        return this;
    }

    public override SqliteStatement AddBlob(ReadOnlySpan<byte> value)
    {
        _bound++;
        // An empty span has no address, which SQLite would take as NULL.
        db.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(statement, _bound, 0)
            : raw.sqlite3_bind_blob(statement, _bound, value));
        return this;
    }

    public override bool Step()
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW) return true;
        if (code != raw.SQLITE_DONE) db.Check(code);
        return false;
    }

    public override bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public override long Long(int column) => raw.sqlite3_column_int64(statement, column);

    // column_blob of a TEXT is its UTF-8 with the true length; column_text would end at an embedded NUL.
    public override ReadOnlySpan<byte> Utf8(int column) => raw.sqlite3_column_blob(statement, column);

    public override void Reset()
    {
        // Its result repeats the error of the last step, which was thrown already.
        _ = raw.sqlite3_reset(statement);
        if (_bound > 0) _ = raw.sqlite3_clear_bindings(statement);
        _bound = 0;
    }

    public override void Again(int parameter, long value)
    {
        _ = raw.sqlite3_reset(statement);
        db.Check(raw.sqlite3_bind_int64(statement, parameter, value));
    }

    public override void Dispose() => statement.Dispose();

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
