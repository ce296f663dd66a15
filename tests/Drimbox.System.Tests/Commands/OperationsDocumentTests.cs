using System.CommandLine;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Drimbox.Gateway.Commands;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Tests.Commands;

/// <summary>What the documents of an administrator and the files of a deployment name is there: commands with their options,
/// events of the log, metrics, sections of the configuration.</summary>
public sealed partial class OperationsDocumentTests
{
    private const string Program = "drimbox";

    // Files and hosts, whose names look like those of metrics.
    private static readonly string[] NoMetrics =
    [
        "drimbox.sock", "drimbox.json", "drimbox.service", "drimbox.pem", "drimbox.key", "drimbox.db", "drimbox.example",
        "drimbox.dump",
    ];

    private static string Root { get; } = FindRoot();

    private static RootCommand Commands { get; } = DrimboxCommand.Root;

    [Fact]
    public void Every_command_that_is_named_exists_with_its_options()
    {
        var lines = Documents().SelectMany(file => CommandLines(file).Select(words => (File: Path.GetFileName(file), words))).ToList();
        // The unit, the image, its health check, the demo.
        foreach (var file in (string[])["drimbox.service", "Dockerfile", "compose.yml", "runbook.md", "commands.md"])
            Assert.Contains(lines, line => line.File == file);
        Assert.Empty(from line in lines
                     let wrong = WrongIn(line.words)
                     where wrong is not null
                     select $"{line.File}: {Program} {string.Join(' ', line.words)}: {wrong}");
    }

    [Theory]
    [InlineData("reports lost")]
    [InlineData("status --sockets x")]
    [InlineData(@"study list\|lost")]
    [InlineData("nothing")]
    public void A_command_that_does_not_exist_is_found(string line) => Assert.NotNull(WrongIn(line.Split(' ')));

    [Fact]
    public void Every_event_that_is_named_is_one_of_the_log()
    {
        var known = Sources().SelectMany(text => EventNumber().Matches(text)).Select(m => m.Groups[1].Value).ToHashSet();
        var named = (from file in Documents()
                     from Match match in EventNamed().Matches(File.ReadAllText(file))
                     select (File: Path.GetFileName(file), Event: match.Groups[1].Value)).ToList();
        Assert.True(named.Count > 60, $"{named.Count} events are named");
        Assert.DoesNotContain(named, one => !known.Contains(one.Event));
    }

    [Fact]
    public void Every_metric_that_is_named_is_measured()
    {
        // On the page dots are underscores, and units and kinds stand behind the name.
        var known = Sources().SelectMany(text => MetricLiteral().Matches(text))
            .Select(m => m.Groups[1].Value.Replace('.', '_').Replace("_total", "", StringComparison.Ordinal)).Distinct();
        var metric = new Regex(
            $"^({string.Join('|', known)})(_seconds|_bytes)?(_total|_bucket|_count|_sum)?$", RegexOptions.NonBacktracking);
        var named = (from file in Documents()
                     from Match match in MetricNamed().Matches(File.ReadAllText(file))
                     where !NoMetrics.Contains(match.Value)
                     select (File: Path.GetFileName(file), Metric: match.Value)).ToList();
        Assert.Contains(named, one => one.File == "alerts.md");
        Assert.DoesNotContain(named, one => !metric.IsMatch(one.Metric.Replace('.', '_')));
    }

