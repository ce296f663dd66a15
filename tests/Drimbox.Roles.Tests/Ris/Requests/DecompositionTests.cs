using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Er7;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Ris.Requests.RequestPapers;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>A document becomes requests, and these become examinations; what the platform and the modalities are told
/// of them.</summary>
public sealed class DecompositionTests
{
    private static CancellationToken Token => OrderingRis.Token;

    [Fact]
    [Requirement("DB/RIS.01")]
    [Requirement("DB/RIS.02")]
    [Requirement("DB/RIS.03")]
    [Requirement("DB/RIS.04")]
    public async Task One_document_becomes_several_requests_each_with_numbers_of_its_own()
    {
        await using var ris = await OrderingRis.StartAsync();
        var reply = await ris.PlaceAsync(
            Demand("DEM1"), new RequestOrder(Unnumbered(), []), new RequestOrder(Unnumbered("MR"), []),
            new RequestOrder(Samples.Request("OPN3"), []));

        InstanceIdentifier[] orders = [.. reply.Requests.Select(r => r.Order)];
        // That of the requester, one of the RIS, one that was given.
        Assert.Equal(Samples.Order(PlacerOrderNumber), orders[0]);
        Assert.Equal("1.2.250.1.999.10.31", orders[1].Root);
        Assert.Equal(Samples.Order("OPN3"), orders[2]);
        Assert.All(reply.Requests, r => Assert.Equal("1.2.250.1.999.10.32", r.State.AccessionNumber!.Value.Root));
        Assert.Equal(3, reply.Requests.Select(r => r.State.AccessionNumber).Distinct().Count());

        // Flux 1 of each request, and after it the document, byte for byte, under the number of that request.
        foreach (var order in orders)
        {
            Assert.Equal(("O01", order.Extension!), await HeadAsync(ris));
            var (trigger, number, message) = await ris.NextAsync();
            Assert.Equal(("T02", order.Extension), (trigger, number));
            Assert.Equal(Demand("DEM1").Content.ToArray(), DocumentOf(message));
            Assert.Equal("N", Flag(message, "DESTDMP"));
        }

        var byDocument = await ris.Node.FindRequestsAsync(Id("DEM1").ToString(), Token);
        Assert.Equal(
            orders.Order(Comparer), byDocument.Select(r => r.Order).Order(Comparer));
    }

    [Fact]
    [Requirement("DB/RIS.01")]
    [Requirement("DB/RIS.06")]
    public async Task The_acts_that_a_structured_request_asks_for_are_the_examinations_of_its_request()
    {
        await using var ris = await OrderingRis.StartAsync();
        var reply = await ris.PlaceAsync(Demand("DEM1", "CT", "MR"), new RequestOrder(Unnumbered(), []));

        var examinations = Assert.Single(reply.Requests).State.Examinations;
        Assert.Equal(["CT", "MR"], examinations.Select(e => e.Modality.Value));
        Assert.All(examinations, e => Assert.Equal("361291001", e.Region.Region.Value));
        Assert.All(examinations, e => Assert.Equal("gauche", e.Region.Topography!.Display));
        var items = await ris.Ris.WorklistAsync();
        Assert.Equal(2, items.Count);
        Assert.All(items, item => Assert.Equal(PlacerOrderNumber, item.GetString(Tag.AccessionNumber)));
        Assert.All(
            items, item => Assert.Equal(PlacerOrderNumber, item.GetString(Tag.PlacerOrderNumberImagingServiceRequest)));
    }

