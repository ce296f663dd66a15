using System.CommandLine;
using Drimbox.Core.Publications;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox reports</c>: the register of the RIS.</summary>
internal static class ReportsCommand
{
    private static readonly Argument<string> Report = new("report")
    {
        Description = "Id of the report, or of any of its documents (ROOT^EXTENSION).",
    };

    public static Command Create()
    {
        var conclusion = new Option<string>("--conclusion")
        {
            Description = "The new conclusion.",
            Required = true,
        };
        var results = new Option<string?>("--results") { Description = "The new results." };
        var title = new Option<string?>("--title") { Description = "The new title; default: that of the version before." };
        var hide = new Option<Visibility[]>("--hide-from")
        {
            Description = "Who shall not see it: MaskedFromProfessionals, InvisibleToPatient, "
                + "InvisibleToLegalRepresentatives. None: visible to all.",
            AllowMultipleArgumentsPerToken = true,
        };
        return new Command("reports", """
            The register of the RIS: every version of every report, and its publication.

            Examples:
              drimbox reports list
              drimbox reports amend 1.2.250.1.71.4.2.2^A71 --conclusion "Pas de lésion."
              drimbox reports visibility 0f8c… --hide-from InvisibleToPatient
            """)
        {
            new Command("list", "All reports.").Calls((client, _, cancellation) =>
                client.GetAsync("/api/ris/reports", cancellation)),
            new Command("show", "One report with its versions.") { Report }.Calls((client, parsed, cancellation) =>
                client.GetAsync(PathOf(parsed), cancellation)),
            new Command("amend", "Write the next version.") { Report, conclusion, results, title }.Calls(
                (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/amend", new
                {
                    conclusion = parsed.GetValue(conclusion),
                    results = parsed.GetValue(results),
                    title = parsed.GetValue(title),
                }, cancellation)),
            new Command("visibility", "Change who sees it, without a new version.") { Report, hide }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/visibility",
                    new VisibilityChange(parsed.GetValue(hide) ?? []), cancellation)),
            new Command("retry", "Ask again for a publication that the DMP refused.") { Report }.Calls(
                (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/retry", null, cancellation)),
        };
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/ris/reports/" + Uri.EscapeDataString(parsed.GetValue(Report)!);
}
