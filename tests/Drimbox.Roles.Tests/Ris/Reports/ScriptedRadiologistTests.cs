using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Radiologist;
using Drimbox.Hl7.Acknowledgment;

namespace Drimbox.Tests.Ris.Reports;

/// <summary>A radiologist who sends reports late, twice, in the wrong order and wrong, over the real wires: MLLP to the
/// RIS, ITI-41 and ITI-57 to the DMP.</summary>
public sealed class ScriptedRadiologistTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 2, 9, 30, 0, TimeSpan.Zero);

    private readonly SkippingClock _clock = new(Start);

    [Fact]
    [Requirement("DB/RIS.10")]
    public async Task Reports_of_three_examinations_in_a_bad_order_end_with_their_heads()
    {
        await using var ris = await RisWithDmp.StartAsync();
        // The correction of a correction first, the first report last and twice.
        var backwards = RisWithDmp.Examination("1");
        var played = await ris.PlayAsync(backwards, RadiologistScript.Parse("""
            replace C of B
            +30 replace B of A anew
            +600 initial A twice
            """), _clock);
        Assert.All(played, p => Assert.Equal(AckCode.AA, p.Ack!.Code));
        Assert.Equal([0, 30, 30, 630, 630], played.Select(p => (p.SentAt - Start).TotalSeconds));

        // A deletion that comes before what it deletes.
        var withdrawn = RisWithDmp.Examination("2");
        Assert.All(
            await ris.PlayAsync(withdrawn, RadiologistScript.Parse("""
                delete B
                initial A
                +5 replace B of A
                """), _clock),
            p => Assert.Equal(AckCode.AA, p.Ack!.Code));

        // A correction of what was corrected already: 900, and the head stays.
        var stale = RisWithDmp.Examination("3");
        Assert.Equal(
            ["AA", "AA", "AE 900"],
            (await ris.PlayAsync(stale, RadiologistScript.Parse("""
                initial A
                replace B of A
                replace D of A
                """), _clock)).Select(AnswerOf));

        await ris.ApprovedAreAsync(backwards.IdOf("C"), stale.IdOf("B"));
        Assert.Equal(["C", "B", "A"], await ris.RegisterAsync(backwards.IdOf("A")));
        Assert.Equal(["A", "B"], await ris.RegisterAsync(stale.IdOf("A")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_order_of_the_same_messages_ends_the_same(int seed)
    {
        await using var ris = await RisWithDmp.StartAsync();
        var examination = RisWithDmp.Examination("1");
        var script = RadiologistScript.Parse("""
            initial A
            +2 replace B of A twice
            +2 replace C of B
            delete A anew
            """).InOrder(new Random(seed));

        var played = await ris.PlayAsync(examination, script, _clock);

        Assert.All(played, p => Assert.Equal(AckCode.AA, p.Ack!.Code));
        await ris.ApprovedAreAsync(examination.IdOf("C"));
        Assert.Equal(["A", "B", "C"], (await ris.RegisterAsync(examination.IdOf("C"))).Order());
    }

    [Fact]
    public async Task Wrong_messages_are_refused_each_with_its_code_and_the_right_ones_around_them_published()
    {
        await using var ris = await RisWithDmp.StartAsync();
        var examination = RisWithDmp.Examination("1");

        var played = await ris.PlayAsync(examination, RadiologistScript.Parse("""
            initial A but other-patient
            initial A but no-ins
            initial A but foreign-structure
            initial A but unreadable-document
            initial A
            replace B of A but foreign-structure
            replace B of A
            """), _clock);

        Assert.Equal(
            ["AE 904", "AE 903", "AE 901", "AE 102", "AA", "AE 901", "AA"], played.Select(AnswerOf));
        await ris.ApprovedAreAsync(examination.IdOf("B"));
        Assert.Equal(["A", "B"], await ris.RegisterAsync(examination.IdOf("B")));
        Assert.Equal(2, (await ris.ReportsAsync()).Count);
    }

    [Fact]
    public async Task A_sender_that_hangs_up_and_sends_again_has_one_report_over_a_restart()
    {
        await using var ris = await RisWithDmp.StartAsync();
        var examination = RisWithDmp.Examination("1");
        var hangingUp = await ris.PlayAsync(
            examination, RadiologistScript.Parse("initial A hanging-up"), _clock);
        Assert.Null(Assert.Single(hangingUp).Ack);
        await ris.RestartAsync();

        var again = await ris.PlayAsync(examination, RadiologistScript.Parse("initial A twice"), _clock);

        Assert.All(again, p => Assert.Equal(AckCode.AA, p.Ack!.Code));
        await ris.ApprovedAreAsync(examination.IdOf("A"));
        Assert.Single(await ris.ReportsAsync());
        Assert.Equal(["A"], await ris.RegisterAsync(examination.IdOf("A")));
    }

    [Theory]
    [InlineData("initial")]
    [InlineData("replace B")]
    [InlineData("replace B from A")]
    [InlineData("correct A")]
    [InlineData("+soon initial A")]
    [InlineData("initial A thrice")]
    [InlineData("initial A but wrong")]
    public void A_line_that_is_none_is_named(string line) => Assert.Contains(
        line, Assert.Throws<FormatException>(() => RadiologistScript.Parse($"# A comment\n\n{line}")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_script_is_the_same_for_the_same_seed_and_keeps_all_its_lines()
    {
        var script = RadiologistScript.Parse("+1 initial A\n+2 replace B of A\n+3 delete B anew but no-ins");
        Assert.Equal(
            new ScriptedReport(
                TimeSpan.FromSeconds(3), ReportAction.Delete, "B", null, ReportSending.Anew, ReportMistake.NoIns),
            script.Reports[2]);

        var shuffled = script.InOrder(new Random(7));

        Assert.Equal(shuffled.Reports, script.InOrder(new Random(7)).Reports);
        Assert.Equal(script.Reports.ToHashSet(), shuffled.Reports.ToHashSet());
    }

    private static string AnswerOf(PlayedReport played)
    {
        var ack = played.Ack!;
        if (ack.Code == AckCode.AA) return "AA";
        var error = ack.Errors[0];
        return $"{ack.Code} {(error.Code == "207" ? error.ApplicationCode : error.Code)}";
    }
}
