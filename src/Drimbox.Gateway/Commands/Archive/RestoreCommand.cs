using System.CommandLine;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox restore</c>: makes the data folder from a backup, while nothing runs.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        var from = new Option<DirectoryInfo>("--from") { Description = "Folder of the backup.", Required = true };
        var config = ConfigurationFile.Option("Configuration file: its DataFolder is made.");
        var command = new Command("restore", """
            Make the stores of the configured nodes from a backup, and compare every instance with its hash. No process
            may run on the data folder, and the nodes must not have stores yet.

            Example:
              drimbox restore --from /backup/drimbox --config drimbox.json

            Exit codes: 0 all is whole, 1 some instances are damaged (they are marked), 2 no backup, or a store is there
            already, 3 the store is in use.
            """) { from, config };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed.GetValue(from)!, parsed.GetValue(config)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(DirectoryInfo from, FileInfo config, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(config) is not { } configuration) return (int)ExitCode.Usage;

        if (GatewayProcess.DatabasesOf(configuration) is { Count: > 0 } databases)
        {
            await Console.Error.WriteLineAsync(
                $"{string.Join(", ", databases.Select(d => d.Key))}: restore "
                + $"{string.Join(", ", databases.Select(d => $"'{d.Database.Schema}'"))} of PostgreSQL with pg_restore, "
                + "and copy the data folder.");
            return (int)ExitCode.Usage;
        }

        try
        {
            if (await ReadManifestAsync(from, cancellation) is not { } manifest)
            {
                await Console.Error.WriteLineAsync($"'{from.FullName}' is no whole backup: it has no backup.json.");
                return (int)ExitCode.Usage;
            }

            return await RestoreAsync(from, configuration, manifest, cancellation);
        }
        catch (StorageFaultException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)(e.Fault == StorageFault.InUse ? ExitCode.Unavailable : ExitCode.Usage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
    }

    private static async Task<int> RestoreAsync(
        DirectoryInfo from, GatewayConfiguration configuration, BackupManifest manifest, CancellationToken cancellation)
    {
        var data = Path.GetFullPath(configuration.DataFolder);
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        long damaged = 0;
        foreach (var node in GatewayProcess.StoresOf(configuration))
        {
            if (!manifest.Nodes.Contains(node))
            {
                await Console.Error.WriteLineAsync($"{node}: not in the backup; it will begin empty");
                continue;
            }

            var count = new BackupCount();
            var ofNode = await Task.Run(
                () => NodeRestore.Restore(
                    Disk.Real, Path.Combine(from.FullName, node), Path.Combine(data, node), count, cancellation),
                cancellation);
            Console.WriteLine($"{node}: {count.Files} files, {count.Bytes} bytes, {ofNode} instances damaged");
            damaged += ofNode;
        }

        return (int)(damaged == 0 ? ExitCode.Done : ExitCode.Failed);
    }

    private static async Task<BackupManifest?> ReadManifestAsync(DirectoryInfo from, CancellationToken cancellation)
    {
        var path = Path.Combine(from.FullName, BackupManifest.FileName);
        if (!File.Exists(path)) return null;
        await using var file = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<BackupManifest>(file, AdministrationJson.Options, cancellation);
    }
}
