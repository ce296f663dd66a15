using System.Globalization;
using System.Text.Json;
using Drimbox.Core.Reports;
using Drimbox.Core;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Commands;

/// <summary><c>drimbox publications</c> against a running RIS whose DMP refuses.</summary>
public sealed class PublicationsCommandTests
{
    private static readonly FaultRule Refusal = new(
        FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet, Nth: 1,
        ErrorCode: "XDSRegistryMetadataError");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_lies_aside_is_shown_edited_sent_again_and_given_up_by_command()
    {
        Peer.RequireGate();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
        {
            Ris = GatewayUnderTest.RisAlone(all).Ris! with
            {
                Structures = [new StructureOptions { Id = "300017985", Name = SourceReports.Structure.Name }],
            },
        });
        await RefuseAsync(gateway, "A");
        var dead = Assert.Single((await AsideAsync(gateway, 1)).EnumerateArray());
        Assert.Equal(
            ("Publish", "1.2.250.1.999.7^A", "Quarantined", 1, "XDSRegistryMetadataError"),
            (Text(dead, "does"), Text(dead, "document"), Text(dead, "state"), dead.GetProperty("attempts").GetInt32(),
                Text(dead, "lastDetail")));
        var number = dead.GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture);
        var shown = await gateway.AskAsync("publications", "show", "ris", number);
        Assert.Equal("AMBULATOIRE", Text(shown.GetProperty("metadata"), "practiceSetting").Split('^')[0]);

        await gateway.CommandAsync(
            "publications", "edit", "ris", number, "--title", "CR corrigé", "--practice-setting",
            "ETABLISSEMENT^1.2.250.1.213.1.1.4.9^Etablissement de santé");
        await gateway.Dmp.WhenCommittedAsync(s => s.Documents.Contains(SourceReports.Document("A")), Token)
            .WaitAsync(TimeSpan.FromMinutes(1), Token);
        var entry = (await gateway.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Patient, Token)).Single();
        Assert.Equal("CR corrigé", entry.Title);
        var closed = await gateway.AskAsync("publications", "show", "ris", number);
        var intervention = Assert.Single(closed.GetProperty("interventions").EnumerateArray());
        Assert.Equal("resend", Text(intervention, "action"));
        Assert.NotEmpty(Text(intervention, "actor"));

        foreach (var name in (string[])["C", "D"]) await RefuseAsync(gateway, name);
        var both = (await AsideAsync(gateway, 2)).EnumerateArray()
            .ToDictionary(row => Text(row, "document")[^1], row => row.GetProperty("id").GetRawText());
        await gateway.CommandAsync("publications", "retry", "ris", both['C']);
        await gateway.CommandAsync("publications", "discard", "ris", both['D'], "--yes");
        await gateway.Dmp.WhenCommittedAsync(s => s.Documents.Contains(SourceReports.Document("C")), Token)
            .WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.Empty((await AsideAsync(gateway, 0)).EnumerateArray());
        Assert.Contains(
            "Discarded",
            await gateway.CommandAsync("publications", "list", "ris", "--state", "Discarded"), StringComparison.Ordinal);

        var statistics = await gateway.AskAsync("publications", "statistics");
        var done = statistics.EnumerateArray().Single(row =>
            Text(row, "metric") == "drimbox.dispatch.outcomes"
            && Text(row, "tags") == "kind=report.submission outcome=Done");
        Assert.Equal(2, done.GetProperty("count").GetInt64());
        Assert.Contains(
            statistics.EnumerateArray(),
            row => Text(row, "metric") == "drimbox.dispatch.age" && row.GetProperty("p99").GetDouble() > 0);
    }

    private static async Task RefuseAsync(GatewayUnderTest gateway, string name)
    {
        gateway.Dmp.Faults.Clear();
        gateway.Dmp.Faults.Add(Refusal);
        var before = (await AsideAsync(gateway, null)).GetArrayLength();
        var message = SourceReports.Mdm($"M-{name}", ReportAction.Initial, SourceReports.Report(name));
        Assert.Equal("AA", (await MllpWire.SendAsync(gateway.RisPort, message, Token))!["MSA", 1]);
        await AsideAsync(gateway, before + 1);
    }

    private static async Task<JsonElement> AsideAsync(GatewayUnderTest gateway, int? count) =>
        await Eventually.HoldsAsync(
            () => gateway.AskAsync("publications", "list", "ris", "--state", "Quarantined"),
            rows => count is null || rows.GetArrayLength() == count, rows => $"{rows}\n{gateway.Child.Output}");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
