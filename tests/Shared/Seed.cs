namespace Drimbox.Tests;

/// <summary>The seed of a random test: new each time and printed, or the one of <c>DRIMBOX_SEED</c>.</summary>
public static class Seed
{
    public static int Get()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("DRIMBOX_SEED"), out var given)
            ? given
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"DRIMBOX_SEED={seed}");
        return seed;
    }
}
