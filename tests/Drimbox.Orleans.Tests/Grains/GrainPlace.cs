using Drimbox.Grains.Hosting;
using Drimbox.Tests.Cluster;

namespace Drimbox.Tests.Grains;

/// <summary>The grains of a history are in the two silos that all tests share.</summary>
internal static class GrainPlace
{
    public static async Task<IGrainHost> HostAsync()
    {
        var shared = await TestContext.Current.GetFixture<SharedSilos>();
        return shared!.Silos.Everywhere(shared.NewName());
    }
}
