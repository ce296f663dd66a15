using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>What a CDA request for imaging says of itself as an order.</summary>
/// <param name="PlacerOrderNumber">The number that its requester gave it, or null.</param>
/// <param name="Examinations">The acts that it asks for; empty where its body is not structured.</param>
public sealed record ImagingRequestDocument(
    InstanceIdentifier? PlacerOrderNumber, IReadOnlyList<ExaminationOrder> Examinations)
{
    // FR-Demande-d-examen-ou-de-suivi-IMG-DA: an act that is asked for.
    private const string ActTemplate = "1.2.250.1.213.1.1.3.27.3";

    private static readonly ImagingRequestDocument Nothing = new(null, []);

    /// <summary>Reads a document that <see cref="CdaReader"/> could read. Source: example documents and schematron
    /// IMG-DA-IMG 2024.01 of the ANS; a document of another type has neither number nor acts.</summary>
    public static ImagingRequestDocument Read(ReadOnlyMemory<byte> cda)
    {
        var root = HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out _)?.Root;
        if (root is null || (string?)root.Element(V3 + "code")?.Attribute("code") != ReportCodes.ImagingRequest.Value)
            return Nothing;
        return new ImagingRequestDocument(OrderOf(root), [.. root.Descendants(V3 + "observation")
            .Where(o => o.Elements(V3 + "templateId").Any(t => (string?)t.Attribute("root") == ActTemplate))
            .Select(ActOf).OfType<ExaminationOrder>()]);
    }

    // <documentationOf><serviceEvent><id root="1.2.250.1.748.12345678.12" extension="984375873"/>: "Order Placer
    // Number" of the header of IMG-DA-IMG.
    private static InstanceIdentifier? OrderOf(XElement root) => root.Elements(V3 + "documentationOf")
        .Elements(V3 + "serviceEvent")
        .SelectMany(e => CdaReader.Identifiers(e, "id"))
        .Where(id => id.Extension is not null)
        .Select(id => (InstanceIdentifier?)id).FirstOrDefault();

    private static ExaminationOrder? ActOf(XElement act)
    {
        var site = act.Element(V3 + "targetSiteCode");
        if (CodeOf(act.Element(V3 + "code")) is not { } modality || CodeOf(site) is not { } region) return null;
        var topography = site!.Elements(V3 + "qualifier").Elements(V3 + "value").Select(CodeOf).FirstOrDefault();
        return new ExaminationOrder(modality, new AnatomicRegion(region, topography));
    }

    // A request of flux 1 names coding systems as HL7 v2 does.
    private static Code? CodeOf(XElement? element) => (string?)element?.Attribute("code") is { Length: > 0 } value
        ? new Code(
            value,
            (string?)element!.Attribute("codeSystem") switch
            {
                ReportCodes.Dcm => "DCM",
                ReportCodes.SnomedCt => "SCT",
                // TerminologieCISIS, as MODALITE_IMAGERIE of flux 1 writes it.
                "1.2.250.1.213.1.1.4.322" => "terminologie-cisis-fr",
                var other => other ?? "",
            },
            (string?)element.Attribute("displayName") ?? "")
        : null;
}
