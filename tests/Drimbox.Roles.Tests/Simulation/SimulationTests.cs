using System.Globalization;

namespace Drimbox.Tests.Simulation;

/// <summary>Campaign P9: a thousand seeds in every run, as many as <c>DRIMBOX_CAMPAIGN</c> says else (R: a
/// million).</summary>
[Requirement("reliability P9")]
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Seeds that a mutant may survive: each is found within some hundred.</summary>
    private const int SeedsPerMutant = 5_000;

    public static TheoryData<string> MutantNames => [.. Mutants.All.Keys];

    [Fact]
    public void Every_seed_ends_with_one_effective_publication_and_nothing_stuck()
    {
        var first = Seed.Get() % 1_000_000_000;
        var seeds = Size();
        // One seed that fails is one that somebody looks into.
        if (seeds == 1) Simulation.Trace = output.WriteLine;
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.For(0, seeds, (index, loop) =>
        {
            if (Simulation.Run(first + index, SimulationRules.Product) is not { } what) return;
            wrong.Add($"DRIMBOX_SEED={first + index}: {what}");
            loop.Stop();
        });
        Assert.True(wrong.IsEmpty, string.Join("\n", wrong));
        output.WriteLine($"{seeds} seeds from {first}: nothing wrong");
    }

    /// <summary>Seeds of a campaign of a million that showed something, before it was mended.</summary>
    [Theory]
    [InlineData(125_961)]
    [InlineData(272_684)]
    [InlineData(351_554)]
    [InlineData(356_028)]
    [InlineData(729_364)]
    public void A_seed_that_showed_something_once_shows_nothing_now(int seed) =>
        Assert.Null(Simulation.Run(seed, SimulationRules.Product));

    [Theory]
    [MemberData(nameof(MutantNames))]
    public void A_mutant_is_found(string name)
    {
        var mutant = Mutants.All[name];
        for (var seed = 0; seed < SeedsPerMutant; seed++)
        {
            if (Simulation.Run(seed, mutant) is not { } what) continue;
            output.WriteLine($"seed {seed}: {what}");
            return;
        }

        Assert.Fail($"{SeedsPerMutant} seeds show nothing wrong");
    }

    [Fact]
    public void The_same_seed_is_the_same_run()
    {
        var mutant = Mutants.All["the acknowledgement goes before the commit"];
        for (var seed = 0; seed < 50; seed++) Assert.Equal(Simulation.Run(seed, mutant), Simulation.Run(seed, mutant));
    }

    private static int Size() => Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") switch
    {
        null or "" => 1_000,
        "R" => 1_000_000,
        var number => int.Parse(number, CultureInfo.InvariantCulture),
    };
}
