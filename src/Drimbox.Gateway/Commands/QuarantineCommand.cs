using System.CommandLine;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox quarantine</c>: objects that the archive keeps aside.</summary>
internal static class QuarantineCommand
{
    private static readonly Argument<long> Id = new("id") { Description = "Number in the list." };

    private static readonly Option<long> After = new("--after")
    {
        Description = "Only what has a higher number: the next page of a list.",
    };

    public static Command Create() => new("quarantine", """
        Objects that the archive keeps aside: another data set under a known SOP Instance UID, whose sender was answered
        0111.

        Examples:
          drimbox quarantine list
          drimbox quarantine show 12
          drimbox quarantine release 12
          drimbox quarantine drop 12 --yes
        """)
    {
        new Command("list", "What is in quarantine, and why.") { After }.Calls((client, parsed, cancellation) =>
            client.GetAsync($"/api/archive/quarantine?after={parsed.GetValue(After)}", cancellation)),
        new Command("show", "One object, and what stands under its UID.") { Id }.Calls(
            (client, parsed, cancellation) => client.GetAsync(PathOf(parsed), cancellation)),
        new Command("release", """
            Make an object the one that stands under its UID. What stands there now is kept as a prior version.

            Examples:
              drimbox quarantine release 12
              drimbox versions restore 1.2.250.1.999.9.1.1 1    takes it back
            """) { Id }.Calls((client, parsed, cancellation) =>
                client.PostAsync(PathOf(parsed) + "/release", null, cancellation)),
        new Command("drop", "Delete an object for good.") { Id }.Confirmed().Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/drop", null, cancellation)),
    };

    private static string PathOf(ParseResult parsed) => $"/api/archive/quarantine/{parsed.GetValue(Id)}";
}
