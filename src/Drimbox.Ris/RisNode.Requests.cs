using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Ris.Requests;

namespace Drimbox.Ris;

/// <content>Documents, the requests that they are decomposed into, and the examinations of these.</content>
public sealed partial class RisNode
{
    private readonly RequestRegister _orders;
    private readonly RequestDocuments _documents;

    /// <summary>Places one request that is one examination (flux 1).</summary>
    public Task<FilingReply> PlaceRequestAsync(ImagingRequest request, CancellationToken cancellation) =>
        PlaceRequestsAsync([new RequestOrder(request, [])], null, "", cancellation);

    /// <summary>Places requests, with the document that they come from: all of them or none. A request without an order
    /// number gets that of the document, or one of the RIS (DB/RIS.03); a single request without examinations gets
    /// those that the document asks for.</summary>
    /// <param name="actor">Who did it, for the record.</param>
    public async Task<FilingReply> PlaceRequestsAsync(
        IReadOnlyList<RequestOrder> orders, DocumentFile? file, string actor, CancellationToken cancellation)
    {
        if (PlacedRequests.TryComplete(orders, out var refusal) is not { } requests) return Refused(refusal!);
        KeptDocument? kept = null;
        if (file is not null)
        {
            (kept, var unfit) = await _documents.KeepAsync(file, [.. requests.Select(r => r.Request)], cancellation);
            if (kept is null) return Refused(unfit!);
            if (requests is [{ Examinations.Count: 0 } single] && kept.Order.Examinations is { Count: > 0 } acts)
                requests = [single with { Examinations = acts }];
        }

        foreach (var request in requests) await KnowAsync(request.Request.Patient, cancellation);
        return await _orders.FileAsync(
            taken => FilingOf(
                RequestPlan.Of(requests, kept?.Order.PlacerOrderNumber, Authorities, taken, _surroundings.Ids),
                kept?.Document, actor),
            cancellation);
    }

    /// <summary>Plans a new examination for one or several requests.</summary>
    public Task<FilingReply> PlanExaminationAsync(
        IReadOnlyList<InstanceIdentifier> orders,
        ExaminationOrder examination,
        string actor,
        CancellationToken cancellation) => _orders.FileAsync(
            _ =>
            {
                var planned = new PlannedExamination(
                    RisNumbers.NewStudy(Authorities, _surroundings.Ids), RisNumbers.NewProcedure(_surroundings.Ids),
                    examination.Modality, examination.Region, examination.Act);
                return new RequestFiling([.. orders.Distinct().Select(
                    order => new RequestChange(order, [new PlanExamination(planned, actor)]))])
                {
                    NewStudies = [planned.StudyInstanceUid],
                };
            },
            cancellation);

    /// <summary>An examination that is planned already serves another request too (DB/RIS.06).</summary>
    public async Task<FilingReply> ShareExaminationAsync(
        InstanceIdentifier order, Uid studyInstanceUid, string actor, CancellationToken cancellation)
    {
        var others = await _orders.OrdersOfExaminationAsync(studyInstanceUid, cancellation);
        foreach (var other in others)
        {
            var state = await _orders.GetAsync(other, cancellation);
            if (state.Examinations.Find(e => e.StudyInstanceUid == studyInstanceUid) is not { } examination) continue;
            return await _orders.FileAsync(
                _ => new RequestFiling(
                [
                    new RequestChange(order, [new PlanExamination(examination, actor, examination.IsPerformed)]),
                    // Looked at: all requests of an examination are of one patient.
                    .. others.Where(o => o != order).Select(o => new RequestChange(o, [])),
                ]),
                cancellation);
        }

        return Refused(new Refusal(RefusalReason.UnknownTarget, "No request has this examination."));
    }

    /// <summary>An examination that was planned for a request will not be made for it.</summary>
    public Task<FilingReply> WithdrawExaminationAsync(
        InstanceIdentifier order, Uid studyInstanceUid, string actor, CancellationToken cancellation) =>
        _orders.FileAsync(
            _ => new RequestFiling([new RequestChange(order, [new WithdrawExamination(studyInstanceUid, actor)])]),
            cancellation);

    /// <summary>A document does not belong to a request after all; the platform is told.</summary>
    public Task<FilingReply> DetachDocumentAsync(
        InstanceIdentifier order, InstanceIdentifier document, string actor, CancellationToken cancellation) =>
        _orders.FileAsync(
            _ => new RequestFiling(
                [new RequestChange(order, [new DetachDocument(document, actor)])],
                new UnlinkRequestDocument(document, order, actor)),
            cancellation);

