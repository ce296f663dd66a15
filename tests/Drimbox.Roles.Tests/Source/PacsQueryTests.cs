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
    [Requirement("DB.SO.14")]
    public async Task Each_question_has_its_level_the_unique_keys_of_those_above_and_attributes_of_no_other()
    {
        _pacs.Instances = Images(4);
        var asked = new List<DataSet>();
        _pacs.Asked = asked.Add;

        var findings = (await AskAsync(
            new PacsQuery(new PacsList([Known(_pacs.Port)]), AeTitle.Parse("DRIMBOX"), TimeProvider.System))).Findings!;

        Assert.Equal(4, findings.Series.Sum(s => s.Instances.Count));
        Assert.Equal(["STUDY", "SERIES", "IMAGE", "IMAGE"], asked.Select(q => q.GetString(Tag.QueryRetrieveLevel)));
        Assert.All(asked, q => Assert.Equal(Study, q.GetUid(Tag.StudyInstanceUID)));
        Assert.Equal(
            findings.Series.Select(s => s.SeriesInstanceUid), asked.Skip(2).Select(q => q.GetUid(Tag.SeriesInstanceUID)));
        // PS3.4 C.4.1.1.3.1 and tables C.6-1 to C.6-3, Study Root. The keys that only some PACS know are not asked for.
        Tag[][] keys =
        [
            [
                Tag.StudyDate, Tag.StudyTime, Tag.AccessionNumber, Tag.QueryRetrieveLevel, Tag.StudyDescription,
                Tag.PatientID, Tag.IssuerOfPatientID, Tag.StudyInstanceUID,
            ],
            [
                Tag.QueryRetrieveLevel, Tag.Modality, Tag.SeriesDescription, Tag.BodyPartExamined, Tag.StudyInstanceUID,
                Tag.SeriesInstanceUID, Tag.SeriesNumber,
            ],
            [
                Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.QueryRetrieveLevel, Tag.StudyInstanceUID,
                Tag.SeriesInstanceUID, Tag.InstanceNumber, Tag.NumberOfFrames, Tag.ConceptNameCodeSequence,
            ],
        ];
        Assert.Equal(keys, asked.Take(3).Select(TagsOf));
    }

    [Fact]
    [Requirement("DB.CS.05")]
    public async Task Address_port_and_AE_title_of_the_PACS_are_those_of_the_configuration_and_may_change()
    {
        await using var source = await SourceFixture.StartAsync();
        await source.PublishAsync();
        await using var other = new SourcePacs("PACS2") { Instances = Images(2) };

        var associations = source.Pacs.Associations;
        source.Configure = options => options with
        {
            Pacs = new DicomPeerOptions { AeTitle = "PACS2", Host = "127.0.0.1", Port = other.Port },
        };
        await source.RestartAsync();
        Assert.Null(await source.Node.NoticeAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        var manifest = await source.RetrieveAsync(await source.ApprovedAsync());
        Assert.Equal(2, manifest.Series.Sum(s => s.Instances.Count));
        Assert.Equal((associations, 1), (source.Pacs.Associations, other.Associations));
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

    [Fact]
    public async Task A_PACS_that_does_not_say_of_which_class_its_instances_are_is_told_of_in_words()
    {
        // As dcmqrscp of DCMTK does: (0008,0016) is optional there (PS3.4 C.6.1.1.5), and required by IHE RAD-14.
        _pacs.Instances = Images(1);
        _pacs.Instances[0].Remove(Tag.SOPClassUID);
        var query = new PacsQuery(new PacsList([Known(_pacs.Port)]), AeTitle.Parse("DRIMBOX"), TimeProvider.System);

        var answer = await AskAsync(query);

        Assert.Equal(
            ("An instance of the PACS has no UID or no SOP class.", false), (answer.Failure, answer.IsUnreached));
    }

    private static Tag[] TagsOf(DataSet query)
    {
        var tags = new List<Tag>();
        foreach (var element in query.Elements) tags.Add(element.Tag);
        return [.. tags];
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
