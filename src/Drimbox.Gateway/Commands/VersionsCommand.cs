using System.CommandLine;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox versions</c>: what the archive keeps of instances that were replaced.</summary>
internal static class VersionsCommand
{
    private static readonly Argument<string> Instance = new("instance") { Description = "SOP Instance UID." };

    private static readonly Argument<int> Version = new("version") { Description = "Number of a prior version." };

    private static readonly Option<long> After = new("--after")
    {
        Description = "Only rows with a higher number: the next page of a list.",
    };

    public static Command Create() => new("versions", """
        The versions of instances that their senders replaced, and their renditions in further transfer syntaxes.

        Examples:
          drimbox versions list
          drimbox versions show 1.2.250.1.999.9.1.1
          drimbox versions restore 1.2.250.1.999.9.1.1 1
          drimbox versions drop 1.2.250.1.999.9.1.1 1 --yes
        """)
    {
        new Command("list", "Instances that have prior versions.") { After }.Calls((client, parsed, cancellation) =>
            client.GetAsync($"/api/archive/versions?after={parsed.GetValue(After)}", cancellation)),
        new Command("show", "All files of an instance, and what was done to it.") { Instance }.Calls(
            (client, parsed, cancellation) => client.GetAsync(PathOf(parsed), cancellation)),
        new Command("restore", """
            Make a prior version the one that stands. What stands now is kept as a prior version, so that restoring it
            takes this back.

            Example:
              drimbox versions restore 1.2.250.1.999.9.1.1 1
            """) { Instance, Version }.Calls((client, parsed, cancellation) =>
                client.PostAsync($"{PathOf(parsed)}/{parsed.GetValue(Version)}/restore", null, cancellation)),
        new Command("drop", "Delete a prior version for good.") { Instance, Version }.Confirmed().Calls(
            (client, parsed, cancellation) =>
                client.PostAsync($"{PathOf(parsed)}/{parsed.GetValue(Version)}/drop", null, cancellation)),
    };

    private static string PathOf(ParseResult parsed) =>
        "/api/archive/versions/" + Uri.EscapeDataString(parsed.GetValue(Instance)!);
}
