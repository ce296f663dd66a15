using Drimbox.Core;
using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Grains;

public sealed class TurnQueueTests
{
    private readonly EmbeddedTurnQueue _queue = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Turns_of_one_grain_run_one_after_the_other_in_the_order_they_were_asked_for()
    {
        var gate = new TaskCompletionSource();
        var order = new List<int>();
        var turns = Enumerable.Range(0, 20).Select(i => _queue.RunAsync(
            "ris/report/1",
            async _ =>
            {
                await gate.Task;
                order.Add(i);
                return i;
            },
            Token)).ToList();

        gate.SetResult();

        Assert.Equal(Enumerable.Range(0, 20), await Task.WhenAll(turns));
        Assert.Equal(Enumerable.Range(0, 20), order);
        Assert.Equal(0, _queue.ActiveGrains);
    }

    [Fact]
    public async Task Grains_run_in_parallel()
    {
        var meeting = new TaskCompletionSource();
        var first = _queue.RunAsync("a", async _ => { await meeting.Task; return 1; }, Token);
        Assert.Equal(2, await _queue.RunAsync("b", _ => Task.FromResult(2), Token));
        Assert.False(first.IsCompleted);
        meeting.SetResult();
        Assert.Equal(1, await first);
    }

    [Fact]
    public async Task A_cancelled_waiter_leaves_the_queue_and_the_next_is_not_held_up()
    {
        var gate = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        var running = _queue.RunAsync("a", async _ => { await gate.Task; return 1; }, Token);
        var ran = false;
        var waiting = _queue.RunAsync("a", _ => { ran = true; return Task.FromResult(2); }, cancel.Token);
        var next = _queue.RunAsync("a", _ => Task.FromResult(3), Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        gate.SetResult();

        Assert.Equal(3, await next);
        Assert.Equal(1, await running);
        Assert.False(ran);
        Assert.Equal(0, _queue.ActiveGrains);
    }

    [Fact]
    public async Task A_turn_that_throws_frees_its_grain()
    {
        await Assert.ThrowsAsync<FormatException>(
            () => _queue.RunAsync<int>("a", _ => throw new FormatException(), Token));
        Assert.Equal(1, await _queue.RunAsync("a", _ => Task.FromResult(1), Token));
    }

    [Fact]
    public async Task A_turn_that_waits_for_its_own_grain_is_a_bug_that_is_told()
    {
        await Assert.ThrowsAsync<InvariantException>(() => _queue.RunAsync(
            "a", _ => _queue.RunAsync("b", _ => _queue.RunAsync("a", _ => Task.FromResult(1), Token), Token), Token));
        Assert.Equal(0, _queue.ActiveGrains);

        // Another grain is no bug, and neither is the own one afterwards.
        Assert.Equal(1, await _queue.RunAsync("a", _ => _queue.RunAsync("b", _ => Task.FromResult(1), Token), Token));
        Assert.Equal(1, await _queue.RunAsync("a", _ => Task.FromResult(1), Token));
    }

    [Fact]
    public async Task Under_load_no_two_turns_of_a_grain_overlap_none_is_lost_and_no_key_stays()
    {
        var random = new Random(Seed.Get());
        const int grains = 10;
        var inside = new int[grains];
        var ran = new int[grains];
        var expected = new int[grains];
        var tasks = new List<Task>();
        var cancels = new List<CancellationTokenSource>();
        for (var i = 0; i < 5_000; i++)
        {
            var grain = random.Next(grains);
            var yields = random.Next(3);
            if (random.Next(10) == 0)
            {
                // Cancelled at some time: it may run or not, but must not harm.
                var cancel = new CancellationTokenSource();
                cancels.Add(cancel);
                tasks.Add(_queue.RunAsync($"{grain}", _ => TurnAsync(grain, yields, 0), cancel.Token));
            }
            else
            {
                expected[grain]++;
                tasks.Add(Task.Run(() => _queue.RunAsync($"{grain}", _ => TurnAsync(grain, yields, 1), Token)));
            }

            if (cancels.Count > 0 && random.Next(5) == 0) await cancels[random.Next(cancels.Count)].CancelAsync();
        }

        foreach (var task in tasks) await Record.ExceptionAsync(() => task);
        Assert.DoesNotContain(tasks, task => task.IsFaulted);
        Assert.Equal(expected, ran);
        Assert.Equal(0, _queue.ActiveGrains);
        cancels.ForEach(cancel => cancel.Dispose());

        async Task<int> TurnAsync(int grain, int yields, int counts)
        {
            Assert.Equal(1, Interlocked.Increment(ref inside[grain]));
            for (var i = 0; i < yields; i++) await Task.Yield();
            ran[grain] += counts;
            Assert.Equal(0, Interlocked.Decrement(ref inside[grain]));
            return 0;
        }
    }
}
