using System.Net;
using System.Net.Sockets;

namespace Drimbox.Gateway.Doctor;

/// <summary>The ports that the process listens on.</summary>
internal static class DoorCheck
{
    /// <param name="isRunning">A drimbox with this configuration runs.</param>
    public static Diagnosis Run(Door door, bool isRunning)
    {
        var end = new IPEndPoint(IPAddress.Parse(door.Address), door.Port);
        using var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(end);
            return isRunning
                ? Diagnosis.Fail(
                    door.Key, $"{end} is not listened on, though drimbox runs",
                    "The configuration was changed after the start, or another one is in use: start drimbox again.")
                : Diagnosis.Ok(door.Key, $"{end} is free");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return isRunning
                ? Diagnosis.Ok(door.Key, $"{end} is listened on")
                : Diagnosis.Fail(
                    door.Key, $"{end} is taken by another program",
                    $"'ss -ltnp sport = :{door.Port}' names it: stop it, or give {door.Key}:Port another number.");
        }
        catch (SocketException e)
        {
            return Diagnosis.Fail(
                door.Key, $"{end} cannot be listened on: {e.Message}",
                door.Port < 1024
                    ? "Ports below 1024 need the capability CAP_NET_BIND_SERVICE."
                    : "The address must be one of this machine.");
        }
    }
}
