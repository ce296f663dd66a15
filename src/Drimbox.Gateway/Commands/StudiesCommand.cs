using System.CommandLine;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox studies</c>: the manifests of the DRIMbox source.</summary>
internal static class StudiesCommand
{
    private static readonly Argument<string> Study = new("study") { Description = "Study Instance UID." };

    public static Command Create() => new("studies", """
        The studies of the DRIMbox source: their manifests, and why one is withheld. (What the archive stores is
        'drimbox study'.)

        Examples:
          drimbox studies list
          drimbox studies alerts
          drimbox studies repairs
          drimbox studies reevaluate 1.2.250.1.999.9.1
          drimbox studies notice 1.2.250.1.999.9.1
        """)
    {
        new Command("list", "All studies.").Calls((client, _, cancellation) =>
            client.GetAsync("/api/source/studies", cancellation)),
        new Command("alerts", "What cannot be reached, and studies whose manifest is withheld, and why.").Calls(
            (client, _, cancellation) => client.GetAsync("/api/source/alerts", cancellation)),
        new Command("repairs", "The same with what is expected, what is found, and how to mend it.").Calls(
            (client, _, cancellation) => client.GetAsync("/api/source/repairs", cancellation)),
        new Command("reevaluate", "Ask the PACS now, and say what it led to.") { Study }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/reevaluate", null, cancellation)),
        new Command("show", "One study.") { Study }.Calls((client, parsed, cancellation) =>
            client.GetAsync(PathOf(parsed), cancellation)),
        new Command("notice", "Ask the PACS about a study again.") { Study }.Calls((client, parsed, cancellation) =>
            client.PostAsync(PathOf(parsed) + "/notice", null, cancellation)),
        new Command("retry", "Ask again for a publication that the DMP refused.") { Study }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/retry", null, cancellation)),
    };

    private static string PathOf(ParseResult parsed) =>
        "/api/source/studies/" + Uri.EscapeDataString(parsed.GetValue(Study)!);
}
