using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Ris.Requests.RequestPapers;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>The documents of requests at the platform: sent by a RIS over MLLP, by the CDA volet.</summary>
public sealed class DocumentsToPlatformTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB/RIS.04")]
    public async Task The_radiologist_has_the_documents_of_a_request_byte_for_byte_and_its_newest_versions_alone()
    {
        await using var platform = await Platform.StartAsync();
        await using var ris = await OrderingRis.StartAsync(platform.Node.Hl7EndPoint.Port);
        var order = Samples.Order("OPN1");
        await ris.PlaceAsync(Demand("DEM1"), new RequestOrder(Samples.Request("OPN1"), []));
        await ris.Node.AttachDocumentAsync(order, Results("A"), "alice", Token);
        await ris.Node.AttachDocumentAsync(order, Results("B", replaces: "A"), "alice", Token);
        await ris.Node.AttachDocumentAsync(order, Results("C"), "alice", Token);
        Assert.Null((await ris.Node.DetachDocumentAsync(order, Id("C"), "alice", Token)).Refusal);
        await platform.Log.WhenAsync(LoggedEvents.MessageTaken, count: 6);

        var state = await platform.Node.GetRequestAsync(order, Token);
        Assert.Equal(RequestStatus.Placed, state.Status);
        Assert.Equal([Id("B"), Id("DEM1")], state.Attachments.Current.Select(a => a.DocumentId));
        Assert.Equal(
            Demand("DEM1").Content.ToArray(), await platform.Node.ReadAttachmentAsync(order, Id("DEM1"), Token));
        Assert.Null(await platform.Node.ReadAttachmentAsync(order, Id("X"), Token));
        Assert.Empty(await ris.Node.FindRequestsAsync(Id("C").ToString(), Token));
        // What is replaced can still be read: it was there when somebody decided.
        Assert.NotNull(await platform.Node.ReadAttachmentAsync(order, Id("A"), Token));
    }

    [Fact]
    public async Task A_document_is_taken_before_its_request_and_one_without_an_order_number_is_refused()
    {
        await using var platform = await Platform.StartAsync();
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync(Demand("DEM1"), new RequestOrder(Samples.Request("OPN1"), []));
        var request = await ris.Platform.NextAsync();
        var document = await ris.Platform.NextAsync();

        Assert.Equal(AckCode.AA, (await platform.SendAsync(document)).Code);
        Assert.Equal(RequestStatus.Unknown, await platform.StatusAsync("OPN1"));
        Assert.Empty(await platform.Node.ListWorklistAsync(new(), Token));
        Assert.Equal(AckCode.AA, (await platform.SendAsync(request)).Code);
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("OPN1"));
        var state = await platform.Node.GetRequestAsync(Samples.Order("OPN1"), Token);
        Assert.Equal([Id("DEM1")], state.Attachments.Current.Select(a => a.DocumentId));

        var text = Encoding.UTF8.GetString(document);
        var order = Er7Message.TryRead(document, out _)!.Header[10].Text;
        var nameless = text.Replace("OPN1^^1.2.250.1.748.1^ISO", "", StringComparison.Ordinal)
            .Replace(order, "NAMELESS", StringComparison.Ordinal);
        var ack = await platform.SendAsync(Encoding.UTF8.GetBytes(nameless));
        Assert.Equal((AckCode.AE, "101", "ORC^1^2"), (ack.Code, ack.Errors[0].Code, ack.Errors[0].Location));
    }

    [Fact]
    public async Task A_document_of_another_patient_is_refused_and_named_as_such()
    {
        await using var platform = await Platform.StartAsync();
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync(
            Results("A", ins: "279035121518990"),
            new RequestOrder(Samples.Request("OPN1") with { Patient = Samples.OtherPatient }, []));
        await ris.Platform.NextAsync();
        var document = await ris.Platform.NextAsync();
        await platform.SendAsync(Samples.Request("OPN1"), "1");

        var ack = await platform.SendAsync(document);

        Assert.Equal((AckCode.AE, "PID^1^3"), (ack.Code, ack.Errors[0].Location));
        Assert.Empty((await platform.Node.GetRequestAsync(Samples.Order("OPN1"), Token)).Attachments.Received);
        Assert.DoesNotContain("PAT-TROIS", platform.Log.Text, StringComparison.Ordinal);
    }
}
