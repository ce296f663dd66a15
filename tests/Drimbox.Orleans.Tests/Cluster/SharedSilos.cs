using Drimbox.Tests.Cluster;

[assembly: AssemblyFixture(typeof(SharedSilos))]
[assembly: AssemblyFixture(typeof(Drimbox.Tests.PostgresCluster))]

namespace Drimbox.Tests.Cluster;

/// <summary>Two silos for all tests that end none.</summary>
public sealed class SharedSilos : IAsyncLifetime
{
    private int _names;

    public TestSilos Silos { get; private set; } = null!;

    public string NewName() => $"n{Interlocked.Increment(ref _names)}";

    public async ValueTask InitializeAsync() => Silos = await TestSilos.StartAsync();

    public ValueTask DisposeAsync() => Silos.DisposeAsync();
}
