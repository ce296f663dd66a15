using System.Globalization;

namespace Drimbox.Tests.Hl7;

/// <summary>Randomness of a test: the same at every run, another one with <c>DRIMBOX_SEED</c>, printed.</summary>
internal static class Seeded
{
    public static Random Random()
    {
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("DRIMBOX_SEED"), CultureInfo.InvariantCulture,
                out var set) ? set : 20260106;
        TestContext.Current.TestOutputHelper?.WriteLine($"DRIMBOX_SEED={seed}");
        return new Random(seed);
    }
}
