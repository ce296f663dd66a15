using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Drimbox.Tests.Flow;

/// <summary>A RIS that takes everything: it answers AA by hand and remembers what came.</summary>
internal sealed class FakeRis : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public FakeRis()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>MSH-9 of each message.</summary>
    public ConcurrentQueue<string> Received { get; } = new();

    /// <summary>Each message, to be waited for.</summary>
    public Channel<string> Messages { get; } = Channel.CreateUnbounded<string>();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            while (await MllpWire.ReadAsync(client.GetStream(), _stop.Token) is { } message)
            {
                var header = message.Split('\r')[0].Split('|');
                Received.Enqueue(header[8]);
                var trigger = header[8].Split('^')[1];
                await MllpWire.WriteAsync(
                    client.GetStream(),
                    Encoding.UTF8.GetBytes(
                        $"MSH|^~\\&|RIS|TILLEULS|TLR|LEVANT|20260314101700+0100||ACK^{trigger}^ACK|{header[9]}A|P|{header[11]}"
                        + $"|||||FRA|UNICODE UTF-8\rMSA|AA|{header[9]}\r"),
                    _stop.Token);
                Messages.Writer.TryWrite(message);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
