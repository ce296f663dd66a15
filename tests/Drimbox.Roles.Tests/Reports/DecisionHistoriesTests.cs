using System.Globalization;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Reports;

/// <summary>P3: a first report, two corrections and a withdrawal in every order, each once or twice, with what
/// professionals and the patient decide meanwhile. The end is the same in every order.</summary>
public sealed class DecisionHistoriesTests
{
    private static readonly int[][] Orders = [.. OrdersOf([0, 1, 2, 3])];

    // What may happen beside the messages; null: nothing. The last is the patient's opposition.
    private static readonly PublicationDecision?[] Decisions =
    [
        null, PublicationDecision.Withhold, PublicationDecision.HideFromPatient,
        PublicationDecision.HideFromLegalRepresentatives, PublicationDecision.MaskFromProfessionals,
    ];

    private static readonly string[] Targets = ["A", "B", "C"];

    /// <summary>R: all of them; N: so many random ones.</summary>
    private static string? Campaign => Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN");

    [Fact]
    [Requirement("DB/RIS.10")]
    [Requirement("FAQ/DMP.3")]
    [Requirement("FAQ/DMP.4")]
    [Requirement("reliability P3")]
    public async Task Every_order_and_repetition_with_a_decision_ends_in_the_same_state()
    {
        await using var ris = await ReportHistory.BeginAsync();
        var histories = new List<DecisionHistory>();
        foreach (var (order, repeated, deleted, decision, position, eager) in Cases())
        {
            var history = new DecisionHistory(ris, histories.Count, deleted);
            histories.Add(history);
            for (var i = 0; i < order.Length; i++)
            {
                await history.ReceiveAsync(order[i]);
                if (i == position) await DecideAsync(history, decision, 0);
                if (eager) await history.PublishAsync();
            }

            foreach (var message in order.Where(m => (repeated & (1 << m)) != 0)) await history.ReceiveAsync(message);
            await history.PublishAsync();
            await history.AssertEndAsync();
        }

        await AssertToldAsync(ris, histories);
        Assert.True(histories.Count >= 384);
        TestContext.Current.TestOutputHelper?.WriteLine($"{histories.Count} histories");
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    [Requirement("reliability P3")]
    public async Task Random_histories_with_several_decisions_end_in_the_state_that_their_messages_say()
    {
        var random = new Random(Seed.Get());
        var count = Campaign switch
        {
            null or "" => 150,
            "R" => 10_000,
            var n => int.Parse(n, CultureInfo.InvariantCulture),
        };
        await using var ris = await ReportHistory.BeginAsync();
        var histories = new List<DecisionHistory>();
        for (var number = 0; number < count; number++)
        {
            var history = new DecisionHistory(ris, number, Targets[random.Next(3)]);
            histories.Add(history);
            // Each message once to three times, and up to three decisions, anywhere.
            var steps = Enumerable.Range(0, 4).SelectMany(m => Enumerable.Repeat(m, 1 + random.Next(3)))
                .Concat(Enumerable.Repeat(-1, random.Next(4))).ToArray();
            random.Shuffle(steps);
            foreach (var step in steps)
            {
                if (step < 0) await DecideAsync(history, Decisions[1 + random.Next(4)], random.Next(3));
                else await history.ReceiveAsync(step);
                if (random.Next(3) == 0) await history.PublishAsync();
            }

            if (random.Next(20) == 0) await ris.RestartAsync();
            await history.PublishAsync();
            await history.AssertEndAsync();
        }

        await AssertToldAsync(ris, histories);
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    public async Task A_report_of_a_patient_who_opposes_stays_out_in_every_order_while_nothing_of_it_was_sent()
    {
        await using var ris = await ReportHistory.BeginAsync();
        var number = 0;
        foreach (var order in Orders)
        {
            var history = new DecisionHistory(ris, number, Targets[number % 3]);
            for (var i = 0; i < order.Length; i++)
            {
                if (i == number % 4) await history.OpposeAsync();
                await history.ReceiveAsync(order[i]);
            }

            number++;
            await history.PublishAsync();
            await history.AssertEndAsync();
        }
    }

    /// <summary>Two documents whose messages do not tell yet that they are one report.</summary>
    [Theory]
    [InlineData(PublicationDecision.HideFromPatient, PublicationDecision.MaskFromProfessionals)]
    [InlineData(PublicationDecision.MaskFromProfessionals, PublicationDecision.HideFromPatient)]
    [InlineData(PublicationDecision.Withhold, PublicationDecision.HideFromPatient)]
    [InlineData(PublicationDecision.HideFromPatient, PublicationDecision.Withhold)]
    public async Task What_was_decided_about_each_half_of_a_report_holds_for_the_whole(
        PublicationDecision first, PublicationDecision second)
    {
        await using var ris = await ReportHistory.BeginAsync();
        var history = new DecisionHistory(ris, 0, "A");
        await history.ReceiveAsync(0);
        await history.ReceiveAsync(2);
        await history.DecideAsync(first, 0);
        await history.DecideAsync(second, 1);
        await history.PublishAsync();

        await history.ReceiveAsync(1);
        await history.ReceiveAsync(3);

        await history.PublishAsync();
        await history.AssertEndAsync();
    }

    private static async Task DecideAsync(DecisionHistory history, PublicationDecision? decision, int of)
    {
        if (decision is { } decided) await history.DecideAsync(decided, of);
    }

    private static async Task AssertToldAsync(ReportHistory ris, List<DecisionHistory> histories)
    {
        var told = (await ris.CopiesAsync()).ToLookup(
            copy => int.Parse(copy.DocumentId.Extension![1..], CultureInfo.InvariantCulture));
        for (var number = 0; number < histories.Count; number++) await histories[number].AssertToldAsync(told[number]);
    }

    /// <summary>All orders × all sets of repeated messages: 384, each with another deletion, decision and moment in
    /// turn. A campaign has each of them with all of these.</summary>
    private static IEnumerable<(int[] Order, int Repeated, string Deleted, PublicationDecision? Decision, int Position,
        bool Eager)> Cases()
    {
        var turn = 0;
        foreach (var order in Orders)
        {
            for (var repeated = 0; repeated < 16; repeated++)
            {
                foreach (var at in Campaign == "R" ? Enumerable.Range(0, Combinations) : [Mixed(turn++)])
                {
                    yield return (
                        order, repeated, Targets[at % 3], Decisions[at / 3 % 5], at / 15 % 4, at / 60 == 1);
                }
            }
        }
    }

    // Deletions × decisions × moments × whether each step is published at once.
    private const int Combinations = 3 * 5 * 4 * 2;

    // 7 has no factor in common with 120: all combinations have their turn.
    private static int Mixed(int turn) => turn * 7 % Combinations;

    private static IEnumerable<int[]> OrdersOf(int[] items)
    {
        if (items.Length == 1) return [items];
        return items.SelectMany(
            first => OrdersOf([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));
    }
}
