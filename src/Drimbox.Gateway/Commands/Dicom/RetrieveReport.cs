using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>How far a retrieve is, and how it ended.</summary>
internal static class RetrieveReport
{
    public static async Task<RetrieveResult> RunAsync(
        CommandOutput output, string title, Func<Action<SubOperations>, Task<RetrieveResult>> retrieve)
    {
        RetrieveResult? result = null;
        await ProgressBar.RunAsync(output.IsText, title, 0, async bar =>
        {
            var done = 0;
            result = await retrieve(counts =>
            {
                var now = counts.Completed + counts.Failed + counts.Warning;
                if (counts.Remaining is { } remaining && remaining + now > 0) bar?.Report(-(remaining + now));
                bar?.Report(Math.Max(0, now - done));
                done = Math.Max(now, done);
            });
        });
        return result!;
    }

    /// <param name="service">Move or Get.</param>
    /// <param name="received">For C-GET: files that were written.</param>
    public static ExitCode Print(CommandOutput output, RetrieveResult result, DimseService service, int? received = null)
    {
        var verb = service == DimseService.Move ? "moved" : "got";
        var status = $"{result.Status.Code:X4} ({result.Status.MeaningIn(service)})";
        var counts = result.Counts;
        var isDone = result.Status.IsSuccessOrWarning && counts.Failed == 0;
        output.Line(
            $"{verb} {counts.Completed + counts.Warning}, failed {counts.Failed}"
            + (counts.Warning > 0 ? $", {counts.Warning} of them with a warning" : "")
            + (counts.Remaining is { } remaining and > 0 ? $", {remaining} left" : "")
            + (received is { } files ? $"; {files} file{(files == 1 ? "" : "s")} written" : "")
            + $": {status}");
        if (!isDone && result.Status.Comment is { Length: > 0 } comment)
            output.Note($"The peer says: {MatchTable.Printable(comment, 64)}");
        foreach (var uid in result.FailedInstances) output.Note($"failed: {uid}");
        if (!isDone && !output.IsText && !output.IsJson) Console.Error.WriteLine($"The peer answered {status}.");
        output.Json(new
        {
            status = $"{result.Status.Code:X4}",
            meaning = result.Status.MeaningIn(service),
            comment = result.Status.Comment,
            completed = counts.Completed,
            failed = counts.Failed,
            warning = counts.Warning,
            remaining = counts.Remaining,
            files = received,
            failedSopInstanceUids = result.FailedInstances.Select(u => u.ToString()),
        });
        return isDone ? ExitCode.Done : ExitCode.Failed;
    }
}
