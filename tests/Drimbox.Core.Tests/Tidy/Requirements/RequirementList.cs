using System.Globalization;

namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>What is asked of Drimbox, read from requirements.txt beside this file: a group is <c># title</c> and
/// <c>Source:</c>, and perhaps <c>Complete:</c> the numbers of its source, as <c>DB.CS 05 08-10; DB.SO 01</c>. A
/// requirement is <c>## id</c>, what is asked, and perhaps <c>Note:</c> what its tests leave open, or
/// <c>Not applicable:</c> why there can be none.</summary>
internal static class RequirementList
{
    private const string File = "tests/Drimbox.Core.Tests/Tidy/Requirements/requirements.txt";

    public static IReadOnlyList<RequirementGroup> Groups { get; } =
        Read(System.IO.File.ReadAllText(Path.Combine(Repository.Root, File)));

    public static List<RequirementGroup> Read(string text)
    {
        var groups = new List<RequirementGroup>();
        foreach (var block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var (heading, body) = Split(block.Trim('\n'), "\n");
            var words = body.Replace('\n', ' ');
            if (heading.StartsWith("## ", StringComparison.Ordinal))
            {
                var (asked, reason) = Split(words, " Not applicable: ");
                var (demand, note) = Split(asked, " Note: ");
                groups[^1].Requirements.Add(new Requirement(heading[3..], demand, note, reason));
            }
            else
            {
                var (source, complete) = Split(Split(words, "Source: ").After, " Complete: ");
                groups.Add(new RequirementGroup(
                    heading[2..], source, [], complete.Length == 0 ? null : [.. Numbers(complete.TrimEnd('.'))]));
            }
        }

        return groups;
    }

    // DB.CS 05 08-10; DB.SO 01
    private static IEnumerable<string> Numbers(string text)
    {
        foreach (var series in text.Split("; "))
        {
            var words = series.Split(' ');
            foreach (var range in words[1..])
            {
                var (first, last) = Split(range, "-");
                var end = last.Length == 0 ? first : last;
                for (var i = int.Parse(first, CultureInfo.InvariantCulture);
                     i <= int.Parse(end, CultureInfo.InvariantCulture); i++)
                    yield return string.Create(CultureInfo.InvariantCulture, $"{words[0]}.{i:00}");
            }
        }
    }

    private static (string Before, string After) Split(string text, string at)
    {
        var found = text.IndexOf(at, StringComparison.Ordinal);
        return found < 0 ? (text, "") : (text[..found], text[(found + at.Length)..]);
    }
}
