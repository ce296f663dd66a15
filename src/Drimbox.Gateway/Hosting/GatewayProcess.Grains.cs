using Drimbox.Gateway.Configuration;
using Drimbox.Grains.Hosting;
#if ORLEANS
using System.Net;
using Drimbox.Orleans.Hosting;
#endif

namespace Drimbox.Gateway.Hosting;

/// <content>Where the grains of the nodes run.</content>
internal sealed partial class GatewayProcess
{
#if ORLEANS
    private async Task<IGrainHost> GrainsAsync(GrainsSection grains, CancellationToken cancellation)
    {
        if (grains.Host != GrainsSection.Orleans) return EmbeddedGrainHost.Instance;
        var silo = Started(await OrleansSilo.StartAsync(
            new ClusterSettings(
                grains.ClusterId, grains.ServiceId, IPAddress.Parse(grains.AdvertisedAddress), grains.SiloPort,
                grains.GatewayPort, grains.Database!),
            Loggers, cancellation));
        return silo.Grains;
    }
#else
    private static Task<IGrainHost> GrainsAsync(GrainsSection grains, CancellationToken cancellation) =>
        Task.FromResult<IGrainHost>(EmbeddedGrainHost.Instance);
#endif
}
