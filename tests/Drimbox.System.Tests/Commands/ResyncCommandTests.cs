using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Commands;

/// <summary><c>drimbox resync</c> and the repairs of <c>drimbox studies</c> against a running source.</summary>
public sealed class ResyncCommandTests
{
    private static readonly string Study = SourceReports.Study.ToString();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.SO.28")]
    [Requirement("DB.SO.21")]
    public async Task A_run_is_planned_started_and_followed_and_an_incoherence_is_shown_with_its_fix_by_command()
    {
        Peer.RequireGate();
        var structure = new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name };
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.WithoutPlatform(all) with
        {
            Ris = GatewayUnderTest.WithoutPlatform(all).Ris! with { Structures = [structure] },
            Source = all.Source! with { Structures = [structure] },
        });
        var message = SourceReports.Oru("M1", ReportAction.Initial, SourceReports.Report("A"));
        var ack = await MllpWire.SendAsync(gateway.Configuration.Source!.Hl7.Port, message, Token);
        Assert.Equal("AA", ack!["MSA", 1]);

        var looked = await gateway.AskAsync("studies", "reevaluate", Study);
        Assert.Equal(("none", "StudyAbsentFromPacs"), (Text(looked, "change"), Text(looked, "withheld")));
        var repair = Assert.Single((await gateway.AskAsync("studies", "repairs")).EnumerateArray());
        Assert.Equal((Study, "DB.SO.15"), (Text(repair, "studyInstanceUid"), Text(repair, "rule")));
        Assert.EndsWith($"'drimbox studies reevaluate {Study}'.", Text(repair, "fix"), StringComparison.Ordinal);

        var plan = await gateway.AskAsync(
            "resync", "plan", "--from", "2026-11-01", "--to", "2026-11-03", "--per-minute", "600", "--ask-pacs");
        Assert.Equal(1, plan.GetProperty("studies").GetInt32());
        Assert.Equal("2026-11-02", Text(Assert.Single(plan.GetProperty("days").EnumerateArray()), "day"));
        var run = plan.GetProperty("run").GetRawText();
        await gateway.CommandAsync("resync", "start", run);
        var status = await Eventually.HoldsAsync(
            () => gateway.AskAsync("resync", "status", run), s => Text(s, "state") == "Done",
            s => $"{s}\n{gateway.Child.Output}");

        Assert.Equal((1, 1), (status.GetProperty("done").GetInt32(), status.GetProperty("failed").GetInt32()));
        Assert.Equal(Study, Text(Assert.Single(status.GetProperty("failures").EnumerateArray()), "study"));
        Assert.Contains("Done", await gateway.CommandAsync("resync", "list"), StringComparison.Ordinal);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
