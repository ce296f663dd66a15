using Drimbox.Core;
using Drimbox.Core.Requests;

namespace Drimbox.Ris.Requests;

/// <summary>Requests as somebody wrote them: JSON lets members be absent that flux 1 requires.</summary>
internal static class PlacedRequests
{
    private static readonly (string Name, Func<ImagingRequest, object?> Value)[] Required =
    [
        ("patient", r => r.Patient?.Identity), ("visit", r => r.Visit), ("requestedAt", r => r.RequestedAt),
        ("orderingProvider", r => r.OrderingProvider), ("structure", r => r.Structure),
        ("justification", r => r.Justification), ("modality", r => r.Modality), ("region", r => r.Region?.Region),
    ];

    /// <summary>The requests with the lists that were left out.</summary>
    /// <returns>Null with the reason, where something is missing or contradicts itself.</returns>
    public static IReadOnlyList<RequestOrder>? TryComplete(
        IReadOnlyList<RequestOrder> orders, out Refusal? refusal)
    {
        refusal = Check(orders);
        return refusal is null ? [.. orders.Select(Complete)] : null;
    }

    private static Refusal? Check(IReadOnlyList<RequestOrder> orders)
    {
        if (orders.Count == 0) return new Refusal(RefusalReason.RequiredFieldMissing, "There is no request.");
        if (orders.Count > Limits.RequestsPerFilingMax)
        {
            return new Refusal(
                RefusalReason.OverLimit, $"At most {Limits.RequestsPerFilingMax} requests are placed at once.");
        }

        foreach (var order in orders)
        {
            if (order.Request is not { } request)
                return new Refusal(RefusalReason.RequiredFieldMissing, "There is no request.");
            if (Required.FirstOrDefault(member => member.Value(request) is null).Name is { } missing)
                return new Refusal(RefusalReason.RequiredFieldMissing, $"The request does not say its {missing}.");
            if (order.Examinations?.Any(e => e?.Modality is null || e.Region?.Region is null) == true)
            {
                return new Refusal(
                    RefusalReason.RequiredFieldMissing, "An examination does not say its modality and region.");
            }
        }

        var given = orders.Select(o => o.Request.PlacerOrderNumber).Where(order => !order.IsEmpty).ToList();
        return given.Distinct().Count() == given.Count
            ? null
            : new Refusal(RefusalReason.Cardinality, "Two of the requests have the same placer order number.");
    }

    private static RequestOrder Complete(RequestOrder order)
    {
        var request = order.Request;
        return new RequestOrder(
            request with
            {
                Patient = request.Patient with { Reliability = request.Patient.Reliability ?? [] },
                Purposes = request.Purposes ?? [],
                ModalityComments = request.ModalityComments ?? [],
                History = request.History ?? [],
            },
            order.Examinations ?? []);
    }
}
