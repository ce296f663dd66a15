using System.Diagnostics;
using System.Net;

namespace Drimbox.Tests.Campaigns;

/// <summary>A modality in a process of its own (tests/Drimbox.Sender) that keeps the log of what was
/// acknowledged.</summary>
internal sealed class SenderProcess : IDisposable
{
    private const int Associations = 4;
    private const int BytesMin = 50_000;
    private const int BytesMax = 5_000_000;

    private readonly Process _process;
    private readonly string _folder;

    private SenderProcess(Process process, string folder, int run)
    {
        _process = process;
        _folder = folder;
        Run = run;
    }

    public int Run { get; }

    /// <summary>Starts it, and returns when its associations stand and it sends.</summary>
    /// <param name="run">Which run of the store this is: its studies and instances are its own.</param>
    /// <param name="budget">Bytes after which it is done, if nothing stops it before.</param>
    public static async Task<SenderProcess> StartAsync(
        IPEndPoint archive, string folder, int seed, int run, long budget)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "sender.dll"), $"{archive.Port}", folder, $"{seed}", $"{run}",
            $"{Associations}", $"{BytesMin}", $"{BytesMax}", $"{budget}",
        ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        var sender = new SenderProcess(Process.Start(start)!, folder, run);
        Assert.Equal(
            "sending", await sender._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        return sender;
    }

    /// <summary>Waits for its end, which is that of the archive or of its budget.</summary>
    /// <param name="mayBeRefused">Some may have been answered A700.</param>
    /// <returns>What was sent and acknowledged in this run.</returns>
    public async Task<SentInstances> EndAsync(bool mayBeRefused = false)
    {
        var output = await _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var complaints = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1);
        var areRefusals = complaints.All(line => line.Contains("was answered A700", StringComparison.Ordinal));
        Assert.True(_process.ExitCode == 0 || (mayBeRefused && areRefusals), output);
        return SentInstances.Read(_folder, Run, Associations);
    }

    /// <summary>Waits until its log has so many acknowledgements, of this run and those before.</summary>
    public Task AcknowledgedAsync(int count) => Flow.Eventually.HoldsAsync(
        () => Task.FromResult(SentInstances.Lines(_folder, "acknowledged.log").Count()), lines => lines >= count,
        lines => $"only {lines} are acknowledged");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}

/// <summary>What a sender sent in one run: hash of the data set by SOP Instance UID.</summary>
internal sealed record SentInstances(
    IReadOnlyList<string> Studies,
    IReadOnlyDictionary<string, string> Sent,
    IReadOnlyDictionary<string, string> Acknowledged)
{
    public static SentInstances Read(string folder, int run, int associations)
    {
        var studies = Enumerable.Range(0, associations).Select(lane => $"1.2.826.0.{run + 1}.{lane + 1}").ToList();
        return new SentInstances(studies, Of("sent.log"), Of("acknowledged.log"));

        Dictionary<string, string> Of(string name) => Lines(folder, name)
            .Where(line => line.Uid.StartsWith($"1.2.826.0.{run + 1}.", StringComparison.Ordinal))
            .ToDictionary(line => line.Uid, line => line.Sha256, StringComparer.Ordinal);
    }

    public static IEnumerable<(string Uid, string Sha256)> Lines(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path)) return [];
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')).Where(parts => parts.Length == 2).Select(parts => (parts[0], parts[1]))];
    }
}
