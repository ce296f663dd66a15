using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Drimbox.Tests.Dicom;

/// <summary>The command line tools of DCMTK as peers.</summary>
internal static class Dcmtk
{
    /// <summary>Runs a tool to its end.</summary>
    /// <returns>Its exit code, and what it wrote to both streams.</returns>
    public static Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments) =>
        RunInAsync(null, program, arguments);

    /// <summary>Runs a tool that must succeed.</summary>
    public static Task<string> SucceedAsync(string program, params string[] arguments) =>
        SucceedInAsync(null, program, arguments);

    /// <summary>Runs a tool that must succeed, in a working folder.</summary>
    public static async Task<string> SucceedInAsync(string? folder, string program, params string[] arguments)
    {
        var (code, output) = await RunInAsync(folder, program, arguments);
        Assert.True(code == 0, $"{program} ended with {code}:\n{output}");
        return output;
    }

    private static async Task<(
        int ExitCode, string Output)> RunInAsync(string? folder, string program, string[] arguments)
    {
        using var process = Start(program, folder, arguments);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, output + await error);
    }

    /// <summary>Starts a listening tool and waits until its port is open.</summary>
    public static async Task<DcmtkServer> ListenAsync(
        string program, string folder, int port, params string[] arguments)
    {
        var process = Start(program, folder, arguments);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return new DcmtkServer(process);
            }
            catch (SocketException) when (deadline.Elapsed < TimeSpan.FromSeconds(20) && !process.HasExited)
            {
                await Task.Delay(20);
            }
        }
    }

    private static Process Start(string program, string? folder, string[] arguments)
    {
        var start = new ProcessStartInfo(Peer.Require(program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? "",
        };
        // Without it each response waits 40 ms for a delayed acknowledgement.
        start.Environment["TCP_NODELAY"] = "1";
        return Process.Start(start)!;
    }
}

internal sealed class DcmtkServer(Process process) : IDisposable
{
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
