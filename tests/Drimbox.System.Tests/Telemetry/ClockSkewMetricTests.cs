using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Telemetry;

/// <summary>The clock of a process beside that of the database that its nodes share with others.</summary>
public sealed class ClockSkewMetricTests(PostgresCluster cluster) : IDisposable
{
    private static readonly string[] Roles = ["ris", "source", "teleradiology"];

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_node_over_a_shared_flow_shows_it()
    {
        var connection = await cluster.CreateDatabaseAsync();
        var port = LoopbackPorts.Take();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => all with
        {
            Administration = all.Administration with { HttpPort = port },
            Ris = all.Ris! with { Database = Shared("ris") },
            Source = all.Source! with { Database = Shared("source") },
            Teleradiology = all.Teleradiology! with { Database = Shared("teleradiology") },
        });
        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler()));

        var page = await Eventually.HoldsAsync(
            async () => PageReader.Read(
                await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), TestContext.Current.CancellationToken)),
            page => Roles.All(role => page.ContainsKey(KeyOf(role))),
            page => string.Join('\n', page.Keys));

        // One machine: the same clock, to what the way takes.
        foreach (var role in Roles) Assert.InRange(page[KeyOf(role)], -1, 1);

        DatabaseOptions Shared(string node) => new()
        {
            ConnectionString = connection,
            SharedFolder = Directory.CreateDirectory(Path.Combine(_folder.Path, node)).FullName,
        };
    }

    private static string KeyOf(string role) => $"drimbox_clock_skew_seconds{{role=\"{role}\"}}";
}
