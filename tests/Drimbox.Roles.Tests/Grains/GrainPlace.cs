using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Grains;

/// <summary>Where the grains of a history run. The tests of Drimbox.Orleans have the same histories, and a place of their
/// own for the grains.</summary>
internal static class GrainPlace
{
    public static Task<IGrainHost> HostAsync() => Task.FromResult<IGrainHost>(EmbeddedGrainHost.Instance);
}