    [Fact]
    [Requirement("DB/RIS.05")]
    [Requirement("DB/RIS.06")]
    [Requirement("DB/RIS.07")]
    public async Task The_worklist_has_an_item_for_each_examination_that_is_still_to_be_made()
    {
        await using var ris = await OrderingRis.StartAsync();
        ExaminationOrder[] wishes =
        [
            new(new Code("CT", "DCM", "Scanner"), Samples.Request("1").Region),
            new(new Code("MR", "DCM", "IRM"), Samples.Request("1").Region),
        ];
        await ris.PlaceAsync(null, new RequestOrder(Samples.Request("OPN1"), wishes));
        var items = await ris.Ris.WorklistAsync();
        var studies = items.Select(i => i.GetUid(Tag.StudyInstanceUID)).ToHashSet();
        Assert.Equal(2, studies.Count);
        Assert.All(studies, s => Assert.StartsWith("1.2.250.1.999.10.33.", s.ToString(), StringComparison.Ordinal));
        Assert.All(studies, s => Assert.True(s.ToString().Length < 64));
        Assert.Equal(2, items.Select(i => i.GetString(Tag.RequestedProcedureID)).Distinct().Count());
        Assert.Equal(["OPN1", "OPN1"], items.Select(i => i.GetString(Tag.AccessionNumber)));

        var ct = await StudyAsync(ris, "CT");
        Assert.Null((await ris.Node.SendPostExaminationAsync(Complement("OPN1", ct), Token)).Refusal);
        Assert.Equal("MR", ModalityOf(Assert.Single(await ris.Ris.WorklistAsync())));

        // One more, after the first was made.
        var planned = await ris.Node.PlanExaminationAsync(
            [Samples.Order("OPN1")], new ExaminationOrder(new Code("CT", "DCM", "Scanner"), wishes[0].Region), "alice",
            Token);
        Assert.Equal(3, Assert.Single(planned.Requests).State.Examinations.Count);
        Assert.Equal(["CT", "MR"], (await ris.Ris.WorklistAsync()).Select(ModalityOf).Order(StringComparer.Ordinal));

        await ris.Ris.Node.DisposeAsync();
        await ris.Ris.StartNodeAsync();
        Assert.Equal(["CT", "MR"], (await ris.Ris.WorklistAsync()).Select(ModalityOf).Order(StringComparer.Ordinal));
        Assert.Null((await ris.Node.WithdrawExaminationAsync(
            Samples.Order("OPN1"), await StudyAsync(ris, "MR"), "alice", Token)).Refusal);
        Assert.Equal("CT", ModalityOf(Assert.Single(await ris.Ris.WorklistAsync())));
    }

    [Fact]
    [Requirement("DB/RIS.06")]
    public async Task An_examination_serves_two_requests_and_each_has_its_own_complement()
    {
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync("OPN1");
        await ris.PlaceAsync("OPN2");
        var planned = await ris.Node.PlanExaminationAsync(
            [Samples.Order("OPN1"), Samples.Order("OPN2")],
            new ExaminationOrder(new Code("MR", "DCM", "IRM"), Samples.Request("1").Region), "alice", Token);
        Assert.Null(planned.Refusal);
        var shared = await StudyAsync(ris, "MR");
        Assert.Equal(
            ["OPN1", "OPN2"],
            (await ris.Ris.WorklistAsync((Tag.Modality, "MR"))).Select(i => i.GetString(Tag.AccessionNumber)));
        Assert.Equal(2, (await ris.Node.FindRequestsAsync(shared.ToString(), Token)).Count);

        // Made for one, it is made for both; the platform is told of it for each, under its accession number.
        foreach (var number in (string[])["OPN1", "OPN2"])
        {
            Assert.Null((await ris.Node.SendPostExaminationAsync(Complement(number, shared), Token)).Refusal);
            Assert.Empty(await ris.Ris.WorklistAsync((Tag.Modality, "MR")));
        }

        for (var i = 0; i < 2; i++) await ris.NextAsync();
        foreach (var number in (string[])["OPN1", "OPN2"])
        {
            var (trigger, order, message) = await ris.NextAsync();
            Assert.Equal(
                ("O23", number, number, shared.ToString()),
                (trigger, order, message.Get("IPC-1.1"), message.Get("IPC-3")));
        }

        // A third request joins what is made already: nothing for a modality to do.
        await ris.PlaceAsync("OPN3");
        Assert.Null((await ris.Node.ShareExaminationAsync(Samples.Order("OPN3"), shared, "alice", Token)).Refusal);
        Assert.Empty(await ris.Ris.WorklistAsync((Tag.Modality, "MR")));
        Assert.Equal(3, (await ris.Ris.WorklistAsync()).Count);
    }

