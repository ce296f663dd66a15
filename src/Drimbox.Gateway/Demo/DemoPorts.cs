using System.Net;
using System.Net.Sockets;

namespace Drimbox.Gateway.Demo;

/// <summary>Free loopback ports for nodes that must know each other's before any of them listens.</summary>
internal static class DemoPorts
{
    /// <summary>Different ports that were free a moment ago.</summary>
    public static IReadOnlyList<int> Take(int count)
    {
        var held = new List<TcpListener>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                held.Add(listener);
            }

            return held.ConvertAll(l => ((IPEndPoint)l.LocalEndpoint).Port);
        }
        finally
        {
            foreach (var listener in held) listener.Dispose();
        }
    }
}
