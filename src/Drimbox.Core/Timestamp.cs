using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core;

/// <summary>How much of a <see cref="Timestamp"/> was written.</summary>
public enum TimestampPrecision
{
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// <summary>A point in time as HL7 writes it: yyyy[MM[dd[HH[mm[ss[.S…]]]]]][+/-ZZZZ]. Source: HL7 v2.5.1 2.A.22
/// (DTM) and HL7 v3 data types TS, which share the form. The text is kept as written, its precision never
/// invented.</summary>
[JsonConverter(typeof(ParsableJsonConverter<Timestamp>))]
public readonly record struct Timestamp : IParsable<Timestamp>
{
    /// <summary>Digits of the date and time part for each precision.</summary>
    private static ReadOnlySpan<byte> DigitCounts => [4, 6, 8, 10, 12, 14];

    private readonly string? _text;

    private Timestamp(string text, DateTime local, TimestampPrecision precision, TimeSpan? offset)
    {
        _text = text;
        Local = local;
        Precision = precision;
        Offset = offset;
    }

    public bool IsEmpty => _text is null;

    /// <summary>The moment on the writer's clock; what was not written is the first of its range. Fractions of a
    /// second are read and dropped: nothing that is made of a timestamp here is finer than a second.</summary>
    public DateTime Local { get; }

    public TimestampPrecision Precision { get; }

    /// <summary>The distance of the writer's clock from UTC, or null where it is not written.</summary>
    public TimeSpan? Offset { get; }

    public static bool TryParse([NotNullWhen(true)] string? s, out Timestamp result) => TryParse(s, null, out result);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Timestamp result)
    {
        result = default;
        if (s is null || s.Length > Limits.TimestampLengthMax) return false;
        ReadOnlySpan<char> rest = s;
        var digits = CountDigits(rest);
        var precision = DigitCounts.IndexOf((byte)digits);
        if (precision < 0) return false;

        if (!TryReadDate(rest[..digits], out var local)) return false;
        rest = rest[digits..];
        if (rest is ['.', ..])
        {
            var fraction = CountDigits(rest[1..]);
            // HL7 allows four digits of a second; some systems write the seven of their clock.
            if (fraction is 0 or > 9 || (TimestampPrecision)precision != TimestampPrecision.Second) return false;
            rest = rest[(1 + fraction)..];
        }

        if (!TryReadOffset(rest, out var offset)) return false;
        result = new Timestamp(s, local, (TimestampPrecision)precision, offset);
        return true;
    }

    /// <exception cref="FormatException"><paramref name="s"/> is not an HL7 timestamp.</exception>
    public static Timestamp Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var timestamp) ? timestamp : throw new FormatException("Not an HL7 timestamp.");

    /// <summary>The timestamp of an instant, to the second, on the clock of its offset.</summary>
    public static Timestamp From(DateTimeOffset instant)
    {
        var sign = instant.Offset < TimeSpan.Zero ? '-' : '+';
        return Parse(string.Create(
            CultureInfo.InvariantCulture, $"{instant:yyyyMMddHHmmss}{sign}{instant.Offset.Duration():hhmm}"));
    }

    /// <summary>
    /// The same moment in UTC as XDS wants it (ITI TF-3 4.2.3.1.7, DTM): yyyyMMddHHmmss, as short as the timestamp is.
    /// A timestamp without hours is a date on a calendar, and stays that date.
    /// </summary>
    /// <param name="zone">The zone of a timestamp that has no offset; null where none may be assumed.</param>
    /// <returns>Null if the offset is absent and <paramref name="zone"/> too, or if UTC leaves the calendar.</returns>
    public string? ToUtc(TimeZoneInfo? zone)
    {
        if (_text is null) return null;
        if (Precision <= TimestampPrecision.Day) return _text[..DigitCounts[(int)Precision]];
        if ((Offset ?? zone?.GetUtcOffset(Local)) is not { } offset) return null;
        var ticks = Local.Ticks - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks) return null;
        // An offset of half an hour moves the minutes: an hour alone is then written with them.
        var digits = Precision == TimestampPrecision.Hour && offset.Minutes != 0
            ? DigitCounts[(int)TimestampPrecision.Minute]
            : DigitCounts[(int)Precision];
        return new DateTime(ticks).ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)[..digits];
    }

    public override string ToString() => _text ?? "";

    private static int CountDigits(ReadOnlySpan<char> s)
    {
        var end = s.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? s.Length : end;
    }

    private static bool TryReadDate(ReadOnlySpan<char> digits, out DateTime local)
    {
        ReadOnlySpan<char> full = "00010101000000";
        Span<char> padded = stackalloc char[14];
        full.CopyTo(padded);
        digits.CopyTo(padded);
        return DateTime.TryParseExact(
            padded, "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out local);
    }

    private static bool TryReadOffset(ReadOnlySpan<char> s, out TimeSpan? offset)
    {
        offset = null;
        if (s.IsEmpty) return true;
        if (s.Length != 5 || s[0] is not ('+' or '-') || CountDigits(s[1..]) != 4) return false;
        var hours = int.Parse(s[1..3], NumberStyles.None, CultureInfo.InvariantCulture);
        var minutes = int.Parse(s[3..], NumberStyles.None, CultureInfo.InvariantCulture);
        // The clocks of the world lie between -12:00 and +14:00.
        if (hours > 14 || minutes > 59) return false;
        var distance = new TimeSpan(hours, minutes, 0);
        offset = s[0] == '-' ? -distance : distance;
        return true;
    }
}
