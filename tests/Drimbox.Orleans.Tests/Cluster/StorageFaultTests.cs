using Drimbox.Grains.Publications;
using Drimbox.Orleans.Publications;
using Drimbox.Orleans.Reports;
using Drimbox.Storage;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Cluster;

/// <summary>The store fails during a turn: the caller is told which fault it was, and the grain begins again.</summary>
public sealed class StorageFaultTests
{
    private const int Patience = 60_000;

    [Theory(Timeout = Patience)]
    [InlineData(FlowOf.File)]
    [InlineData(FlowOf.Postgres)]
    [Requirement("reliability D5")]
    public async Task A_report_whose_turn_met_a_full_disk_is_deactivated_and_takes_the_message_again(FlowOf place)
    {
        await using var silos = await TestSilos.StartAsync();
        await using var ris = await ClusterRis.OpenAsync(place, silos.Host(0), silos.Host(1));
        await ris.ReceiveAsync(0, Initial("A"), "M1");
        await ris.DispatchAsync(0);
        var report = (await ris.FindAsync(0, "A")).Id.ToString();
        var before = silos.Find<IReportGrain>(ClusterRis.Node, report);
        Assert.NotNull(before);
        ris.Sealing = () =>
        {
            ris.Sealing = () => { };
            throw new StorageFaultException(StorageFault.Full, "disk full");
        };

        var fault = await Assert.ThrowsAsync<StorageFaultException>(
            () => ris.ReceiveAsync(1, Replace("B", "A"), "M2"));
        Assert.Equal(StorageFault.Full, fault.Fault);
        await silos.GoneAsync<IReportGrain>(ClusterRis.Node, report);
        Assert.Null(silos.Find<IReportGrain>(ClusterRis.Node, report));
        Assert.Equal((1, 1), await ris.CountAsync());

        Assert.Equal("AA", (await ris.ReceiveAsync(1, Replace("B", "A"), "M2")).AckCode);
        Assert.Equal((2, 2), await ris.CountAsync());
        Assert.NotEqual(before.Value.Activation, silos.Find<IReportGrain>(ClusterRis.Node, report)!.Value.Activation);
    }

    [Fact(Timeout = Patience)]
    public async Task A_node_that_is_stopping_where_the_grain_is_is_a_fault_of_its_store()
    {
        var shared = (await TestContext.Current.GetFixture<SharedSilos>())!;
        var name = shared.NewName();
        var turn = shared.Silos.Everywhere(name).Publications(
            name, (_, _, _, _) => throw new ObjectDisposedException("store"));
        await Assert.ThrowsAsync<StorageFaultException>(
            () => turn(7, PublicationAction.Retry, "alice", CancellationToken.None));
        await shared.Silos.GoneAsync<IPublicationGrain>(name, "7");
    }
}