    [Fact]
    [Requirement("DB/RIS.06")]
    public async Task Requests_of_two_patients_share_no_examination_and_no_document()
    {
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync("OPN1");
        await ris.PlaceAsync(
            null, new RequestOrder(Samples.Request("OPN2") with { Patient = Samples.OtherPatient }, []));
        var study = (await ris.Node.GetRequestAsync(Samples.Order("OPN1"), Token)).Examinations[0].StudyInstanceUid;

        var shared = await ris.Node.ShareExaminationAsync(Samples.Order("OPN2"), study, "alice", Token);
        Assert.Equal(RefusalReason.PatientMismatch, shared.Refusal?.Reason);
        var planned = await ris.Node.PlanExaminationAsync(
            [Samples.Order("OPN1"), Samples.Order("OPN2")],
            new ExaminationOrder(new Code("MR", "DCM", "IRM"), Samples.Request("1").Region), "alice", Token);
        Assert.Equal(RefusalReason.PatientMismatch, planned.Refusal?.Reason);

        Assert.Null((await ris.Node.AttachDocumentAsync(Samples.Order("OPN1"), Results("A"), "alice", Token)).Refusal);
        foreach (var reply in new[]
        {
            await ris.Node.AttachDocumentAsync(Samples.Order("OPN2"), Results("B"), "alice", Token),
            await ris.Node.AttachDocumentAsync(Samples.Order("OPN2"), Id("A"), "alice", Token),
        })
        {
            Assert.Equal((RefusalReason.PatientMismatch, "PID^1^3"), (reply.Refusal?.Reason, reply.Refusal?.Location));
        }

        Assert.Single((await ris.Node.GetRequestAsync(Samples.Order("OPN2"), Token)).Examinations);
        Assert.Empty((await ris.Node.GetRequestAsync(Samples.Order("OPN2"), Token)).Documents);
    }

    [Fact]
    [Requirement("DB/RIS.04")]
    public async Task A_request_has_several_documents_and_a_document_several_requests_and_each_pair_is_sent_once()
    {
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync("OPN1");
        await ris.PlaceAsync("OPN2");
        var (one, two) = (Samples.Order("OPN1"), Samples.Order("OPN2"));
        Assert.Null((await ris.Node.AttachDocumentAsync(one, Results("A"), "alice", Token)).Refusal);
        Assert.Null((await ris.Node.AttachDocumentAsync(one, Demand("DEM2"), "alice", Token)).Refusal);
        Assert.Null((await ris.Node.AttachDocumentAsync(two, Id("A"), "alice", Token)).Refusal);
        // Again, as file and by its id: nothing is sent twice.
        Assert.Null((await ris.Node.AttachDocumentAsync(one, Results("A"), "alice", Token)).Refusal);
        Assert.Null((await ris.Node.AttachDocumentAsync(two, Id("A"), "alice", Token)).Refusal);
        Assert.Null((await ris.Node.AttachDocumentAsync(one, Results("B", replaces: "A"), "alice", Token)).Refusal);

        var heads = new List<(string, string)>();
        for (var i = 0; i < 6; i++) heads.Add(await HeadAsync(ris));
        Assert.Equal(
            [("O01", "OPN1"), ("O01", "OPN2"), ("T02", "OPN1"), ("T02", "OPN1"), ("T02", "OPN2"), ("T10", "OPN1")],
            heads);
        Assert.Equal(2, (await ris.Node.FindRequestsAsync(Id("A").ToString(), Token)).Count);
        Assert.Equal(
            [Id("A"), Id("DEM2"), Id("B")],
            (await ris.Node.GetRequestAsync(one, Token)).Documents.Select(d => d.Id));
        Assert.True(ris.Platform.IsQuiet);
    }

    [Fact]
    public async Task A_scan_goes_as_a_document_of_the_structure_and_without_a_type_not_at_all()
    {
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync(Scan(RequestDocumentRole.Request), new RequestOrder(Samples.Request("OPN1"), []));
        Assert.Equal(("O01", "OPN1"), await HeadAsync(ris));
        var (_, _, message) = await ris.NextAsync();
        Assert.Equal("55115-0", message.Get("OBR-4.1"));
        Assert.Equal("300017985", message.Get("PRT-8.10"));
        var header = CdaReader.TryRead(DocumentOf(message), out _)!;
        Assert.Equal(("55115-0", "application/pdf"), (header.Type.Value, header.BodyMediaType));

        var order = Samples.Order("OPN1");
        var untyped = await ris.Node.AttachDocumentAsync(order, Scan(RequestDocumentRole.Supplement), "alice", Token);
        Assert.Equal(RefusalReason.RequiredFieldMissing, untyped.Refusal?.Reason);
        Assert.Null((await ris.Node.AttachDocumentAsync(
            order, Scan(RequestDocumentRole.Supplement, "11502-2"), "alice", Token)).Refusal);
        (_, _, message) = await ris.NextAsync();
        Assert.Equal(("11502-2", "LN"), (message.Get("OBR-4.1"), message.Get("OBR-4.3")));
    }

