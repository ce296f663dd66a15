using System.CommandLine;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox migrate</c>: brings the tables of all stores to what this program knows, while nothing runs.</summary>
internal static class MigrateCommand
{
    private enum Outcome
    {
        /// <summary>Its tables were changed.</summary>
        Migrated,

        /// <summary>A dry run: its tables would be changed.</summary>
        Due,

        /// <summary>There was nothing to do.</summary>
        Current,

        /// <summary>There is none yet.</summary>
        NoStore,
    }

    private sealed record MigratedStore(string Store, Outcome Outcome, long? From, int To);

    public static Command Create()
    {
        var config = ConfigurationFile.Option("Configuration file: its nodes and the accounts are what is brought up to date.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Tell what would be done, and change nothing." };
        var command = new Command("migrate", """
            Bring the tables of every store to what this program knows. A start does the same; here it can be done, and be seen,
            before one: the process must be stopped, and all of them where several share a schema. Each step is a transaction. Copy
            what cannot be made again before (drimbox backup, pg_dump): there is no way back to a program that is older.

            Examples:
              drimbox migrate --config drimbox.json --dry-run
              drimbox migrate --config drimbox.json --json

            Exit codes: 0 done, or there was nothing to do, 2 the configuration is wrong, 3 a process has a store, a store is newer than this
            program, or a disk or database failed.
            """) { config, dryRun, SocketOptions.Json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config)!, parsed.GetValue(dryRun), parsed.GetValue(SocketOptions.Json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(FileInfo config, bool isDryRun, bool json, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(config) is not { } configuration) return (int)ExitCode.Usage;
        var done = new List<MigratedStore>();
        var code = ExitCode.Done;
        foreach (var (key, folder, name, database) in GatewayProcess.DatabasesAndFilesOf(configuration))
        {
            try
            {
                var steps = await Task.Run(
                    () => StoreUpgrade.Run(Disk.Real, folder, name, database, isDryRun), cancellation);
                done.Add(new MigratedStore(key, OutcomeOf(steps), steps.From, steps.To));
            }
            catch (Exception e) when (e is StorageFaultException or UnauthorizedAccessException or IOException)
            {
                // The others are looked at all the same: each is brought up to date by itself.
                await Console.Error.WriteLineAsync($"{key}: {e.Message}");
                code = ExitCode.Unavailable;
            }
        }

        var body = JsonSerializer.SerializeToElement(done, AdministrationJson.Options);
        Output.Print(new AdministrationAnswer(true, body), json, Console.Out, Console.Error);
        return (int)code;
    }

    private static Outcome OutcomeOf(StoreSteps steps) =>
        steps.From is null ? Outcome.NoStore
        : steps.From == steps.To ? Outcome.Current
        : steps.IsDone ? Outcome.Migrated
        : Outcome.Due;
}
