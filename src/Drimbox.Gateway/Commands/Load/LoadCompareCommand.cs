using System.CommandLine;
using System.Globalization;
using Drimbox.Load.Results;

namespace Drimbox.Gateway.Commands.Load;

/// <summary><c>drimbox load compare</c>: two results side by side.</summary>
internal static class LoadCompareCommand
{
    private const int Worse = 1;
    private const int CannotRead = 2;

    public static Command Create()
    {
        var before = new Argument<string>("A") { Description = "Result to compare with, written by --output." };
        var after = new Argument<string>("B") { Description = "Result to judge." };
        var tolerance = new Option<double>("--tolerance")
        {
            Description = "Percent of a value that may be noise.",
            DefaultValueFactory = _ => 5,
        };
        var json = new Option<bool>("--json") { Description = "Print the comparison as JSON." };
        var command = new Command("compare", """
            Compare two results: the ratio of each figure, and which is better.

            Example:
              drimbox load compare before.json after.json --tolerance 10

            Exit codes: 0 B is as good as A or better, 1 B is worse in some figure, 2 a file cannot be read.
            """) { before, after, tolerance, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(before)!, parsed.GetValue(after)!, parsed.GetValue(tolerance), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string before, string after, double tolerance, bool json)
    {
        if (ResultFile.TryRead(before, out var refusal) is not { } a
            || ResultFile.TryRead(after, out refusal) is not { } b)
        {
            Console.Error.WriteLine(refusal!.Detail);
            return CannotRead;
        }

        if (tolerance is < 0 or > 100)
        {
            Console.Error.WriteLine("--tolerance takes 0 to 100 percent.");
            return CannotRead;
        }

        var comparison = Comparison.Of(a, b, tolerance / 100);
        if (json) Console.WriteLine(ResultFile.ToJson(comparison));
        else Print(comparison, Console.Out);
        return comparison.IsWorse ? Worse : 0;
    }

    private static void Print(Comparison comparison, TextWriter output)
    {
        foreach (var difference in comparison.SetupDifferences) output.WriteLine($"not the same run: {difference}");
        if (comparison.SetupDifferences.Count > 0) output.WriteLine();
        output.WriteLine($"{"",-28}{"A",14}{"B",14}{"B / A",9}");
        foreach (var figure in comparison.Figures)
        {
            var ratio = figure.Ratio is { } value ? value.ToString("0.000", CultureInfo.InvariantCulture) : "-";
            var verdict = figure.Verdict switch
            {
                Verdict.Better => "  better",
                Verdict.Worse => "  worse",
                _ => "",
            };
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{figure.Name,-28}{figure.A,14:N3}{figure.B,14:N3}{ratio,9}{verdict}"));
        }
    }
}
