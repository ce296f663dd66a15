using System.Text;
using Drimbox.Hl7.Mllp;

namespace Drimbox.Tests.Hl7;

public sealed class MllpListenerTests
{
    [Fact]
    public async Task A_message_split_at_every_byte_is_answered_once()
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        var message = Fixtures.Flux2[..200];
        var frame = MllpDoor.Frame(message);
        for (var split = 1; split < frame.Length; split++)
        {
            await stream.WriteAsync(frame.AsMemory(0, split));
            await stream.WriteAsync(frame.AsMemory(split));

            Assert.Equal("ack " + message, await MllpDoor.ReadFrameAsync(stream));
        }
    }

    [Fact]
    public async Task Pipelined_frames_are_answered_in_order_and_garbage_between_them_is_skipped()
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        var all = new List<byte>();
        for (var i = 0; i < 200; i++)
        {
            all.AddRange(MllpDoor.Frame($"message {i}"));
            all.AddRange("\r\n??"u8);
        }

        await stream.WriteAsync(all.ToArray());
        for (var i = 0; i < 200; i++) Assert.Equal($"ack message {i}", await MllpDoor.ReadFrameAsync(stream));
    }

    [Theory]
    [InlineData("\v{0}\v{0}\u001c\r")] // a block in a block
    [InlineData("\v{0}\u001cX")] // an end of block without carriage return
    [InlineData("{0}\u001c\r")] // no start of block
    public async Task What_is_no_frame_but_has_a_header_gets_AE_and_the_connection_closes(string shape)
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        var message = string.Join('\r', Fixtures.Flux2.Split('\r')[0], "NTE|x");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(shape.Replace("{0}", message, StringComparison.Ordinal)));
        var answer = await MllpDoor.ReadToEndAsync(stream);

        Assert.Contains("MSA|AE|MSG00001\rERR|||199^", answer, StringComparison.Ordinal);
        Assert.Equal(1, answer.Count(c => c == '\u001c'));
    }

    [Fact]
    public async Task A_frame_that_breaks_off_gets_AE()
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame(Fixtures.Flux2).AsMemory(0, 300));
        stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        Assert.Contains("MSA|AE|MSG00001\r", await MllpDoor.ReadToEndAsync(stream), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n\u001c")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u001c")] // TLS to a plain port
    [InlineData("\vPID|1\u001cX")]
    public async Task What_has_no_header_is_closed_without_an_answer(string bytes)
    {
        await using var door = new MllpDoor(MllpDoor.Echo);
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));

        Assert.Equal("", await MllpDoor.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task A_frame_over_the_cap_is_refused_from_its_header_and_not_held()
    {
        var handled = 0;
        await using var door = new MllpDoor(
            (frame, peer, token) =>
            {
                handled++;
                return MllpDoor.Echo(frame, peer, token);
            },
            new MllpListenerOptions { FrameBytesMax = 100_000 });
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame(Er7Text.Set(Fixtures.Oru, "OBX-5.5", new string('A', 300_000))));

        Assert.Contains("ERR|||199^Other HL7 Error", await MllpDoor.ReadToEndAsync(stream), StringComparison.Ordinal);
        Assert.Equal(0, handled);
    }

    [Fact]
    public async Task A_frame_of_31_MiB_passes_and_small_ones_beside_it()
    {
        await using var door = new MllpDoor((frame, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(
            Encoding.UTF8.GetBytes($"{frame.Length}")));
        var large = await door.ConnectAsync();
        var small = await door.ConnectAsync();
        var frame = MllpFrame.Wrap(new byte[31 * 1024 * 1024]);
        await large.WriteAsync(frame.AsMemory(0, frame.Length / 2));
        await small.WriteAsync(MllpDoor.Frame("x"));

        Assert.Equal("1", await MllpDoor.ReadFrameAsync(small));
        await large.WriteAsync(frame.AsMemory(frame.Length / 2));
        Assert.Equal($"{31 * 1024 * 1024}", await MllpDoor.ReadFrameAsync(large));
    }

    [Fact]
    public async Task Without_an_acknowledgement_the_connection_closes()
    {
        await using var door = new MllpDoor((_, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(null));
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame("x"));

        Assert.Equal("", await MllpDoor.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task A_handler_that_fails_closes_its_connection_alone()
    {
        await using var door = new MllpDoor((frame, peer, token) => frame.Length == 3
            ? throw new InvalidOperationException("bug")
            : MllpDoor.Echo(frame, peer, token));
        var (bad, good) = (await door.ConnectAsync(), await door.ConnectAsync());
        await bad.WriteAsync(MllpDoor.Frame("bug"));
        Assert.Equal("", await MllpDoor.ReadToEndAsync(bad));
        await good.WriteAsync(MllpDoor.Frame("good"));

        Assert.Equal("ack good", await MllpDoor.ReadFrameAsync(good));
    }
}
