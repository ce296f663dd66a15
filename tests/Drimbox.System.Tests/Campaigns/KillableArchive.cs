using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Storage;

namespace Drimbox.Tests.Campaigns;

/// <summary>The program with an archive alone, over a data folder that outlives it: it can be killed, stopped in the
/// middle of whatever it does, and started again.</summary>
internal sealed class KillableArchive(string dataFolder, DatabaseOptions? database = null) : IAsyncDisposable
{
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    private readonly string _configuration = Path.Combine(
        Path.GetTempPath(), $"drimbox-campaign-{Guid.NewGuid():N}.json");

    private DemoChild? _child;

    /// <summary>Where its data are; not to be looked into from outside if a mount of the process's own lies
    /// there.</summary>
    public string DataFolder => dataFolder;

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    public int ProcessId => _child!.ProcessId;

    public string Output => _child?.Output ?? "";

    /// <summary>From the start of the process until it said that it is ready.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <param name="under">Programs with their arguments that become the process, each starting the next.</param>
    public async Task StartAsync(params IReadOnlyList<string> under)
    {
        var clock = Stopwatch.StartNew();
        await BeginAsync(under);
        await _child!.WaitUntilReadyAsync(TestContext.Current.CancellationToken);
        StartTime = clock.Elapsed;
    }

    /// <summary>Starts it, and kills it before or after it is ready.</summary>
    public async Task DieWhileStartingAsync(TimeSpan moment)
    {
        await BeginAsync();
        await Task.Delay(moment, TestContext.Current.CancellationToken);
        await KillAsync();
    }

    /// <summary>SIGKILL, and returns when the process is gone.</summary>
    public Task KillAsync() => _child!.KillAsync(CancellationToken.None);

    /// <summary>SIGSTOP, and returns when every thread stands still: one that is inside of an fsync ends it
    /// first.</summary>
    public async Task FreezeAsync()
    {
        Signal(SIGSTOP);
        await Flow.Eventually.HoldsAsync(
            () => Task.FromResult(ThreadStates()), states => states.All(state => state is 'T' or 't'),
            states => $"threads still run: {new string([.. states])}");
    }

    /// <summary>After <see cref="FreezeAsync"/>.</summary>
    public void GoOn() => Signal(SIGCONT);

    public async ValueTask DisposeAsync()
    {
        if (_child is not null) await _child.DisposeAsync();
        File.Delete(_configuration);
    }

    private async Task BeginAsync(params IReadOnlyList<string> under)
    {
        if (_child is not null) await _child.DisposeAsync();
        var port = LoopbackPorts.Take();
        var configuration = new GatewayConfiguration
        {
            DataFolder = dataFolder,
            Archive = new ArchiveSection
            {
                Dicom = new DicomNodeOptions { AeTitle = "ARCHIVE", Port = port },
                Database = database,
                Callers = [new CallerSection { AeTitle = "MODALITY" }],
                // A disk here is small, and a campaign is about what happens when it is full, not before.
                Disk = DiskSpaceOptions.NoMark,
            },
        };
        Directory.CreateDirectory(dataFolder);
        await File.WriteAllTextAsync(
            _configuration, JsonSerializer.Serialize(configuration, AdministrationJson.Options),
            TestContext.Current.CancellationToken);
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
        _child = DemoChild.Start(_configuration, under);
    }

    private char[] ThreadStates() =>
    [
        // proc(5): the state follows the name in parentheses.
        .. Directory.GetDirectories($"/proc/{ProcessId}/task")
            .Select(task => File.ReadAllText(Path.Combine(task, "stat")))
            .Select(text => text[text.LastIndexOf(')') + 2]),
    ];

    private void Signal(int signal) => Assert.Equal(0, kill(ProcessId, signal));

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
