using Drimbox.Core.Identity;
using Drimbox.Dmp.Trust;
using Drimbox.Source.ImageAccess;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Source;

public sealed class WhiteListKeeperTests
{
    [Fact(Timeout = 30_000)]
    public async Task A_list_that_does_not_come_in_time_is_asked_for_again()
    {
        using var folder = new StoreFolder();
        using var stop = new CancellationTokenSource();
        var clock = new ManualClock(new DateTimeOffset(2026, 11, 2, 8, 0, 0, TimeSpan.Zero));
        var asked = 0;
        Assert.True(DistinguishedName.TryParse("CN=Liste Blanche", out var signer));
        var keeper = new WhiteListKeeper(
            _ =>
            {
                Interlocked.Increment(ref asked);
                // What HttpClient throws at the end of its Timeout.
                throw new TaskCanceledException("", new TimeoutException());
            },
            new WhiteListDocument(new EnvelopedSignature([], false, clock), signer),
            Path.Combine(folder.Path, "list.xml"), clock, NullLogger.Instance);

        var running = keeper.RunAsync(stop.Token);
        while (Volatile.Read(ref asked) < 3)
        {
            Assert.False(running.IsCompleted);
            clock.Advance(TimeSpan.FromMinutes(10));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        await running;
    }
}
