using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Drimbox.Gateway.Administration;

/// <summary>The group of the operating system whose members may call the administration socket.</summary>
internal static class SocketGroup
{
    // chown(2): this user or group stays as it is.
    private const uint Unchanged = uint.MaxValue;

    /// <summary>The number of a group, or null where there is none of this name.</summary>
    public static uint? NumberOf(string group)
    {
        // group(5): name:password:gid:members
        foreach (var line in File.ReadLines("/etc/group"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 3 && fields[0] == group) return uint.Parse(fields[2], CultureInfo.InvariantCulture);
        }

        return null;
    }

    /// <summary>Gives the socket to the group, mode 0660.</summary>
    /// <exception cref="IOException">There is no such group, or the process may not give files to it.</exception>
    public static void Admit(string group, string socketPath)
    {
        if (NumberOf(group) is not { } number) throw new IOException($"{group}: no such group");
        if (chown(Encoding.UTF8.GetBytes(socketPath + '\0'), Unchanged, number) != 0)
        {
            throw new IOException(
                $"{socketPath}: cannot be given to the group {group} (error {Marshal.GetLastPInvokeError()}): the user "
                + "that the process runs as must be a member of it.");
        }

        File.SetUnixFileMode(
            socketPath,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int chown(byte[] path, uint owner, uint group);
}
