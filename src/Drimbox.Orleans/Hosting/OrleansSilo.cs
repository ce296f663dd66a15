using System.Net;
using System.Reflection;
using Drimbox.Core;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Serialization;

namespace Drimbox.Orleans.Hosting;

/// <summary>The silo of a process: its part of the cluster. It starts before the nodes and stops after them.</summary>
public sealed class OrleansSilo : IAsyncDisposable
{
    // Commands, replies and what they are made of; their JSON is that of the event tables.
    private static readonly HashSet<Assembly> Carried =
        [typeof(StoredObject).Assembly, typeof(OutboxResult).Assembly, typeof(GrainReply).Assembly];

    private readonly IHost _host;

    private OrleansSilo(IHost host)
    {
        _host = host;
        Grains = new OrleansGrainHost(
            host.Services.GetRequiredService<IGrainFactory>(), host.Services.GetRequiredService<NodeGrains>());
    }

    public IGrainHost Grains { get; }

    /// <exception cref="StorageFaultException">The silo cannot join: the database, a port, or the other silos.</exception>
    public static async Task<OrleansSilo> StartAsync(
        ClusterSettings settings, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(loggers);
        builder.UseOrleans(silo =>
        {
            Configure(silo);
            Join(silo, settings);
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
            return new OrleansSilo(host);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            host.Dispose();
            throw new StorageFaultException(
                StorageFault.Other, $"The silo cannot join the cluster {settings.ClusterId} ({e.GetBaseException().GetType().Name}).", e);
        }
    }

    /// <summary>What every silo has, however it finds the others.</summary>
    public static void Configure(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<NodeGrains>();
        Carry(silo.Services);
        // A second activation costs a conflict of versions and nothing else; this directory makes it rare where the
        // default one allows it whenever the membership changes. It is marked as an experiment in 10.4.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = Limits.SiloProbeTimeout;
            options.NumMissedProbesLimit = Limits.SiloProbesMissedMax;
        });
        silo.Configure<SiloMessagingOptions>(options =>
            options.ResponseTimeout = options.SystemResponseTimeout = Limits.GrainCallTimeout);
    }

    /// <summary>How what a turn is asked with is carried.</summary>
    public static void Carry(IServiceCollection services) => services.AddSerializer(serializer =>
        serializer.AddJsonSerializer(type => Carried.Contains(type.Assembly), EventCodec.Options));

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Limits.DrainTimeout, TimeProvider.System);
        await _host.StopAsync(patience.Token);
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }

    private static void Join(ISiloBuilder silo, ClusterSettings settings)
    {
        if (settings.ConnectionString is not { } connection)
        {
            silo.UseLocalhostClustering(
                settings.SiloPort, settings.GatewayPort, null, settings.ServiceId, settings.ClusterId);
            return;
        }

        silo.Configure<ClusterOptions>(options =>
            (options.ClusterId, options.ServiceId) = (settings.ClusterId, settings.ServiceId));
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection));
        silo.ConfigureEndpoints(settings.Address, settings.SiloPort, settings.GatewayPort);
        // Only there: what comes over it is not authenticated.
        silo.Configure<EndpointOptions>(options =>
            options.SiloListeningEndpoint = new IPEndPoint(settings.Address, settings.SiloPort));
    }
}
