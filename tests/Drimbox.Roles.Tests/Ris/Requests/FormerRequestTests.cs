using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>Requests that were placed before the RIS recorded their identifiers.</summary>
public sealed class FormerRequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_of_before_keeps_the_identifiers_that_the_worklist_derived_and_can_be_carried_out()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.Node.DisposeAsync();
        await PlaceAsBeforeAsync(ris, "OPN1");
        await ris.StartNodeAsync();

        var item = Assert.Single(await ris.WorklistAsync());
        Assert.Equal("OPN1", item.GetString(Tag.AccessionNumber));
        Assert.Equal("OPN1", item.GetString(Tag.RequestedProcedureID));
        Assert.Equal(
            "1.2.250.1.748.1",
            Assert.Single(item.GetItems(Tag.IssuerOfAccessionNumberSequence)).GetString(Tag.UniversalEntityID));
        // UUID version 8 of the first half of SHA-256("1.2.250.1.748.1^OPN1"): what modalities have been told.
        var study = item.GetUid(Tag.StudyInstanceUID);
        Assert.Equal("2.25.4356541310368949907923245287767107123", study.ToString());

        var sent = await ris.Node.SendPostExaminationAsync(
            Samples.Examination("1") with { PlacerOrderNumber = Samples.Order("OPN1"), StudyInstanceUid = study }, Token);
        Assert.Null(sent.Refusal);
        Assert.Empty(await ris.WorklistAsync());
    }

    // The event as it was written then: no accession number, no examinations.
    private static async Task PlaceAsBeforeAsync(RisFixture ris, string number)
    {
        var row = EventCodec.ToRow<RisRequestEvent>(new RequestPlaced(Samples.Request(number), "CTL1", Samples.Now));
        var json = row.Json.Replace(",\"Examinations\":[]", "", StringComparison.Ordinal);
        Assert.DoesNotContain("Examinations", json, StringComparison.Ordinal);
        Assert.DoesNotContain("AccessionNumber", json, StringComparison.Ordinal);
        await using var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = ris.NodeFolder, HasPublications = true }, Token);
        var result = await store.CommitAsync(
            new FlowCommit
            {
                Appends =
                [
                    new StreamAppend(
                        new StreamId($"ris/request/{Samples.Order(number)}"), 0, [row with { Json = json }]),
                ],
            },
            Token);
        Assert.IsType<CommitResult.Committed>(result);
    }
}
