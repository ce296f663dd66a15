using System.CommandLine;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Hosting;
using Drimbox.Source.Transfer;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox manifests</c>: what the DRIMbox source keeps of its publications.</summary>
internal static class ManifestsCommand
{
    private static readonly Argument<string> Manifest = new("manifest")
    {
        Description = "SOP Instance UID of the KOS.",
    };

    public static Command Create() => new("manifests", """
        The manifests of the DRIMbox source, published and depublished: what is kept of them, written out for another
        DRIMbox, taken over from one, re-issued under another host name. (Why one is missing is 'drimbox studies'.)

        Examples:
          drimbox manifests list
          drimbox manifests show 2.25.1
          drimbox manifests export --to /media/archive
          drimbox manifests import /media/archive
          drimbox manifests reissue --paced 60/min
        """)
    {
        List(), Show(), Export(), Import(), Transfer(), Reissue(),
    };

    private static Command List()
    {
        var after = new Option<string?>("--after") { Description = "Continue after this study.", HelpName = "UID" };
        var max = AssociationArguments.Bounded("--max", "Studies at most.", 1, Limits.StudiesListedMax, 100);
        return new Command("list", """
            Every manifest that was made, by study.

            Examples:
              drimbox manifests list --max 20
            """) { after, max }.Calls((client, parsed, cancellation) => client.GetAsync(
            $"/api/source/manifests?max={parsed.GetValue(max)}"
            + (parsed.GetValue(after) is { } study ? "&after=" + Uri.EscapeDataString(study) : ""), cancellation));
    }

    private static Command Show() => new Command("show", """
        One manifest: its reports, its submissions with the entries of the registry that they acted on.

        Examples:
          drimbox manifests show 2.25.1 --json
        """) { Manifest }.Calls((client, parsed, cancellation) => client.GetAsync(
        $"/api/source/manifests/{Uri.EscapeDataString(parsed.GetValue(Manifest)!)}/record", cancellation));

    private static Command Export()
    {
        var to = new Option<string>("--to")
        {
            Description = "A folder, or a new file that ends in .zip, on the machine of the process. An export to a "
                + "folder that was cut off is gone on with.",
            HelpName = "PATH",
            Required = true,
        };
        var layout = new Option<TransferLayout>("--layout")
        {
            Description = "drimbox: everything, for a Drimbox; xdm: what is in the DMP now, for other DRIMboxes.",
        };
        var from = Day("--from", "First day of the newest manifest of a study: 2026-01-31.");
        var until = Day("--until", "Last day, included.");
        var study = new Option<string?>("--study") { Description = "This study alone.", HelpName = "UID" };
        return new Command("export", """
            Write out KOS, metadata, signatures and histories, with SHA256SUMS to check them by.

            Examples:
              drimbox manifests export --to /media/archive
              drimbox manifests export --to /tmp/november.zip --from 2026-11-01 --until 2026-11-30
              drimbox manifests export --to /media/other --layout xdm

            Exit codes: 0 all is written, 1 some could not be read, or the path cannot be written to.
            """) { to, layout, from, until, study }.Calls((client, parsed, cancellation) => FollowAsync(
            client, "/api/source/export",
            new ExportBody(
                Path.GetFullPath(parsed.GetValue(to)!), parsed.GetValue(layout), parsed.GetValue(from),
                parsed.GetValue(until), parsed.GetValue(study)),
            cancellation));
    }

    private static Command Import()
    {
        var path = new Argument<string>("path")
        {
            Description = "A folder or a zip file that was exported, on the machine of the process.",
        };
        return new Command("import", """
            Take over what another DRIMbox, or this one, has exported. The same again changes nothing; a study that does
            not hold together, or that is known here with another history, is refused and told.

            Examples:
              drimbox manifests import /media/archive

            Exit codes: 0 all is known here now, 1 some were refused, or there is no export.
            """) { path }.Calls((client, parsed, cancellation) => FollowAsync(
            client, "/api/source/import", new ImportBody(Path.GetFullPath(parsed.GetValue(path)!)), cancellation));
    }

    private static Command Transfer()
    {
        var stop = new Option<bool>("--stop") { Description = "Have it end now." };
        return new Command("transfer", """
            Show how far the export or import is that runs, or how the last one ended.

            Examples:
              drimbox manifests transfer
              drimbox manifests transfer --stop
            """) { stop }.Calls((client, parsed, cancellation) => parsed.GetValue(stop)
            ? client.PostAsync("/api/source/transfer/stop", null, cancellation)
            : client.GetAsync("/api/source/transfer", cancellation));
    }

    private static Command Reissue()
    {
        var paced = new Option<int>("--paced")
        {
            Description = $"Manifests a minute, 1 to {Limits.ReissuePerMinuteMax}: 60/min, or 60.",
            HelpName = "N/min",
            DefaultValueFactory = _ => Limits.ReissuePerMinuteDefault,
            CustomParser = static result =>
            {
                var text = result.Tokens[0].Value;
                var number = text.EndsWith("/min", StringComparison.Ordinal) ? text[..^4] : text;
                if (int.TryParse(number, out var value) && value is >= 1 and <= Limits.ReissuePerMinuteMax)
                    return value;
                result.AddError($"'{text}' is no pace: 1/min to {Limits.ReissuePerMinuteMax}/min.");
                return 0;
            },
        };
        var pause = new Option<bool>("--pause") { Description = "Have it rest; without it the command goes on." };
        var status = new Option<bool>("--status") { Description = "Only show how far it is." };
        return new Command("reissue", """
            Publish every manifest again whose addresses lead to another host than Source:RetrieveHost, in place of the
            former one. It goes on in the process, also after a restart.

            Examples:
              drimbox manifests reissue --paced 60/min
              drimbox manifests reissue --status
              drimbox manifests reissue --pause
            """) { paced, pause, status }.Calls((client, parsed, cancellation) =>
            parsed.GetValue(status) ? client.GetAsync("/api/source/reissue", cancellation)
            : parsed.GetValue(pause) ? client.PostAsync("/api/source/reissue/pause", null, cancellation)
            : client.PostAsync("/api/source/reissue", new ReissueBody(parsed.GetValue(paced)), cancellation));
    }

    private static Option<DateOnly?> Day(string name, string description) =>
        new(name) { Description = description, HelpName = "DAY" };

    private static async Task<AdministrationAnswer> FollowAsync(
        AdministrationClient client, string path, object body, CancellationToken cancellation)
    {
        var answer = await client.PostAsync(path, body, cancellation);
        while (answer.Succeeded && StateOf(answer) == "running")
        {
            answer = await client.GetAsync("/api/source/transfer?wait=true", cancellation);
            var studies = answer.Body.GetProperty("studies").GetInt64();
            if (!Console.IsErrorRedirected) await Console.Error.WriteLineAsync($"{studies} studies");
        }

        if (!answer.Succeeded || (StateOf(answer) == "done" && answer.Body.GetProperty("refused").GetInt64() == 0))
            return answer;
        var status = answer.Body.Deserialize<TransferStatus>(AdministrationJson.Options)!;
        var why = status.Error
            ?? string.Join('\n', [$"{status.State}: {status.Refused} refused", .. status.Problems ?? []]);
        return new AdministrationAnswer(
            false, JsonSerializer.SerializeToElement(status with { Error = why }, AdministrationJson.Options));
    }

    private static string? StateOf(AdministrationAnswer answer) => answer.Body.GetProperty("state").GetString();
}
