using System.Globalization;
using System.Text;

namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>docs/requirements.md: what is asked, and the tests that show it.</summary>
internal static class RequirementPage
{
    public const string Path = "docs/requirements.md";

    public static string Write(IReadOnlyList<RequirementGroup> groups, IReadOnlyList<Showing> showings)
    {
        var known = groups.SelectMany(group => group.Requirements).ToList();
        var inapplicable = known.Count(requirement => requirement.NotApplicable.Length > 0);
        var shown = known.Count(requirement => showings.Any(showing => showing.Id == requirement.Id));
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # Requirements and the tests that show them

            This page is generated from the traits of the tests (`[Requirement("DB/RIS.10")]`); what each requirement
            asks is written in `tests/Drimbox.Core.Tests/Tidy/Requirements/requirements.txt`. To write the page again:

                DRIMBOX_WRITE_REQUIREMENTS=1 dotnet run -c Release --project tests/Drimbox.Core.Tests -- \
                    -class "*RequirementPageTests"

            {shown} of {known.Count} have a test, and {inapplicable} are not applicable. One with neither is listed as
            such: it is not built, or it is not shown. Where a source is named as complete, there is none of that kind: a
            test of its own looks.

            """);
        foreach (var group in groups)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {group.Title}\n\nSource: {group.Source}\n");
            if (group.Complete is { } complete)
            {
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"\nComplete: each of its {complete.Count} numbers is here, with its tests or the reason why it has none.\n");
            }

            foreach (var requirement in group.Requirements)
            {
                page.Append(CultureInfo.InvariantCulture, $"\n### {requirement.Id}\n\n{requirement.Demand}\n");
                if (requirement.Note.Length > 0) page.Append(CultureInfo.InvariantCulture, $"\n{requirement.Note}\n");
                page.Append('\n');
                if (requirement.NotApplicable.Length > 0)
                    page.Append(CultureInfo.InvariantCulture, $"**Not applicable:** {requirement.NotApplicable}\n");
                else
                    AppendTests(page, showings.Where(showing => showing.Id == requirement.Id));
            }
        }

        return page.ToString();
    }

    private static void AppendTests(StringBuilder page, IEnumerable<Showing> showings)
    {
        var lines = showings
            .Select(showing => $"- [{NameOf(showing)}](../{showing.File})")
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        if (lines.Count == 0) lines.Add("**No test.**");
        foreach (var line in lines) page.Append(line).Append('\n');
    }

    private static string NameOf(Showing showing) => showing.Test is { } test
        ? test.Replace('_', ' ')
        : $"every test of {showing.Class}";
}
