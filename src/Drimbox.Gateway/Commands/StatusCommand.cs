using System.CommandLine;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox status</c>: the running process at a glance.</summary>
internal static class StatusCommand
{
    public static Command Create() => new Command("status", """
        The running process: where it listens, and whether the disk of the archive has room ('ok: false' below the
        low-water mark, where nothing is stored) and that of the source; which peers of the source and the RIS cannot
        be reached, and since when; when the certificates of the structures end.

        Example:
          drimbox status --socket /var/lib/drimbox/drimbox.sock
        """).Calls((client, _, cancellation) => client.GetAsync("/api/status", cancellation));
}
