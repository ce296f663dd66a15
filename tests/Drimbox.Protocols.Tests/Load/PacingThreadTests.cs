using Drimbox.Load.Pacing;

namespace Drimbox.Tests.Load;

public sealed class PacingThreadTests
{
    [Fact]
    public async Task Of_five_thousand_starts_a_second_each_comes_and_none_is_early()
    {
        const int Rate = 5000;
        var time = TimeProvider.System;
        using var pacing = new PacingThread(time);
        var start = time.GetTimestamp() + (time.TimestampFrequency / 100);
        var late = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            var due = start + (i * time.TimestampFrequency / Rate);
            await pacing.UntilAsync(due).ConfigureAwait(false);
            return time.GetTimestamp() - due;
        }));
        Assert.All(late, ticks => Assert.True(ticks >= 0));
    }

    [Fact]
    public async Task A_stop_ends_all_waiting()
    {
        var time = TimeProvider.System;
        var pacing = new PacingThread(time);
        var far = Enumerable.Range(1, 3)
            .Select(hours => pacing.UntilAsync(time.GetTimestamp() + (hours * 3600 * time.TimestampFrequency))).ToList();
        Assert.All(far, wait => Assert.False(wait.IsCompleted));
        pacing.Dispose();
        await Task.WhenAll(far);
    }
}
