using System.Globalization;
using Drimbox.Core.Statistics;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>Counts by day. Other nodes than a DRIMbox source do not have the table at all.</summary>
internal static class StatisticTable
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS statistic (
            day     TEXT    NOT NULL,
            subject TEXT    NOT NULL,
            cause   TEXT    NOT NULL,
            count   INTEGER NOT NULL,
            PRIMARY KEY (day, subject, cause)
        ) STRICT, WITHOUT ROWID;
        """;

    public static void Add(DatabaseConnection db, StatisticCount count) =>
        db.Use("""
            INSERT INTO statistic (day, subject, cause, count) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (day, subject, cause) DO UPDATE SET count = statistic.count + ?4
            """)
            .Add(Text(count.Day)).Add(count.Subject).Add(count.Cause).Add(count.Count).Run();

    /// <summary>Both days included.</summary>
    public static IReadOnlyList<StatisticCount> List(DatabaseConnection db, DateOnly from, DateOnly to)
    {
        var rows = db.Use("""
            SELECT day, subject, cause, count FROM statistic WHERE day >= ? AND day <= ? ORDER BY day, subject, cause
            """).Add(Text(from)).Add(Text(to));
        var counts = new List<StatisticCount>();
        while (rows.Step())
        {
            counts.Add(new StatisticCount(
                DateOnly.ParseExact(rows.Text(0), "yyyy-MM-dd", CultureInfo.InvariantCulture), rows.Text(1),
                rows.Text(2), rows.Long(3)));
        }

        rows.Reset();
        return counts;
    }

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
