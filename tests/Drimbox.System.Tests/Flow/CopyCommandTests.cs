using System.Text.Json;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.Flow;

/// <summary><c>drimbox copy</c>: nodes that publish are moved into PostgreSQL and back, and go on.</summary>
public sealed class CopyCommandTests(PostgresCluster postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_that_publish_go_on_in_PostgreSQL_with_what_waited_and_come_back()
    {
        Assert.SkipWhen(FlowStorePlace.IsPostgres, "the nodes begin in files");
        using var folder = new StoreFolder();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.WithoutPlatform);
        var (before, waiting, after) = (new ExaminationCase(), new ExaminationCase(), new ExaminationCase());
        await ExaminationCase.StoreAsync(gateway, before.WriteImages(folder.Path, 2));
        await SendAsync(gateway, before);
        await gateway.RegistryShowsAsync(before.Ins, e => e.Any(d => d.IsManifest && d.IsApproved), "a manifest");
        gateway.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus));
        await SendAsync(gateway, waiting);
        var counted = await StatisticsAsync(gateway);
        var busy = await CommandRun.OfAsync("copy", "--config", await WithDatabasesAsync(gateway));
        Assert.Equal(3, busy.ExitCode);
        Assert.Contains("Archive:Database: ", busy.Errors, StringComparison.Ordinal);
        await gateway.StopAsync();

        var copied = await CopyAsync(gateway);

        Assert.Equal(
            ["Archive:Database", "Ris:Database", "Source:Database", "Administration:Database"], copied.Select(one => Text(one, "store")));
        Assert.All(copied, one => Assert.Equal("Copied", Text(one, "outcome")));
        Assert.All(["outbox", "publication", "event"], table => Assert.InRange(RowsOf(copied[1], table), 1, 1000));
        Assert.All(["outbox", "audit", "statistic"], table => Assert.InRange(RowsOf(copied[2], table), 1, 1000));
        Assert.All(await CopyAsync(gateway), one => Assert.Equal("AlreadyThere", Text(one, "outcome")));

        gateway.Dmp.Faults.Clear();
        await gateway.StartChildAsync();
        await GoesOnAsync(gateway, waiting, after);
        await gateway.CommandAsync("audit", "verify");
        // From here on an auditor looks at the trail, and nobody else.
        await gateway.CommandAsync(
            "account", "add", "ines", "--family", "INES", "--given", "TEST", "--internal-id", "1", "--role", "Auditor");
        Assert.Empty(Directory.GetFiles(gateway.Configuration.DataFolder, "flow.db", SearchOption.AllDirectories));
        var later = await StatisticsAsync(gateway);
        Assert.NotEmpty(counted);
        Assert.All(counted, count => Assert.InRange(later[count.Key], count.Value, long.MaxValue));
        await gateway.StopAsync();

        Assert.All(await CopyAsync(gateway, "--to", "sqlite"), one => Assert.Equal("Copied", Text(one, "outcome")));
        await gateway.ConfigureAsync(all => all with
        {
            Archive = all.Archive! with { Database = null },
            Ris = all.Ris! with { Database = null },
            Source = all.Source! with { Database = null },
            Administration = all.Administration with { Database = null },
        });
        await gateway.StartChildAsync();
        await GoesOnAsync(gateway, before, new ExaminationCase());
        Assert.Equal("ines", Text(Assert.Single((await gateway.AskAsync("account", "list")).EnumerateArray()), "account"));
    }

    private static async Task GoesOnAsync(GatewayUnderTest gateway, ExaminationCase known, ExaminationCase after)
    {
        await gateway.RegistryShowsAsync(
            known.Ins, e => e.Count(d => d is { IsReport: true, IsApproved: true }) == 1, "the report of before");
        // A repeat gets the answer of before, not another publication.
        await SendAsync(gateway, known);
        await SendAsync(gateway, after);
        await gateway.RegistryShowsAsync(
            after.Ins, e => e.Any(d => d is { IsReport: true, IsApproved: true }), "the report of after");
        Assert.Equal(1, (await gateway.Registry.FindAsync(known.Ins)).Count(d => d.IsReport));
    }

    private async Task<string> WithDatabasesAsync(GatewayUnderTest gateway)
    {
        var database = new DatabaseOptions { ConnectionString = await postgres.CreateDatabaseAsync() };
        await gateway.ConfigureAsync(all => all with
        {
            Archive = all.Archive! with { Database = database },
            Ris = all.Ris! with { Database = database },
            Source = all.Source! with { Database = database },
            Administration = all.Administration with { Database = database },
        });
        return gateway.ConfigurationFile;
    }

    private static async Task<IReadOnlyList<JsonElement>> CopyAsync(GatewayUnderTest gateway, params string[] further)
    {
        var run = await CommandRun.SucceedAsync(
            ["copy", "--config", gateway.ConfigurationFile, "--json", .. further]);
        using var json = JsonDocument.Parse(run.Output);
        return [.. json.RootElement.Clone().EnumerateArray()];
    }

    private static async Task<Dictionary<string, long>> StatisticsAsync(GatewayUnderTest gateway) =>
        (await gateway.AskAsync("statistics")).EnumerateArray().ToDictionary(
            day => $"{Text(day, "day")} {Text(day, "subject")}", day => day.GetProperty("calls").GetInt64());

    private static async Task SendAsync(GatewayUnderTest gateway, ExaminationCase exam)
    {
        var ack = await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), Token);
        Assert.Equal("AA", ack!["MSA", 1]);
    }

    private static long RowsOf(JsonElement store, string table) => store.GetProperty("tables").EnumerateArray()
        .Single(one => Text(one, "table") == table).GetProperty("rows").GetInt64();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