    [Fact]
    public async Task What_the_platform_would_refuse_is_refused_before_it_leaves()
    {
        await using var ris = await OrderingRis.StartAsync();
        await ris.PlaceAsync("OPN1");
        var order = Samples.Order("OPN1");
        foreach (var (content, reason) in new (string, RefusalReason)[]
        {
            ("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", RefusalReason.RequiredFieldMissing),
            ("no document", RefusalReason.DataType),
            ("", RefusalReason.RequiredFieldMissing),
        })
        {
            var file = Results("A") with { Content = Encoding.UTF8.GetBytes(content) };
            Assert.Equal(
                reason, (await ris.Node.AttachDocumentAsync(order, file, "alice", Token)).Refusal?.Reason);
        }

        var unknown = await ris.Node.AttachDocumentAsync(Samples.Order("OPN9"), Results("A"), "alice", Token);
        Assert.Equal(RefusalReason.UnknownTarget, unknown.Refusal?.Reason);
        Assert.Equal(
            RefusalReason.UnknownTarget,
            (await ris.Node.AttachDocumentAsync(order, Id("NONE"), "alice", Token)).Refusal?.Reason);
        Assert.Empty((await ris.Node.GetRequestAsync(order, Token)).Documents);
    }

    [Fact]
    [Requirement("DB/RIS.02")]
    public async Task A_document_that_cannot_be_filed_places_no_request()
    {
        await using var ris = await OrderingRis.StartAsync();
        var reply = await ris.Node.PlaceRequestsAsync(
            [new RequestOrder(Samples.Request("OPN1"), [])],
            Results("A", ins: "279035121518990"), "alice", Token);
        Assert.Equal(RefusalReason.PatientMismatch, reply.Refusal?.Reason);
        Assert.Empty(await ris.Node.ListRequestsAsync(null, 10, Token));
        Assert.True(ris.Platform.IsQuiet);
    }

    [Fact]
    public async Task What_a_request_leaves_out_is_named()
    {
        await using var ris = await OrderingRis.StartAsync();
        // As JSON leaves it out.
        var bare = Samples.Request("OPN1") with { Purposes = null!, History = null!, ModalityComments = null! };
        await ris.PlaceAsync(null, new RequestOrder(bare, null!));
        Assert.Equal(("O01", "OPN1"), await HeadAsync(ris));

        foreach (var (request, missing) in new (ImagingRequest, string)[]
        {
            (Samples.Request("OPN2") with { Patient = null! }, "patient"),
            (Samples.Request("OPN2") with { Region = null! }, "region"),
        })
        {
            var reply = await ris.Node.PlaceRequestsAsync([new RequestOrder(request, [])], null, "alice", Token);
            Assert.Equal(RefusalReason.RequiredFieldMissing, reply.Refusal?.Reason);
            Assert.Contains(missing, reply.Refusal!.Detail, StringComparison.Ordinal);
        }

        var twice = await ris.Node.PlaceRequestsAsync(
            [new RequestOrder(Samples.Request("OPN2"), []), new RequestOrder(Samples.Request("OPN2"), [])], null, "alice",
            Token);
        Assert.Equal(RefusalReason.Cardinality, twice.Refusal?.Reason);
        Assert.Single(await ris.Node.ListRequestsAsync(null, 10, Token));
    }

    private static readonly IComparer<InstanceIdentifier> Comparer = Comparer<InstanceIdentifier>.Create(
        (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static PostExamination Complement(string number, Uid study) => Samples.Examination("1") with
    {
        PlacerOrderNumber = Samples.Order(number), AccessionNumber = default, StudyInstanceUid = study, PartialViewerUrl = null,
    };

    private static async Task<(string Trigger, string Order)> HeadAsync(OrderingRis ris)
    {
        var (trigger, order, _) = await ris.NextAsync();
        return (trigger, order);
    }

    private static async Task<Uid> StudyAsync(OrderingRis ris, string modality) =>
        (await ris.Ris.WorklistAsync((Tag.Modality, modality)))[0].GetUid(Tag.StudyInstanceUID);

    private static string? ModalityOf(DataSet item) =>
        item.GetItems(Tag.ScheduledProcedureStepSequence)[0].GetString(Tag.Modality);

    private static byte[] DocumentOf(Er7Message message) =>
        Convert.FromBase64String(message.All("OBX").First()[5].Component(5).Text);

    private static string Flag(Er7Message message, string code) =>
        message.All("OBX").First(obx => obx[3].Component(1).Code == code)[5].Component(1).Code;
}
