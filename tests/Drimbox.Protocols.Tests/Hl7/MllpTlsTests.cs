using System.Net.Sockets;
using System.Text;
using Drimbox.Dicom.Tls;
using Drimbox.Hl7.Mllp;
using Drimbox.Tests.Dicom.Tls;

namespace Drimbox.Tests.Hl7;

/// <summary>MLLP over TLS, by the rules of the DICOM side.</summary>
public sealed class MllpTlsTests : IDisposable
{
    private readonly TlsFixture _tls = new();

    public void Dispose() => _tls.Dispose();

    [Fact]
    public async Task Messages_are_exchanged_over_TLS_on_one_connection()
    {
        var peers = new HashSet<MllpPeer>();
        await using var door = Door((frame, peer, token) =>
        {
            peers.Add(peer);
            return MllpDoor.Echo(frame, peer, token);
        });
        await using var client = Client(door, _tls.Client);
        foreach (var text in (string[])["one", "two", new string('x', 300_000)])
        {
            var exchange = await client.SendAsync(Encoding.UTF8.GetBytes(text), default);
            var answer = Assert.IsType<MllpExchange.Answered>(exchange);
            Assert.Equal("ack " + text, Encoding.UTF8.GetString(answer.Ack.Span));
        }

        Assert.Single(peers);
    }

    [Fact]
    public async Task A_caller_without_a_certificate_gets_no_answer()
    {
        var handled = 0;
        await using var door = Door((frame, peer, token) =>
        {
            handled++;
            return MllpDoor.Echo(frame, peer, token);
        });
        await using var client = Client(door, _tls.ClientAs(null));

        // TLS 1.3: the caller may have begun to send when it learns that it is refused.
        Assert.IsNotType<MllpExchange.Answered>(await client.SendAsync("x"u8.ToArray(), default));
        Assert.Equal(0, handled);
    }

    [Fact]
    public async Task A_caller_that_does_not_trust_the_door_sends_nothing_and_says_why()
    {
        using var other = new TlsFixture();
        await using var door = Door(MllpDoor.Echo);
        await using var client = Client(door, other.Client);

        var unsent = Assert.IsType<MllpExchange.NotSent>(await client.SendAsync("x"u8.ToArray(), default));
        Assert.Contains(
            "The certificate of the peer (CN=archive) is not accepted", unsent.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_without_TLS_is_not_answered()
    {
        await using var door = Door(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame(Fixtures.Flux2));

        Assert.DoesNotContain("MSA", await MllpDoor.ReadToEndAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_door_without_TLS_is_told_apart_from_one_that_is_not_there()
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        await using var client = Client(door, _tls.Client);

        var unsent = Assert.IsType<MllpExchange.NotSent>(await client.SendAsync("x"u8.ToArray(), default));
        Assert.StartsWith("no secure connection: The TLS handshake failed", unsent.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_does_not_come_is_not_waited_for()
    {
        await using var door = Door(MllpDoor.Echo, TimeSpan.FromMilliseconds(100));

        Assert.Equal("", await MllpDoor.ReadToEndAsync(await door.ConnectAsync()));
    }

    [Fact]
    public async Task A_broken_frame_is_refused_over_TLS_too()
    {
        await using var door = Door(MllpDoor.Echo);
        using var socket = new TcpClient();
        await socket.ConnectAsync(door.Listener.LocalEndPoint);
        await using var stream = await TlsStreams.Client(_tls.Client, "127.0.0.1", TimeProvider.System)(
            socket.GetStream(), default);
        await stream.WriteAsync(MllpDoor.Frame(Fixtures.Flux2).AsMemory(0, 300));
        await stream.WriteAsync("\u001cX"u8.ToArray());
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer);

        Assert.Contains("MSA|AE|MSG00001", Encoding.UTF8.GetString(answer.ToArray()), StringComparison.Ordinal);
    }

    private MllpDoor Door(MllpHandler handler, TimeSpan? firstByte = null) => new(handler, new MllpListenerOptions
    {
        FirstByteTimeout = firstByte ?? TimeSpan.FromSeconds(30),
        Secure = TlsStreams.Server(new TlsHandshakes(_tls.Server, TimeProvider.System, _ => { })),
    });

    private static MllpClient Client(MllpDoor door, TlsClientOptions tls) => new(
        new MllpClientOptions
        {
            Host = "127.0.0.1",
            Port = door.Listener.LocalEndPoint.Port,
            Secure = TlsStreams.Client(tls, "127.0.0.1", TimeProvider.System),
        },
        TimeProvider.System);
}
