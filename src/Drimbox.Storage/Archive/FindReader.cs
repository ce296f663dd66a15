using System.Runtime.CompilerServices;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>Reads what a query matches, a page at a time. A connection is held for one page only: a peer that reads
/// slowly keeps neither a connection nor the write-ahead log. The first page is read at once, with its values; what
/// comes after it is a list of row ids, eight bytes each and no more than the query's limit, of which each page is
/// read when it is wanted.</summary>
internal sealed class FindReader(DatabaseReaders readers, SqlDialect dialect)
{
    // 128 answers of some 400 bytes fill what one system call sends; a page is read in less than a millisecond.
    private const int PageRows = 128;

    /// <summary>The order is that of the index that was read; what disappears meanwhile is passed over.</summary>
    public async IAsyncEnumerable<FindPage> PagesAsync(
        FindQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sql = new FindSql(dialect, query, query.Level);
        var page = new FindPage(
        [
            .. query.Matches.Select(match => match.Attribute).Concat(ArchiveColumns.UniqueKeys(query.Level)).Distinct(),
        ]);
        var (path, seen) = await readers.ReadAsync(db => ReadFirst(db, sql, query, page), cancellationToken);
        yield return page;
        if (page.IsLast) yield break;
        var ids = await readers.ReadAsync(
            db => ReadIds(db, sql, sql.Ids(path), query.ResultsMax, seen), cancellationToken);
        var row = sql.Row(page.Attributes);
        for (var from = 0; from < ids.Count; from += PageRows)
        {
            var first = from;
            await readers.ReadAsync(
                db => ReadRows(db, sql, row, ids, first, page), cancellationToken);
            page.IsLast = from + PageRows >= ids.Count;
            yield return page;
        }
    }

    /// <summary>The row ids of the visible instances below what a query matches.</summary>
    public Task<List<long>> InstanceIdsAsync(FindQuery query, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            db =>
            {
                var sql = new FindSql(dialect, query, FindLevel.Image);
                return ReadIds(db, sql, sql.Ids(sql.Choose(db)), long.MaxValue, []);
            },
            cancellationToken);

    /// <summary>Reads instances page by page, those of a page in the order of their row ids.</summary>
    public async IAsyncEnumerable<IndexedInstance> InstancesAsync(
        List<long> ids,
        IReadOnlyList<string> shownReasons,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var page in ids.Chunk(PageRows))
        {
            foreach (var instance in await readers.ReadAsync(
                db => ReadInstances(db, page, shownReasons), cancellationToken))
                yield return instance;
        }
    }

    /// <summary>How the database answers (EXPLAIN), a step a line.</summary>
    public Task<IReadOnlyList<string>> ExplainAsync(
        FindQuery query, FindLevel target, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<string>>(
            db =>
            {
                var sql = new FindSql(dialect, query, target);
                var (explain, column) = dialect.Explain;
                var plan = sql.Prepare(db, explain + sql.Ids(sql.Choose(db)), 1);
                var lines = new List<string>();
                while (plan.Step()) lines.Add(plan.Text(column));
                plan.Reset();
                return lines;
            },
            cancellationToken);

    private static (FindPath Path, HashSet<long> Seen) ReadFirst(
        DatabaseConnection db, FindSql sql, FindQuery query, FindPage page)
    {
        var path = sql.Choose(db);
        var seen = new HashSet<long>();
        // One more than the page, to see whether it is the last.
        var statement = sql.Prepare(db, sql.Rows(path, page.Attributes), Math.Min(query.ResultsMax, PageRows + 1));
        page.Clear();
        page.IsLast = true;
        while (statement.Step())
        {
            if (page.Count == PageRows)
            {
                page.IsLast = false;
                break;
            }

            seen.Add(statement.Long(0));
            for (var column = 1; column <= page.Attributes.Count; column++) page.Add(statement.Utf8(column));
        }

        statement.Reset();
        return (path, seen);
    }

    // Rows of the first page were sent already; the limit counts them.
    private static List<long> ReadIds(DatabaseConnection db, FindSql sql, string text, long max, HashSet<long> seen)
    {
        var statement = sql.Prepare(db, text, max);
        var ids = new List<long>();
        while (statement.Step())
        {
            var id = statement.Long(0);
            if (seen.Count == 0 || !seen.Contains(id)) ids.Add(id);
        }

        statement.Reset();
        if (ids.Count + seen.Count > max) ids.RemoveRange((int)max - seen.Count, ids.Count + seen.Count - (int)max);
        return ids;
    }

    private static bool ReadRows(
        DatabaseConnection db, FindSql sql, string text, List<long> ids, int first, FindPage page)
    {
        page.Clear();
        var statement = sql.Prepare(db, text, 0);
        for (var at = first; at < Math.Min(first + PageRows, ids.Count); at++)
        {
            statement.Again(sql.ExtraParameter, ids[at]);
            if (!statement.Step()) continue;
            for (var column = 0; column < page.Attributes.Count; column++) page.Add(statement.Utf8(column));
        }

        statement.Reset();
        return true;
    }

    private static List<IndexedInstance> ReadInstances(
        DatabaseConnection db, long[] ids, IReadOnlyList<string> shownReasons)
    {
        var sql = ShownRejections.Rewrite(
            ArchiveWrites.InstanceColumns + " WHERE i.id = ? AND i.visible = 1", shownReasons);
        var instances = new List<IndexedInstance>(ids.Length);
        foreach (var id in ids)
        {
            var row = db.Use(sql).Add(id);
            if (row.Step()) instances.Add(ArchiveWrites.ReadInstance(db, row));
            row.Reset();
        }

        return instances;
    }
}