    /// <summary>A document belongs to a request; it goes to the platform.</summary>
    public async Task<FilingReply> AttachDocumentAsync(
        InstanceIdentifier order, DocumentFile file, string actor, CancellationToken cancellation)
    {
        if ((await _orders.GetAsync(order, cancellation)).Request is not { } request) return NoRequest;
        var (kept, refusal) = await _documents.KeepAsync(file, [request], cancellation);
        return kept is null ? Refused(refusal!) : await AttachAsync(order, kept.Document, actor, cancellation);
    }

    /// <summary>A document that is here already belongs to another request too (DB/RIS.04).</summary>
    public async Task<FilingReply> AttachDocumentAsync(
        InstanceIdentifier order, InstanceIdentifier document, string actor, CancellationToken cancellation)
    {
        if ((await _orders.GetAsync(order, cancellation)).Request is not { } request) return NoRequest;
        if ((await _orders.GetDocumentAsync(document, cancellation)).Document is not { } known)
            return Refused(new Refusal(RefusalReason.UnknownTarget, "No request has a document with this identifier."));
        return await _documents.CheckAsync(known, request, cancellation) is { } refusal
            ? Refused(refusal)
            : await AttachAsync(order, known, actor, cancellation);
    }

    /// <summary>Sends what is known after an examination (flux 4).</summary>
    public Task<FilingReply> SendPostExaminationAsync(PostExamination examination, CancellationToken cancellation) =>
        _orders.FileAsync(
            _ => new RequestFiling(
            [
                new RequestChange(
                    examination.PlacerOrderNumber, [new SendPostExamination(examination, _options.ViewerHost)]),
            ]),
            cancellation);

    /// <summary>The requests in the order of their numbers.</summary>
    /// <param name="after">Continue after this one; null from the first.</param>
    public Task<IReadOnlyList<RequestRecord>> ListRequestsAsync(
        InstanceIdentifier? after, int max, CancellationToken cancellation) =>
        _orders.ListAsync(after, max, cancellation);

    /// <summary>The requests that a name leads to: an order number, a Study Instance UID, the id of a document, or an
    /// accession number.</summary>
    public async Task<IReadOnlyList<RequestRecord>> FindRequestsAsync(string name, CancellationToken cancellation)
    {
        var orders = new List<InstanceIdentifier>();
        if (Uid.TryParse(name, out var study))
        {
            foreach (var order in await _orders.OrdersOfExaminationAsync(study, cancellation))
            {
                var state = await _orders.GetAsync(order, cancellation);
                if (state.Examinations.Exists(e => e.StudyInstanceUid == study)) orders.Add(order);
            }
        }

        if (InstanceIdentifier.TryParse(name, null, out var id))
        {
            orders.Add(id);
            orders.AddRange((await _orders.GetDocumentAsync(id, cancellation)).Orders);
        }

        if (await _orders.FindAccessionAsync(name, cancellation) is { } owner) orders.Add(owner);
        var found = new List<RequestRecord>();
        foreach (var order in orders.Distinct())
        {
            var state = await _orders.GetAsync(order, cancellation);
            if (state.Status != RequestStatus.Unknown) found.Add(new RequestRecord(order, state));
        }

        return found;
    }

    private static FilingReply NoRequest { get; } =
        Refused(new Refusal(RefusalReason.UnknownTarget, "No request has this placer order number."));

    private RisAuthorities Authorities => field ??= _options.ToAuthorities();

    private Task<FilingReply> AttachAsync(
        InstanceIdentifier order, RequestDocument document, string actor, CancellationToken cancellation) =>
        _orders.FileAsync(
            _ => new RequestFiling(
                [new RequestChange(order, [new AttachDocument(document, actor)])],
                new FileRequestDocument(document, [order], actor)),
            cancellation);

    private static RequestFiling FilingOf(
        IReadOnlyList<RequestProposal> proposals, RequestDocument? document, string actor) => new(
        [.. proposals.Select(p => new RequestChange(
            p.Request.PlacerOrderNumber,
            [
                new PlaceRequest(p.Request, p.AccessionNumber, p.Examinations),
                // After the request: its lane is in order, and the platform knows the request when the document comes.
                .. document is null ? (RisRequestCommand[])[] : [new AttachDocument(document, actor)],
            ],
            p.OrderIsProposed))],
        document is null
            ? null
            : new FileRequestDocument(document, [.. proposals.Select(p => p.Request.PlacerOrderNumber)], actor));

    private static FilingReply Refused(Refusal refusal) => new(refusal, []);
}
