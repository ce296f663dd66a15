using System.Globalization;

namespace Drimbox.Storage;

/// <summary>The number in front of the name of a file of an archive: when it was begun, in microseconds since 1970 UTC, by
/// the clock of its process.</summary>
public static class FileStamp
{
    private const int Digits = 16;

    public static long Of(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;

    public static DateTimeOffset TimeOf(long stamp) =>
        new(DateTimeOffset.UnixEpoch.Ticks + (stamp * 10), TimeSpan.Zero);

    /// <summary>The time that a number tells; null: it is none.</summary>
    public static DateTimeOffset? TimeOf(string stamp) =>
        stamp.Length == Digits
        && long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? TimeOf(number)
            : null;

    /// <summary>The time that the name of a file tells; null for the names of others.</summary>
    public static DateTimeOffset? Of(string name)
    {
        var parts = Path.GetFileName(name).Split('-', 2);
        return parts.Length == 2 ? TimeOf(parts[0]) : null;
    }
}
