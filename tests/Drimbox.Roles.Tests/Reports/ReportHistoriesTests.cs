using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Reports;

/// <summary>Histories of repeated, late and reordered messages, and the state each must end in: one Approved entry,
/// the head of the lineage, or none. Documents A, B, C, D replace one another in this order; "=" is the answer.</summary>
public sealed class ReportHistoriesTests
{
    [Theory]
    // The everyday case.
    [InlineData("initial A = AA", "A", "A")]
    [InlineData("initial A = AA; replace B A = AA", "B", "A B")]
    [InlineData("initial A = AA; replace B A = AA; replace C B = AA", "C", "A B C")]
    // Repetition under another control id changes nothing.
    [InlineData("initial A = AA; initial A = AA", "A", "A")]
    [InlineData("initial A = AA; replace B A = AA; replace B A = AA; initial A = AA", "B", "A B")]
    // A correction that arrives before the original is the one published.
    [InlineData("replace B A = AA; initial A = AA", "B", "B A")]
    [InlineData("replace C B = AA; replace B A = AA; initial A = AA", "C", "C B A")]
    [InlineData("replace C B = AA; initial A = AA; replace B A = AA", "C", "A C B")]
    // A replacement of what was replaced is refused: 900.
    [InlineData("initial A = AA; replace B A = AA; replace D A = AE StaleDocumentVersion", "B", "A B")]
    // Deletions: of the head, before the document, of an older version, twice.
    [InlineData("initial A = AA; delete A = AA", "", "A")]
    [InlineData("delete A = AA; initial A = AA", "", "A")]
    [InlineData("initial A = AA; replace B A = AA; delete B = AA; delete B = AA", "", "A B")]
    [InlineData("initial A = AA; replace B A = AA; delete A = AA", "B", "A B")]
    [InlineData("delete B = AA; initial A = AA; replace B A = AA", "", "A B")]
    [InlineData("delete C = AA; replace C B = AA; initial A = AA; replace B A = AA", "", "A C B")]
    // After a withdrawal only a document that replaces the withdrawn one publishes again.
    [InlineData("initial A = AA; delete A = AA; replace B A = AA", "B", "A B")]
    [InlineData("initial A = AA; delete A = AA; initial A = AA", "", "A")]
    // A document cannot replace itself, and a lineage is no circle.
    [InlineData("replace A A = AE DataType", "", "")]
    [InlineData("replace B A = AA; replace A B = AE DataType", "B", "B")]
    [Requirement("DB/RIS.10")]
    public async Task A_history_ends_in_one_state(string history, string approved, string register)
    {
        foreach (var publishing in (string[])["after each message", "at the end"])
        {
            await using var ris = await ReportHistory.BeginAsync();
            foreach (var step in history.Split("; "))
            {
                var reply = await ris.ReceiveAsync(Parse(step));
                var refusal = reply.Refusal is { } r ? $"AE {r.Reason}" : "AA";
                Assert.Equal(step.Split(" = ")[1], refusal);
                if (publishing == "after each message") await ris.PublishAllAsync();
            }

            await ris.PublishAllAsync();
            string[] expected = approved.Length == 0 ? [] : [$"1.2.250.1.999.7^{approved}"];
            Assert.Equal(expected, ris.Registry.Approved.Select(d => d.ToString()));
            if (register.Length == 0) continue;
            var state = await ris.StateOfAsync(register[..1]);
            Assert.Equal(register.Replace(" ", "", StringComparison.Ordinal).Order(), state.Versions.Select(v => v.DocumentId.Extension![0]).Order());
            Assert.Equal(Enumerable.Range(1, state.Versions.Count), state.Versions.Select(v => v.Sequence));
        }
    }

