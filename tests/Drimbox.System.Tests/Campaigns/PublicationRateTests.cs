using System.Diagnostics;
using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Ris;

namespace Drimbox.Tests.Campaigns;

/// <summary>How many publications a second a RIS sends to a DMP that behaves, eight in flight, with what that costs both
/// of them: printed, not asserted. <c>DRIMBOX_CAMPAIGN=2000</c> says how many.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class PublicationRateTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backlog_is_published()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("it measures; DRIMBOX_CAMPAIGN=2000 runs it");
        var count = Campaign.Size(small: 0, large: 10_000);
        await using var ris = await PublishingRis.StartAsync(
            options => options with { Source = null, Creator = null });
        // The reports come while the DMP is down, so that nothing but publishing is measured.
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: 503));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token },
            async (number, token) =>
            {
                var ack = await MllpWire.SendAsync(ris.Node.Hl7EndPoint.Port, PublishingRis.Mdm($"A{number}"), token);
                Assert.Equal("AA", ack!["MSA", 1]);
            });
        ris.Dmp.Faults.Clear();
        using var process = Process.GetCurrentProcess();
        var (processor, allocated) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes());
        var watch = Stopwatch.StartNew();
        await ris.RestartAsync();
        while (ris.Dmp.Submissions.Count < count) await Task.Delay(5, Token);
        watch.Stop();
        process.Refresh();
        output.WriteLine(
            $"{count} publications in {watch.Elapsed.TotalSeconds:F1} s: {count / watch.Elapsed.TotalSeconds:F0}/s, "
            + $"{(process.TotalProcessorTime - processor).TotalMilliseconds / count:F1} ms of processor and "
            + $"{(GC.GetTotalAllocatedBytes() - allocated) / count / 1024} KiB allocated each, RIS and DMP together");
        Assert.Equal(count, ris.Dmp.Submissions.Select(s => s.SubmissionSetUniqueId).Distinct().Count());
    }
}
