using System.Globalization;
using System.Text.RegularExpressions;

namespace Drimbox.Tests.Telemetry;

/// <summary>Reads a page of metrics as strictly as the exposition format 0.0.4 is written: each line is a comment or a
/// sample, the type of a metric is told once and before its samples, and no sample comes twice.</summary>
internal static partial class PageReader
{
    public static IReadOnlyDictionary<string, double> Read(string page)
    {
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in page.Split('\n').SkipLast(1))
        {
            if (TypeLine().Match(line) is { Success: true } type)
            {
                Assert.True(types.TryAdd(type.Groups[1].Value, type.Groups[2].Value), line);
                continue;
            }

            if (HelpLine().IsMatch(line)) continue;
            var sample = SampleLine().Match(line);
            Assert.True(sample.Success, line);
            var name = sample.Groups[1].Value;
            Assert.True(types.ContainsKey(name) || types.GetValueOrDefault(Suffix().Replace(name, "")) == "histogram", line);
            Assert.True(
                samples.TryAdd(name + sample.Groups[2].Value, Number(sample.Groups[3].Value)), $"twice: {line}");
        }

        return samples;
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$", RegexOptions.NonBacktracking)]
    private static partial Regex TypeLine();

    [GeneratedRegex("^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*$", RegexOptions.NonBacktracking)]
    private static partial Regex HelpLine();

    [GeneratedRegex(
        """^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (\S+)$""",
        RegexOptions.NonBacktracking)]
    private static partial Regex SampleLine();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.NonBacktracking)]
    private static partial Regex Suffix();
}
