using System.Globalization;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Accounts;

/// <summary>The users of the operating system that stand for no person.</summary>
internal sealed class LocalUsers
{
    private readonly uint _own = ReadOwn();

    /// <summary>root, the user that the process runs as, and nobody: the kernel reports as nobody whoever another
    /// user namespace has no number for (user_namespaces(7), overflowuid).</summary>
    public IReadOnlySet<string> Reserved => new HashSet<string>(StringComparer.Ordinal)
    {
        PeerCredentials.NameOf(0), PeerCredentials.NameOf(_own), "nobody",
    };

    public bool IsLocalAdministrator(uint uid) => uid == 0 || uid == _own;

    private static uint ReadOwn()
    {
        // proc_pid_status(5): "Uid:", then the real, effective, saved and file system user.
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture);
    }
}
