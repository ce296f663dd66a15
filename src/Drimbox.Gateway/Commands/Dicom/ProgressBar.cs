using Spectre.Console;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>A bar on the error stream, where that is a terminal and a person reads it.</summary>
internal static class ProgressBar
{
    /// <param name="isWanted">False: run without a bar.</param>
    /// <param name="total">Steps of the whole work, or 0 if that shows as it goes.</param>
    /// <param name="work">Reports steps done; a negative number says how many there are in all.</param>
    public static async Task RunAsync(bool isWanted, string title, long total, Func<IProgress<int>?, Task> work)
    {
        if (!isWanted || Console.IsErrorRedirected)
        {
            await work(null);
            return;
        }

        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await terminal.Progress().AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask(title, maxValue: Math.Max(total, 1));
                bar.IsIndeterminate = total == 0;
                await work(new Steps(bar));
            });
    }

    private sealed class Steps(ProgressTask bar) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value >= 0)
            {
                bar.Increment(value);
                return;
            }

            bar.IsIndeterminate = false;
            bar.MaxValue = -value;
        }
    }
}
