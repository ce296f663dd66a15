using System.Net.Sockets;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign P2: the process that publishes is killed (SIGKILL) at each step of a publication: by itself where the
/// step is inside of it (<see cref="KillAt"/>), by the test where the DMP shows the step.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
public sealed class PublisherKillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private enum Work
    {
        Publish,
        Replace,
        Withdraw,
        Hide,
    }

    /// <param name="Step">Where the process kills itself; null: the test kills it once the DMP has got
    /// <paramref name="Request"/>.</param>
    private sealed record Death(Work Work, string Moment, string? Step = null, string? Request = null)
    {
        public IReadOnlyList<FaultRule> Faults { get; init; } = [];

        public bool AfterCommit { get; init; }
    }

    private static readonly FaultRule Busy = new(FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet, Nth: 1);

    private static readonly Death[] Deaths =
    [
        new(Work.Publish, "claimed", Step: "claimed"),
        new(Work.Publish, "about to leave", Step: "started"),
        new(Work.Publish, "at the DMP, not committed", Request: XdsAction.ProvideAndRegisterDocumentSet)
        {
            Faults = [new(FaultKind.NoAnswer, XdsAction.ProvideAndRegisterDocumentSet, Nth: 1)],
        },
        new(Work.Publish, "committed, not answered", Request: XdsAction.ProvideAndRegisterDocumentSet)
        {
            Faults =
            [
                new(FaultKind.NoAnswer, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1),
            ],
            AfterCommit = true,
        },
        new(Work.Publish, "answered, not recorded", Step: "answered"),
        new(Work.Publish, "recorded", Step: "recorded"),
        new(Work.Publish, "told to come later, not recorded", Step: "answered") { Faults = [Busy] },
        new(Work.Publish, "waits for its next attempt", Step: "recorded") { Faults = [Busy] },
        new(Work.Publish, "claimed again", Step: "claimed:2") { Faults = [Busy] },
        new(Work.Publish, "asks before it sends again", Request: XdsAction.RegistryStoredQuery)
        {
            Faults =
            [
                new(FaultKind.Reset, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1),
                new(FaultKind.NoAnswer, XdsAction.RegistryStoredQuery, Nth: 1),
            ],
        },
        new(Work.Replace, "asks for its target", Request: XdsAction.RegistryStoredQuery)
        {
            Faults = [new(FaultKind.NoAnswer, XdsAction.RegistryStoredQuery, Nth: 1)],
        },
        new(Work.Replace, "about to leave", Step: "started"),
        new(Work.Replace, "answered, not recorded", Step: "answered"),
        new(Work.Withdraw, "answered, not recorded", Step: "answered"),
        new(Work.Hide, "answered, not recorded", Step: "answered"),
    ];

    [Fact]
    public async Task Killed_at_any_step_the_publisher_leaves_one_effective_entry()
    {
        Campaign.RequireHarm();
        var rounds = Campaign.Size(small: 1, large: 20);
        using var folder = new StoreFolder();
        var armed = Path.Combine(folder.Path, "armed");
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
        {
            Ris = GatewayUnderTest.RisAlone(all).Ris! with
            {
                Structures = [new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name }],
            },
        });
        string? hook = null;
        for (var number = 0; number < rounds * Deaths.Length; number++)
        {
            var death = Deaths[number % Deaths.Length];
            if (death.Work != Work.Publish) await PublishFirstAsync(gateway, number);
            if (death.Step is { } step && step != hook)
            {
                await gateway.Child.KillAsync(Token);
                await gateway.StartChildAsync(KillAt.Environs(step, armed));
            }

            await File.WriteAllTextAsync(armed, "", Token);
            await DieAsync(gateway, death, number);
            File.Delete(armed);
            gateway.Dmp.Faults.Clear();
            // Started for the next death, which is armed when its time has come.
            hook = Deaths[(number + 1) % Deaths.Length].Step;
            await gateway.StartChildAsync(hook is null ? [] : KillAt.Environs(hook, armed));
            await SettledAsync(gateway, number, death);
            await AssertEntriesAsync(gateway, number, death);
        }

        output.WriteLine($"{rounds * Deaths.Length} deaths at {Deaths.Length} steps: one effective entry each");
    }

    private static async Task PublishFirstAsync(GatewayUnderTest gateway, int number)
    {
        Assert.Equal("AA", (await MllpWire.SendAsync(gateway.RisPort, Initial(number), Token))!["MSA", 1]);
        await gateway.Dmp.WhenCommittedAsync(
            s => s.Documents.Contains(SourceReports.Document($"A{number}")), Token).WaitAsync(Patience, Token);
        await NothingWaitsAsync(gateway);
    }

    /// <summary>Has the work begun, and waits for the death.</summary>
    private static async Task DieAsync(GatewayUnderTest gateway, Death death, int number)
    {
        foreach (var fault in death.Faults) gateway.Dmp.Faults.Add(fault);
        var before = Received(gateway, death.Request ?? "");
        var begun = BeginAsync(gateway, death.Work, number);
        if (death.Request is { } request)
        {
            if (death.AfterCommit)
            {
                await gateway.Dmp.WhenCommittedAsync(
                    s => s.Documents.Contains(SourceReports.Document($"A{number}")), Token).WaitAsync(Patience, Token);
            }
            else
            {
                await gateway.Dmp.WhenReceivedAsync(request, before + 1, Token)
                    .WaitAsync(Patience, Token);
            }

            await gateway.Child.KillAsync(Token);
        }

        await gateway.Child.WaitForExitAsync(Token).WaitAsync(Patience, Token);
        await begun;
    }

    private static int Received(GatewayUnderTest gateway, string request)
    {
        var count = 0;
        while (gateway.Dmp.WhenReceivedAsync(request, count + 1, Token).IsCompletedSuccessfully) count++;
        return count;
    }

    /// <summary>The work may be told of to nobody: who asked for it dies, too.</summary>
    private static async Task BeginAsync(GatewayUnderTest gateway, Work work, int number)
    {
        try
        {
            if (work == Work.Hide)
            {
                using var client = new AdministrationClient(gateway.Socket);
                await client.PostAsync(
                    "/api/ris/reports/" + Uri.EscapeDataString(SourceReports.Document($"A{number}").ToString())
                    + "/visibility",
                    new { hiddenFrom = (Visibility[])[Visibility.InvisibleToPatient] }, Token);
                return;
            }

            await MllpWire.SendAsync(gateway.RisPort, Message(work, number), Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or SocketException)
        {
            // It died before it could answer.
        }
    }

    private static byte[] Initial(int number) => SourceReports.Mdm(
        $"M-A{number}", ReportAction.Initial, SourceReports.Report($"A{number}"));

    private static byte[] Message(Work work, int number) => work switch
    {
        Work.Replace => SourceReports.Mdm(
            $"M-B{number}", ReportAction.Replace, SourceReports.Report($"B{number}", $"A{number}")),
        Work.Withdraw => SourceReports.Mdm(
            $"M-D{number}", ReportAction.Delete, SourceReports.Report($"A{number}")),
        _ => Initial(number),
    };

    /// <summary>The sender has had no answer, perhaps: it sends again. Then nothing waits any more.</summary>
    private static async Task SettledAsync(GatewayUnderTest gateway, int number, Death death)
    {
        if (death.Work != Work.Hide)
        {
            var ack = await MllpWire.SendAsync(gateway.RisPort, Message(death.Work, number), Token);
            Assert.Equal("AA", ack!["MSA", 1]);
        }

        await NothingWaitsAsync(gateway);
    }

    private static async Task NothingWaitsAsync(GatewayUnderTest gateway)
    {
        using var client = new AdministrationClient(gateway.Socket);
        await Eventually.HoldsAsync(
            async () => (await client.GetAsync("/api/ris/publications", Token)).Body,
            waiting => waiting.GetArrayLength() == 0, waiting => $"{waiting}\n{gateway.Child.Output}");
    }

    private static async Task AssertEntriesAsync(GatewayUnderTest gateway, int number, Death death)
    {
        var entries = (await gateway.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue)
            .ToLookup(d => d.UniqueId.Extension![1..])[$"{number}"].ToList();
        var because = $"{death.Work}, {death.Moment}: "
            + string.Join(", ", entries.Select(e => $"{e.UniqueId.Extension} {e.Status} {e.Version}"));
        foreach (var versions in entries.GroupBy(e => e.UniqueId))
            Assert.True(versions.Count(e => e.Version == 1) == 1, because);
        var approved = entries.Where(e => e.Status == AvailabilityStatus.Approved).ToList();
        if (death.Work == Work.Withdraw)
        {
            Assert.True(approved.Count == 0, because);
            return;
        }

        Assert.True(approved.Count == 1, because);
        Assert.True(
            approved[0].UniqueId == SourceReports.Document((death.Work == Work.Replace ? "B" : "A") + number), because);
        Assert.True(
            approved[0].ConfidentialityCodes.Contains("INVISIBLE_PATIENT") == (death.Work == Work.Hide), because);
    }
}
