using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Emulators;
using Drimbox.Source.Studies;
using static Drimbox.Tests.Source.ResyncFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Questions to a PACS that is away, and to one that has more than fits into an answer.</summary>
public sealed class PacsQueryTests : IAsyncDisposable
{
    private readonly SourcePacs _pacs = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _pacs.DisposeAsync();

    [Fact]
    public async Task A_PACS_that_is_away_is_left_alone_for_a_while_and_then_probed()
    {
        var clock = new ManualClock(DateTimeOffset.UnixEpoch);
        var port = LoopbackPorts.Take();
        var query = new PacsQuery(new PacsList([Known(port)]), AeTitle.Parse("DRIMBOX"), clock);
        for (var i = 0; i < Limits.CircuitFailuresMax; i++) Assert.True((await AskAsync(query)).IsUnreached);

        // It is back, and nobody notices before the probe.
        _pacs.Instances = Images(1);
        await _pacs.TakeAwayAsync();
        _pacs.BringBack(port);
        var left = await AskAsync(query);
        Assert.Equal((true, 0), (left.IsUnreached, _pacs.Associations));
        // What was not asked is not told to have been.
        Assert.Empty(left.Asked);
        clock.Advance(Limits.CircuitPauseMin);

        Assert.Single((await AskAsync(query)).Findings!.Series);
        Assert.Equal(1, _pacs.Associations);
    }

    [Fact]
    [Requirement("DB.SO.28")]
    public async Task A_day_that_is_too_long_for_one_answer_is_listed_in_parts()
    {
        // Eight studies, an hour from each to the next, in answers of three.
        _pacs.Instances = [.. Enumerable.Range(1, 8).SelectMany(number => At(number, $"{number:00}0000"))];
        _pacs.MatchesMax = 3;
        var (days, found, parts) = (Days(), new List<Uid>(), 0);

        var answer = await days.ListAsync(
            Known(_pacs.Port), Day,
            (studies, _) =>
            {
                parts++;
                Assert.InRange(studies.Count, 0, 3);
                found.AddRange(studies);
                return Task.CompletedTask;
            },
            Token);

        Assert.Null(answer);
        Assert.Equal(Enumerable.Range(1, 8).Select(StudyOf), found);
        Assert.True(parts > 1);
    }

    [Fact]
    [Requirement("DB.SO.28")]
    public async Task A_minute_with_more_than_fits_is_told_and_not_passed_over()
    {
        _pacs.Instances = [.. Enumerable.Range(1, 4).SelectMany(number => At(number, $"1200{number:00}"))];
        _pacs.MatchesMax = 3;

        var answer = await Days().ListAsync(Known(_pacs.Port), Day, (_, _) => Task.CompletedTask, Token);

        Assert.False(answer!.IsUnreached);
        Assert.NotNull(answer.Failure);
    }

    private static IReadOnlyList<DataSet> At(int number, string time)
    {
        var images = ImagesOf(number);
        foreach (var image in images) image.SetString(Tag.StudyTime, time);
        return images;
    }

    private static Task<PacsAnswer> AskAsync(PacsQuery query) => query.AskAsync(Study, StudyState.Empty, Token);

    private static PacsDay Days() => new(
        new PacsQuery(new PacsList([]), AeTitle.Parse("DRIMBOX"), TimeProvider.System));

    private static KnownPacs Known(int port) => new(
        null, new DicomPeerOptions { AeTitle = "PACS", Host = "127.0.0.1", Port = port }, PacsDomains.Unknown, []);
}
