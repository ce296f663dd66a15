using Drimbox.Tests.Demo;

namespace Drimbox.Tests.Commands;

/// <summary>A command of the program that ran to its end.</summary>
internal sealed record CommandRun(int ExitCode, IReadOnlyList<string> Lines, string Errors)
{
    public string Output => string.Join('\n', Lines);

    /// <summary>Runs a command. Whatever happens, its user sees no stack trace.</summary>
    public static async Task<CommandRun> OfAsync(params string[] arguments)
    {
        await using var process = DrimboxProcess.Start(arguments);
        var (exitCode, lines) = await process.EndAsync();
        var run = new CommandRun(exitCode, lines, process.Errors);
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
}