    /// <summary>P3: all orders of {initial, replacement, replacement, deletion}, each message also repeated, with and
    /// without setId, publishing early or late: one final state.</summary>
    [Theory]
    [InlineData(false, "A")]
    [InlineData(false, "B")]
    [InlineData(false, "C")]
    [InlineData(true, "A")]
    [InlineData(true, "C")]
    [Requirement("DB/RIS.10")]
    [Requirement("reliability P3")]
    public async Task Every_order_of_the_messages_ends_in_the_same_state(bool withSetId, string deleted)
    {
        ReceiveReport[] messages =
        [
            Initial("A", withSetId ? "S" : null, withSetId ? 1 : null),
            Replace("B", "A", withSetId ? "S" : null, withSetId ? 2 : null),
            Replace("C", "B", withSetId ? "S" : null, withSetId ? 3 : null),
            Delete(deleted),
        ];
        foreach (var order in Orders([0, 1, 2, 3]))
        {
            foreach (var eager in (bool[])[true, false])
            {
                await using var ris = await ReportHistory.BeginAsync();
                foreach (var index in order.Concat(order))
                {
                    Assert.Null((await ris.ReceiveAsync(messages[index])).Refusal);
                    if (eager) await ris.PublishAllAsync();
                    if (index == order[1]) await ris.RestartAsync();
                }

                await ris.PublishAllAsync();
                var expected = deleted == "C" ? [] : new[] { Document("C") };
                Assert.True(
                    expected.SequenceEqual(ris.Registry.Approved),
                    $"order {string.Join("", order)} eager {eager}: {string.Join(",", ris.Registry.Approved)}");
                Assert.Equal(3, (await ris.StateOfAsync("A")).Versions.Count);
            }
        }
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    [Requirement("DB/RIS.12")]
    public async Task A_version_that_joins_two_reports_of_the_DRIMbox_is_copied()
    {
        await using var ris = await ReportHistory.BeginAsync();
        await ris.ReceiveAsync(Initial("A"));
        await ris.ReceiveAsync(Replace("C", "B"));
        await ris.ReceiveAsync(Replace("B", "A"));
        await ris.ReceiveAsync(Delete("C"));
        Assert.Equal(
            [
                (ReportAction.Initial, "A"), (ReportAction.Replace, "C"),
                // What was missing, and after it the head once more: it is the newest.
                (ReportAction.Replace, "B"), (ReportAction.Replace, "C"), (ReportAction.Delete, "C"),
            ],
            await ris.CopiedAsync());
    }

    [Fact]
    public async Task A_report_that_was_merged_into_another_is_listed_no_more()
    {
        await using var ris = await ReportHistory.BeginAsync();
        await ris.ReceiveAsync(Initial("A"));
        await ris.ReceiveAsync(Replace("C", "B"));
        Assert.Equal(2, (await ris.Register.ListAsync(10, CancellationToken.None)).Count);
        await ris.ReceiveAsync(Replace("B", "A"));

        var (id, state) = Assert.Single(await ris.Register.ListAsync(10, CancellationToken.None));
        Assert.Equal(await ris.Register.FindAsync(Document("A"), CancellationToken.None), id);
        Assert.Equal(3, state.Versions.Count);
    }

    [Fact]
    public async Task A_version_that_joins_a_withdrawn_report_withdraws_the_other_from_the_DRIMbox()
    {
        await using var ris = await ReportHistory.BeginAsync();
        await ris.ReceiveAsync(Initial("A"));
        await ris.ReceiveAsync(Delete("C"));
        await ris.ReceiveAsync(Replace("C", "B"));
        await ris.ReceiveAsync(Replace("B", "A"));
        Assert.Equal([(ReportAction.Initial, "A"), (ReportAction.Delete, "A")], await ris.CopiedAsync());
    }

    [Fact]
    public async Task What_a_person_has_published_again_asks_the_registry_first()
    {
        await using var ris = await ReportHistory.BeginAsync();
        await ris.ReceiveAsync(Initial("A"));
        Assert.False(await ris.NextAsksFirstAsync());
        await ris.PublishWaitingAsync(DispatchOutcome.Quarantine);

        var report = await ris.Register.FindAsync(Document("A"), CancellationToken.None);
        await ris.Register.ExecuteAsync(report!.Value, new RetryPublication("operator"), null, CancellationToken.None);

        Assert.True(await ris.NextAsksFirstAsync());
    }

    private static IEnumerable<int[]> Orders(int[] items)
    {
        if (items.Length == 1) return [items];
        return items.SelectMany(first => Orders([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));
    }

    private static ReceiveReport Parse(string step)
    {
        var words = step.Split(" = ")[0].Split(' ');
        return words[0] switch
        {
            "initial" => Initial(words[1]),
            "replace" => Replace(words[1], words[2]),
            _ => Delete(words[1]),
        };
    }
}
