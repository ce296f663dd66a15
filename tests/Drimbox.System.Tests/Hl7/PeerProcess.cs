using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Hl7;

/// <summary>A script beside the tests that runs another maker's HL7 library and writes lines of JSON.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<JsonElement> _lines = Channel.CreateUnbounded<JsonElement>();
    private readonly Task<string> _errors;

    private PeerProcess(string program, params IEnumerable<string> arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) _lines.Writer.Complete();
            else _lines.Writer.TryWrite(JsonDocument.Parse(line.Data).RootElement);
        };
        _process.BeginOutputReadLine();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>python-hl7, as Debian packages it: for Debian's own Python.</summary>
    public static PeerProcess Python(params IEnumerable<string> arguments)
    {
        // The package brings this program; it says that the library is there.
        Peer.Require("mllp_send");
        return new PeerProcess("/usr/bin/python3", [Path.Combine(Folder("python"), "peer.py"), .. arguments]);
    }

    /// <summary>node-hl7-client and node-hl7-server.</summary>
    public static PeerProcess Node(params IEnumerable<string> arguments)
    {
        var node = Peer.Require("node");
        foreach (var package in (string[])["node-hl7-client", "node-hl7-server"])
        {
            if (!Directory.Exists(Path.Combine(Folder("node"), "node_modules", package)))
                Peer.Missing($"{package} is not installed: npm ci in tests/Drimbox.System.Tests/Hl7/node");
        }

        return new PeerProcess(node, [Path.Combine(Folder("node"), "peer.js"), .. arguments]);
    }

    /// <summary>The next line.</summary>
    public async Task<JsonElement> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            return await _lines.Reader.ReadAsync(deadline.Token);
        }
        catch (ChannelClosedException)
        {
            Assert.Fail($"the peer ended:\n{await _errors}");
            throw;
        }
    }

    /// <summary>The lines that are left, when the process has ended by itself.</summary>
    public async Task<IReadOnlyList<JsonElement>> EndAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(deadline.Token);
        Assert.True(_process.ExitCode == 0, $"the peer ended with {_process.ExitCode}:\n{await _errors}");
        var lines = new List<JsonElement>();
        await foreach (var line in _lines.Reader.ReadAllAsync(deadline.Token)) lines.Add(line);
        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Folder(string peer) =>
        Path.GetFullPath(Path.Combine(Dcmjs.FolderOf("dcmjs"), "..", "..", "Hl7", peer));
}
