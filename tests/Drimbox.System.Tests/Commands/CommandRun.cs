using Drimbox.Gateway.Commands;
using Drimbox.Tests.Demo;

namespace Drimbox.Tests.Commands;

/// <summary>A command of the program that ran to its end.</summary>
internal sealed record CommandRun(int ExitCode, IReadOnlyList<string> Lines, string Errors)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public string Output => string.Join('\n', Lines);

    /// <summary>Runs a command. Whatever happens, its user sees no stack trace.</summary>
    public static async Task<CommandRun> OfAsync(params string[] arguments)
    {
        var run = NeedsProcess(arguments) ? await InProcessOfItsOwnAsync(arguments) : await HereAsync(arguments);
        PatientData.Hear(run.Errors);
        Assert.DoesNotContain("   at ", run.Errors + run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", run.Errors + run.Output, StringComparison.Ordinal);
        return run;
    }

    /// <summary>Runs a command that must succeed.</summary>
    public static async Task<CommandRun> SucceedAsync(params string[] arguments)
    {
        var run = await OfAsync(arguments);
        Assert.True(run.ExitCode == 0, $"exit code {run.ExitCode}:\n{run.Output}\n{run.Errors}");
        return run;
    }

    /// <summary>A gateway and a listener have a process to themselves; data sets as JSON are bytes that go past the writers of
    /// the console; and a terminal shows progress, which is none of a test's.</summary>
    private static bool NeedsProcess(string[] arguments) =>
        !Console.IsErrorRedirected || arguments is ["run" or "receive", ..] ||
        (arguments is ["dump" or "find" or "get" or "move", ..] && arguments.Contains("--json"));

    // A runtime that starts for each of four hundred commands costs more than what most of them do.
    private static async Task<CommandRun> HereAsync(string[] arguments)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        var (exitCode, console) = await CommandConsole.RunAsync(
            // The command has a thread of the pool, as where nothing else runs.
            () => Task.Run(() => DrimboxCommand.RunAsync(arguments, deadline.Token), deadline.Token));
        var lines = console.Output.Split('\n');
        return new(exitCode, lines[^1].Length == 0 ? lines[..^1] : lines, console.Errors);
    }

    private static async Task<CommandRun> InProcessOfItsOwnAsync(string[] arguments)
    {
        await using var process = DrimboxProcess.Start(arguments);
        var (exitCode, lines) = await process.EndAsync();
        return new(exitCode, lines, process.Errors);
    }
}
