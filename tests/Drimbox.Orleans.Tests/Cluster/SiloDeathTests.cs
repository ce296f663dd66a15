using Drimbox.Grains.Streams;
using Drimbox.Orleans.Reports;
using Drimbox.Storage;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Cluster;

/// <summary>The silo of a report dies while a correction is decided.</summary>
public sealed class SiloDeathTests
{
    // Milliseconds; a silo is missed within seconds, and its part of the directory is held back for a little longer.
    private const int Patience = 180_000;

    [Theory(Timeout = Patience)]
    [InlineData(FlowOf.File, true)]
    [InlineData(FlowOf.File, false)]
    [InlineData(FlowOf.Postgres, true)]
    [InlineData(FlowOf.Postgres, false)]
    [Requirement("reliability P2")]
    public async Task The_correction_is_whole_or_absent_and_a_repetition_finishes_it(FlowOf place, bool turnGoesOnAfterDeath)
    {
        await using var silos = await TestSilos.StartAsync();
        await using var ris = await ClusterRis.OpenAsync(place, silos.Host(0), silos.Host(1));
        Assert.Equal("AA", (await ris.ReceiveAsync(0, Initial("A"), "M1")).AckCode);
        await ris.DispatchAsync(0);
        var (report, _) = await ris.FindAsync(0, "A");
        var home = silos.Find<IReportGrain>(ClusterRis.Node, report.ToString())!.Value.Silo;
        var other = 1 - home;
        using var decided = new SemaphoreSlim(0);
        using var dead = new ManualResetEventSlim();
        ris.Sealing = () =>
        {
            ris.Sealing = () => { };
            decided.Release();
            dead.Wait(Patience, CancellationToken.None);
            if (!turnGoesOnAfterDeath) throw new OperationCanceledException();
        };

        var first = TryAsync(() => ris.ReceiveAsync(other, Replace("B", "A"), "M2"));
        await decided.WaitAsync(TestContext.Current.CancellationToken);
        await silos.KillAsync(home);
        dead.Set();
        var answer = await first;

        var (isThere, count) = await LookAsync(ris, other);
        Assert.Equal(isThere ? (2, 2) : (1, 1), count);
        Assert.True(answer is null || isThere, "It was acknowledged and is not there.");

        GrainReply? repeated;
        while ((repeated = await TryAsync(() => ris.ReceiveAsync(other, Replace("B", "A"), "M2"))) is null)
            await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Equal("AA", repeated.AckCode);
        await ris.DispatchAsync(other);

        var (_, state) = await ris.FindAsync(other, "A");
        Assert.Equal(["A", "B"], state.Versions.Select(v => v.DocumentId.Extension));
        Assert.Equal((2, 2), await ris.CountAsync());
        Assert.Equal(["B"], ris.Approved);
        Assert.Equal(2, ris.Submissions);
    }

    /// <summary>Whether the correction is there, with what is stored, once a turn that outlived its silo has come to
    /// rest.</summary>
    private static async Task<(bool IsThere, (int Messages, int Submissions) Count)> LookAsync(ClusterRis ris, int process)
    {
        var seen = await OnceAsync();
        while (true)
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
            var again = await OnceAsync();
            if (again == seen) return seen;
            seen = again;
        }

        async Task<(bool, (int, int))> OnceAsync() =>
            ((await ris.FindAsync(process, "A")).State.Find(Document("B")) is not null, await ris.CountAsync());
    }

    /// <summary>What the sender of a message is told: its answer, or nothing that it could take for one.</summary>
    private static async Task<GrainReply?> TryAsync(Func<Task<GrainReply>> ask)
    {
        try
        {
            return await ask();
        }
        catch (StorageFaultException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
