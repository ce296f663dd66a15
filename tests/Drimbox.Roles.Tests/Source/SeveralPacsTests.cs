using System.Net;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Source;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Several PACS and several RIS, in several domains of patient ids.</summary>
[Requirement("DB.SO.04")]
public sealed class SeveralPacsTests : IAsyncDisposable
{
    private const string SiteOid = "1.2.250.1.213.4.5.2.4";
    private const string OtherOid = "1.2.250.1.999.77";

    private readonly SourcePacs _south = new("SOUTH");

    public ValueTask DisposeAsync() => _south.DisposeAsync();

    [Fact]
    public async Task A_study_is_looked_for_in_one_PACS_after_the_other_and_asked_about_where_it_was_found()
    {
        await using var source = await StartAsync(configure: o => Both(o));
        _south.Instances = Images(2);

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal("south", (await source.Node.GetStudyAsync(Study, Token))?.Pacs);
        Assert.Equal((1, 1), (source.Pacs.Associations, _south.Associations));

        // It is known now where it is: also after a restart.
        await source.RestartAsync();
        _south.Instances = Images(3);
        await source.SendAsync(Omi("P1", Study));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal((1, 2), (source.Pacs.Associations, _south.Associations));
        Assert.Equal(3, (await source.RetrieveAsync(await source.ApprovedAsync())).Series.Sum(s => s.Instances.Count));
    }

    [Fact]
    public async Task A_study_that_moved_is_found_again_and_its_manifest_stays()
    {
        await using var source = await StartAsync(configure: o => Both(o));
        await source.PublishAsync(images: 2);
        (_south.Instances, source.Pacs.Instances) = (source.Pacs.Instances, []);

        await source.SendAsync(Omi("P1", Study));
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 2);

