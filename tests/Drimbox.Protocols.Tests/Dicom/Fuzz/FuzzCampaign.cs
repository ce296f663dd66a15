using System.Diagnostics;
using System.Globalization;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>What one execution of a campaign has to go by.</summary>
/// <param name="Random">Made from the seed and the index alone, so that each execution stands by itself.</param>
internal readonly record struct FuzzExecution(int Index, Random Random);

/// <summary>A share of the fuzz executions of a test run (campaigns F1 and F2). <c>DRIMBOX_FUZZ</c> sets how many
/// there are over all campaigns, <c>DRIMBOX_SEED</c> replays a run and <c>DRIMBOX_FUZZ_ONLY</c> one execution of it.
/// Without them every run is the same.</summary>
internal sealed class FuzzCampaign
{
    private const int ExecutionsInAll = 200_000;
    private const int SeedUnlessGiven = 20_260_822;

    // Small: a reader that recurses by what its input says ends the run, visibly.
    private const int StackBytes = 256 * 1024;

    private static readonly TimeSpan ExecutionMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HangAfter = TimeSpan.FromSeconds(60);

    private readonly int _seed;
    private readonly int _only;
    private readonly ITestOutputHelper _output;
    private long _index = -1;

    /// <param name="percent">Its share of all executions.</param>
    public FuzzCampaign(ITestOutputHelper output, int percent)
    {
        _output = output;
        // A run that was asked to be longer looks elsewhere too, and says where.
        var isLonger = Read("DRIMBOX_FUZZ") is not null;
        _seed = Read("DRIMBOX_SEED") ?? (isLonger ? Random.Shared.Next() : SeedUnlessGiven);
        _only = Read("DRIMBOX_FUZZ_ONLY") ?? -1;
        Executions = (int)((Read("DRIMBOX_FUZZ") ?? ExecutionsInAll) * (long)percent / 100);
        output.WriteLine($"DRIMBOX_SEED={_seed}");
    }

    public int Executions { get; }

    /// <summary>Runs all executions, one after the other, on a thread with little stack for as long as they do not
    /// wait. An execution that takes more than a second is repeated; it fails if it does so twice.</summary>
    /// <returns>True if all were run, so that their counts say something.</returns>
    public async Task<bool> RunAsync(Func<FuzzExecution, ValueTask> execute)
    {
        var clock = Stopwatch.StartNew();
        var started = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => started.SetResult(LoopAsync(execute)), StackBytes) { IsBackground = true }.Start();
        var all = started.Task.Unwrap();
        for (long seen = -2; !all.IsCompleted;)
        {
            try
            {
                await all.WaitAsync(HangAfter);
            }
            catch (TimeoutException)
            {
                var now = Volatile.Read(ref _index);
                if (now == seen) Assert.Fail($"Execution {now} does not end, seed {_seed}.");
                seen = now;
            }
        }

        await all;
        _output.WriteLine($"{Executions} executions in {clock.Elapsed}");
        return _only < 0;
    }

    private async Task LoopAsync(Func<FuzzExecution, ValueTask> execute)
    {
        for (var i = Math.Max(0, _only); i < (_only < 0 ? Executions : _only + 1); i++)
        {
            Volatile.Write(ref _index, i);
            try
            {
                var clock = Stopwatch.GetTimestamp();
                await execute(Execution(i));
                if (Stopwatch.GetElapsedTime(clock) <= ExecutionMax) continue;
                clock = Stopwatch.GetTimestamp();
                await execute(Execution(i));
                Assert.True(Stopwatch.GetElapsedTime(clock) <= ExecutionMax, "More than a second, twice.");
            }
            catch (Exception) when (Tell(i))
            {
                throw;
            }
        }
    }

    private FuzzExecution Execution(int index) => new(index, new Random(unchecked((_seed * 486_187_739) + index)));

    private bool Tell(int index)
    {
        _output.WriteLine($"failed: DRIMBOX_SEED={_seed} DRIMBOX_FUZZ_ONLY={index}");
        return true;
    }

    private static int? Read(string variable) => int.TryParse(
        Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : null;
}