    /// <summary>A section that listens is a row of ports.md with its default port.</summary>
    [Fact]
    public void Every_section_that_listens_is_among_the_ports()
    {
        var text = File.ReadAllText(Path.Combine(Root, "docs", "operations", "ports.md"));
        var listening = Listening("", typeof(GatewayConfiguration)).ToList();
        Assert.True(listening.Count >= 10, string.Join(", ", listening));
        Assert.DoesNotContain(listening, door => !text.Contains($"| `{door.Key}` | {door.Port} |", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("docker/drimbox.json")]
    [InlineData("docker/cluster.json")]
    public void The_configurations_of_the_containers_are_right(string file)
    {
        ConfigurationReader.TryRead(Path.Combine(Root, file), out var findings);
        // The secret and the volume of the containers are not here.
        Assert.DoesNotContain(
            findings,
            finding => !(finding.EndsWith("PasswordFile: no such file", StringComparison.Ordinal)
                || finding.EndsWith("SharedFolder: no such folder", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_variable_that_is_named_is_a_setting()
    {
        var named = (from file in Documents()
                     from Match match in Variable().Matches(File.ReadAllText(file))
                     select (Name: match.Groups[1].Value, Text: match.Groups[2].Value)).Distinct()
            .ToDictionary(variable => variable.Name, variable => variable.Text);
        Assert.NotEmpty(named);
        Assert.Empty(EnvironmentOverlay.Apply(new JsonObject(), named));
    }

    private static string? WrongIn(string[] words)
    {
        Command at = Commands;
        List<Command> path = [at];
        var isValue = false;
        foreach (var word in words)
        {
            if (isValue)
            {
                isValue = false;
                continue;
            }

            if (word is "|" or "&&" or ">" or "<" or "2>" || word.StartsWith('#')) break;
            if (word.StartsWith('-') && word.Length > 1)
            {
                var name = word.Split('=', ']')[0].TrimEnd(',', '.', ';');
                var option = path.SelectMany(command => command.Options)
                    .FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));
                if (option is null && name is not ("--help" or "--")) return $"no option {name}";
                isValue = option?.Arity.MinimumNumberOfValues > 0 && !word.Contains('=', StringComparison.Ordinal);
                continue;
            }

            if (at.Subcommands.Count == 0) continue;
            // A table says list\|show for both.
            Command? next = null;
            foreach (var one in word.Replace("\\|", "|", StringComparison.Ordinal).Split('|'))
            {
                next = at.Subcommands.FirstOrDefault(command => command.Name == one);
                if (next is null && at.Arguments.Count == 0) return $"no command {one}";
            }

            // An argument of its own.
            if (next is null) break;
            path.Add(at = next);
        }

        return null;
    }

    private static IEnumerable<string> Documents() =>
        Directory.GetFiles(Path.Combine(Root, "docs", "operations")).Concat(Directory.GetFiles(Path.Combine(Root, "docker"))).Order();

    private static IEnumerable<string[]> CommandLines(string file)
    {
        var text = File.ReadAllText(file);
        if (file.EndsWith(".md", StringComparison.Ordinal))
        {
            var blocks = Fence().Matches(text).SelectMany(m => m.Groups[1].Value.ReplaceLineEndings("\n").Split('\n'));
            var spans = Span().Matches(Fence().Replace(text, "")).Select(m => m.Groups[1].Value);
            return blocks.Concat(spans).SelectMany(line => Called().Matches(line)).Select(m => Words(m.Groups[1].Value));
        }

        // ExecStart=/opt/drimbox/drimbox run …; ["/opt/drimbox/drimbox", "run", …]; CMD and command with the arguments alone.
        var lines = text.Split('\n').Where(line => !line.TrimStart().StartsWith('#')).ToList();
        var started = lines.SelectMany(line => Started().Matches(line)).Select(m => Words(m.Groups[1].Value));
        var arrays = lines.SelectMany(line => Array().Matches(line))
            .Select(m => m.Groups[1].Value.Split(',').Select(word => word.Trim(' ', '"')))
            .Select(words => words.SkipWhile(word => word is "CMD" or "/opt/drimbox/drimbox").ToArray())
            .Where(words => words is not ["pg_isready", ..] and not []);
        return started.Concat(arrays);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);

    private static IEnumerable<(string Key, int Port)> Listening(string key, Type section)
    {
        PropertyInfo? address = section.GetProperty("Address"), port = section.GetProperty("Port");
        if (address?.PropertyType == typeof(string) && port?.PropertyType == typeof(int))
            yield return (key, (int)port.GetValue(Activator.CreateInstance(section))!);
        foreach (var property in section.GetProperties().Where(p => p.GetIndexParameters().Length == 0))
        {
            if (property.PropertyType is not { IsClass: true, Namespace: { } space } inner
                || !space.StartsWith("Drimbox", StringComparison.Ordinal) || inner == section)
                continue;
            foreach (var door in Listening(key.Length == 0 ? property.Name : $"{key}:{property.Name}", inner)) yield return door;
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    [GeneratedRegex("^```[a-z]*\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Span();

    // Not the group, the folder or the user of that name.
    [GeneratedRegex(@"(?:^|[ ]|/opt/drimbox/)drimbox ((?![-:=@/])[a-z].*)$", RegexOptions.Singleline)]
    private static partial Regex Called();

    [GeneratedRegex(@"^Exec\w+=/opt/drimbox/drimbox (.+)$")]
    private static partial Regex Started();

    [GeneratedRegex(@"(?:CMD|test:|command:) \[(""[^\]]+)\]")]
    private static partial Regex Array();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(\d+)")]
    private static partial Regex EventNumber();

    [GeneratedRegex(@"\bevents? (\d{4})\b")]
    private static partial Regex EventNamed();

    [GeneratedRegex(@"""(drimbox[._][a-z0-9._]+)""")]
    private static partial Regex MetricLiteral();

    [GeneratedRegex(@"\bdrimbox[._][a-z0-9]+(?:[._][a-z0-9]+)*")]
    private static partial Regex MetricNamed();

    [GeneratedRegex(@"(DRIMBOX__[A-Za-z0-9_]+)(?:=|: )([^\s`,]+)")]
    private static partial Regex Variable();
}
