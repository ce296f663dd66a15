using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>The host name of the retrieve URLs changes.</summary>
public sealed class HostChangeTests
{
    private const int Reissued = 3160;
    private const int ReissueEnded = 3162;
    private const string NewHost = "images.example.org";

    [Fact]
    [Requirement("DB.SO.31")]
    public async Task Every_manifest_is_published_again_in_place_of_the_former_one_without_the_PACS()
    {
        await using var source = await WithTwoStudiesAsync();
        var former = await source.ManifestsAsync();
        var associations = source.Pacs.Associations;
        source.RetrieveHost = NewHost;
        await source.RestartAsync();

        Assert.Null(await source.Node.StartReissueAsync(6_000, "operator", Token));
        await source.Events.WhenAsync(ReissueEnded, 1);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var all = await source.ManifestsAsync();
        var approved = all.Where(m => m.Status == AvailabilityStatus.Approved).ToList();
        Assert.Equal(former.Select(m => m.EntryUuid).Order(), approved.Select(m => m.Replaces).Order());
        foreach (var document in approved)
        {
            var manifest = await source.RetrieveAsync(document);
            Assert.All(manifest.Series, s => Assert.Equal(
                $"https://{NewHost}/studies/{manifest.Study.StudyInstanceUid}/series/{s.SeriesInstanceUid}",
                s.RetrieveUrl));
            Assert.Equal(2, manifest.Series.Sum(s => s.Instances.Count));
        }

        Assert.Equal(associations, source.Pacs.Associations);
        var run = await source.Node.GetReissueAsync(Token);
        Assert.Equal(
            (ReissuePhase.Ended, NewHost, 2, 0, 0, 0),
            (run.Phase, run.Host, run.Reissued, run.Current, run.NotWanted, run.Failed));
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public async Task What_leads_to_the_present_host_is_left_alone_and_a_later_look_at_the_PACS_changes_nothing()
    {
        await using var source = await WithTwoStudiesAsync();
        source.RetrieveHost = NewHost;
        await source.RestartAsync();
        await source.Node.StartReissueAsync(6_000, "operator", Token);
        await source.Events.WhenAsync(ReissueEnded, 1);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        await source.Node.StartReissueAsync(6_000, "operator", Token);
        await source.Events.WhenAsync(ReissueEnded, 2);
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 1);
        await source.SendAsync(ReportAction.Delete, Report("A", null, Study, OtherStudy));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 4);

        var run = await source.Node.GetReissueAsync(Token);
        Assert.Equal((0, 2), (run.Reissued, run.Current));
        // Two publications, two replacements, two deletions.
        Assert.Equal(6, source.Dmp.Submissions.Count);
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public async Task It_goes_on_after_a_pause_and_after_a_restart_and_does_nothing_twice()
    {
        await using var source = await WithTwoStudiesAsync();
        source.RetrieveHost = NewHost;
        await source.RestartAsync();
        // The second one is a minute away.
        await source.Node.StartReissueAsync(1, "operator", Token);
        await source.Events.WhenAsync(Reissued, 1);
        Assert.NotNull(await source.Node.StartReissueAsync(1, "operator", Token));
        Assert.Null(await source.Node.PauseReissueAsync("operator", Token));
        Assert.NotNull(await source.Node.PauseReissueAsync("operator", Token));
        var paused = await source.Node.GetReissueAsync(Token);
        Assert.Equal((ReissuePhase.Paused, 1, Study), (paused.Phase, paused.Reissued, paused.Through!.Value));

        await source.RestartAsync();
        Assert.Equal(ReissuePhase.Paused, (await source.Node.GetReissueAsync(Token)).Phase);
        await source.Node.StartReissueAsync(1, "operator", Token);
        await source.Events.WhenAsync(Reissued, 1);
        await source.RestartAsync();
        await source.Events.WhenAsync(ReissueEnded, 1);

        var run = await source.Node.GetReissueAsync(Token);
        Assert.Equal((ReissuePhase.Ended, 2, 0), (run.Phase, run.Reissued, run.Current));
        var manifests = await source.Node.ListManifestsAsync(cancellationToken: Token);
        Assert.Equal(4, manifests.Count);
        Assert.Equal(2, manifests.Count(m => m.ReissueOf is not null && m.RetrieveHost == NewHost));
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public async Task A_minute_has_no_more_of_them_than_was_said()
    {
        await using var source = await WithTwoStudiesAsync();
        source.RetrieveHost = NewHost;
        // A minute of it is a second of the real one, much longer than the work takes.
        source.Time = new FastClock(60);
        await source.RestartAsync();
        await source.Node.StartReissueAsync(1, "operator", Token);
        await source.Events.WhenAsync(ReissueEnded, 1);
        await source.Node.StopAsync(Token);
        using var folder = await FlowStorePlace.CopyAfterCrashAsync(source.Folder);
        await using var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = Path.Combine(folder.Path, "source"), HasPublications = true }, Token);

