using System.Diagnostics;

namespace Drimbox.Tests;

/// <summary>A PostgreSQL of the tests' own: in a folder of its own, on a Unix socket, gone with the process. It is made
/// when the first test asks for it.</summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private const long MemoryMin = 4L * 1024 * 1024 * 1024;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<string> _errors = [];
    private DirectoryInfo? _folder;
    private string _binaries = "";
    private Process? _server;

    /// <summary>A network name space that it runs in, and takes connections in by TCP from its private networks (10/8); null:
    /// by the Unix socket alone.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>Its files are on a disk, so that what is measured has its fsync.</summary>
    public bool IsOnDisk { get; init; }

    /// <summary>Of its only database, without a password.</summary>
    public string ConnectionString => $"Host={_folder!.FullName};Database=postgres;Username=drimbox";

    /// <summary>The process id of the server.</summary>
    public int ServerId => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First());

    private string Data => Path.Combine(_folder!.FullName, "data");

    /// <summary>Starts it if it does not run; skips the test where PostgreSQL is not installed.</summary>
    public async Task RequireAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_server is { HasExited: false }) return;
            if (_folder is null) await MakeAsync();
            await StartAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A further database, empty.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        await RequireAsync();
        var name = $"d{Guid.NewGuid():N}";
        await RunAsync(Path.Combine(_binaries, "createdb"), "-h", _folder!.FullName, "-U", "drimbox", name);
        return $"Host={_folder.FullName};Database={name};Username=drimbox";
    }

    /// <summary>Ends the server as a crash does: nothing is flushed, nobody is told.</summary>
    public async Task KillAsync()
    {
        // The children of a killed server end by themselves.
        Process.GetProcessById(ServerId).Kill();
        _server!.StandardInput.Close();
        await _server.WaitForExitAsync();
        _server.Dispose();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            _server.StandardInput.Close();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        _folder?.Delete(recursive: true);
        _gate.Dispose();
    }

    private static string Binaries()
    {
        // Debian keeps them out of the path, all of them in one folder.
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(folder => Path.Combine(folder, "bin"))
            : [];
        foreach (var folder in debian.Concat(path))
        {
            if (File.Exists(Path.Combine(folder, "postgres"))) return folder;
        }

        Peer.Missing("the program 'postgres' is not installed");
        return "";
    }

    // Memory where there is enough: tests end the server, never the machine, and hundreds of schemas would wait for fsync.
    private DirectoryInfo MakeFolder() =>
        !IsOnDisk && Directory.Exists("/dev/shm") && new DriveInfo("/dev/shm").AvailableFreeSpace > MemoryMin
            ? Directory.CreateDirectory(
                $"/dev/shm/drimbox-pg-{Guid.NewGuid():N}",
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)
            : Directory.CreateTempSubdirectory("drimbox-pg-");

    private async Task MakeAsync()
    {
        _binaries = Binaries();
        // initdb and the server refuse to run as root.
        if (Environment.IsPrivilegedProcess) foreach (var program in (string[])["chown", "setpriv"]) Peer.Require(program);
        _folder = MakeFolder();
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", User(), _folder.FullName);
        // Sorted by the rules of a language, which no index of ours may depend on; nothing here outlives the machine.
        await RunAsUserAsync(
            Path.Combine(_binaries, "initdb"), "-D", Data, "-U", "drimbox", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--locale-provider=icu", "--icu-locale=fr", "--no-sync");
        if (NetworkNamespace is not null)
            await File.AppendAllTextAsync(Path.Combine(Data, "pg_hba.conf"), "host all all 10.0.0.0/8 trust\n");
    }

    private async Task StartAsync()
    {
        // The shell ends the server (QUIT: at once) when this process is gone, however it went.
        var start = InNetwork(
            "sh", "-c",
            "exec 3<&0; \"$0\" \"$@\" 3<&- >/dev/null & server=$!; { cat >/dev/null; kill -QUIT $server; } <&3 & wait $server; kill $!",
            Path.Combine(_binaries, "postgres"), "-D", Data, "-k", _folder!.FullName, "-c",
            NetworkNamespace is null ? "listen_addresses=" : "listen_addresses=*",
            "-c", "lc_messages=C", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
            "-c", "log_min_messages=log", "-c", "log_destination=stderr");
        start.RedirectStandardInput = true;
        start.RedirectStandardError = true;
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server = new Process { StartInfo = start, EnableRaisingEvents = true };
        _server.ErrorDataReceived += (_, line) =>
        {
            lock (_errors) _errors.Add(line.Data ?? "");
            if (line.Data?.Contains("ready to accept connections", StringComparison.Ordinal) == true) ready.TrySetResult();
        };
        _server.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("PostgreSQL ended: " + Errors()));
        _server.Start();
        _server.BeginErrorReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private string Errors()
    {
        lock (_errors) return string.Join('\n', _errors.TakeLast(20));
    }

    private static string User() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    // PostgreSQL refuses to run as root.
    private ProcessStartInfo InNetwork(params string[] command)
    {
        var start = AsUser(command);
        return NetworkNamespace is null
            ? start
            : new ProcessStartInfo("ip", ["netns", "exec", NetworkNamespace, start.FileName, .. start.ArgumentList]);
    }

    private static ProcessStartInfo AsUser(params string[] command) => Environment.IsPrivilegedProcess
        ? new ProcessStartInfo("setpriv", ["--reuid", User(), "--regid", Group(), "--clear-groups", .. command])
        : new ProcessStartInfo(command[0], command[1..]);

    private static string Group() => User() == "postgres" ? "postgres" : "nogroup";

    private static Task RunAsUserAsync(params string[] command) => RunAsync(AsUser(command));

    private static Task RunAsync(params string[] command) => RunAsync(new ProcessStartInfo(command[0], command[1..]));

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await output + await errors);
    }
}
