using System.Buffers.Binary;
using System.Net.Sockets;

namespace Drimbox.Gateway.Administration;

/// <summary>Who is at the other end of a Unix socket, as the kernel knows it (unix(7), SO_PEERCRED).</summary>
internal static class PeerCredentials
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The name of the peer's user (or its number), or null where the kernel does not tell.</summary>
    public static string? UserOf(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily != AddressFamily.Unix) return null;
        // struct ucred: pid, uid, gid, 32 bits each.
        Span<byte> credentials = stackalloc byte[12];
        if (socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) != credentials.Length) return null;
        var uid = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
        return NameOf(uid) ?? $"uid:{uid}";
    }

    private static string? NameOf(uint uid)
    {
        // passwd(5): name:password:uid:…
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':', 4);
            if (fields.Length == 4 && fields[2] == uid.ToString()) return fields[0];
        }

        return null;
    }
}