        // What follows it in the study's own order ends after it.
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        var study = await source.Node.GetStudyAsync(Study, Token);
        Assert.Equal("south", study?.Pacs);
        Assert.Single(study!.Manifests);
    }

    [Fact]
    public async Task A_PACS_that_is_away_is_not_passed_over_and_nothing_leaves_the_DMP()
    {
        await using var source = await StartAsync(configure: o => Both(o));
        await source.PublishAsync();
        source.Pacs.Failure = DimseStatus.OutOfResources;

        await source.SendAsync(Omi("P1", Study));
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 1);

        Assert.Equal(0, _south.Associations);
        Assert.Contains(source.Events.Texts, t => t.Contains("north: C-FIND was answered", StringComparison.Ordinal));
        await source.ApprovedAsync();
    }

    [Fact]
    [Requirement("DB.SO.21")]
    public async Task A_PACS_that_is_away_is_told_by_its_name_and_what_another_one_holds_does_not_wait()
    {
        await using var source = await StartAsync(configure: o => Both(o, southOf: ["ris"]) with
        {
            Senders = [new SenderOptions { Name = "ris", Application = "RIS" }],
        });
        _south.Instances = Images(2);
        await source.Pacs.TakeAwayAsync();

        await source.SendAsync(
            ReportAction.Initial,
            Report("B", null, [.. Enumerable.Range(1, Limits.CircuitFailuresMax).Select(ResyncFixture.StudyOf)]));
        await source.Events.WhenAsync(SourceEvents.OutageBegan, 1);
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Contains("'pacs north'", alert.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_PACS_of_the_sender_is_asked_first()
    {
        await using var source = await StartAsync(configure: o => Both(o, southOf: ["ris"]) with
        {
            Senders = [new SenderOptions { Name = "ris", Application = "RIS" }],
        });
        _south.Instances = Images(2);

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Equal((0, 1), (source.Pacs.Associations, _south.Associations));
    }

    [Fact]
    [Requirement("DB.SO.16")]
    public async Task The_same_number_in_another_domain_is_another_patient()
    {
        await using var source = await StartAsync(configure: o => Both(o, southOid: OtherOid));
        _south.Instances = Images(2);

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var repair = Assert.Single(await source.Node.ListRepairsAsync(cancellationToken: Token));
        Assert.Equal(
            (WithheldReason.PatientMismatch, "south", $"IPP101 (SITE {SiteOid})", $"IPP101 ({OtherOid})"),
            (repair.Reason!.Value, repair.Pacs, repair.Expected, repair.Found));
    }

    [Theory]
    [InlineData(SiteOid, true)]
    [InlineData(OtherOid, false)]
    public async Task A_patient_id_without_an_issuer_is_of_the_domain_of_its_sender(string senderOid, bool fits)
    {
        await using var source = await StartAsync(configure: o => Both(o) with
        {
            Senders =
            [
                new SenderOptions
                {
                    Name = "ris", Application = "RIS", Facility = "SITE",
                    PatientIdIssuer = new PatientIssuerOptions { Oid = senderOid },
                },
            ],
        });
        source.Pacs.Instances = Images(2);
        var message = Encoding.UTF8.GetString(Oru("M1", ReportAction.Initial, Report("A")));
        var bare = message.Replace($"^^^SITE&{SiteOid}&ISO", "^^^", StringComparison.Ordinal);
        Assert.NotEqual(message, bare);

        Assert.Equal(AckCode.AA, (await source.SendAsync(Encoding.UTF8.GetBytes(bare))).Code);
        await source.Events.WhenAsync(fits ? SourceEvents.SubmissionEnded : SourceEvents.Withheld, 1);

        Assert.Equal(fits ? 1 : 0, source.Dmp.Submissions.Count);
    }

    [Fact]
    [Requirement("DB.SO.17")]
    public async Task The_same_accession_number_of_another_authority_is_another_order()
    {
        await using var source = await StartAsync(configure: o => Both(o) with
        {
            PacsList = [.. Both(o).PacsList.Select(p => p with
            {
                AccessionIssuers = [new AccessionIssuerOptions { Oid = OtherOid }],
            })],
        });
        source.Pacs.Instances = [.. Images(2).Select(WithoutIssuer)];

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var repair = Assert.Single(await source.Node.ListRepairsAsync(cancellationToken: Token));
        Assert.Equal(
            ($"ACN101 ({Accession.Root})", $"ACN101 ({OtherOid})"), (repair.Expected, repair.Found));
    }

    [Fact]
    [Requirement("DB.SO.25")]
    public async Task Each_PACS_may_send_notes_and_no_other_AE()
    {
        await using var source = await StartAsync(configure: o => Both(o));
        foreach (var title in (string[])["PACS", "SOUTH"])
        {
            // 0122: the association stands, and an image is no note.
            Assert.Equal(0x0122, (await SourcePacs.StoreAsync(
                source.Node.DicomEndPoint, AeTitle.Parse(title), Images(1)[0])).Code);
        }

        await Assert.ThrowsAsync<Dicom.UpperLayer.AssociationRejectedException>(() => SourcePacs.StoreAsync(
            source.Node.DicomEndPoint, AeTitle.Parse("EAST"), Images(1)[0]));
    }

    [Fact]
    [Requirement("DB.SO.32")]
    public async Task Images_are_fetched_from_the_PACS_that_holds_the_study()
    {
        await using var access = await ImageAccessFixture.StartAsync(
            configure: o => Both(o),
            prepare: source =>
            {
                _south.Instances = Images(4);
                _south.Destination = new DicomPeer(
                    AeTitle.Parse("DRIMBOX"), "127.0.0.1", source.Node.DicomEndPoint.Port);
                source.Pacs.Hides = true;
                return Task.CompletedTask;
            });
        var series = _south.Instances[0].GetUid(Tag.SeriesInstanceUID);

        using var response = await access.SendAsync(access.Request(Study, series));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            _south.Instances.Count(i => i.GetUid(Tag.SeriesInstanceUID) == series),
            (await ImageAccessFixture.ReadAsync(response)).Count);
        Assert.Equal((0, 1), (access.Source.Pacs.Moves, _south.Moves));
    }

    [Fact]
    public async Task A_sender_that_is_not_configured_is_turned_away_and_leaves_nothing()
    {
        await using var source = await StartAsync(configure: o => o with
        {
            Senders = [new SenderOptions { Name = "ris", Application = "RIS", Facility = "ELSEWHERE" }],
        });
        var message = Oru("M1", ReportAction.Initial, Report("A"));

        var ack = await source.SendAsync(message);

        Assert.Equal(AckCode.AR, ack.Code);
        Assert.Empty(await source.Node.ListInboxAsync(new InboxFilter(), Token));
        Assert.Null(await source.Node.GetStudyAsync(Study, Token));

        // Once it is entered, the same message is taken.
        source.Configure = o => o with
        {
            Senders = [new SenderOptions { Name = "ris", Application = "RIS", Facility = "SITE" }],
        };
        await source.RestartAsync();
        Assert.Equal(AckCode.AA, (await source.SendAsync(message)).Code);
    }

    private SourceOptions Both(SourceOptions options, string southOid = SiteOid, string[]? southOf = null)
    {
        var south = new DicomPeerOptions { AeTitle = "SOUTH", Host = "127.0.0.1", Port = _south.Port };
        return options with
        {
            Pacs = null,
            PacsList =
            [
                Pacs("north", options.Pacs!, SiteOid),
                Pacs("south", south, southOid) with { Senders = southOf ?? [] },
            ],
        };
    }

    // The images of the tests say who their patient id is of; what stands for it is what the test is about.
    private static SourcePacsOptions Pacs(string name, DicomPeerOptions peer, string oid) => new()
    {
        Name = name,
        Peer = peer,
        PatientIdIssuers =
        [
            new PatientIssuerOptions { Oid = oid },
            new PatientIssuerOptions { Written = "SITE", Oid = oid },
        ],
    };

    private static DataSet WithoutIssuer(DataSet image)
    {
        image.SetSequence(Tag.IssuerOfAccessionNumberSequence);
        return image;
    }
}
