using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>An examination that is asked for.</summary>
/// <param name="Act">LOINC or CCAM, or null where the request says no more than modality and region.</param>
public sealed record ExaminationOrder(Code Modality, AnatomicRegion Region, Code? Act = null);

/// <summary>An examination of a request. Several requests may share one: it has the same Study Instance UID in each
/// (DB/RIS.06).</summary>
/// <param name="StudyInstanceUid">What identifies it (DB/RIS.07).</param>
/// <param name="ProcedureId">(0040,1001), unique within the request. Empty where the images were made without being
/// planned.</param>
/// <param name="IsPerformed">Its complement was sent (flux 4).</param>
public sealed record PlannedExamination(
    Uid StudyInstanceUid,
    string ProcedureId,
    Code Modality,
    AnatomicRegion Region,
    Code? Act,
    bool IsPerformed = false);

/// <summary>A request as somebody places it, with the examinations that it is to be carried out by.</summary>
/// <param name="Request">Its placer order number is empty where the RIS shall assign one.</param>
/// <param name="Examinations">Empty for one examination of the request's own modality and region.</param>
public sealed record RequestOrder(ImagingRequest Request, IReadOnlyList<ExaminationOrder> Examinations);

/// <summary>A request with the identifiers that it is to have.</summary>
/// <param name="OrderIsProposed">The order number was not given with the request: if it is in use, another is
/// proposed.</param>
public sealed record RequestProposal(
    ImagingRequest Request,
    InstanceIdentifier AccessionNumber,
    IReadOnlyList<PlannedExamination> Examinations,
    bool OrderIsProposed);

/// <summary>Gives requests and their examinations their identifiers.</summary>
public static class RequestPlan
{
    /// <param name="documentOrder">The order number of the document that the requests come from, or null: the first
    /// request without a number has it.</param>
    /// <param name="taken">Order numbers and accession numbers that are known to be in use.</param>
    public static IReadOnlyList<RequestProposal> Of(
        IReadOnlyList<RequestOrder> requests,
        InstanceIdentifier? documentOrder,
        RisAuthorities authorities,
        IReadOnlySet<string> taken,
        IIdSource ids)
    {
        var used = new HashSet<string>(taken, StringComparer.Ordinal);
        foreach (var given in requests.Select(r => r.Request.PlacerOrderNumber).Where(order => !order.IsEmpty))
            used.Add(given.ToString());
        var proposals = new List<RequestProposal>(requests.Count);
        foreach (var (request, examinations) in requests)
        {
            var order = request.PlacerOrderNumber;
            var isProposed = order.IsEmpty;
            if (isProposed)
            {
                order = documentOrder is { } own && !used.Contains(own.ToString())
                    ? own
                    : RisNumbers.NewOrder(authorities, ids);
                used.Add(order.ToString());
            }

            var accession = RisNumbers.AccessionFor(order, authorities, used, ids);
            used.Add(RisNumbers.KeyOf(accession));
            proposals.Add(new RequestProposal(
                request with { PlacerOrderNumber = order },
                accession,
                ExaminationsOf(request, examinations, accession, authorities, ids),
                isProposed));
        }

        return proposals;
    }

    private static List<PlannedExamination> ExaminationsOf(
        ImagingRequest request,
        IReadOnlyList<ExaminationOrder> orders,
        InstanceIdentifier accession,
        RisAuthorities authorities,
        IIdSource ids)
    {
        if (orders.Count == 0) orders = [new ExaminationOrder(request.Modality, request.Region)];
        return
        [
            .. orders.Select((order, i) => new PlannedExamination(
                RisNumbers.NewStudy(authorities, ids),
                i == 0 ? RisNumbers.KeyOf(accession) : RisNumbers.NewProcedure(ids),
                order.Modality, order.Region, order.Act)),
        ];
    }
}
