using System.CommandLine;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
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
        var reason = new Option<string?>("--reason") { Description = "Why: kept in the register." };
        var template = new Option<string?>("--template")
        {
            Description = "The kind of document, one of Ris:Templates: its title, and its publication.",
        };
        var sequence = new Argument<int>("version") { Description = "Register number of the version." };
        var hide = new Option<Visibility[]>("--hide-from")
        {
            Description = "Who shall not see it: MaskedFromProfessionals, InvisibleToPatient, "
                + "InvisibleToLegalRepresentatives. None: visible to all.",
            AllowMultipleArgumentsPerToken = true,
        };
        var decision = new Argument<PublicationDecision>("decision") { Description = "What is decided." };
        var by = new Option<string?>("--by")
        {
            Description = "National identifier of the professional (PS_IdNat). Default: the holder of the account that "
                + "calls, who is the only one he may name.",
        };
        var family = new Option<string?>("--family") { Description = "Family name of the professional." };
        var given = new Option<string?>("--given") { Description = "Given name of the professional." };
        var add = new Option<string[]>("--add")
        {
            Description = "MSSanté addresses that get it too.", AllowMultipleArgumentsPerToken = true,
        };
        var remove = new Option<string[]>("--remove")
        {
            Description = "Addresses that do not get it any more.", AllowMultipleArgumentsPerToken = true,
        };
        return new Command("reports", """
            The register of the RIS: every version of every report, and its publication.

            Examples:
              drimbox reports list
              drimbox reports amend 1.2.250.1.71.4.2.2^A71 --conclusion "Pas de lésion."
              drimbox reports visibility 0f8c… --hide-from InvisibleToPatient
              drimbox reports publication 0f8c… HideFromPatient --by 801234567897 --family ADAM --given HODA
            """)
        {
            new Command("list", "All reports.").Calls((client, _, cancellation) =>
                client.GetAsync("/api/ris/reports", cancellation)),
            new Command("show", "One report with its versions.") { Report }.Calls((client, parsed, cancellation) =>
                client.GetAsync(PathOf(parsed), cancellation)),
            new Command("amend", "Write the next version.")
            {
                Report, conclusion, results, title, reason, template,
            }.Calls(
                (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/amend", new
                {
                    conclusion = parsed.GetValue(conclusion),
                    results = parsed.GetValue(results),
                    title = parsed.GetValue(title),
                    reason = parsed.GetValue(reason),
                    template = parsed.GetValue(template),
                }, cancellation)),
            new Command("visibility", "Change who sees it, without a new version.") { Report, hide }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/visibility",
                    new VisibilityChange(parsed.GetValue(hide) ?? []), cancellation)),
            new Command("publication", """
                A professional decides about a report: whether it goes to the DMP, and who sees it there.

                Example:
                  drimbox reports publication 1.2.250.1.71.4.2.2^A71 HideFromPatient --by 801234567897 --family ADAM
                """) { Report, decision, by, family, given }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/publication",
                    new PublicationChoice(
                        parsed.GetValue(decision), parsed.GetValue(by), parsed.GetValue(family),
                        parsed.GetValue(given)), cancellation)),
            new Command("changes", "What a version says otherwise than the one that it replaces: header and text.")
            {
                Report, sequence,
            }.Calls((client, parsed, cancellation) => client.GetAsync(
                $"{PathOf(parsed)}/versions/{parsed.GetValue(sequence)}/changes", cancellation)),
            new Command("duplicates", "Patients of the local base that have the same five traits.").Calls(
                (client, _, cancellation) => client.GetAsync("/api/ris/patients/duplicates", cancellation)),
            new Command("recipients", """
                Change who gets a report by MSSanté: mails that wait, and the versions to come.

                Example:
                  drimbox reports recipients 1.2.250.1.71.4.2.2^A71 --add adam.hoda@test-ci-sis.mssante.fr
                """) { Report, add, remove }.Calls((client, parsed, cancellation) => client.PostAsync(
                PathOf(parsed) + "/mail-recipients",
                new MailRecipientChange(parsed.GetValue(add) ?? [], parsed.GetValue(remove) ?? []), cancellation)),
            new Command("resend", "Try the refused mails of the newest version again.") { Report }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/mail-retry", null, cancellation)),
            new Command("mailbox", "Look into the mailbox for delivery and reading notifications now.").Calls(
                (client, _, cancellation) => client.PostAsync("/api/ris/mailbox/look", null, cancellation)),
            new Command("retry", "Ask again for a publication that the DMP refused.") { Report }.Calls(
                (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/retry", null, cancellation)),
        };
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/ris/reports/" + Uri.EscapeDataString(parsed.GetValue(Report)!);
}
