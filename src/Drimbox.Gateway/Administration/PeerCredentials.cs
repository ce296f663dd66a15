using System.Buffers.Binary;
using System.Net.Sockets;

namespace Drimbox.Gateway.Administration;

/// <summary>The user at the other end of a Unix socket.</summary>
/// <param name="Name">Of passwd(5), or <c>uid:NUMBER</c> where that has none.</param>
internal sealed record PeerUser(uint Uid, string Name);

/// <summary>Who is at the other end of a Unix socket, as the kernel knows it (unix(7), SO_PEERCRED).</summary>
internal static class PeerCredentials
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The peer's user, or null where the kernel does not tell.</summary>
    public static PeerUser? UserOf(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily != AddressFamily.Unix) return null;
        // struct ucred: pid, uid, gid, 32 bits each.
        Span<byte> credentials = stackalloc byte[12];
        if (socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) != credentials.Length) return null;
        var uid = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
        return new PeerUser(uid, NameOf(uid));
    }

    /// <inheritdoc cref="PeerUser"/>
    public static string NameOf(uint uid)
    {
        // passwd(5): name:password:uid:…
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':', 4);
            if (fields.Length == 4 && fields[2] == uid.ToString()) return fields[0];
        }

        return $"uid:{uid}";
    }
}
