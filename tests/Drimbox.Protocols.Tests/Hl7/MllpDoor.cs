using System.Net.Sockets;
using System.Text;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Hl7;

/// <summary>A listener on a free port, and bare sockets towards it.</summary>
internal sealed class MllpDoor : IAsyncDisposable
{
    // A door that never closes or answers is a failure, not a test run that hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<TcpClient> _clients = [];

    public MllpDoor(MllpHandler handler, MllpListenerOptions? options = null)
    {
        Listener = new MllpListener(
            options ?? new MllpListenerOptions(),
            handler,
            (beginning, refusal) => AckWriter.WriteForBeginning(beginning, refusal, DateTimeOffset.UnixEpoch, "A1"),
            TimeProvider.System,
            NullLogger<MllpListener>.Instance);
        Listener.Start();
    }

    public MllpListener Listener { get; }

    /// <summary>Answers with the frame itself behind "ack ".</summary>
    public static ValueTask<ReadOnlyMemory<byte>?> Echo(
        ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>?>((byte[])[.. "ack "u8, .. frame.Span]);

    public async Task<NetworkStream> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        _clients.Add(client);
        await client.ConnectAsync(Listener.LocalEndPoint);
        return client.GetStream();
    }

    /// <summary>What the door answers until it closes the connection.</summary>
    public static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        using var all = new MemoryStream();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await stream.CopyToAsync(all, limit.Token);
        }
        catch (IOException)
        {
            // A reset is a close too.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    /// <summary>The next whole frame, unwrapped.</summary>
    public static async Task<string> ReadFrameAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        using var limit = new CancellationTokenSource(Patience);
        while (bytes is not [.., 0x1C, 0x0D])
        {
            await stream.ReadExactlyAsync(one, limit.Token);
            bytes.Add(one[0]);
        }

        Assert.Equal(0x0B, bytes[0]);
        return Encoding.UTF8.GetString([.. bytes[1..^2]]);
    }

    /// <summary>An answer is here before its sender waits again; this is when it does.</summary>
    public static void UntilWaiting(MllpDoor door, int connections) => Assert.True(
        SpinWait.SpinUntil(() => door.Listener.WaitingCount == connections, Patience));

    public static byte[] Frame(string message) => MllpFrame.Wrap(Encoding.UTF8.GetBytes(message));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        await Listener.DisposeAsync();
    }
}
