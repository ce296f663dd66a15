using Drimbox.Grains.Outages;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Grains;

/// <summary>The clock of a process beside that of the database that it shares.</summary>
[Requirement("reliability P7")]
public sealed class ClockWatchTests(PostgresCluster cluster)
{
    private const int ClockApart = 5113;
    private const int ClockAgrees = 5114;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task A_clock_that_is_apart_is_told_once_and_so_is_its_return()
    {
        await cluster.RequireAsync();
        using var folder = new StoreFolder();
        // The look of every minute comes every 100 ms.
        var clock = new SkewedClock(TimeProvider.System, TimeSpan.Zero);
        await using var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folder.Path,
                Postgres = new PostgresOptions
                {
                    ConnectionString = cluster.ConnectionString, Schema = $"t-{Guid.NewGuid():N}", IsShared = true,
                },
                Clock = clock,
            },
            Token);
        var log = new LoggedEvents();
        var watch = new ClockWatch(
            "ris", store, new SkewedClock(TimeProvider.System, TimeSpan.Zero, new FastClock(600)), log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = watch.RunAsync(stop.Token);
        await SkewAsync(0);
        Assert.Empty(log.Text);

        clock.Skew = TimeSpan.FromSeconds(-30);
        await log.WhenAsync(ClockApart);
        clock.Skew = TimeSpan.FromSeconds(30);
        await SkewAsync(30);
        clock.Skew = TimeSpan.Zero;
        await log.WhenAsync(ClockAgrees);
        clock.Skew = TimeSpan.FromMinutes(1);
        await log.WhenAsync(ClockApart, count: 2);

        await stop.CancelAsync();
        await running;
        Assert.Equal(3, log.Text.Split('\n').Length);

        async Task SkewAsync(int seconds)
        {
            while (watch.Skew is not { } skew || Math.Abs(skew.TotalSeconds - seconds) > 2) await Task.Delay(20, Token);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_flow_of_one_process_has_its_clock()
    {
        using var folder = new StoreFolder();
        await using var store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = folder.Path }, Token);
        var watch = new ClockWatch("ris", store, TimeProvider.System, new LoggedEvents());
        await watch.RunAsync(Token);
        Assert.Null(watch.Skew);
    }
}
