using System.CommandLine;
using System.Diagnostics;
using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox store</c>: sends files.</summary>
internal static class StoreCommand
{
    private static readonly Argument<string[]> Paths = new("path")
    {
        Description = "Files, and folders with all that is in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<int> Associations = AssociationArguments.Bounded(
        "--associations", "Associations at once, which share the files.", 1, Limits.AssociationsMax, 1);

    private static readonly Option<int> Window = AssociationArguments.Bounded(
        "--window", "Instances outstanding in each association, if the peer agrees (PS3.7 D.3.3.3).", 1,
        Limits.AsyncOperationsMax, 1);

    private static readonly Option<int> Retry = AssociationArguments.Bounded(
        "--retry", "How often to send again what was lost, or met a peer short of resources.", 0, 100, 0);

    private static readonly Option<bool> Strict = new("--strict")
    {
        Description = "Send nothing if one of the files cannot be sent, or is not DICOM.",
    };

    public static Command Create() => new Command("store", $"""
        Send DICOM files to a peer (C-STORE), each in the transfer syntax that it has. An uncompressed file is converted
        if the peer takes only another uncompressed syntax. A DICOMDIR is passed over.

        Examples:
          drimbox store PACS@pacs.example:104 study/ more/image.dcm
          drimbox store PACS@pacs.example:104 study/ --associations 4 --window 8
          drimbox store PACS@pacs.example:104 study/ --strict --retry 3 --json

        {AssociationArguments.ExitCodes}
        """)
    {
        Paths, Associations, Window, Retry, Strict, AssociationArguments.Repeat,
    }.Calls(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var output = CommandOutput.Of(parsed);
        var input = InputFiles.Read(parsed.GetValue(Paths)!, static _ => { }, cancellation);
        var report = new StoreReport(input, output);
        if (parsed.GetValue(Strict) && (input.NotDicom.Count > 0 || input.Damaged.Count > 0))
        {
            report.PrintInput(all: true);
            throw new CommandException(ExitCode.Usage, "Nothing was sent: --strict.");
        }

        if (input.Sendable.Count == 0)
        {
            report.PrintInput(all: true);
            throw new CommandException(ExitCode.Usage, "There is no DICOM file to send.");
        }

        var times = parsed.GetValue(AssociationArguments.Repeat);
        var store = new ParallelStore(
            (contexts, token) => Association.RequestAsync(
                AssociationArguments.OptionsOf(parsed, contexts) with { Window = parsed.GetValue(Window) }, token),
            parsed.GetValue(Associations), report.Answered);
        var start = Stopwatch.GetTimestamp();
        try
        {
            await ProgressBar.RunAsync(
                output.IsText, "storing", (long)times * input.Sendable.Count,
                async bar =>
                {
                    report.Progress = bar;
                    for (var i = 0; i < times; i++)
                        await SendAsync(store, report, input.Sendable, parsed.GetValue(Retry), cancellation);
                });
        }
        catch (OperationCanceledException) when (report.Count > 0)
        {
            report.Print(Stopwatch.GetElapsedTime(start), store);
            throw;
        }

        report.Print(Stopwatch.GetElapsedTime(start), store);
        return report.ExitCode;
    }

    private static async Task SendAsync(
        ParallelStore store,
        StoreReport report,
        IReadOnlyList<SendableFile> files,
        int retries,
        CancellationToken cancellation)
    {
        for (var attempt = 0; files.Count > 0; attempt++)
        {
            report.BeginAttempt(isLast: attempt == retries);
            await store.SendAsync(files, cancellation);
            files = report.TakeRetries();
        }
    }
}
