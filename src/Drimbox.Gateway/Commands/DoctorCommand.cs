using System.CommandLine;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Doctor;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox doctor</c>: what keeps a configuration from working on this machine.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var config = ConfigurationFile.Option();
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var command = new Command("doctor", """
            Check a configuration on this machine, running or not: the data folder, the ports, the certificates, the
            peers by C-ECHO or by a connection, the database, the DMP and the difference of the clocks. Nothing is
            changed.

            Examples:
              drimbox doctor --config drimbox.json
              drimbox doctor --config drimbox.json --json | jq '.[] | select(.verdict != "Ok")'

            Exit codes: 0 nothing fails, 1 something does, 2 the configuration is wrong.
            """) { config, json };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed.GetValue(config)!, parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(FileInfo file, bool json, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(file) is not { } configuration) return (int)ExitCode.Usage;

        var found = await DoctorRun.RunAsync(configuration, TimeProvider.System, cancellation);
        if (json) Console.WriteLine(JsonSerializer.Serialize(found, AdministrationJson.Options));
        else Print(found);
        return (int)(found.Any(d => d.Verdict == Verdict.Failure) ? ExitCode.Failed : ExitCode.Done);
    }

    private static void Print(IReadOnlyList<Diagnosis> found)
    {
        var width = found.Max(d => d.Key.Length);
        foreach (var diagnosis in found)
        {
            var mark = diagnosis.Verdict switch { Verdict.Ok => "ok  ", Verdict.Warning => "warn", _ => "FAIL" };
            Console.WriteLine($"{mark}  {diagnosis.Key.PadRight(width)}  {diagnosis.Text}");
            if (diagnosis.Advice is { } advice) Console.WriteLine($"{new string(' ', width + 8)}{advice}");
        }

        var (failures, warnings) = (
            found.Count(d => d.Verdict == Verdict.Failure), found.Count(d => d.Verdict == Verdict.Warning));
        Console.WriteLine($"{found.Count} checks, {failures} failed, {warnings} with a warning");
    }
}
