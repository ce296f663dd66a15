using System.Diagnostics;
using System.Text;

namespace Drimbox.Gateway.Demo;

/// <summary>A process of this same program, which the demo starts and may kill.</summary>
internal sealed class DemoChild : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoChild(Process process) => _process = process;

    public int ProcessId => _process.Id;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Starts <c>drimbox run</c> with a configuration file.</summary>
    /// <param name="under">A program with its arguments that starts it, as a tracer does.</param>
    public static DemoChild Start(string configuration, params IReadOnlyList<string> under)
    {
        IReadOnlyList<string> command = [.. under, .. CommandLine(), "run", "--config", configuration];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var child = new DemoChild(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, e) => child.Heard(e.Data);
        child._process.ErrorDataReceived += (_, e) => child.Heard(e.Data);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Returns when the process serves.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var exit = _process.WaitForExitAsync(cancellation);
        if (await Task.WhenAny(_ready.Task, exit) == exit)
            throw new DemoFailedException($"the process ended: {Output}");
    }

    public async Task<int> WaitForExitAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: nothing of the process runs any more, no buffer is written.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync(CancellationToken.None);
        _process.Dispose();
    }

    /// <summary>This program: its own executable, or the runtime with its assembly (<c>dotnet drimbox.dll</c>, a test
    /// host).</summary>
    public static IReadOnlyList<string> CommandLine()
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "drimbox.dll");
        var own = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(own) == "drimbox" ? [own] : ["dotnet", assembly];
    }

    private void Heard(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        if (line == "ready") _ready.TrySetResult();
    }
}