        var records = await store.LoadAsync(new StreamId("source/reissue"), 0, Token);

        Assert.Equal(
            [nameof(ReissueBegun), nameof(ReissueAdvanced), nameof(ReissueAdvanced), nameof(ReissueEnded)],
            records.Select(r => r.Type));
        Assert.InRange((records[2].RecordedAt - records[1].RecordedAt).TotalSeconds, 55, 3_600);
    }

    [Fact]
    [Requirement("DB.SO.31")]
    public async Task A_study_that_has_left_the_DMP_is_not_published_for_it()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        source.RetrieveHost = NewHost;
        await source.RestartAsync();

        await source.Node.StartReissueAsync(6_000, "operator", Token);
        await source.Events.WhenAsync(ReissueEnded, 1);

        Assert.Equal(1, (await source.Node.GetReissueAsync(Token)).NotWanted);
        Assert.Equal(2, source.Dmp.Submissions.Count);
    }

    [Fact]
    [Requirement("DB.SO.31")]
    [Requirement("DB.SO.38")]
    public async Task The_former_address_works_while_its_name_is_an_alias_and_is_refused_afterwards()
    {
        const string OldHost = "drimbox.example.org";
        await using var access = await ImageAccessFixture.StartAsync();
        var series = access.Source.Pacs.Instances[0].GetUid(Tag.SeriesInstanceUID);
        var former = access.KosUid;
        (access.Source.RetrieveHost, access.Source.RetrieveHostAliases) = (NewHost, [OldHost]);
        await access.Source.RestartAsync();
        await access.Source.Node.StartReissueAsync(6_000, "operator", Token);
        await access.Source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        var present = Uid.Parse((await access.Source.ApprovedAsync()).UniqueId.Root);
        Assert.NotEqual(former, present);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(OldHost, former));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(NewHost, present));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await AskAsync("other.example.org", present));

        access.Source.RetrieveHostAliases = [];
        await access.Source.RestartAsync();
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await AskAsync(OldHost, former));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(NewHost, present));

        // A manifest with other images is another one, whatever its host.
        access.Source.Pacs.Instances = [.. access.Source.Pacs.Instances.Take(1)];
        await access.Source.Node.NoticeAsync(Study, "operator", Token);
        await access.Source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(NewHost, present));

        async Task<HttpStatusCode> AskAsync(string host, Uid kos)
        {
            using var request = access.Request(Study, series, kos: kos.ToString());
            request.Headers.Host = host;
            using var response = await access.SendAsync(request);
            return response.StatusCode;
        }
    }

    private static async Task<SourceFixture> WithTwoStudiesAsync()
    {
        var source = await StartAsync();
        source.Pacs.Instances = [.. Images(2), .. Images(2, study: OtherStudy)];
        await source.SendAsync(ReportAction.Initial, Report("A", null, Study, OtherStudy));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        return source;
    }
}
