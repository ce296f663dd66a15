using Drimbox.Core.Reports;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A report may be about several studies, and a correction about others: whatever the order in which the
/// copies arrive, each study ends with the manifest that its reports want. "A12" is document A about studies 1 and 2,
/// "B2&lt;A" a correction of A about study 2, "-B2&lt;A" the deletion of that.</summary>
public sealed class StudyRegisterTests
{
    [Theory]
    [InlineData("A12", 1, 1)]
    [InlineData("A12 B2<A", 0, 1)]
    [InlineData("A12 B2<A -B2<A", 0, 0)]
    [InlineData("A12 B1<A C2<B", 0, 1)]
    // The correction itself never comes; its deletion names what it replaced.
    [InlineData("A12 -B2<A", 0, 0)]
    [InlineData("A12 B2<A D1", 1, 1)]
    [InlineData("A1 D12 -A1", 1, 1)]
    public async Task Every_order_of_the_copies_ends_in_the_same_manifests(string history, int study, int otherStudy)
    {
        var messages = history.Split(' ');
        foreach (var order in Permutations(messages.Length))
        {
            foreach (var settleEach in (bool[])[true, false])
            {
                await using var source = await StudyRegisterHistory.BeginAsync();
                foreach (var index in order)
                {
                    var (action, report) = Parse(messages[index]);
                    await source.ReceiveAsync(action, report);
                    if (settleEach) await source.SettleAsync();
                }

                await source.SettleAsync();
                var told = string.Join(", then ", order.Select(i => messages[i]));
                Assert.True(
                    (study, otherStudy) == (source.Approved(Study), source.Approved(OtherStudy)),
                    $"{told}: {source.Approved(Study)}, {source.Approved(OtherStudy)}");
            }
        }
    }

    [Theory]
    [InlineData("A12", 1, 1)]
    [InlineData("A12 B2<A", 0, 1)]
    [InlineData("A12 B2<A -B2<A", 0, 0)]
    [InlineData("A12 -B2<A", 0, 0)]
    [InlineData("A1 D12 -A1", 1, 1)]
    [Requirement("DB.SO.30")]
    public async Task Another_source_that_takes_over_between_any_two_copies_ends_in_the_same_manifests(
        string history, int study, int otherStudy)
    {
        var messages = history.Split(' ');
        foreach (var order in Permutations(messages.Length))
        {
            for (var at = 0; at <= order.Length; at++)
            {
                foreach (var settled in (bool[])[true, false])
                {
                    var source = await StudyRegisterHistory.BeginAsync();
                    for (var i = 0; i <= order.Length; i++)
                    {
                        if (i == at)
                        {
                            if (settled) await source.SettleAsync();
                            var former = source;
                            source = await former.TakeOverAsync(Study, OtherStudy);
                            await former.DisposeAsync();
                        }

                        if (i == order.Length) break;
                        var (action, report) = Parse(messages[order[i]]);
                        await source.ReceiveAsync(action, report);
                    }

                    await source.SettleAsync();
                    var approved = (source.Approved(Study), source.Approved(OtherStudy));
                    await source.DisposeAsync();
                    var told = string.Join(", then ", order.Select(i => messages[i]));
                    Assert.True(
                        (study, otherStudy) == approved, $"{told}, taken over at {at} ({settled}): {approved}");
                }
            }
        }
    }

    [Fact]
    public async Task Copies_that_arrive_at_once_do_not_miss_each_other()
    {
        for (var i = 0; i < 25; i++)
        {
            await using var source = await StudyRegisterHistory.BeginAsync();
            await Task.WhenAll(((string[])["A12", "B2<A", "C2<B", "-C2<B"]).Select(message => Task.Run(() =>
            {
                var (action, report) = Parse(message);
                return source.ReceiveAsync(action, report);
            })));
            await source.SettleAsync();

            Assert.Equal((0, 0), (source.Approved(Study), source.Approved(OtherStudy)));
        }
    }

    [Fact]
    public async Task A_report_is_followed_at_once_and_what_comes_next_waits_until_the_study_is_quiet()
    {
        var quiet = TimeSpan.FromSeconds(2);
        var clock = new ManualClock(new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.Zero));
        await using var source = await StudyRegisterHistory.BeginAsync(quiet, clock);
        await source.ReceiveAsync(ReportAction.Initial, Report("A"));
        Assert.Equal(clock.GetUtcNow(), await source.NextEvaluationAsync());
        await source.SettleAsync();

        clock.Advance(TimeSpan.FromSeconds(1));
        await source.ReceiveAsync(ReportAction.Initial, Report("B"));
        Assert.Equal(clock.GetUtcNow() + quiet, await source.NextEvaluationAsync());
        clock.Advance(quiet);
        await source.SettleAsync();
        Assert.Null(await source.NextEvaluationAsync());

        // Images come one by one: the first of them waits too.
        clock.Advance(TimeSpan.FromHours(1));
        await source.Register.NoticeAsync([Study], "IOCM", null, TestContext.Current.CancellationToken);
        Assert.Equal(clock.GetUtcNow() + quiet, await source.NextEvaluationAsync());
    }

    [Fact]
    [Requirement("DB.SO.38")]
    public async Task A_manifest_is_found_by_its_SOP_instance_UID()
    {
        await using var source = await StudyRegisterHistory.BeginAsync();
        await source.ReceiveAsync(ReportAction.Initial, Report("A"));
        await source.SettleAsync();

        var state = await source.Register.GetAsync(Study, TestContext.Current.CancellationToken);
        var kos = state.Current!.SopInstanceUid;
        Assert.Equal(Study, await source.Register.FindManifestAsync(kos, TestContext.Current.CancellationToken));
        Assert.Null(await source.Register.FindManifestAsync(Study, TestContext.Current.CancellationToken));
    }

    private static (ReportAction Action, Level1Report Report) Parse(string message)
    {
        var isDeletion = message[0] == '-';
        var parts = message.TrimStart('-').Split('<');
        var studies = parts[0][1..].Select(digit => digit == '1' ? Study : OtherStudy).ToArray();
        // Without a setId of its own each document is known by what it replaces alone.
        var report = Report(parts[0][..1], parts.Length > 1 ? parts[1] : null, studies) with
        {
            SetId = Document("S-" + parts[0][..1]),
        };
        var action = isDeletion ? ReportAction.Delete : parts.Length > 1 ? ReportAction.Replace : ReportAction.Initial;
        return (action, report);
    }

    private static IEnumerable<int[]> Permutations(int count)
    {
        if (count == 0) return [[]];
        return Permutations(count - 1).SelectMany(
            rest => Enumerable.Range(0, count).Select(at => (int[])[.. rest[..at], count - 1, .. rest[at..]]));
    }
}
