using System.Diagnostics;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Demo;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Campaigns;

/// <summary>How long it takes from a report that the RIS takes until its manifest is Approved in the DMP, for studies of
/// 1,300 images in the archive, while that stores over two other associations: printed, not asserted.
/// <c>DRIMBOX_CAMPAIGN=50</c> says how many reports.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class ManifestDelayTests(ITestOutputHelper output)
{
    private const int Images = 1300;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_report_is_followed_by_its_manifest()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("it measures; DRIMBOX_CAMPAIGN=50 runs it");
        var exams = Enumerable.Range(0, Campaign.Size(small: 0, large: 200)).Select(_ => new ExaminationCase()).ToList();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.WithoutPlatform);
        foreach (var exam in exams)
        {
            using var folder = new StoreFolder();
            await ExaminationCase.StoreAsync(gateway, exam.WriteImages(folder.Path, Images));
        }

        foreach (var loaded in (bool[])[false, true])
        {
            using var load = loaded ? StartLoad(gateway) : null;
            var delays = new List<double>();
            foreach (var exam in exams.Where((_, i) => i % 2 == 0 == loaded)) delays.Add(await DelayAsync(gateway, exam));
            load?.Kill();
            delays.Sort();
            output.WriteLine(
                $"{(loaded ? "storing over two associations" : "idle")}: {delays.Count} reports, "
                + $"p50 {delays[delays.Count / 2]:F0} ms, p99 {delays[(int)(delays.Count * 0.99)]:F0} ms, "
                + $"at most {delays[^1]:F0} ms");
        }
    }

    /// <summary>Milliseconds from the sending of the report to the Approved manifest.</summary>
    private static async Task<double> DelayAsync(GatewayUnderTest gateway, ExaminationCase exam)
    {
        var message = exam.Mdm("t02", exam.Cda(1), 1);
        var ins = InstanceIdentifier.Create("1.2.250.1.213.1.4.10", exam.Ins);
        var watch = Stopwatch.StartNew();
        var ack = await MllpWire.SendAsync(gateway.RisPort, message, Token);
        Assert.Equal("AA", ack!["MSA", 1]);
        while (watch.Elapsed < TimeSpan.FromSeconds(60))
        {
            var documents = await gateway.Dmp.DocumentsAsync(ins, Audience.Registry, Token);
            if (documents.Any(d => d is { MimeType: "application/dicom", Status: AvailabilityStatus.Approved }))
                return watch.Elapsed.TotalMilliseconds;
            await Task.Delay(2, Token);
        }

        throw new TimeoutException("No manifest after a minute.\n" + gateway.Child.Output);
    }

    private static Process StartLoad(GatewayUnderTest gateway)
    {
        var command = DemoChild.CommandLine();
        return Process.Start(new ProcessStartInfo(
            command[0],
            [
                .. command.Skip(1), "load", $"DRIMBOX@127.0.0.1:{gateway.ArchivePort}", "--associations", "2",
                "--duration", "10m", "--json",
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
