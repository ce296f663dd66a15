using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox resync</c>: many studies of the DRIMbox source are compared with the PACS (DB.SO.28).</summary>
internal static class ResyncCommand
{
    private static readonly Argument<long> Run = new("run")
    {
        Description = "Its number, as 'plan' and 'list' show it.",
    };

    public static Command Create()
    {
        var from = new Option<DateOnly?>("--from")
        {
            Description = "First day of the examinations. Default: every study of which a report was received.",
            CustomParser = ReadDay,
        };
        var to = new Option<DateOnly?>("--to")
        {
            Description = "Last day. Default: that of --from.", CustomParser = ReadDay,
        };
        var studies = new Option<string[]>("--study")
        {
            Description = "This study alone. Repeatable, in place of days.",
        };
        var pacs = new Option<string?>("--pacs") { Description = "Only this one of several. Default: all." };
        var perMinute = new Option<int?>("--per-minute")
        {
            Description = "Studies that the PACS is asked about in a minute. Default: as configured (60).",
        };
        var hours = new Option<string?>("--hours")
        {
            Description = "When it goes on, as 20:00-06:00, several with commas. Default: as configured (always).",
        };
        var allowAbsent = new Option<bool>("--allow-absent")
        {
            Description = "Go on however many studies in a row have left the PACS. Default: pause after 20.",
        };
        var askPacs = new Option<bool>("--ask-pacs")
        {
            Description = "Count the studies of each day in the PACS too, for 92 days at most.",
        };
        return new Command("resync", """
            Resynchronisation of the DRIMbox source: the PACS is asked about many studies, one after the other, and each
            manifest follows: published, replaced, or taken out of the DMP. Agree with the administrator of the PACS on
            pace and hours. A run goes on after a restart where it was.

            Examples:
              drimbox resync plan --from 2026-01-01 --to 2026-03-31 --hours 20:00-06:00
              drimbox resync start 1
              drimbox resync status 1
              drimbox resync plan --study 1.2.250.1.999.9.1
            """)
        {
            new Command("plan", "Say what a run would take; it waits to be started.")
            {
                from, to, studies, pacs, perMinute, hours, allowAbsent, askPacs,
            }.Calls((client, parsed, cancellation) => client.PostAsync(
                "/api/source/resync",
                new ResyncBody
                {
                    From = parsed.GetValue(from),
                    To = parsed.GetValue(to) ?? parsed.GetValue(from),
                    Studies = parsed.GetValue(studies) ?? [],
                    Pacs = parsed.GetValue(pacs),
                    PerMinute = parsed.GetValue(perMinute),
                    Hours = parsed.GetValue(hours),
                    AllowAbsent = parsed.GetValue(allowAbsent),
                    AskPacs = parsed.GetValue(askPacs),
                },
                cancellation)),
            Moving("start", "start", "Begin a run that is planned, or go on with one that is paused."),
            Moving("resume", "start", "The same: go on with a run that is paused."),
            Moving("pause", "pause", "Stop after the study that is looked at; 'start' goes on, also after a restart."),
            Moving("cancel", "cancel", "Give a run up. What it has changed stays."),
            new Command("list", "All runs, the newest first.").Calls((client, _, cancellation) =>
                client.GetAsync("/api/source/resync", cancellation)),
            new Command("status", "One run: done, changed, failed and why, remaining, expected end.") { Run }.Calls(
                (client, parsed, cancellation) => client.GetAsync(PathOf(parsed), cancellation)),
        };
    }

    private static Command Moving(string name, string route, string description) =>
        new Command(name, description) { Run }.Calls((client, parsed, cancellation) =>
            client.PostAsync($"{PathOf(parsed)}/{route}", null, cancellation));

    private static string PathOf(ParseResult parsed) => $"/api/source/resync/{parsed.GetValue(Run)}";

    private static DateOnly? ReadDay(ArgumentResult result)
    {
        if (DateOnly.TryParseExact(
            result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day;
        result.AddError("A day is written as 2026-11-02.");
        return null;
    }
}
