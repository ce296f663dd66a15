using System.Text.RegularExpressions;

namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>Reads from the sources of the tests which requirements they show. The sources, because the other test
/// projects are not built with this one.</summary>
internal static partial class RequirementTraits
{
    public static List<Showing> OfAllTests() => Repository.Files("tests", "*.cs")
        // The tests of this reader quote what it reads.
        .Where(file => !file.Contains("/Tidy/", StringComparison.Ordinal))
        .SelectMany(file => Read(Repository.Relative(file), File.ReadLines(file)))
        .ToList();

    /// <exception cref="FormatException">A trait stands on a method that is no test, or on nothing.</exception>
    public static IEnumerable<Showing> Read(string file, IEnumerable<string> lines)
    {
        var pending = new List<string>();
        var isTest = false;
        var within = "";
        foreach (var line in lines)
        {
            if (Attribute().IsMatch(line))
            {
                pending.AddRange(Trait().Matches(line).Select(trait => trait.Groups[1].Value));
                isTest |= Test().IsMatch(line);
            }
            else if (Class().Match(line) is { Success: true } found)
            {
                within = found.Groups[1].Value;
                foreach (var id in pending) yield return new Showing(id, file, within, null);
                (pending, isTest) = ([], false);
            }
            else if (Method().Match(line) is { Success: true } method)
            {
                if (pending.Count > 0 && !isTest)
                    throw new FormatException($"{file}: {method.Groups[1].Value} has a requirement and is no test.");
                foreach (var id in pending) yield return new Showing(id, file, within, method.Groups[1].Value);
                (pending, isTest) = ([], false);
            }
        }

        if (pending.Count > 0) throw new FormatException($"{file}: a requirement stands on nothing.");
    }

    [GeneratedRegex(@"^\s*\[")]
    private static partial Regex Attribute();

    [GeneratedRegex("""\bRequirement\("([^"]+)"\)""")]
    private static partial Regex Trait();

    [GeneratedRegex(@"\b(?:Fact|Theory)\b")]
    private static partial Regex Test();

    [GeneratedRegex(@"^\s*(?:public|internal) (?:sealed |static |abstract |partial )*class (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"^\s*(?:public|internal|private) (?:static )?(?:async )?(?:Task|ValueTask|void) (\w+)\(")]
    private static partial Regex Method();
}
