using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>A request that is carried out by two examinations, from the RIS to the report of the platform.</summary>
public sealed class ExaminationsToPlatformTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB/RIS.06")]
    [Requirement("DB/RIS.08")]
    public async Task The_report_names_both_studies_and_the_accession_number_that_they_share()
    {
        await using var platform = await Platform.StartAsync();
        await using var ris = await OrderingRis.StartAsync(platform.Node.Hl7EndPoint.Port);
        var order = Samples.Order("OPN1");
        var wish = new ExaminationOrder(Samples.Request("OPN1").Modality, Samples.Request("OPN1").Region);
        await ris.PlaceAsync(null, new RequestOrder(Samples.Request("OPN1"), [wish, wish]));
        var request = await ris.Node.GetRequestAsync(order, Token);

        foreach (var examination in request.Examinations)
        {
            Assert.Null((await ris.Node.SendPostExaminationAsync(
                Samples.Examination("1") with
                {
                    PlacerOrderNumber = order, AccessionNumber = default, PartialViewerUrl = null,
                    StudyInstanceUid = examination.StudyInstanceUid,
                },
                Token)).Refusal);
        }

        await platform.Log.WhenAsync(LoggedEvents.MessageTaken, count: 3);
        Assert.Null((await platform.Node.WriteReportAsync(order, Samples.Text, "alice", Token)).Refusal);
        var message = Er7Message.TryRead(await platform.Ris!.NextAsync(), out _)!;
        var header = ReportMessageReader.TryRead(message, out _)!.Message.Cda!;
        Assert.Equal(request.Examinations.Select(e => e.StudyInstanceUid), header.StudyInstanceUids);
        Assert.Equal(request.AccessionNumber, Assert.Single(header.Orders).AccessionNumber);
        Assert.Equal(request.AccessionNumber!.Value.Extension, message.Get("OBR-18"));
    }
}
