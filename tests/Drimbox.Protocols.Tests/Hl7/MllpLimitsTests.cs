using Drimbox.Hl7.Mllp;

namespace Drimbox.Tests.Hl7;

public sealed class MllpLimitsTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private static MllpListenerOptions NoTimers => new()
    {
        FirstByteTimeout = Long, IdleTimeout = Long, InterByteTimeout = Long, FrameTimeout = Long,
    };

    [Fact]
    public async Task A_connection_that_says_nothing_is_closed()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { FirstByteTimeout = Short });

        Assert.Equal("", await MllpDoor.ReadToEndAsync(await door.ConnectAsync()));
    }

    [Fact]
    public async Task A_connection_that_falls_silent_between_frames_is_closed()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { IdleTimeout = Short });
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame("x"));

        Assert.Equal("\vack x\u001c\r", await MllpDoor.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task A_frame_that_stops_is_refused()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { InterByteTimeout = Short });
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame(Fixtures.Flux2).AsMemory(0, 300));

        Assert.Contains("MSA|AE|MSG00001", await MllpDoor.ReadToEndAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frame_that_takes_too_long_is_refused()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { FrameTimeout = Short });
        var stream = await door.ConnectAsync();
        await stream.WriteAsync(MllpDoor.Frame(Fixtures.Flux2).AsMemory(0, 300));

        Assert.Contains("MSA|AE|MSG00001", await MllpDoor.ReadToEndAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_all_places_are_taken_the_longest_waiting_connection_gives_way()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { ConnectionsMax = 2 });
        var first = await door.ConnectAsync();
        var second = await door.ConnectAsync();
        await EchoAsync(first);
        await EchoAsync(second);
        MllpDoor.UntilWaiting(door, 2);
        await EchoAsync(first); // now the second has waited longer
        MllpDoor.UntilWaiting(door, 2);
        var third = await door.ConnectAsync();

        Assert.Equal("", await MllpDoor.ReadToEndAsync(second));
        await EchoAsync(first);
        await EchoAsync(third);
    }

    [Fact]
    public async Task A_connection_at_work_does_not_give_way()
    {
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var door = new MllpDoor(
            async (frame, peer, token) =>
            {
                entered.TrySetResult();
                await release.Task;
                return await MllpDoor.Echo(frame, peer, token);
            },
            NoTimers with { ConnectionsMax = 1 });
        var busy = await door.ConnectAsync();
        await busy.WriteAsync(MllpDoor.Frame("x"));
        await entered.Task;
        var refused = await door.ConnectAsync();

        Assert.Equal("", await MllpDoor.ReadToEndAsync(refused));
        release.SetResult();
        Assert.Equal("ack x", await MllpDoor.ReadFrameAsync(busy));
    }

    [Fact]
    public async Task One_address_cannot_take_all_places()
    {
        await using var door = new MllpDoor(MllpDoor.Echo, NoTimers with { ConnectionsPerPeerMax = 1 });
        var first = await door.ConnectAsync();
        await EchoAsync(first);

        Assert.Equal("", await MllpDoor.ReadToEndAsync(await door.ConnectAsync()));
        await EchoAsync(first);
    }

    [Fact]
    public async Task Stopping_answers_the_frame_at_work_and_closes_the_others()
    {
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var door = new MllpDoor(async (frame, peer, token) =>
        {
            entered.TrySetResult();
            await release.Task;
            return await MllpDoor.Echo(frame, peer, token);
        }, NoTimers);
        var busy = await door.ConnectAsync();
        var idle = await door.ConnectAsync();
        await busy.WriteAsync(MllpDoor.Frame("x"));
        await entered.Task;
        var stopped = door.Listener.StopAsync(CancellationToken.None);

        Assert.Equal("", await MllpDoor.ReadToEndAsync(idle));
        Assert.False(stopped.IsCompleted);
        release.SetResult();
        Assert.Equal("\vack x\u001c\r", await MllpDoor.ReadToEndAsync(busy));
        await stopped;
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(door.ConnectAsync);
    }

    [Fact]
    public async Task Stopping_with_a_deadline_aborts_what_does_not_end()
    {
        var entered = new TaskCompletionSource();
        await using var door = new MllpDoor(async (_, _, token) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return null;
        }, NoTimers);
        var busy = await door.ConnectAsync();
        await busy.WriteAsync(MllpDoor.Frame("x"));
        await entered.Task;
        await door.Listener.StopAsync(new CancellationToken(canceled: true));

        Assert.Equal("", await MllpDoor.ReadToEndAsync(busy));
        Assert.Equal(0, door.Listener.ConnectionCount);
    }

    private static async Task EchoAsync(System.Net.Sockets.NetworkStream stream)
    {
        await stream.WriteAsync(MllpDoor.Frame("x"));
        Assert.Equal("ack x", await MllpDoor.ReadFrameAsync(stream));
    }
}
