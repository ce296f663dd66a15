using System.Collections.Immutable;

namespace Drimbox.Core.Reports;

/// <summary>What the DRIMbox must be told after a change of a report: approved or updated, deleted, visibility
/// or destination changed (DB/RIS.12). A version that fills a gap behind the head is told only where it joins documents
/// that the DRIMbox has as separate reports.</summary>
internal static class ReportCopies
{
    public static IReadOnlyList<ReportCopy> Between(ReportState before, ReportState after)
    {
        if (after.HeadVersion is not { } head || after.HeadIsWithdrawn) return Deletions(before, after);
        var copies = new List<ReportCopy>();
        foreach (var version in after.Versions)
        {
            var joins = version.Parent is { } parent && before.Find(parent) is not null;
            if (joins && version != head && before.Find(version.DocumentId) is null
                && !after.Withdrawn.Contains(version.DocumentId))
            {
                copies.Add(new ReportCopy(ReportAction.Replace, version, ChoicesOf(after, version), false));
            }
        }

        var choices = ChoicesOf(after, head);
        // Behind a version that fills a gap the head is told once more: a DRIMbox may take the last one for the newest.
        if (before.Head != head.DocumentId || before.HeadIsWithdrawn || copies.Count > 0)
        {
            var action = head.Parent is null ? ReportAction.Initial : ReportAction.Replace;
            copies.Add(new ReportCopy(action, head, choices, false));
        }
        else if (before.Visibility != after.Visibility || before.ToDmp != after.ToDmp)
        {
            copies.Add(new ReportCopy(
                ReportAction.Replace, head, choices with { ChangesVisibilityOnly = true }, true));
        }

        return copies;
    }

    /// <summary>The last of the documents that are now withdrawn and were not before. One that became known by this
    /// change alone was never told.</summary>
    private static ImmutableList<ReportCopy> Deletions(ReportState before, ReportState after)
    {
        var gone = before.Versions.FindAll(v =>
            after.Withdrawn.Contains(v.DocumentId) && !before.Withdrawn.Contains(v.DocumentId));
        return gone.FindAll(v => !gone.Exists(next => next.Parent == v.DocumentId))
            .ConvertAll(v => new ReportCopy(ReportAction.Delete, v, ChoicesOf(before, v), false));
    }

    private static PublicationChoices ChoicesOf(ReportState state, ReportVersion version) =>
        version.Choices with { Visibility = state.Visibility, ToDmp = state.ToDmp };
}
