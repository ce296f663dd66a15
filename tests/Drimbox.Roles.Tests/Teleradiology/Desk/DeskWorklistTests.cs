using Drimbox.Core.Requests;
using Drimbox.Teleradiology.Worklist;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>The worklist of the radiologist: what waits, for how long, and what is late.</summary>
public sealed class DeskWorklistTests
{
    private readonly ManualClock _clock = new(Samples.Now);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_due_first_stands_first_and_what_waits_for_others_last()
    {
        await using var platform = await Platform.StartAsync(o => o, _clock);
        await platform.SendAsync(Samples.Request("1"), "1");
        _clock.Advance(TimeSpan.FromMinutes(1));
        await platform.SendAsync(Samples.Request("2"), "2");
        await platform.SendAsync(Samples.Request("3"), "3");
        await platform.Node.AcceptAsync(Samples.Order("1"), "Sans injection", "alice", Cancellation);
        await platform.SendAsync(Samples.Examination("3"), "3-SR");

        var list = await ListAsync(platform);

        Assert.Equal(
            [
                (Samples.Order("2"), DeskTask.Answer, _clock.GetUtcNow() + TimeSpan.FromMinutes(30)),
                (Samples.Order("3"), DeskTask.Report, _clock.GetUtcNow() + TimeSpan.FromHours(4)),
                (Samples.Order("1"), DeskTask.Examination, null),
            ],
            list.Select(e => (e.Order, e.WaitsFor, e.DueAt)));
        Assert.All(list, entry => Assert.Equal(("CT", "tête et/ou cou"), (entry.Modality, entry.Region)));
    }

    [Fact]
    public async Task The_list_is_narrowed_by_status_age_modality_and_lateness()
    {
        await using var platform = await Platform.StartAsync(
            o => o with { Desk = o.Desk with { AnswerWithin = TimeSpan.FromMinutes(10) } }, _clock);
        await platform.SendAsync(Samples.Request("1"), "1");
        _clock.Advance(TimeSpan.FromMinutes(8));
        await platform.SendAsync(Samples.Request("2") with { Modality = new("MR", "DCM", "IRM") }, "2");
        await platform.SendAsync(Samples.Request("3"), "3");
        await platform.Node.AcceptAsync(Samples.Order("3"), "Sans injection", "alice", Cancellation);
        _clock.Advance(TimeSpan.FromMinutes(4));

        Assert.Equal("1 2 3", await NumbersAsync(platform, new WorklistFilter()));
        Assert.Equal("3", await NumbersAsync(platform, new WorklistFilter([RequestStatus.Accepted])));
        Assert.Equal("1", await NumbersAsync(platform, new WorklistFilter(OlderThan: TimeSpan.FromMinutes(12))));
        Assert.Equal("2", await NumbersAsync(platform, new WorklistFilter(Modality: "MR")));
        Assert.Equal("1", await NumbersAsync(platform, new WorklistFilter(OnlyLate: true)));
        _clock.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal("1 2", await NumbersAsync(platform, new WorklistFilter(OnlyLate: true)));
    }

    [Fact]
    public async Task A_request_leaves_the_list_when_it_is_closed_and_comes_back_when_its_report_is_withdrawn()
    {
        await using var platform = await Platform.StartAsync(o => o, _clock);
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Request("2"), "2");
        await platform.SendAsync(Samples.Request("3"), "3");
        Assert.Equal("1 2 3", await NumbersAsync(platform, new WorklistFilter()));

        await platform.Node.RefuseAsync(Samples.Order("1"), "Non justifié", "alice", Cancellation);
        await platform.SendAsync(Samples.Cancellation("2"), "2-CA");
        await platform.SendAsync(Samples.Examination("3"), "3-SR");
        Assert.Equal("3", await NumbersAsync(platform, new WorklistFilter()));
        await platform.Node.WriteReportAsync(Samples.Order("3"), Samples.Text, "alice", Cancellation);
        Assert.Empty(await ListAsync(platform));

        _clock.Advance(TimeSpan.FromDays(1));
        await platform.Node.WithdrawReportAsync(Samples.Order("3"), "alice", Cancellation);
        var again = Assert.Single(await ListAsync(platform));
        Assert.Equal((DeskTask.Report, true, _clock.GetUtcNow()), (again.WaitsFor, again.ReportWithdrawn, again.Since));
        await platform.Node.CorrectReportAsync(Samples.Order("3"), Samples.Text, "alice", Cancellation);
        Assert.Empty(await ListAsync(platform));
    }

    [Fact]
    public async Task The_list_is_the_same_after_a_restart()
    {
        await using var platform = await Platform.StartAsync(o => o, _clock);
        await platform.SendAsync(
            Samples.Request("1") with { Visit = Samples.Visit with { PatientClass = "E" } }, "1");
        await platform.SendAsync(Samples.Request("2"), "2");
        await platform.SendAsync(Samples.Examination("2"), "2-SR");
        await platform.Node.DraftReportAsync(Samples.Order("2"), Samples.Text, "alice", Cancellation);
        var before = await ListAsync(platform);

        await platform.RestartAsync();

        Assert.Equal(before, await ListAsync(platform));
        Assert.Equal([true, false], before.Select(entry => entry.IsEmergency));
        Assert.Equal([false, true], before.Select(entry => entry.HasDraft));
    }

    private static Task<IReadOnlyList<WorklistEntry>> ListAsync(Platform platform) =>
        platform.Node.ListWorklistAsync(new WorklistFilter(), Cancellation);

    private static async Task<string> NumbersAsync(Platform platform, WorklistFilter filter) => string.Join(
        ' ', (await platform.Node.ListWorklistAsync(filter, Cancellation)).Select(e => e.Order.Extension).Order());
}
