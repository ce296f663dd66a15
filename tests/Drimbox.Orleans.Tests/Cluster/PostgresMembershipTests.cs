using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Grains.Publications;
using Drimbox.Orleans.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Cluster;

/// <summary>Silos that find one another through PostgreSQL, as the program has them.</summary>
public sealed class PostgresMembershipTests(PostgresCluster postgres)
{
    private const int Patience = 180_000;
    private const int Grains = 40;

    [Fact(Timeout = Patience)]
    public async Task Two_silos_find_each_other_and_one_goes_on_without_the_other()
    {
        var connection = await OrleansTables.CreateAsync(postgres);
        var taken = new ConcurrentDictionary<long, int>();
        var first = await StartAsync(connection);
        var second = await StartAsync(connection);
        try
        {
            var turn = first.Grains.Publications("ris", (id, _, _, _) => Take(id, 1));
            var other = second.Grains.Publications("ris", (id, _, _, _) => Take(id, 2));
            for (var id = 0; id < Grains; id++)
                await (id % 2 == 0 ? turn : other)(id, PublicationAction.Retry, "alice", CancellationToken.None);
            Assert.Equal([1, 2], taken.Values.Distinct().Order());

            await second.DisposeAsync();
            for (var id = 0; id < Grains; id++) await turn(id, PublicationAction.Retry, "alice", CancellationToken.None);
            Assert.Equal([1], taken.Values.Distinct());
        }
        finally
        {
            await first.DisposeAsync();
        }

        Task<Refusal?> Take(long id, int silo)
        {
            taken[id] = silo;
            return Task.FromResult<Refusal?>(null);
        }
    }

    [Fact(Timeout = Patience)]
    public async Task A_silo_that_finds_no_tables_says_so_and_does_not_start()
    {
        var connection = await postgres.CreateDatabaseAsync();
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => StartAsync(connection));
        Assert.Contains("cannot join the cluster", fault.Message, StringComparison.Ordinal);
    }

    private static Task<OrleansSilo> StartAsync(string connection) => OrleansSilo.StartAsync(
        new ClusterSettings(
            "drimbox", "drimbox", IPAddress.Loopback, FreePort(), 0,
            new DatabaseOptions { ConnectionString = connection }),
        NullLoggerFactory.Instance, CancellationToken.None);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
