using Drimbox.Core;
using Drimbox.Core.ImageAccess;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Tests.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Manifests;

/// <summary>A manifest that is published again under another host.</summary>
public sealed class ManifestReissueTests
{
    private static readonly SourcePolicy Moved = Policy with { RetrieveHost = "new.example.org" };

    private readonly StudyHistory _study = new();
    private readonly SequentialIds _ids = new();

    public ManifestReissueTests()
    {
        _study.Receive(Message(Header("A")));
        _study.Settle();
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public void Another_host_is_due_and_replaces_the_present_manifest()
    {
        Assert.False(ManifestReissue.IsDue(Study, _study.State, Policy));
        Assert.True(ManifestReissue.IsDue(Study, _study.State, Moved));

        var decision = Decide(_study.State, Reissue(_study.State));

        var version = Assert.Single(decision.Events.OfType<ManifestReissued>()).Version;
        Assert.Equal(
            (2, "new.example.org", _study.State.Current!.SopInstanceUid, _study.State.Current.ContentKey),
            (version.Sequence, version.RetrieveHost, version.ReissueOf!.Value, version.ContentKey));
        Assert.Equal(
            (SubmissionKind.Replace, _study.State.Current.UniqueId),
            (decision.Submission!.Kind, decision.Submission.Target!.Value));
        Assert.False(decision.Evaluate);
        var after = decision.Events.Aggregate(_study.State, StudyDecider.Evolve);
        Assert.True(ManifestPlan.IsCurrent(Study, after, _study.Pacs, Moved));
        Assert.False(ManifestPlan.IsCurrent(Study, after, _study.Pacs, Policy));
        Assert.Equal([2, 1], after.CurrentAndRepeated().Select(v => v.Sequence));
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public void A_manifest_that_another_one_has_overtaken_or_that_nobody_wants_is_not_published_again()
    {
        var command = Reissue(_study.State);
        _study.Pacs = Findings(1);
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();
        Assert.Empty(Decide(_study.State, command).Events);

        command = Reissue(_study.State);
        _study.Receive(Deletion("A"));
        _study.Settle();
        Assert.Empty(Decide(_study.State, command).Events);
    }

    [Fact]
    public void What_is_said_of_the_images_stays_as_it_was()
    {
        _study.Pacs = Findings(3, patientId: "IPP999");
        _study.Do(new NoticeStudyChange("OMI^O23"));
        _study.Settle();
        Assert.NotNull(_study.State.Withheld);

        var after = Decide(_study.State, Reissue(_study.State)).Events.Aggregate(_study.State, StudyDecider.Evolve);

        Assert.Equal(2, after.Manifests.Count);
        Assert.Equal(_study.State.Withheld, after.Withheld);
    }

    [Fact]
    [Requirement("DB.SO.38")]
    public void The_former_manifest_gives_access_while_the_images_are_the_same()
    {
        var former = _study.State.Current!.SopInstanceUid;
        var after = Decide(_study.State, Reissue(_study.State)).Events.Aggregate(_study.State, StudyDecider.Evolve);

        Assert.NotNull(AccessRules.CheckStudy(Study, after, former, out _));
        Assert.NotNull(AccessRules.CheckStudy(Study, after, after.Current!.SopInstanceUid, out _));
        var other = after with { Manifests = [after.Manifests[0], after.Manifests[1] with { ReissueOf = null }] };
        Assert.Null(AccessRules.CheckStudy(Study, other, former, out var denial));
        Assert.Equal(AccessDenial.OtherManifest, denial);
    }

    [Fact]
    public void A_record_that_points_at_itself_ends()
    {
        var version = _study.State.Current!;
        var state = _study.State with { Manifests = [version with { ReissueOf = version.SopInstanceUid }] };

        Assert.Single(state.CurrentAndRepeated());
    }

    [Theory]
    [InlineData("https://a.example/studies/1/series/2", "https://a.example/studies/1/series/3", "a.example")]
    [InlineData("https://a.example:8443/x", "https://a.example:8443/y", "a.example:8443")]
    [InlineData("https://a.example/x", "https://b.example/x", null)]
    [InlineData("http://a.example/x", "http://a.example/x", null)]
    [InlineData(null, null, null)]
    public void The_host_of_a_manifest_is_that_of_all_its_series(string? first, string? second, string? expected)
    {
        var manifest = Manifest() with
        {
            Series =
            [
                new ManifestSeries(Uid.Parse("1.1"), null, first, []), new ManifestSeries(Uid.Parse("1.2"), null, second, []),
            ],
        };

        Assert.Equal(expected, ManifestReissue.HostOf(manifest));
    }

    private Manifest Manifest() => ManifestPlan.Plan(
        Study, _study.State, Findings(3), Policy, new DecisionContext(DateTimeOffset.UnixEpoch, _ids))!;

    private ReissueManifest Reissue(StudyState state) => new(
        state.Current!.SopInstanceUid,
        new ManifestFile(
            ManifestReissue.Rewrite(Manifest(), Moved, new DecisionContext(DateTimeOffset.UnixEpoch, _ids)),
            new StoredObject(new string('c', 64), 100), new string('d', 40)));

    private StudyDecision Decide(StudyState state, StudyCommand command) =>
        StudyDecider.Decide(Study, state, command, Moved, new DecisionContext(DateTimeOffset.UnixEpoch, _ids));
}
