using System.CommandLine;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox backup</c>: a copy of every store while it works.</summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        var to = new Option<DirectoryInfo?>("--to")
        {
            Description = "Folder of the backup, on the machine of the process. A folder that holds an older backup gets "
                + "what is new.",
        };
        var copy = new Option<bool>("--copy")
        {
            Description = "Copy every file, though the file system could give it a second name (hard link).",
        };
        var status = new Option<bool>("--status") { Description = "Only show the backup that runs, or the last one." };
        var command = new Command("backup", """
            Copy the databases and files of all nodes of the running process. It goes on working meanwhile.

            Examples:
              drimbox backup --to /backup/drimbox
              drimbox backup --status
            """) { to, copy, status };
        command.Validators.Add(result =>
        {
            if (result.GetValue(to) is null && !result.GetValue(status)) result.AddError("--to DIR, or --status.");
        });
        return command.Calls(async (client, parsed, cancellation) =>
        {
            if (parsed.GetValue(status)) return await client.GetAsync("/api/backup", cancellation);
            var answer = await client.PostAsync(
                "/api/backup", new BackupOrder(parsed.GetValue(to)!.FullName, parsed.GetValue(copy)), cancellation);
            while (answer.Succeeded && !HasEnded(answer))
                answer = await client.GetAsync("/api/backup?wait=true", cancellation);
            return answer with { Succeeded = answer.Succeeded && !HasFailed(answer) };
        });
    }

    private static bool HasEnded(AdministrationAnswer answer) =>
        answer.Body.GetProperty("state").GetString() is "done" or "failed";

    private static bool HasFailed(AdministrationAnswer answer) => answer.Body.GetProperty("state").GetString() == "failed";
}
