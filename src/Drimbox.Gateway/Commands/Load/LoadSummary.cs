using System.Globalization;
using Drimbox.Load.Instances;
using Drimbox.Load.Results;

namespace Drimbox.Gateway.Commands.Load;

/// <summary>Prints a result for a person.</summary>
internal static class LoadSummary
{
    public static void Print(LoadResult result, TextWriter output)
    {
        var setup = result.Setup;
        var loop = setup.Rate is { } rate ? Text($"open loop, {rate:N0}/s") : "closed loop";
        var whom = string.Join(", ", new[] { setup.Target, setup.QueryTarget, setup.Mllp }.Where(t => t is not null));
        output.WriteLine(Text(
            $"{whom}: {loop}, {setup.Associations} association(s), window {setup.WindowNegotiated}, ")
            + Text($"{result.Seconds:0.0} s"));
        if (setup.Instances.Count > 0) output.WriteLine(string.Join(", ", setup.Instances));
        output.WriteLine();
        output.WriteLine(
            "operation        done  errors        per s     MiB/s   mean ms      p50      p90      p99    p99.9      max");
        foreach (var operation in result.Operations)
        {
            var latency = operation.Latency;
            output.WriteLine(
                Text($"{Name(operation),-9}{operation.Count,12:N0}{operation.Errors,8:N0}{operation.PerSecond,13:N1}")
                + Text($"{operation.MebibytesPerSecond,10:N1}")
                + (latency.Count == 0 ? "" : Text($"{latency.Mean,10:0.00}{latency.P50,9:0.00}{latency.P90,9:0.00}")
                    + Text($"{latency.P99,9:0.00}{latency.P999,9:0.00}{latency.Max,9:0.0}")));
        }

        output.WriteLine();
        foreach (var operation in result.Operations)
        {
            foreach (var (status, count) in operation.Statuses)
                output.WriteLine(Text($"{Name(operation)}  {status}: {count:N0}"));
        }

        if (setup.Rate is not null)
            output.WriteLine(Text($"pacing error p50 {result.Pacing.P50:0.000} ms, p99 {result.Pacing.P99:0.000} ms"));
        if (result.NotBegun > 0)
        {
            output.WriteLine(Text(
                $"{result.NotBegun:N0} operations never began: the peer is too slow for this rate, ")
                + "or more --associations are needed.");
        }

        if (result.Target is { } target) output.WriteLine(Usage("target", target));
        output.WriteLine(Usage("sender", result.Sender));
    }

    private static string Name(OperationResult operation) => operation.Kind.ToString().ToLowerInvariant();

    private static string Usage(string who, ProcessUsage usage) =>
        Text($"{who} {usage.Name} ({usage.Pid}): {usage.CpuSeconds:0.00} CPU s, {Sizes.Text(usage.RssMax)} at most");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
