using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Storage;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Reports;

/// <summary>Reports and the patient's answers in every order, each also repeated: the latest answer and the newest
/// document decide what is published.</summary>
public sealed class OppositionOrderTests
{
    private const string Morning = "20261102080000";
    private const string Noon = "20261102110000";

    [Theory]
    [InlineData(DmpFeeding.Opposed, DmpFeeding.NotOpposed, "B")]
    [InlineData(DmpFeeding.NotOpposed, DmpFeeding.Opposed, "")]
    [InlineData(DmpFeeding.Opposed, DmpFeeding.NotCollected, "")]
    public async Task Every_order_ends_in_the_same_state(DmpFeeding first, DmpFeeding second, string approved)
    {
        foreach (var order in Orders([0, 1, 2, 3]))
        {
            await using var ris = await ReportHistory.BeginAsync();
            foreach (var index in order.Concat(order))
            {
                switch (index)
                {
                    case 0: await ris.ReceiveAsync(Initial("A")); break;
                    case 1: await ris.ReceiveAsync(Replace("B", "A")); break;
                    case 2: await StateAsync(ris, first, Morning); break;
                    default: await StateAsync(ris, second, Noon); break;
                }

                if (index == order[1]) await ris.RestartAsync();
            }

            await ReviewAsync(ris);
            await ris.PublishAllAsync();
            Assert.True(
                (approved.Length == 0 ? [] : new[] { Document(approved) }).SequenceEqual(ris.Registry.Approved),
                $"order {string.Join("", order)}: {string.Join(",", ris.Registry.Approved)}");
            Assert.Equal(2, (await ris.StateOfAsync("A")).Versions.Count);
        }
    }

    [Fact]
    public async Task A_report_that_rests_on_an_answer_is_not_committed_once_there_is_another()
    {
        await using var ris = await ReportHistory.BeginAsync();
        var before = await ris.Patients.StandingAsync(ReportFixture.Patient, CancellationToken.None);
        Assert.False(before.Standing.Opposes);

        await StateAsync(ris, DmpFeeding.Opposed, Morning);

        Assert.IsType<CommitResult.VersionConflict>(
            await ris.Store.CommitAsync(new FlowCommit { Appends = before.Guards }, CancellationToken.None));
        var after = await ris.Patients.StandingAsync(ReportFixture.Patient, CancellationToken.None);
        Assert.True(after.Standing.Opposes);
        Assert.IsType<CommitResult.Committed>(
            await ris.Store.CommitAsync(new FlowCommit { Appends = after.Guards }, CancellationToken.None));
    }

    [Fact]
    public async Task A_withdrawal_reaches_the_DMP_whatever_the_patient_says()
    {
        await using var ris = await ReportHistory.BeginAsync();
        await ris.ReceiveAsync(Initial("A"));
        await ris.PublishAllAsync();
        await StateAsync(ris, DmpFeeding.Opposed, Noon);
        await ris.PublishAllAsync();
        Assert.Equal([Document("A")], ris.Registry.Approved);

        await ris.ReceiveAsync(Delete("A"));
        await ris.PublishAllAsync();

        Assert.Empty(ris.Registry.Approved);
    }

    /// <summary>Lets every report ask again before anything leaves.</summary>
    private static async Task ReviewAsync(ReportHistory ris)
    {
        foreach (var (id, _) in await ris.Register.ListAsync(10, CancellationToken.None))
            await ris.Register.ExecuteAsync(id, new ReviewOpposition(null), null, CancellationToken.None);
    }

    private static async Task StateAsync(ReportHistory ris, DmpFeeding feeding, string at)
    {
        var reply = await ris.Patients.StateAsync(
            new PatientStatement(ReportFixture.Patient, ["VALI"], feeding, DmpConsultation.NotCollected, at), null,
            CancellationToken.None);
        Assert.Null(reply.Refusal);
    }

    private static IEnumerable<int[]> Orders(int[] items)
    {
        if (items.Length == 1) return [items];
        return items.SelectMany(
            first => Orders([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));
    }
}
