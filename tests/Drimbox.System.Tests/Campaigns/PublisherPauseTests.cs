using System.Runtime.InteropServices;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign P6 on the running program: it is stopped (SIGSTOP) while a publication is on its way, for 10 to 300 s,
/// and goes on (SIGCONT). <c>DRIMBOX_CAMPAIGN=N</c> pauses; without it the test skips, since it really waits
/// (<c>PausedDispatcherTests</c> shows the same with clocks).</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P6")]
public sealed class PublisherPauseTests(ITestOutputHelper output)
{
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stopped_past_its_lease_and_gone_on_the_publisher_leaves_one_effective_entry()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("it waits for minutes; DRIMBOX_CAMPAIGN=3 runs it");
        var random = new Random(Seed.Get());
        var pauses = Campaign.Size(small: 0, large: 50);
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
        {
            Ris = GatewayUnderTest.RisAlone(all).Ris! with
            {
                Structures = [new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name }],
            },
        });
        for (var number = 0; number < pauses; number++)
        {
            // What is on its way when it stops has not been answered, and was committed or not.
            var moment = random.Next(2) == 0 ? FaultMoment.BeforeCommit : FaultMoment.AfterCommit;
            gateway.Dmp.Faults.Add(new FaultRule(
                FaultKind.NoAnswer, XdsAction.ProvideAndRegisterDocumentSet, moment, Nth: 1));
            var received = 0;
            while (gateway.Dmp.WhenReceivedAsync(XdsAction.ProvideAndRegisterDocumentSet, received + 1, Token)
                .IsCompletedSuccessfully)
                received++;
            var message = SourceReports.Mdm($"M-A{number}", ReportAction.Initial, SourceReports.Report($"A{number}"));
            Assert.Equal("AA", (await MllpWire.SendAsync(gateway.RisPort, message, Token))!["MSA", 1]);
            await gateway.Dmp.WhenReceivedAsync(XdsAction.ProvideAndRegisterDocumentSet, received + 1, Token);
            Assert.Equal(0, kill(gateway.Child.ProcessId, SIGSTOP));
            await Task.Delay(TimeSpan.FromSeconds(random.Next(10, 300)), Token);
            Assert.Equal(0, kill(gateway.Child.ProcessId, SIGCONT));
            gateway.Dmp.Faults.Clear();

            using var client = new AdministrationClient(gateway.Socket);
            while ((await client.GetAsync("/api/ris/publications", Token)).Body.GetArrayLength() > 0)
                await Task.Delay(500, Token);
            var entries = (await gateway.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
                .Where(d => d.UniqueId == SourceReports.Document($"A{number}")).ToList();
            Assert.Equal(AvailabilityStatus.Approved, Assert.Single(entries).Status);
        }

        output.WriteLine($"{pauses} pauses: one effective entry each");
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
