using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign P2 of the source: it is killed (SIGKILL) at a random moment of a flow of reports, or at a step of
/// a row: while a study is looked at and its manifest is built, and while the manifest is on its way to the DMP. 3
/// kills in the gate; <c>DRIMBOX_CAMPAIGN=N</c> for N.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
public sealed class SourceKillTests(ITestOutputHelper output)
{
    private const int ReportsPerKill = 40;

    // Null: by the test, at a random moment.
    private static readonly (string Kind, string Step)?[] Deaths =
    [
        ("study.submission", "answered"), ("study.evaluation", "claimed"), null, ("study.submission", "started"),
        ("study.evaluation", "recorded"), ("study.submission", "claimed"), ("study.submission", "recorded"),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_at_any_point_of_a_flow_of_reports_the_source_leaves_one_manifest_of_each()
    {
        Campaign.RequireHarm();
        var random = new Random(Seed.Get());
        var kills = Campaign.Size(small: 3, large: 300);
        using var folder = new StoreFolder();
        var armed = Path.Combine(folder.Path, "armed");
        await using var flow = new SourceFlow();
        await flow.StartAsync((kills + 1) * (ReportsPerKill + 80), _ => EnvironsOf(Deaths[0], armed, random));
        var resent = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var sending = flow.SendAsync(ReportsPerKill, stop.Token);
            await Task.Delay(Campaign.Moment(random) / 6, Token);
            if (Deaths[kill % Deaths.Length] is null) await flow.Gateway.Child.KillAsync(Token);
            else await File.WriteAllTextAsync(armed, "", Token);
            var died = flow.Gateway.Child.WaitForExitAsync(Token);
            if (await Task.WhenAny(died, sending) == sending && !died.IsCompleted)
            {
                // The flow was over before it was armed: some more have to come by, at the pace of what they lead to.
                while (!died.IsCompleted)
                {
                    await Task.WhenAny(died, flow.SendAsync(1, Token));
                    await Task.WhenAny(died, Task.Delay(TimeSpan.FromMilliseconds(200), Token));
                }
            }

            await died.WaitAsync(TimeSpan.FromSeconds(60), Token);
            await stop.CancelAsync();
            await sending;
            File.Delete(armed);
            resent += flow.Open.Count;
            var next = kill + 1 < kills ? Deaths[(kill + 1) % Deaths.Length] : null;
            await flow.Gateway.StartChildAsync(EnvironsOf(next, armed, random));
            await flow.SendOpenAsync();
        }

        await flow.CaughtUpAsync();
        await flow.AssertManifestsAsync();
        output.WriteLine(
            $"{kills} kills, {flow.Taken.Count} reports answered AA ({resent} sent again): one Approved manifest each");
    }

    private static IReadOnlyList<string> EnvironsOf((string Kind, string Step)? death, string armed, Random random) =>
        death is { } at ? KillAt.Environs($"{at.Step}:{random.Next(1, 8)}", armed, at.Kind) : [];
}
