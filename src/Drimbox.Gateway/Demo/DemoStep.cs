namespace Drimbox.Gateway.Demo;

/// <summary>A step of the scenario: what it plays, and the check from outside that it happened.</summary>
/// <param name="Number">1 to 13.</param>
/// <param name="Title">One line.</param>
/// <param name="BreakTitle">What <c>--break</c> makes the peer of this step do.</param>
/// <param name="PlayAsync">Plays and checks; throws <see cref="DemoFailedException"/> with what was seen.</param>
/// <param name="BreakAsync">Makes exactly the peer of this step misbehave; runs right before the step.</param>
internal sealed record DemoStep(
    int Number,
    string Title,
    string BreakTitle,
    Func<DemoSystem, CancellationToken, Task> PlayAsync,
    Func<DemoSystem, CancellationToken, Task> BreakAsync);

/// <summary>A check of the demo did not hold.</summary>
internal sealed class DemoFailedException(string seen) : Exception(seen);

/// <summary>Checks of the demo.</summary>
internal static class Expect
{
    public static void That(bool condition, string seenOtherwise)
    {
        if (!condition) throw new DemoFailedException(seenOtherwise);
    }

    public static void Equal<T>(T expected, T seen, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, seen))
            throw new DemoFailedException($"{what}: expected {expected}, saw {seen}");
    }
}
