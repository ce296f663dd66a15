using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Drimbox.Emulators;

/// <summary>Free loopback ports for peers that must know each other's before any of them listens.</summary>
/// <remarks>Below 32768, where Linux starts to give ports to outgoing connections (ip_local_port_range): a port out of
/// that range may belong to somebody's connection by the time at which it is wanted.</remarks>
public static class LoopbackPorts
{
    private const int First = 20_000;
    private const int End = 32_768;

    private static readonly ConcurrentDictionary<int, bool> Given = [];

    /// <summary>A port that is free now and that this process has given to nobody else.</summary>
    public static int Take()
    {
        // At random, so that two processes that start together do not try the same ones.
        while (Given.Count < End - First)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (Given.TryAdd(port, true) && IsFree(port)) return port;
        }

        throw new InvalidOperationException($"No free port between {First} and {End - 1}.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
