namespace Drimbox.Core.Reports;

/// <summary>What the DRIMbox must be told after a change of a report: approved or updated, deleted, visibility
/// changed (DB/RIS.12). Versions that only fill a gap behind the head change nothing for it.</summary>
internal static class ReportCopies
{
    public static IReadOnlyList<ReportCopy> Between(ReportState before, ReportState after)
    {
        var headBefore = before.HeadVersion is { } b && !before.HeadIsWithdrawn ? b : null;
        var headAfter = after.HeadVersion is { } a && !after.HeadIsWithdrawn ? a : null;
        if (headAfter is null)
        {
            return headBefore is null
                ? []
                : [new ReportCopy(ReportAction.Delete, headBefore, ChoicesOf(before, headBefore), false)];
        }

        var choices = ChoicesOf(after, headAfter);
        if (headBefore?.DocumentId != headAfter.DocumentId)
        {
            var action = headAfter.Parent is null ? ReportAction.Initial : ReportAction.Replace;
            return [new ReportCopy(action, headAfter, choices, false)];
        }

        return before.Visibility == after.Visibility
            ? []
            : [new ReportCopy(ReportAction.Replace, headAfter, choices with { ChangesVisibilityOnly = true }, true)];
    }

    private static PublicationChoices ChoicesOf(ReportState state, ReportVersion version) =>
        version.Choices with { Visibility = state.Visibility };
}
