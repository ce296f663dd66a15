using System.Globalization;
using Drimbox.Load.Results;

namespace Drimbox.Gateway.Commands.Load;

/// <summary>One line on the terminal, rewritten each second.</summary>
internal sealed class LoadProgress(TextWriter terminal)
{
    private const string EraseLine = "\r\u001b[2K";

    public void Show(LoadSecond second)
    {
        var operations = second.Operations.Select(o => string.Create(
            CultureInfo.InvariantCulture,
            $"{o.Kind.ToString().ToLowerInvariant()} {o.Count:N0}/s{Bytes(o.Bytes)} p99 {o.P99:0.0} ms{Errors(o.Errors)}"));
        var rss = (second.TargetRss ?? 0) >> 20;
        var cpu = second.TargetCpu is { } cores
            ? string.Create(CultureInfo.InvariantCulture, $"  target {cores:0.00} CPU {rss} MiB")
            : "";
        var phase = second.IsWarmUp ? "warm-up  " : "";
        terminal.Write(string.Create(
            CultureInfo.InvariantCulture, $"{EraseLine}{second.At,5:0} s  {phase}{string.Join("  ", operations)}{cpu}"));
    }

    public void Clear() => terminal.Write(EraseLine);

    private static string Bytes(long bytes) =>
        bytes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {bytes / (1024.0 * 1024):0.0} MiB/s");

    private static string Errors(long errors) => errors == 0 ? "" : $" errors {errors}";
}
