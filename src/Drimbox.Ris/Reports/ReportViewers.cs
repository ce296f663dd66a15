using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Ris.Reports;

/// <summary>Where the images of a report are shown (DB/RIS.11). Put into documents that the RIS itself writes, and into
/// no other.</summary>
/// <param name="host">Of the viewer; null: there is none.</param>
internal sealed class ReportViewers(string? host, RisRequestGrain requests)
{
    /// <summary>An address for each study of a header, without the id of the document.</summary>
    public async Task<IReadOnlyList<ViewerLink>> OfAsync(CdaHeader header, CancellationToken cancellation)
    {
        var links = new List<ViewerLink>();
        if (host is null) return links;
        foreach (var study in header.StudyInstanceUids)
        {
            if (await AccessionOfAsync(header, study, cancellation) is not { } accession) continue;
            var act = header.ServiceEvents.First(e => e.StudyInstanceUid == study).Code?.Display ?? "";
            links.Add(new ViewerLink(ViewerAddress.Partial(host, study, accession), act));
        }

        return links;
    }

    // A header lists orders and studies, and not which study is of which order: that is known of own requests.
    private async Task<InstanceIdentifier?> AccessionOfAsync(
        CdaHeader header, Uid study, CancellationToken cancellation)
    {
        var accessions = header.Orders.Select(o => o.AccessionNumber).OfType<InstanceIdentifier>().Distinct().ToList();
        if (accessions.Count < 2) return accessions.Count == 0 ? null : accessions[0];
        foreach (var order in header.Orders.Select(o => o.PlacerOrderNumber).Where(o => !o.IsEmpty).Distinct())
        {
            var request = await requests.GetAsync(order, cancellation);
            if (request.Examinations.Exists(e => e.StudyInstanceUid == study)) return request.AccessionNumber;
        }

        return null;
    }
}
