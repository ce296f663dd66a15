using System.Text.RegularExpressions;

namespace Drimbox.Tests.Tidy;

/// <summary>What a reviewer would otherwise have to remember.</summary>
public sealed partial class SourceTests
{
    private const int LinesMax = 400;

    [Fact]
    public void No_source_file_is_longer_than_400_lines()
    {
        var long_ =
            from folder in (string[])["src", "tests"]
            from file in Repository.Files(folder, "*.cs")
            where !Repository.Relative(file).Contains("/Generated/", StringComparison.Ordinal)
            let lines = File.ReadLines(file).Count()
            where lines > LinesMax
            select $"{Repository.Relative(file)}: {lines}";
        Assert.Empty(long_);
    }

    [Fact]
    public void Every_link_in_the_documents_leads_to_a_file()
    {
        var dead =
            from file in Repository.Files(".", "*.md")
            from Match link in Link().Matches(File.ReadAllText(file))
            let target = link.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target))
            select $"{Repository.Relative(file)}: {target}";
        Assert.Empty(dead);
    }

    [Fact]
    public void The_root_has_few_entries()
    {
        string[] allowed =
        [
            ".ci", ".editorconfig", ".git", ".gitattributes", ".gitignore", "CHANGELOG.md", "Directory.Build.props",
            "Directory.Packages.props", "Drimbox.sln", "LICENSE", "README.md", "docker", "docs", "global.json", "perf",
            "src", "tests",
        ];
        Assert.Empty(Directory.EnumerateFileSystemEntries(Repository.Root).Select(Path.GetFileName).Except(allowed));
    }

    /// <summary>Who searches a log for a number finds one kind of event.</summary>
    [Fact]
    public void An_event_of_the_log_has_a_number_of_its_own()
    {
        var twice =
            from file in Repository.Files("src", "*.cs")
            from Match match in EventNumber().Matches(File.ReadAllText(file))
            group Repository.Relative(file) by match.Groups[1].Value into files
            where files.Count() > 1
            select $"{files.Key}: {string.Join(", ", files)}";
        Assert.Empty(twice);
    }

    [Fact]
    public void No_type_has_a_name_that_says_nothing()
    {
        var vague =
            from file in Repository.Files("src", "*.cs")
            from Match match in VagueType().Matches(File.ReadAllText(file))
            select $"{Repository.Relative(file)}: {match.Groups[1].Value}";
        Assert.Empty(vague);
    }

    [Fact]
    public void A_decision_record_exists_for_each_number_that_the_code_cites()
    {
        var records = Repository.Files("docs/adr", "*.md").Select(f => Path.GetFileName(f)[..4]).ToHashSet();
        var missing =
            from folder in (string[])["src", "tests"]
            from file in Repository.Files(folder, "*.cs")
            from Match match in CitedRecord().Matches(File.ReadAllText(file))
            where !records.Contains(match.Groups[1].Value)
            select $"{Repository.Relative(file)}: {match.Value}";
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"\[LoggerMessage\(\s*(\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex EventNumber();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum) (\w*(?:Manager|Helper|Util|Utils|Common|Processor|Impl))\b")]
    private static partial Regex VagueType();

    [GeneratedRegex(@"docs/adr/(\d{4})")]
    private static partial Regex CitedRecord();
}
