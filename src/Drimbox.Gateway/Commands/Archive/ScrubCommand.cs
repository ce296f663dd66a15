using System.CommandLine;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox scrub</c>: the check of the stored files.</summary>
internal static class ScrubCommand
{
    public static Command Create() => new("scrub", """
        The check of the stored files: every one is read again, at a set rate, and compared with what was received.

        Examples:
          drimbox scrub status
          drimbox scrub start
          drimbox study list --damaged
        """)
    {
        new Command("status", "Where it stands, and how many instances are damaged.").Calls(
            (client, _, cancellation) => client.GetAsync("/api/archive/scrub", cancellation)),
        new Command("start", "Go on with a paused round, or begin one now.").Calls(
            (client, _, cancellation) => client.PostAsync("/api/archive/scrub/start", null, cancellation)),
        new Command("pause", "Stop until it is started again, also through a restart.").Calls(
            (client, _, cancellation) => client.PostAsync("/api/archive/scrub/pause", null, cancellation)),
    };
}
