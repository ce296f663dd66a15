using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Drimbox.Tests.Dicom;

/// <summary>dcmjs-dimse as a peer: a second implementation that shares no code with DCMTK. <c>.ci/run</c> installs it
/// beside its scripts, in <c>dcmjs/</c>.</summary>
internal static class Dcmjs
{
    /// <summary>Runs one operation of <c>scu.js</c>.</summary>
    public static async Task<JsonElement> RunAsync(int port, string operation, params string[] arguments)
    {
        using var process = Start("scu.js", [$"{port}", operation, .. arguments]);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(output.Length > 0, $"scu.js {operation} said nothing:\n{await error}");
        var result = JsonDocument.Parse(output).RootElement;
        Assert.False(result.TryGetProperty("error", out var failure), $"scu.js {operation}: {failure}");
        return result;
    }

    /// <summary>Starts <c>scp.js</c> and waits until its port is open.</summary>
    public static async Task<DcmjsServer> ListenAsync(int port)
    {
        var server = new DcmjsServer(Start("scp.js", [$"{port}"]));
        var patience = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return server;
            }
            catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(50);
            }
        }
    }

    private static Process Start(string script, string[] arguments)
    {
        var folder = FolderOf("dcmjs");
        var node = Peer.Require("node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "dcmjs-dimse")))
            Peer.Missing("dcmjs-dimse is not installed: npm ci in tests/Drimbox.System.Tests/Dicom/dcmjs");
        return Process.Start(new ProcessStartInfo(node, [Path.Combine(folder, script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
    }

    /// <summary>A folder of scripts beside the tests.</summary>
    public static string FolderOf(string peer)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Drimbox.sln")))
                return Path.Combine(at.FullName, "tests", "Drimbox.System.Tests", "Dicom", peer);
        }

        throw new InvalidOperationException("The tests run from a build inside the repository.");
    }
}

/// <summary>A running <c>scp.js</c>, with the requests that it answered.</summary>
internal sealed class DcmjsServer : IDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<JsonElement> _requests = [];

    public DcmjsServer(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not { Length: > 0 } text) return;
            lock (_gate) _requests.Add(JsonDocument.Parse(text).RootElement);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The requests of one type, once there are <paramref name="count"/>.</summary>
    public async Task<List<JsonElement>> RequestsAsync(string type, int count)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            lock (_gate)
            {
                var found = _requests.Where(r => r.GetProperty("type").GetString() == type).ToList();
                if (found.Count >= count || patience.Elapsed > TimeSpan.FromSeconds(20)) return found;
            }

            await Task.Delay(20);
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
