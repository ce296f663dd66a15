using System.CommandLine;
using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox index</c>: the index of an archive, while no process uses it.</summary>
internal static class IndexCommand
{
    public static Command Create()
    {
        var data = new Option<DirectoryInfo?>("--data", "-d")
        {
            Description = "Data folder, DataFolder of the configuration.",
        };
        var config = new Option<FileInfo?>("--config", "-c")
        {
            Description = "Configuration file, in place of --data and --node; needed if the index is in PostgreSQL.",
        };
        var node = new Option<string>("--node", "-n")
        {
            Description = "Node id of the archive.", DefaultValueFactory = _ => "archive",
        };
        var rebuild = new Command("rebuild", """
            Make the index of an archive again from its files alone. The process must be stopped. The former index stays
            beside the new one as archive.db.before-rebuild; in PostgreSQL, as the schema NODE_archive_before_rebuild.

            Examples:
              drimbox index rebuild --data /var/lib/drimbox --node archive
              drimbox index rebuild --config drimbox.json

            Exit codes: 0 done, 2 the configuration is wrong or has no archive,
            3 the store is in use, is none, or the disk failed; the former index is still there.
            """) { data, node, config, SocketOptions.Json };
        rebuild.Validators.Add(result =>
        {
            if (result.GetValue(data) is null == result.GetValue(config) is null)
                result.AddError("--data DIR or --config FILE.");
        });
        rebuild.SetAction((parsed, cancellation) => RebuildAsync(
            parsed.GetValue(data), parsed.GetValue(node)!, parsed.GetValue(config), parsed.GetValue(SocketOptions.Json),
            cancellation));
        return new Command("index", "The index of an archive.") { rebuild };
    }

    private static async Task<int> RebuildAsync(
        DirectoryInfo? data, string node, FileInfo? config, bool json, CancellationToken cancellation)
    {
        if (config is not null)
        {
            if (ConfigurationFile.Read(config) is not { } configuration) return (int)ExitCode.Usage;
            if (configuration.Archive is { } archive)
            {
                return await RebuildAsync(
                    Path.GetFullPath(configuration.DataFolder), archive.Node,
                    archive.Database is null ? null : archive.Database.ToIndex(archive.Node) with { IsShared = false },
                    archive.Database?.SharedFolder, json, cancellation);
            }

            await Console.Error.WriteLineAsync("The configuration has no archive.");
            return (int)ExitCode.Usage;
        }

        if (!PostgresOptions.IsUsedBy(Disk.Real, Path.Combine(data!.FullName, node)))
            return await RebuildAsync(data.FullName, node, null, null, json, cancellation);
        await Console.Error.WriteLineAsync(
            "The index of this archive is in PostgreSQL: give --config FILE instead of --data.");
        return (int)ExitCode.Usage;
    }

    private static async Task<int> RebuildAsync(
        string data,
        string node,
        PostgresOptions? postgres,
        string? sharedFolder,
        bool json,
        CancellationToken cancellation)
    {
        var surroundings = NodeSurroundings.Real(NullLoggerFactory.Instance);
        var rebuild = new IndexRebuild(
            data, node,
            new ArchiveSurroundings
            {
                Ids = surroundings.Ids, Random = surroundings.NewRandom(), Time = surroundings.Time,
            },
            postgres, sharedFolder is null ? null : Path.GetFullPath(sharedFolder));
        try
        {
            RebuildReport report = null!;
            await ProgressBar.RunAsync(!json, "files", 0, async bar =>
                report = await rebuild.RunAsync(bar is null ? null : new Bar(bar), cancellation));
            if (!report.HistoryKept)
            {
                await Console.Error.WriteLineAsync(
                    "There was no former index that could be read: studies that were protected are no longer (drimbox "
                    + "study protect), corrections of patients are lost (drimbox patient), and what was done to instances "
                    + "is not recorded any more.");
            }

            var answer = JsonSerializer.SerializeToElement(report, AdministrationJson.Options);
            return Output.Print(new AdministrationAnswer(true, answer), json, Console.Out, Console.Error);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Stopped; the former index is still in place.");
            return (int)ExitCode.Cancelled;
        }
        catch (Exception e) when (e is StorageFaultException or UnauthorizedAccessException or IOException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Unavailable;
        }
    }

    private sealed class Bar(IProgress<int> bar) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value)
        {
            if (value.Done == 1) bar.Report((int)-value.Total);
            bar.Report(1);
        }
    }
}
