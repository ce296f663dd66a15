using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace Drimbox.Tests.Demo;

/// <summary>The program <c>drimbox</c>, its lines read as they come.</summary>
internal sealed class DrimboxProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _errors = new();

    /// <param name="isGateway">What it prints is a log, and no answer that somebody asked for.</param>
    private DrimboxProcess(Process process, bool isGateway)
    {
        _process = process;
        process.OutputDataReceived += (_, e) =>
        {
            if (isGateway && e.Data is not null) PatientData.Hear(e.Data);
            if (e.Data is null) _lines.Writer.Complete();
            else _lines.Writer.TryWrite(e.Data);
        };
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors) _errors.AppendLine(e.Data);
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What came on the error stream until now.</summary>
    public string Errors
    {
        get
        {
            lock (_errors) return _errors.ToString();
        }
    }

    public static DrimboxProcess Start(params IReadOnlyList<string> arguments)
    {
        Peer.RequireProcess();
        return new(new Process
        {
            // A shell's background job ignores Ctrl+C, and so does what it starts, unless told otherwise.
            StartInfo = new ProcessStartInfo(
                "env",
                [
                    "--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "drimbox.dll"),
                    .. arguments,
                ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            },
        }, arguments is ["run", ..]);
    }

    /// <summary>The lines up to the first that <paramref name="last"/> takes, or to the end of the output.</summary>
    public async Task<IReadOnlyList<string>> ReadUntilAsync(Func<string, bool> last)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        var read = new List<string>();
        await foreach (var line in _lines.Reader.ReadAllAsync(deadline.Token))
        {
            read.Add(line);
            if (last(line)) break;
        }

        return read;
    }

    /// <summary>Ctrl+C.</summary>
    public void Interrupt()
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code and what was printed since the last read.</returns>
    public async Task<(int ExitCode, IReadOnlyList<string> Lines)> EndAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        var lines = await ReadUntilAsync(_ => false);
        await _process.WaitForExitAsync(deadline.Token);
        return (_process.ExitCode, lines);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
