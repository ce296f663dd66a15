using System.CommandLine;
using Drimbox.Grains.Hosting;
using Drimbox.Load;
using Drimbox.Load.Results;

namespace Drimbox.Gateway.Commands.Load;

/// <summary><c>drimbox load</c>: the load generator.</summary>
internal static class LoadCommand
{
    private const int SomeFailed = (int)ExitCode.Failed;
    private const int CannotRun = (int)ExitCode.Usage;
    private const int Unreachable = (int)ExitCode.Unavailable;
    private const int Interrupted = (int)ExitCode.Cancelled;

    public static Command Create()
    {
        var arguments = new LoadArguments();
        var output = new Option<FileInfo?>("--output", "-o") { Description = "Write the result to this JSON file." };
        var html = new Option<FileInfo?>("--html") { Description = "Write the result to this HTML page, with charts." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No live progress." };
        var command = new Command("load", """
            Put a DICOM or HL7 peer under load and measure it. It stores what it sends: do not point it at a PACS in use.

            Closed loop (default): each of N associations sends as fast as it is answered. Open loop (--rate): operations
            begin at a fixed rate whatever the peer does, and their latency counts from the intended start.

            Examples:
              drimbox load STORESCP@localhost:11112 --duration 30s
              drimbox load PACS@pacs:104 --associations 4 --instances CT:512KiB,MR:32KiB --warm-up 5s --html load.html
              drimbox load PACS@pacs:104 --rate 200 --mix store=80,find=15,move=5 --move-to VIEWER --associations 16
              drimbox load PACS@pacs:104 --mix echo --rate 5000 --associations 8 --output echo.json
              drimbox load --mllp ris:2575 --mix mllp --rate 20
              drimbox load compare before.json after.json
              drimbox load write DIR --count 1000 --instances CT:512KiB:implicit

            Exit codes: 0 all operations done, 1 some failed, 2 it cannot be run as told, 3 the peer cannot be reached,
            130 Ctrl+C.
            """) { output, html, json, quiet };
        arguments.AddTo(command);
        command.Subcommands.Add(LoadCompareCommand.Create());
        command.Subcommands.Add(LoadWriteCommand.Create());
        command.SetAction(async (parsed, cancellation) =>
        {
            if (!arguments.TryRead(parsed, out var options, out var refusal)
                || !LoadRun.TryPrepare(options, new RandomIdSource(), TimeProvider.System, out var run, out refusal))
            {
                await Console.Error.WriteLineAsync(refusal!.Detail);
                return CannotRun;
            }

            return await RunAsync(
                run!, parsed.GetValue(output), parsed.GetValue(html), parsed.GetValue(json), parsed.GetValue(quiet),
                cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        LoadRun run, FileInfo? output, FileInfo? html, bool json, bool quiet, CancellationToken cancellation)
    {
        try
        {
            var progress = quiet || json || Console.IsErrorRedirected ? null : new LoadProgress(Console.Error);
            var result = await run.RunAsync(progress is null ? null : progress.Show, cancellation);
            progress?.Clear();
            // Also what a run that was stopped by hand has shown is written.
            if (output is not null)
                await File.WriteAllTextAsync(output.FullName, ResultFile.ToJson(result), CancellationToken.None);
            if (html is not null)
                await File.WriteAllTextAsync(html.FullName, HtmlReport.Of(result), CancellationToken.None);
            if (json) Console.WriteLine(ResultFile.ToJson(result));
            else LoadSummary.Print(result, Console.Out);
            if (result.IsInterrupted) return Interrupted;
            return result.Errors > 0 || result.NotBegun > 0 ? SomeFailed : 0;
        }
        catch (PeerUnreachableException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Unreachable;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The result cannot be written: {e.Message}");
            return CannotRun;
        }
    }
}
