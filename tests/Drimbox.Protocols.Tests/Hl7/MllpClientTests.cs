using System.Net;
using System.Net.Sockets;
using System.Text;
using Drimbox.Hl7.Mllp;

namespace Drimbox.Tests.Hl7;

public sealed class MllpClientTests
{
    [Fact]
    public async Task Messages_share_one_connection_and_get_their_own_answers()
    {
        var peers = new HashSet<MllpPeer>();
        await using var door = new MllpDoor((frame, peer, token) =>
        {
            peers.Add(peer);
            return MllpDoor.Echo(frame, peer, token);
        });
        await using var client = Client(door.Listener.LocalEndPoint.Port);
        var exchanges = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => client.SendAsync(Encoding.UTF8.GetBytes($"m{i}"), default)));

        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => $"ack m{i}"),
            exchanges.Select(e => Encoding.UTF8.GetString(Assert.IsType<MllpExchange.Answered>(e).Ack.Span)));
        Assert.Single(peers);
    }

    [Fact]
    public async Task Where_nobody_listens_nothing_was_sent()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using var client = Client(port);

        Assert.IsType<MllpExchange.NotSent>(await client.SendAsync("x"u8.ToArray(), default));
    }

    [Fact]
    public async Task A_peer_that_takes_the_message_and_closes_leaves_it_open_whether_it_has_it()
    {
        await using var door = new MllpDoor((_, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(null));
        await using var client = Client(door.Listener.LocalEndPoint.Port);

        Assert.IsType<MllpExchange.NoAnswer>(await client.SendAsync("x"u8.ToArray(), default));
    }

    [Fact]
    public async Task A_late_answer_is_not_taken_for_the_next_message()
    {
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var door = new MllpDoor(async (frame, peer, token) =>
        {
            // The first message is answered while the second is under way.
            if (!entered.TrySetResult()) release.SetResult();
            await release.Task.WaitAsync(token);
            return await MllpDoor.Echo(frame, peer, token);
        });
        await using var client = Client(door.Listener.LocalEndPoint.Port);
        using var impatience = new CancellationTokenSource();
        var first = client.SendAsync("one"u8.ToArray(), impatience.Token);
        await entered.Task;
        await impatience.CancelAsync();

        Assert.IsType<MllpExchange.NoAnswer>(await first);
        var second = Assert.IsType<MllpExchange.Answered>(await client.SendAsync("two"u8.ToArray(), default));
        Assert.Equal("ack two", Encoding.UTF8.GetString(second.Ack.Span));
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_in_time_leaves_it_open_whether_it_has_the_message()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var client = Client(((IPEndPoint)silent.LocalEndpoint).Port, TimeSpan.FromMilliseconds(100));

        Assert.IsType<MllpExchange.NoAnswer>(await client.SendAsync("x"u8.ToArray(), default));
    }

    [Fact]
    public async Task A_kept_connection_that_the_peer_closed_is_opened_again()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var client = Client(((IPEndPoint)server.LocalEndpoint).Port);
        foreach (var message in new[] { "one", "two" })
        {
            var sending = client.SendAsync(Encoding.UTF8.GetBytes(message), default);
            using var peer = await server.AcceptTcpClientAsync();
            Assert.Equal(message, await MllpDoor.ReadFrameAsync(peer.GetStream()));
            await peer.GetStream().WriteAsync(MllpDoor.Frame("ack"));

            Assert.IsType<MllpExchange.Answered>(await sending);
        }
    }

    [Fact]
    public async Task An_answer_that_is_no_frame_is_no_answer()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var client = Client(((IPEndPoint)server.LocalEndpoint).Port);
        var sending = client.SendAsync("x"u8.ToArray(), default);
        using (var peer = await server.AcceptTcpClientAsync())
        {
            await peer.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n\u001c"u8.ToArray());
            Assert.IsType<MllpExchange.NoAnswer>(await sending);
        }
    }

    [Fact]
    public async Task Cancelled_before_the_first_byte_nothing_was_sent()
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        await using var client = Client(door.Listener.LocalEndPoint.Port);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.SendAsync("x"u8.ToArray(), new CancellationToken(canceled: true)));
    }

    private static MllpClient Client(int port, TimeSpan? answer = null) => new(
        new MllpClientOptions { Host = "127.0.0.1", Port = port, AnswerTimeout = answer ?? TimeSpan.FromSeconds(30) },
        TimeProvider.System);
}
