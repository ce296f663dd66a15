using System.CommandLine;
using System.Globalization;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox study</c>: the studies that the archive stores (<c>studies</c> are the manifests of the DRIMbox
/// source).</summary>
internal static class StudyCommand
{
    private static readonly Argument<string> Study = new("study") { Description = "Study Instance UID." };

    public static Command Create() => new("study", """
        The studies stored in the archive: list, show, export, protect, delete, purge. (The manifests of the DRIMbox
        source are 'drimbox studies'.)

        Examples:
          drimbox study list --patient IPP101
          drimbox study list --from 20260101 --modality CT --max 20 --skip 40
          drimbox study show 1.2.3
          drimbox study export 1.2.3 --output ./study
          drimbox study delete 1.2.3 --reason "sent twice" --yes
          drimbox study restore 1.2.3
          drimbox study purge --dry-run
        """)
    {
        List(),
        new Command("show", "Series, instances, files, rejections and removals of a study.") { Study }.Calls(
            (client, parsed, cancellation) => client.GetAsync(PathOf(parsed), cancellation)),
        StudyExport.Create(),
        new Command("protect", "Neither purge nor delete a study.") { Study }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/protect", null, cancellation)),
        new Command("unprotect", "Take the protection off.") { Study }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/unprotect", null, cancellation)),
        Delete(),
        new Command("restore", "Bring a deleted study back out of the trash.") { Study }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/restore", null, cancellation)),
        Removals(),
        Purge(),
    };

    private static Command List()
    {
        var patient = new Option<string?>("--patient") { Description = "Patient ID (0010,0020)." };
        var accession = new Option<string?>("--accession") { Description = "Accession Number (0008,0050)." };
        var from = new Option<string?>("--from") { Description = "Study Date from this day on, YYYYMMDD." };
        var to = new Option<string?>("--to") { Description = "Study Date up to this day, YYYYMMDD." };
        foreach (var date in (Option<string?>[])[from, to])
        {
            date.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<string?>() is { } text && (text.Length != 8 || !text.All(char.IsAsciiDigit)))
                    result.AddError($"{date.Name} takes a date as YYYYMMDD.");
            });
        }

        var modality = new Option<string?>("--modality") { Description = "Some series has this Modality (0008,0060)." };
        var damaged = new Option<bool>("--damaged") { Description = "Only studies with a damaged instance." };
        var max = new Option<int>("--max") { Description = "Studies at most, 1 to 1000.", DefaultValueFactory = _ => 50 };
        var skip = new Option<int>("--skip") { Description = "Pass over so many: the next page." };
        return new Command("list", "Stored studies, the newest first.")
        {
            patient, accession, from, to, modality, damaged, max, skip,
        }.Calls((client, parsed, cancellation) => client.GetAsync(
            "/api/archive/studies?" + QueryString.Of(
                ("max", parsed.GetValue(max).ToString(CultureInfo.InvariantCulture)),
                ("skip", parsed.GetValue(skip).ToString(CultureInfo.InvariantCulture)),
                ("patient", parsed.GetValue(patient)), ("accession", parsed.GetValue(accession)),
                ("from", parsed.GetValue(from)), ("to", parsed.GetValue(to)), ("modality", parsed.GetValue(modality)),
                ("damaged", parsed.GetValue(damaged) ? "true" : null)),
            cancellation));
    }

    private static Command Delete()
    {
        var yes = new Option<bool>("--yes") { Description = "Do it. Without this, nothing is deleted." };
        var reason = new Option<string>("--reason")
        {
            Description = "Why, for the record.",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("delete", "Move a study into the trash; who did it is recorded.") { Study, yes, reason };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(yes)) result.AddError("Nothing is deleted without --yes.");
        });
        return command.Calls(
            (client, parsed, cancellation) => client.PostAsync(
                PathOf(parsed) + "/delete", new Deletion(parsed.GetValue(reason)), cancellation));
    }

    private static Command Removals()
    {
        var max = new Option<int>("--max") { Description = "Removals at most, 1 to 1000.", DefaultValueFactory = _ => 50 };
        return new Command("removals", "What was deleted and purged, by whom, and what can be brought back.") { max }.Calls(
            (client, parsed, cancellation) => client.GetAsync(
                $"/api/archive/removals?max={parsed.GetValue(max)}", cancellation));
    }

    private static Command Purge()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go, and why." };
        return new Command("purge", "Remove for good what the rules of Archive:Retention give up.") { dryRun }.Calls(
            (client, parsed, cancellation) => parsed.GetValue(dryRun)
                ? client.GetAsync("/api/archive/purge", cancellation)
                : client.PostAsync("/api/archive/purge", null, cancellation));
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/archive/studies/" + Uri.EscapeDataString(parsed.GetValue(Study)!);
}
