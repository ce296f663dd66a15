using System.CommandLine;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox copy</c>: moves stores from files of SQLite into PostgreSQL or back, while nothing runs.</summary>
internal static class CopyCommand
{
    private sealed record CopiedStore(
        string Store, CopyOutcome Outcome, long Rows, string? Kept, IReadOnlyList<CopiedTable> Tables);

    public static Command Create()
    {
        var config = ConfigurationFile.Option(
            "Configuration file; its Database sections say what is copied, and which database it is.");
        var to = new Option<CopyTarget>("--to")
        {
            Description = "postgres or sqlite.", DefaultValueFactory = _ => CopyTarget.Postgres,
        };
        var only = new Option<string?>("--store")
        {
            Description = "One section alone, as 'Ris:Database'. Default: each of them.", HelpName = "SECTION",
        };
        var command = new Command("copy", """
            Move what the nodes and the accounts keep from the files of SQLite into PostgreSQL, or back. Put the Database sections into the
            configuration first; to go back, take them out afterwards. The process must be stopped. All rows of a store are
            one transaction, which ends after both sides were read again and have the same rows; then the former place gets
            another name (flow.db.before-copy). Whatever happens before leaves the store where it was: run it again.

            Examples:
              drimbox copy --config drimbox.json
              drimbox copy --config drimbox.json --store Ris:Database --json
              drimbox copy --config drimbox.json --to sqlite

            Exit codes: 0 done, or there was nothing to do, 1 the two sides are not the same, 2 the configuration is wrong or
            names no database, or the target is not empty, 3 a process has the store, or a disk or database failed.
            """) { config, to, only, SocketOptions.Json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config)!, parsed.GetValue(to), parsed.GetValue(only), parsed.GetValue(SocketOptions.Json),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        FileInfo config, CopyTarget to, string? only, bool json, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(config) is not { } configuration) return (int)ExitCode.Usage;
        var stores = GatewayProcess.DatabasesAndFilesOf(configuration)
            .Where(one => one.Postgres is not null && (only is null || only.Equals(one.Key, StringComparison.OrdinalIgnoreCase)))
            .ToList();
        if (stores.Count == 0)
        {
            await Console.Error.WriteLineAsync(only is null
                ? "The configuration has no Database section: it says which database is meant."
                : $"The configuration has no section {only}.");
            return (int)ExitCode.Usage;
        }

        if (stores.Find(one => one.Postgres!.IsShared) is { Key: { } shared })
        {
            await Console.Error.WriteLineAsync(
                $"{shared}: a store is copied as that of one process. Take SharedFolder or Bucket out, copy, then share the "
                + "objects (docs/operations/nodes.md).");
            return (int)ExitCode.Usage;
        }

        var done = new List<CopiedStore>();
        var code = ExitCode.Done;
        foreach (var (key, folder, name, database) in stores)
        {
            try
            {
                await ProgressBar.RunAsync(!json, key, 0, async bar =>
                {
                    var report = await Task.Run(
                        () => StoreCopy.Run(new StoreToCopy(Disk.Real, folder, name, database!), to, bar, cancellation),
                        cancellation);
                    done.Add(new CopiedStore(
                        key, report.Outcome, report.Tables.Sum(table => table.Rows), report.Kept, report.Tables));
                });
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync($"{key}: stopped; it is where it was.");
                code = ExitCode.Cancelled;
            }
            catch (Exception e) when (e is StorageFaultException or UnauthorizedAccessException or IOException)
            {
                await Console.Error.WriteLineAsync($"{key}: {e.Message}");
                code = (e as StorageFaultException)?.Fault switch
                {
                    StorageFault.Corrupt => ExitCode.Failed,
                    StorageFault.Exists or StorageFault.Absent => ExitCode.Usage,
                    _ => ExitCode.Unavailable,
                };
            }

            // What comes after it may be a store that a process must not find alone at the target.
            if (code != ExitCode.Done) break;
        }

        Print(done, json);
        return (int)code;
    }

    private static void Print(List<CopiedStore> done, bool json)
    {
        // A person reads a line a store; the tables are in the JSON.
        var body = json
            ? JsonSerializer.SerializeToElement(done, AdministrationJson.Options)
            : JsonSerializer.SerializeToElement(
                done.Select(one => new { one.Store, one.Outcome, one.Rows, one.Kept }), AdministrationJson.Options);
        Output.Print(new AdministrationAnswer(true, body), json, Console.Out, Console.Error);
    }
}
