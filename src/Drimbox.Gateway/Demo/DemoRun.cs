using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drimbox.Gateway.Demo;

/// <summary>Plays the scenario, prints a line a step and the sum.</summary>
internal sealed class DemoRun(DemoSystem system, IReadOnlyList<DemoStep> steps, TextWriter output, TimeProvider time)
{
    /// <param name="broken">The step whose peer misbehaves, or null.</param>
    /// <param name="patience">How long the effects of the broken step are waited for.</param>
    /// <returns>The number of steps that failed.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a step: whatever a step throws is its failure, printed, and the next step is played.")]
    public async Task<int> PlayAsync(int? broken, TimeSpan patience, CancellationToken cancellation)
    {
        var failed = 0;
        foreach (var step in steps)
        {
            var start = time.GetTimestamp();
            string? failure = null;
            try
            {
                if (step.Number == broken)
                {
                    await step.BreakAsync(system, cancellation);
                    system.Patience = patience;
                }

                await step.PlayAsync(system, cancellation);
            }
            catch (DemoFailedException e)
            {
                failure = e.Message;
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                failure = $"{e.GetType().Name}: {e.Message}";
            }

            var elapsed = time.GetElapsedTime(start).TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
            await output.WriteLineAsync(
                $"{(failure is null ? "ok    " : "FAILED")} {step.Number,2}  {step.Title} ({elapsed} ms)");
            if (failure is null) continue;
            failed++;
            await output.WriteLineAsync($"           {failure}");
        }

        await output.WriteLineAsync($"demo: {steps.Count - failed} steps ok, {failed} failed");
        return failed;
    }
}
