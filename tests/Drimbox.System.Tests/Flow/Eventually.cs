using System.Diagnostics;

namespace Drimbox.Tests.Flow;

/// <summary>Effects in another process come a moment after their cause: ask until the answer is as expected, at most
/// so long.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<T> HoldsAsync<T>(
        Func<Task<T>> ask, Func<T, bool> holds, Func<T, string> otherwise, TimeSpan? patience = null)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (holds(answer)) return answer;
            Assert.True(watch.Elapsed < (patience ?? Patience), otherwise(answer));
            await Task.Delay(TimeSpan.FromMilliseconds(25), TestContext.Current.CancellationToken);
        }
    }
}
