using Drimbox.Load.Pacing;

namespace Drimbox.Tests.Load;

public sealed class PacingThreadTests
{
    // A busy machine may disturb some of them.
    private const int Attempts = 10;

    [Fact]
    public async Task Five_thousand_starts_a_second_are_never_early_and_hardly_late()
    {
        var medians = new List<double>();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            medians.Add(await MedianMicrosecondsLateAsync(rate: 5000, count: 1000));
            // A timer of .NET has 1 ms ticks, so that starts 0.2 ms apart would be 0.5 ms late in the median.
            if (medians[^1] < 250) return;
        }

        Assert.Fail($"late by (µs): {string.Join(", ", medians)}");
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

    private static async Task<double> MedianMicrosecondsLateAsync(int rate, int count)
    {
        var time = TimeProvider.System;
        using var pacing = new PacingThread(time);
        var late = new double[count];
        var start = time.GetTimestamp() + (time.TimestampFrequency / 100);
        await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            var due = start + (i * time.TimestampFrequency / rate);
            await pacing.UntilAsync(due).ConfigureAwait(false);
            late[i] = (time.GetTimestamp() - due) * 1e6 / time.TimestampFrequency;
        }));
        Assert.All(late, microseconds => Assert.True(microseconds >= 0));
        Array.Sort(late);
        return late[count / 2];
    }
}
