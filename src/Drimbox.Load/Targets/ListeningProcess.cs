using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace Drimbox.Load.Targets;

/// <summary>Finds the process that listens on a port of this machine. Source: man 5 proc, /proc/net/tcp.</summary>
public static class ListeningProcess
{
    private const string Listen = "0A";

    private static readonly string[] Tables = ["net/tcp", "net/tcp6"];

    /// <returns>Its id, or null: not on this machine, not ours to look into, or nothing listens.</returns>
    public static async Task<int?> FindAsync(HostPort endpoint, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken);
            if (!addresses.Any(IsOurs)) return null;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }

        return Find(endpoint.Port, "/proc");
    }

    internal static int? Find(int port, string root)
    {
        var inodes = Tables.SelectMany(t => InodesOf(Path.Combine(root, t), port))
            .Select(inode => $"socket:[{inode}]").ToHashSet(StringComparer.Ordinal);
        if (inodes.Count == 0) return null;
        // A child that inherited the socket has a higher number than its parent, wrap-around apart.
        return Directory.EnumerateDirectories(root)
            .Select(f => int.TryParse(
                Path.GetFileName(f), NumberStyles.None, CultureInfo.InvariantCulture, out var p) ? p : 0)
            .Where(p => p > 0).Order().Where(p => Holds(Path.Combine(root, $"{p}", "fd"), inodes))
            .Select(p => (int?)p).FirstOrDefault();
    }

    private static bool IsOurs(IPAddress address) => IPAddress.IsLoopback(address)
        || NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Any(u => u.Address.Equals(address));

    //   sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt   uid  timeout inode
    //    0: 0100007F:2B67 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 27343
    private static IEnumerable<string> InodesOf(string table, int port)
    {
        if (!File.Exists(table)) yield break;
        foreach (var line in File.ReadLines(table))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == Listen && fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal))
                yield return fields[9];
        }
    }

    private static bool Holds(string descriptors, HashSet<string> inodes)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(descriptors)
                .Any(d => new FileInfo(d).LinkTarget is { } target && inodes.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
