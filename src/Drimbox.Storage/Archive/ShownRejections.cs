using System.Text.RegularExpressions;
using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>Makes the statement of a query one for a caller that is shown what some rejection notes hid: instances
/// hidden for these reasons count as visible, at every level and in every number. The few callers that are shown them
/// (quality control) pay for it by counting; all others read the numbers that are kept.</summary>
internal static partial class ShownRejections
{
    /// <param name="reasons">Codes of rejection titles; none: the statement stays as it is.</param>
    public static string Rewrite(string sql, IReadOnlyList<string> reasons)
    {
        if (reasons.Count == 0) return sql;
        Invariant.Holds(reasons.All(reason => reason.Length > 0 && reason.All(char.IsAsciiDigit)));
        var codes = string.Join(", ", reasons.Select(reason => $"'{reason}'"));
        string Shown(string alias) => $"({alias}.visible = 1 OR {alias}.hidden_reason IN ({codes}))";
        string OfStudy(string what, string study) =>
            $"(SELECT {what} FROM series e9 JOIN instance i9 ON i9.series = e9.id " +
            $"WHERE e9.study = {study}.id AND {Shown("i9")})";
        sql = InstanceVisible().Replace(sql, _ => Shown("i"));
        sql = SeriesInstances().Replace(sql, match =>
            $"(SELECT count(*) FROM instance i9 WHERE i9.series = {match.Groups[1].Value}.id AND {Shown("i9")})");
        sql = StudyInstances().Replace(sql, match => OfStudy("count(*)", match.Groups[1].Value));
        sql = StudySeries().Replace(sql, match => OfStudy("count(DISTINCT e9.id)", match.Groups[1].Value));
        return StudyModalities().Replace(sql, match =>
            "(SELECT coalesce(group_concat(modality, '\\'), '') FROM (SELECT DISTINCT e9.modality AS modality " +
            $"FROM series e9 JOIN instance i9 ON i9.series = e9.id WHERE e9.study = {match.Groups[1].Value}.id " +
            $"AND e9.modality <> '' AND {Shown("i9")} ORDER BY e9.modality) m9)");
    }

    [GeneratedRegex(@"\bi\.visible = 1")]
    private static partial Regex InstanceVisible();

    [GeneratedRegex(@"\b(e2?)\.visible_instances")]
    private static partial Regex SeriesInstances();

    [GeneratedRegex(@"\b(s2?)\.visible_instances")]
    private static partial Regex StudyInstances();

    [GeneratedRegex(@"\b(s2?)\.visible_series")]
    private static partial Regex StudySeries();

    [GeneratedRegex(@"\b(s2?)\.modalities")]
    private static partial Regex StudyModalities();
}
