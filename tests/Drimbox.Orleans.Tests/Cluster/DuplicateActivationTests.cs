using Drimbox.Orleans.Reports;
using Drimbox.Storage;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Cluster;

/// <summary>Two clusters over one store know nothing of each other: every grain is there twice.</summary>
public sealed class DuplicateActivationTests
{
    private const int Patience = 120_000;

    [Theory(Timeout = Patience)]
    // The same message at both, and the same document under two control ids.
    [InlineData(FlowOf.File, "M2", "M2")]
    [InlineData(FlowOf.File, "M2", "M3")]
    [InlineData(FlowOf.Postgres, "M2", "M2")]
    [InlineData(FlowOf.Postgres, "M2", "M3")]
    [Requirement("reliability P4")]
    public async Task A_correction_that_both_decide_at_once_is_published_once(FlowOf place, string first, string second)
    {
        await using var one = await TestSilos.StartAsync(1);
        await using var two = await TestSilos.StartAsync(1);
        await using var ris = await ClusterRis.OpenAsync(place, one.Host(0), two.Host(0));
        await ris.ReceiveAsync(0, Initial("A"), "M1");
        await ris.DispatchAsync(1);
        var (report, _) = await ris.FindAsync(0, "A");
        using var both = new Barrier(2);
        var (turns, met) = (0, 0);
        ris.Sealing = () =>
        {
            if (Interlocked.Increment(ref turns) <= 2 && both.SignalAndWait(Patience)) Interlocked.Increment(ref met);
        };

        var replies = await Task.WhenAll(
            ris.ReceiveAsync(0, Replace("B", "A"), first), ris.ReceiveAsync(1, Replace("B", "A"), second));

        // Both had decided on the same version before either had committed.
        Assert.Equal(2, met);
        Assert.NotNull(one.Find<IReportGrain>(ClusterRis.Node, report.ToString()));
        Assert.NotNull(two.Find<IReportGrain>(ClusterRis.Node, report.ToString()));
        Assert.All(replies, reply => Assert.Equal("AA", reply.AckCode));
        await Task.WhenAll(ris.DispatchAsync(0), ris.DispatchAsync(1));
        Assert.Equal(["A", "B"], (await ris.FindAsync(1, "A")).State.Versions.Select(v => v.DocumentId.Extension));
        Assert.Equal(["B"], ris.Approved);
        Assert.Equal(2, ris.Submissions);
        Assert.Equal((first == second ? 2 : 3, 2), await ris.CountAsync());
    }

    [Theory(Timeout = Patience)]
    [InlineData(FlowOf.File)]
    [InlineData(FlowOf.Postgres)]
    [Requirement("reliability P6")]
    public async Task The_end_of_a_publication_is_recorded_by_the_owner_of_the_lease_alone(FlowOf place)
    {
        await using var one = await TestSilos.StartAsync(1);
        await using var two = await TestSilos.StartAsync(1);
        await using var ris = await ClusterRis.OpenAsync(place, one.Host(0), two.Host(0));
        await ris.ReceiveAsync(0, Initial("A"), "M1");
        var slow = await ClaimSubmissionAsync(ris, 0, TimeSpan.FromMilliseconds(100));
        var quick = await ClaimSubmissionAsync(ris, 1, TimeSpan.FromMinutes(1));

        Assert.False((await ris.FinishAsync(1, quick, send: true)).LeaseLost);
        Assert.True((await ris.FinishAsync(0, slow, send: false)).LeaseLost);

        Assert.Equal(["A"], ris.Approved);
        Assert.Empty((await ris.FindAsync(0, "A")).State.Publication.InFlight);
    }

    /// <summary>Once a lease that another has is over.</summary>
    private static async Task<ClaimedRow> ClaimSubmissionAsync(ClusterRis ris, int process, TimeSpan lease)
    {
        while (true)
        {
            var rows = await ris.StoreOf(process).ClaimAsync($"process {process}", lease, 10, CancellationToken.None);
            if (rows.SingleOrDefault(row => row.Kind == Drimbox.Grains.Reports.ReportGrain.SubmissionKind) is { } row)
                return row;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
