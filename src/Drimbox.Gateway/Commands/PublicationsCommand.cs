using System.CommandLine;
using Drimbox.Gateway.Administration;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox publications</c>: what goes to the DMP, what is late and why, and what lies aside.</summary>
internal static class PublicationsCommand
{
    public static Command Create()
    {
        var role = new Argument<string>("role") { Description = "ris or source." };
        role.AcceptOnlyFromAmong("ris", "source");
        var ris = new Argument<string>("role") { Description = "ris: a manifest follows from its reports." };
        ris.AcceptOnlyFromAmong("ris");
        var number = new Argument<long>("publication") { Description = "Its number, as 'list' shows it." };
        var state = new Option<OutboxState?>("--state")
        {
            Description = "Pending, Done, Stale, Quarantined or Discarded. Default: Pending and Quarantined.",
        };
        var title = new Option<string?>("--title") { Description = "DocumentEntry.title." };
        var facility = CodeOption("--healthcare-facility-type");
        var setting = CodeOption("--practice-setting");
        var language = new Option<string?>("--language") { Description = "languageCode, as fr-FR." };
        var start = new Option<string?>("--service-start") { Description = "serviceStartTime: UTC, yyyyMMddHHmmss." };
        var stop = new Option<string?>("--service-stop") { Description = "serviceStopTime: UTC, yyyyMMddHHmmss." };
        return new Command("publications", """
            The publications of the RIS and of the DRIMbox source in the DMP: state, age, attempts, last outcome and
            next attempt. What the DMP refused for good, what failed without a reason too often and what waited too long
            lies aside (Quarantined) until a person has it sent again, sets its metadata right, or gives it up; who did
            what is kept.

            Examples:
              drimbox publications list ris
              drimbox publications show ris 17
              drimbox publications retry ris 17
              drimbox publications edit ris 17 --practice-setting "ETABLISSEMENT^1.2.250.1.213.1.1.4.9^Etablissement de santé"
            """)
        {
            new Command("list", "What waits and what lies aside, the oldest first.") { role, state }.Calls(
                (client, parsed, cancellation) => client.GetAsync(
                    $"/api/{parsed.GetValue(role)}/publications"
                    + (parsed.GetValue(state) is { } s ? $"?state={s}" : ""), cancellation)),
            new Command("show", "One publication, its metadata, and what people did to it.") { role, number }.Calls(
                (client, parsed, cancellation) => client.GetAsync(PathOf(parsed, role, number), cancellation)),
            new Command("retry", "Send what lies aside again, or what waits at once.") { role, number }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed, role, number) + "/retry", null, cancellation)),
            new Command("discard", "Give up what lies aside: it is never sent.") { role, number }.Confirmed().Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed, role, number) + "/discard", null, cancellation)),
            new Command("edit", "Set the metadata of a refused report right, and send it again.")
            {
                ris, number, title, facility, setting, language, start, stop,
            }.Calls((client, parsed, cancellation) => client.PostAsync(
                PathOf(parsed, ris, number) + "/metadata",
                new MetadataChange(
                    parsed.GetValue(title), parsed.GetValue(facility), parsed.GetValue(setting),
                    parsed.GetValue(language), parsed.GetValue(start), parsed.GetValue(stop)),
                cancellation)),
            new Command("statistics", "What the dispatchers counted since the start, with durations in seconds.").Calls(
                (client, _, cancellation) => client.GetAsync("/api/dispatch", cancellation)),
        };
    }

    private static Option<string?> CodeOption(string name) => new(name) { Description = "VALUE^SYSTEM^DISPLAY." };

    private static string PathOf(ParseResult parsed, Argument<string> role, Argument<long> number) =>
        $"/api/{parsed.GetValue(role)}/publications/{parsed.GetValue(number)}";
}
