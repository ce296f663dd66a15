using System.Text;

namespace Drimbox.Storage.Database;

/// <summary>A prepared statement. Parameters count from 1, columns from 0. A parameter is <c>?</c>, in the order of the
/// values, or <c>?1</c>, <c>?2</c> … where one is named twice.</summary>
internal abstract class DatabaseStatement : IDisposable
{
    /// <summary>Binds the next parameter.</summary>
    public abstract DatabaseStatement Add(string? value);

    /// <inheritdoc cref="Add(string?)"/>
    public abstract DatabaseStatement Add(long value);

    /// <inheritdoc cref="Add(string?)"/>
    public abstract DatabaseStatement Add(long? value);

    /// <inheritdoc cref="Add(string?)"/>
    public DatabaseStatement Add(DateTimeOffset value) => Add(DatabaseTime.ToNumber(value));

    /// <inheritdoc cref="Add(string?)"/>
    public abstract DatabaseStatement AddBlob(ReadOnlySpan<byte> value);

    /// <summary>True if there is a (further) row.</summary>
    public abstract bool Step();

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

    /// <summary>Runs an INSERT that ends with <c>RETURNING id</c>.</summary>
    /// <returns>The number of the new row.</returns>
    public long InsertedId() => LongOrNone()!.Value;

    public abstract bool IsNull(int column);

    /// <summary>A number; a condition is 1 or 0.</summary>
    public abstract long Long(int column);

    /// <summary>The UTF-8 of a text, the digits of a number, or the bytes of a blob; valid until the next step or the
    /// next column.</summary>
    public abstract ReadOnlySpan<byte> Utf8(int column);

    public int Int(int column) => checked((int)Long(column));

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => Utf8(column).ToArray();

    public DateTimeOffset Time(int column) => DatabaseTime.FromNumber(Long(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    /// <summary>Ready to run again; the values are forgotten.</summary>
    public abstract void Reset();

    /// <summary>Ready to run again with one other value; the rest stays.</summary>
    public abstract void Again(int parameter, long value);

    public abstract void Dispose();
}
