using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using Drimbox.Tests.Ris;
using Drimbox.Tests.Source;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Messages;

/// <summary>P4 on the wire, for each message that the RIS, the platform and the DRIMbox source take. The archive has its
/// own (PatientUpdateTests).</summary>
[Requirement("reliability P4")]
public sealed class RepeatedMessageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_RIS_takes_each_message_once_however_often_it_comes()
    {
        await using var ris = await PublishingRis.StartAsync();
        var sender = new RepeatedMessage(new Random(Seed.Get()), ris.ExchangeAsync, ris.RestartAsync);
        Assert.Null((await ris.Node.PlaceRequestAsync(Samples.Request("1"), Token)).Refusal);

        await sender.PlayAsync(TeleradiologyWriter.Write(
            new RequestResponse(
                Samples.Order("1"), Samples.Patient, Accepted: true, Samples.Request("1").OrderingProvider,
                Samples.Structure, null, [new ImagingProtocol.PlainText("Sans injection")]),
            Samples.Envelope("FLUX3")));
        await sender.PlayAsync(PublishingRis.Adt("ADT", "20261102110000", "INO"));
        await sender.PlayAsync(PublishingRis.Mdm("A"));
        await ris.PublishedAsync("A");
        await sender.PlayAsync(PublishingRis.Mdm("B", "A"));
        await ris.PublishedAsync("B");
        await sender.PlayAsync(SourceReports.Mdm("DELETE-B", ReportAction.Delete, SourceReports.Report("B", "A")));
        await ris.Dmp.WhenCommittedAsync(_ => ris.Dmp.Submissions.Count >= 3, Token)
            .WaitAsync(TimeSpan.FromMinutes(2), Token);
        await sender.PlayAsync(SourceReports.Oru("ORU-C", ReportAction.Initial, SourceReports.Report("C")));
        await ris.PublishedAsync("C");
        var (carrier, _) = await ris.CopyAsync();
        await sender.PlayAsync(BusinessAckWriter.Write(
            new BusinessAck(BusinessAckKind.DmpReception, carrier, true, "20261102110000", null, null, null),
            Samples.Envelope("ZAM")));

        Assert.Equal(7, (await ris.Node.ListInboxAsync(new InboxFilter(), Token)).Count);
        Assert.Equal(4, ris.Dmp.Submissions.Count);
        Assert.Equal(4, await RowsAsync(ris.Node.ListOutboxAsync, ReportGrain.SubmissionKind));
        Assert.Equal(4, await RowsAsync(ris.Node.ListOutboxAsync, ReportGrain.CopyKind));
        Assert.Equal(2, (await ris.StateAsync("A")).Versions.Count);
        Assert.Single((await ris.StateAsync("A")).BusinessAcks);
        Assert.Single((await ris.StateAsync("C")).Versions);
        Assert.Equal(
            RequestStatus.Accepted, (await ris.Node.GetRequestAsync(Samples.Order("1"), Token)).Status);
    }

    [Fact]
    public async Task The_platform_takes_each_message_once_however_often_it_comes()
    {
        await using var platform = await Platform.StartAsync();
        var sender = new RepeatedMessage(new Random(Seed.Get()), platform.ExchangeAsync, platform.RestartAsync);
        // The order of the documents below.
        var order = Samples.Order("OPN101");
        platform.Pacs.Hold(Samples.Study("1"), 2);

        await sender.PlayAsync(TeleradiologyWriter.Write(
            Samples.Request("1") with { PlacerOrderNumber = order }, Samples.Envelope("FLUX1")));
        await sender.PlayAsync(SourceReports.Mdm("DOCUMENT-A", ReportAction.Initial, SourceReports.Report("A")));
        await sender.PlayAsync(SourceReports.Mdm("DOCUMENT-B", ReportAction.Replace, SourceReports.Report("B", "A")));
        await sender.PlayAsync(SourceReports.Mdm("DELETE-B", ReportAction.Delete, SourceReports.Report("B", "A")));
        await sender.PlayAsync(TeleradiologyWriter.Write(
            Samples.Examination("1") with { PlacerOrderNumber = order }, Samples.Envelope("FLUX4")));
        await sender.PlayAsync(TeleradiologyWriter.Write(Samples.Request("2"), Samples.Envelope("FLUX1-2")));
        await sender.PlayAsync(TeleradiologyWriter.Write(Samples.Cancellation("2"), Samples.Envelope("FLUX2")));

        Assert.Equal(7, (await platform.Node.ListInboxAsync(new InboxFilter(), Token)).Count);
        Assert.Equal(1, await RowsAsync(platform.Node.ListOutboxAsync, PlatformRequestGrain.FetchKind));
        var state = await platform.Node.GetRequestAsync(order, Token);
        Assert.Equal(RequestStatus.Examined, state.Status);
        Assert.Single(state.Examinations);
        Assert.Empty(state.Attachments.Current);
        Assert.Equal(RequestStatus.Cancelled, await platform.StatusAsync("2"));
    }

    [Fact]
    public async Task The_source_takes_each_message_once_however_often_it_comes()
    {
        await using var source = await SourceFixture.StartAsync();
        source.Pacs.Instances = SourceReports.Images(2);
        var sender = new RepeatedMessage(new Random(Seed.Get()), source.ExchangeAsync, source.RestartAsync);

        await sender.PlayAsync(SourceReports.Oru("ORU-A", ReportAction.Initial, SourceReports.Report("A")));
        await sender.PlayAsync(SourceReports.Mdm("MDM-B", ReportAction.Replace, SourceReports.Report("B", "A")));
        await sender.PlayAsync(SourceReports.Omi("OMI", SourceReports.Study));

        Assert.Equal(3, (await source.Node.ListInboxAsync(new InboxFilter(), Token)).Count);
        Assert.Equal(2, (await source.Node.GetStudyAsync(SourceReports.Study, Token))!.Reports.Count);
    }

    /// <summary>AR: nothing was stored, so that the same message is no repeat once it can be.</summary>
    [Fact]
    public async Task A_message_that_cannot_be_stored_is_AR_at_each_door_and_taken_when_it_comes_again()
    {
        await using var ris = await PublishingRis.StartAsync();
        await using var platform = await Platform.StartAsync();
        var report = SourceReports.Mdm("A", ReportAction.Initial, SourceReports.Report("A"));

        await RefusedAsync(Path.Combine(ris.NodeFolder, "objects"), report, ris.ExchangeAsync);
        await RefusedAsync(Path.Combine(platform.NodeFolder, "objects"), report, platform.ExchangeAsync);

        Assert.Single((await ris.StateAsync("A")).Versions);
        Assert.Single((await platform.Node.GetRequestAsync(Samples.Order("OPN101"), Token)).Attachments.Current);

        static async Task RefusedAsync(string objects, byte[] message, Func<byte[], Task<MllpExchange>> exchange)
        {
            // A file where the folder of the objects is wanted.
            Directory.Move(objects, objects + ".away");
            await File.WriteAllTextAsync(objects, "", Token);
            Assert.Equal("AR", await AnswerAsync());
            File.Delete(objects);
            Directory.Move(objects + ".away", objects);
            Assert.Equal("AA", await AnswerAsync());

            async Task<string> AnswerAsync() => Er7Message.TryRead(
                Assert.IsType<MllpExchange.Answered>(await exchange(message)).Ack, out _)!.Get("MSA-1");
        }
    }

    private static async Task<int> RowsAsync(
        Func<OutboxFilter, CancellationToken, Task<IReadOnlyList<OutboxEntry>>> list, string kind) =>
        (await list(new OutboxFilter([], Kind: kind), Token)).Count;
}
