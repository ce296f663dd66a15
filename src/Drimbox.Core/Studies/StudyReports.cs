using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Studies;

/// <summary>Which of the report copies of a study count. A function of the set of documents and deletions, not of the
/// order in which they arrived: a study may have several reports, and each of them several documents.</summary>
public static class StudyReports
{
    /// <summary>One form for the spellings of a document identifier (see <see cref="DocumentKey"/>).</summary>
    public static InstanceIdentifier KeyOf(InstanceIdentifier document) =>
        InstanceIdentifier.Create(DocumentKey.Of(document), null);

    internal static IReadOnlyList<StudyReport> Active(Uid study, StudyState state)
    {
        // The author's time first: the newest report speaks for the study, whichever copy came last.
        var reports = state.Reports
            .OrderBy(r => MomentOf(r.Header.EffectiveTime))
            .ThenBy(r => DocumentKey.Of(r.DocumentId), StringComparer.Ordinal).ToList();
        var heads = LineagesOf(reports).Select(lineage => HeadOf(lineage, reports, state)).ToHashSet();
        return reports.FindAll(r => heads.Contains(KeyOf(r.DocumentId))
            && r is { InsQualified: true, Choices.ToDmp: true }
            && r.Header.StudyInstanceUids.Contains(study));
    }

    /// <summary>The last document of a lineage, or null if it is withdrawn.</summary>
    private static InstanceIdentifier? HeadOf(List<StudyReport> lineage, List<StudyReport> order, StudyState state)
    {
        var nodes = lineage.ConvertAll(r => new LineageNode(
            KeyOf(r.DocumentId), ParentOf(r), r.Header.VersionNumber, order.IndexOf(r) + 1));
        var tombstones = state.Deleted.Union(state.Replaced)
            .Where(d => nodes.Exists(n => n.Id == d || n.Parent == d))
            .Select(d => nodes.Find(n => n.Id == d) ?? new LineageNode(d, null, null, 0)).ToList();
        var withdrawn = Lineage.Withdrawn(nodes, tombstones);
        return Lineage.Head(nodes, withdrawn, null) is { } head && !withdrawn.Contains(head) ? head : null;
    }

    private static List<List<StudyReport>> LineagesOf(List<StudyReport> reports)
    {
        var lineages = new List<List<StudyReport>>();
        foreach (var report in reports)
        {
            var joined = lineages.FindAll(lineage => lineage.Exists(other => AreOneReport(other, report)));
            lineages.RemoveAll(joined.Contains);
            lineages.Add([.. joined.SelectMany(lineage => lineage), report]);
        }

        return lineages;
    }

    /// <summary>relatedDocument or setId make two documents one report; many documents have no setId.</summary>
    private static bool AreOneReport(StudyReport a, StudyReport b) =>
        ParentOf(a) == KeyOf(b.DocumentId)
        || ParentOf(b) == KeyOf(a.DocumentId)
        || (ParentOf(a) is { } parent && parent == ParentOf(b))
        || (a.Header.SetId is { } set && set == b.Header.SetId);

    private static InstanceIdentifier? ParentOf(StudyReport report) =>
        report.Parent is { } parent ? KeyOf(parent) : null;

    private static DateTime MomentOf(string effectiveTime)
    {
        if (!Timestamp.TryParse(effectiveTime, out var time)) return DateTime.MinValue;
        var ticks = time.Local.Ticks - (time.Offset ?? TimeSpan.Zero).Ticks;
        return new DateTime(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks));
    }
}
