using Drimbox.Grains.Hosting;
using Drimbox.Grains.Reports;
using Drimbox.Orleans.Hosting;
using Drimbox.Orleans.Turns;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Drimbox.Tests.Cluster;

/// <summary>A cluster in this process: silos as the program has them, but for how they find one another and how soon they
/// miss one.</summary>
public sealed class TestSilos : IAsyncDisposable
{
    private static readonly TimeSpan Probe = TimeSpan.FromMilliseconds(500);

    private readonly InProcessTestCluster _cluster;

    private TestSilos(InProcessTestCluster cluster) => _cluster = cluster;

    public static async Task<TestSilos> StartAsync(short silos = 2)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.UseDistributedGrainDirectory = true;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            OrleansSilo.Configure(silo);
            silo.Configure<ClusterMembershipOptions>(options => options.ProbeTimeout = Probe);
        });
        builder.ConfigureClient(client => OrleansSilo.Carry(client.Services));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new TestSilos(cluster);
    }

    /// <summary>The grains as one of the silos asks for them.</summary>
    public OrleansGrainHost Host(int silo) => HostOf(_cluster.Silos[silo]);

    /// <summary>The grains asked for by one silo after the other; their nodes are in all of them, under a name of their
    /// own.</summary>
    public IGrainHost Everywhere(string name) => new EveryHost(name, [.. _cluster.Silos.Select(HostOf)]);

    /// <summary>The activation of a grain, with the number of its silo; null: there is none.</summary>
    public (int Silo, ActivationId Activation)? Find<T>(string node, string id) where T : IGrainWithStringKey
    {
        if (!_cluster.TryGetGrainContext(IdOf<T>(node, id), out var found)) return null;
        var silo = _cluster.Silos.ToList().FindIndex(s => s.SiloAddress.Equals(found.Address.SiloAddress));
        return (silo, found.ActivationId);
    }

    /// <summary>Ends a silo as a crash does: nobody is told, nothing is handed over.</summary>
    public Task KillAsync(int silo) => _cluster.KillSiloAsync(_cluster.Silos[silo]);

    /// <summary>Until a grain that ends is gone.</summary>
    public async Task GoneAsync<T>(string node, string id) where T : IGrainWithStringKey =>
        await _cluster.WaitForDeactivationAsync(IdOf<T>(node, id));

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    private GrainId IdOf<T>(string node, string id) where T : IGrainWithStringKey =>
        _cluster.Client.GetGrain<T>(new GrainKey(node, id).ToString()).GetGrainId();

    private static OrleansGrainHost HostOf(InProcessSiloHandle silo)
    {
        var services = silo.ServiceProvider;
        return new OrleansGrainHost(
            services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<NodeGrains>());
    }

    private sealed class EveryHost(string name, OrleansGrainHost[] hosts) : IGrainHost
    {
        private int _asked;

        public int InlineBodyBytesMax => 0;

        public ReportTurn Reports(string node, ReportGrainParts parts, ReportTurn here)
        {
            var turns = hosts.Select(h => h.Reports(name, parts, here)).ToArray();
            return (report, command, message, result, joined, cancellation) =>
                Next(turns)(report, command, message, result, joined, cancellation);
        }

        public RequestTurn<TCommand> Requests<TCommand>(string node, RequestTurn<TCommand> here)
            where TCommand : notnull
        {
            var turns = hosts.Select(h => h.Requests(name, here)).ToArray();
            return (order, command, message, result, cancellation) =>
                Next(turns)(order, command, message, result, cancellation);
        }

        public StudyTurn Studies(string node, StudyTurn here)
        {
            var turns = hosts.Select(h => h.Studies(name, here)).ToArray();
            return (study, command, message, result, audit, cancellation) =>
                Next(turns)(study, command, message, result, audit, cancellation);
        }

        public PublicationTurn Publications(string node, PublicationTurn here)
        {
            var turns = hosts.Select(h => h.Publications(name, here)).ToArray();
            return (id, step, actor, cancellation) => Next(turns)(id, step, actor, cancellation);
        }

        private T Next<T>(T[] turns) => turns[(uint)Interlocked.Increment(ref _asked) % turns.Length];
    }
}
