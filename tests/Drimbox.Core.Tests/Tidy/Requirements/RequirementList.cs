namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>What is asked of Drimbox, read from requirements.txt beside this file: a group is <c># title</c> and
/// <c>Source:</c>, a requirement is <c>## id</c>, what is asked, and perhaps <c>Note:</c> what its tests leave open.
/// </summary>
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
                var (demand, note) = Split(words, " Note: ");
                groups[^1].Requirements.Add(new Requirement(heading[3..], demand, note));
            }
            else
            {
                groups.Add(new RequirementGroup(heading[2..], Split(words, "Source: ").After, []));
            }
        }

        return groups;
    }

    private static (string Before, string After) Split(string text, string at)
    {
        var found = text.IndexOf(at, StringComparison.Ordinal);
        return found < 0 ? (text, "") : (text[..found], text[(found + at.Length)..]);
    }
}
