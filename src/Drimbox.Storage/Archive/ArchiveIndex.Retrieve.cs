using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What a retrieve sends.</summary>
/// <param name="Count">How many instances there are.</param>
/// <param name="Kinds">Their SOP classes and transfer syntaxes, each pair once. Empty if there are more than a retrieve
/// can count.</param>
/// <param name="Instances">Read page by page; what disappeared since it was counted is left out.</param>
public sealed record InstanceSelection(
    int Count,
    IReadOnlyList<(Uid SopClassUid, Uid TransferSyntaxUid)> Kinds,
    IAsyncEnumerable<IndexedInstance> Instances);

/// <content>Retrieval.</content>
public sealed partial class ArchiveIndex
{
    /// <summary>The visible instances below what a query matches: how many there are and of which kinds, before the first
    /// of them is read. Of each no more than its row id is held.</summary>
    public async Task<InstanceSelection> SelectInstancesAsync(FindQuery query, CancellationToken cancellationToken)
    {
        var ids = await _finds.InstanceIdsAsync(query, cancellationToken);
        // PS3.7 9.1.4.1.7: the counters of a retrieve have 16 bits.
        if (ids.Count > ushort.MaxValue)
            return new InstanceSelection(ids.Count, [], AsyncEnumerable.Empty<IndexedInstance>());
        var kinds = new HashSet<(string, string)>();
        foreach (var page in ids.Chunk(Limits.RowsPerMark))
            await _readers.ReadAsync(db => AddKinds(db, page, kinds), cancellationToken);
        return new InstanceSelection(
            ids.Count,
            kinds.Select(kind => (Uid.Parse(kind.Item1), Uid.Parse(kind.Item2))).ToList(),
            _finds.InstancesAsync(ids, query.ShownReasons, CancellationToken.None));
    }

    private static bool AddKinds(DatabaseConnection db, long[] ids, HashSet<(string, string)> kinds)
    {
        foreach (var id in ids)
        {
            var row = db.Use("SELECT sop_class_uid, transfer_syntax_uid, renditions FROM instance WHERE id = ?").Add(id);
            var hasRenditions = false;
            if (row.Step())
            {
                kinds.Add((row.Text(0), row.Text(1)));
                hasRenditions = row.Long(2) > 0;
            }

            row.Reset();
            if (!hasRenditions) continue;
            // The standing version in its other transfer syntaxes.
            var further = db.Use("""
                SELECT f.sop_class_uid, f.transfer_syntax_uid
                FROM further_file f JOIN instance i ON i.id = f.instance AND i.version = f.version WHERE i.id = ?
                """).Add(id);
            while (further.Step()) kinds.Add((further.Text(0), further.Text(1)));
            further.Reset();
        }

        return true;
    }
}
