using System.Globalization;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>Writes the messages of the teleradiology volet. Source: pages st_flux1 to st_flux4, tables; labels are
/// those
/// of the pages.</summary>
public static class TeleradiologyWriter
{
    private const string Observation = "TLR_OBSERVATION";
    private const string Structure = "STRUCTURE_IMAGERIE";
    private const string Platform = "PLATEFORME_TLR";

    /// <summary>Flux 1: ORM^O01, NW.</summary>
    public static byte[] Write(ImagingRequest request, MessageEnvelope envelope)
    {
        var writer = envelope.Begin(TeleradiologyProfiles.Flux1, "O01");
        PatientSegments.Write(writer, request.Patient);
        PatientSegments.WriteVisit(writer, request.Visit);
        Order(writer, "NW", request.PlacerOrderNumber)
            .Set(9, request.RequestedAt)
            .Set(11, Composites.Xcn(request.Verifier))
            .Set(12, Composites.Xcn(request.OrderingProvider))
            .Set(14, Composites.Phone(request.CallBackPhone));
        From(writer, Structure, request.Structure);
        Procedure(writer, request.PlacerOrderNumber,
                "TRANSMISSION_DEMANDE", "Transmission d’une demande d’examen d'imagerie")
            .Set(13, request.Justification)
            .Set(16, Composites.Xcn(request.OrderingProvider));
        Notes(writer, request.Purposes, "FINALITE_EXAMEN");

        var set = new ObxWriter(writer, "O");
        set.Modality(request.Modality);
        Notes(writer, request.ModalityComments, "MODALITE_IMAGERIE");
        set.Region(request.Region);
        for (var i = 0; i < request.History.Count; i++)
        {
            // OBX-4 is asked for where an OBX-3 occurs more than once (page sub-id).
            set.Begin("FT", "11322-5", "History of General health Narrative", "LN",
                    request.History.Count > 1 ? $"{i + 1}.1" : null)
                .Set(5, request.History[i].Text)
                .Set(8, request.History[i].Relevance);
            set.End();
        }

        set.Measure("8302-2", "Body height", request.Height);
        set.Measure("29463-7", "Body weight", request.Weight);
        if (request.Pregnant is { } pregnant)
        {
            set.Begin("CE", "82810-3", "Pregnancy status", "LN", null)
                .Set(5, pregnant ? "Y" : "N", null, "expandedYes-NoIndicator");
            set.End();
        }

        return writer.ToArray();
    }

    /// <summary>Flux 2: ORM^O01, CA.</summary>
    public static byte[] Write(RequestCancellation cancellation, MessageEnvelope envelope)
    {
        var writer = envelope.Begin(TeleradiologyProfiles.Flux2, "O01");
        PatientSegments.Write(writer, cancellation.Patient);
        PatientSegments.WriteVisit(writer, cancellation.Visit);
        Order(writer, "CA", cancellation.PlacerOrderNumber)
            .Set(9, cancellation.CancelledAt)
            .Set(11, Composites.Xcn(cancellation.Verifier))
            .Set(12, Composites.Xcn(cancellation.OrderingProvider))
            .Set(14, Composites.Phone(cancellation.CallBackPhone))
            .Set(16, Composites.Ce(cancellation.Reason));
        From(writer, Structure, cancellation.Structure);
        Procedure(writer, cancellation.PlacerOrderNumber, "ANNULATION_DEMANDE", "Annulation d’une demande d’examen")
            .Set(16, Composites.Xcn(cancellation.OrderingProvider));
        return writer.ToArray();
    }

    /// <summary>Flux 3: ORU^R01, OK or OC.</summary>
    public static byte[] Write(RequestResponse response, MessageEnvelope envelope)
    {
        var writer = envelope.Begin(TeleradiologyProfiles.Flux3, "R01");
        PatientSegments.Write(writer, response.Patient);
        Order(writer, response.Accepted ? "OK" : "OC", response.PlacerOrderNumber)
            .Set(12, Composites.Xcn(response.DecidedBy))
            .Set(16, Composites.Ce(response.Reason));
        From(writer, Platform, response.Platform);
        Procedure(writer, response.PlacerOrderNumber,
                "REPONSE_DEMANDE", "Réponse à une demande d’examen d'imagerie")
            .Set(16, Composites.Xcn(response.DecidedBy));

        var set = new ObxWriter(writer, "F");
        for (var i = 0; i < response.Protocols.Count; i++)
        {
            var protocol = response.Protocols[i];
            set.Begin(protocol is ImagingProtocol.PlainText ? "FT" : "ED",
                "PROTOCOLE_IMAGERIE", "Protocole d'imagerie médicale", Observation,
                response.Protocols.Count > 1 ? $"{i + 1}.1" : null);
            if (protocol is ImagingProtocol.PlainText text) writer.Set(5, text.Text);
            if (protocol is ImagingProtocol.Encapsulated document)
                writer.SetEncapsulated(5, "TEXT", document.Subtype, document.Content.Span);
            set.End();
        }

        return writer.ToArray();
    }

    /// <summary>Flux 4: OMI^O23, SR.</summary>
    public static byte[] Write(PostExamination examination, MessageEnvelope envelope)
    {
        var writer = envelope.Begin(TeleradiologyProfiles.Flux4, "O23");
        PatientSegments.Write(writer, examination.Patient);
        PatientSegments.WriteVisit(writer, examination.Visit);
        Order(writer, "SR", examination.PlacerOrderNumber);
        writer.Segment("TQ1")
            .Set(6, examination.RetentionDays.ToString(CultureInfo.InvariantCulture), "jours")
            .Set(7, examination.ExaminedAt);
        Procedure(writer, examination.PlacerOrderNumber,
            "COMPLEMENT_POST_ACTE", "Transmission d'un complément d’information post-examen");

        var set = new ObxWriter(writer, "F");
        set.Begin("ED", "URL_PARTIELLE_VIEWER", "URL partielle d’accès à la visionneuse d’imagerie DRIMbox",
                Observation, null)
            .SetEncapsulated(5, "TEXT", null, Encoding.UTF8.GetBytes(examination.PartialViewerUrl ?? ""));
        set.End();
        set.Begin("CE", "CODE_ACTE_IMAGERIE", "Code de l'acte d'imagerie réalisée", Observation, null)
            .Set(5, Composites.Ce(examination.Act));
        set.End();
        if (examination.Region is { } region) set.Region(region);
        if (examination.Modality is { } modality) set.Modality(modality);
        for (var i = 0; i < examination.Products.Count; i++) Product(set, examination.Products[i], i + 1);
        for (var i = 0; i < examination.Devices.Count; i++) Device(set, examination.Devices[i], i + 1);

        writer.Segment("IPC")
            .Set(1, Composites.Ei(examination.AccessionNumber))
            .Set(2, Loinc(examination.RequestedProcedure))
            .Set(3, examination.StudyInstanceUid.ToString())
            .Set(4, Loinc(examination.ScheduledProcedureStep));
        return writer.ToArray();
    }

    /// <summary>The notice of a PACS that a study has changed.</summary>
    public static byte[] Write(StudyChangeNotice notice, MessageEnvelope envelope)
    {
        var writer = envelope.Begin(StudyChangeProfile.Omi, "O23");
        PatientSegments.Write(writer, notice.Patient);
        writer.Segment("ORC").Set(1, "NW");
        if (notice.PlacerOrderNumber is { } placer) writer.Set(2, Composites.Ei(placer));
        if (notice.FillerOrderNumber is { } filler) writer.Set(3, Composites.Ei(filler));
        writer.Set(5, "SC");
        writer.Segment("OBR").Set(1, "1");
        writer.Segment("IPC");
        if (notice.AccessionNumber is { } accession) writer.Set(1, Composites.Ei(accession));
        writer.Set(3, notice.StudyInstanceUid.ToString())
            .Set(5, notice.Modality)
            .Set(9, notice.Station?.ToString());
        return writer.ToArray();
    }

    private static Er7Writer Order(Er7Writer writer, string control, InstanceIdentifier placer) =>
        writer.Segment("ORC").Set(1, control).Set(2, Composites.Ei(placer));

    private static void From(Er7Writer writer, string kind, Organization organization) =>
        writer.Set(17, kind, null, "TLR_TYPE_ORGANISATION").Set(21, Composites.Xon(organization));

    private static Er7Writer Procedure(Er7Writer writer, InstanceIdentifier placer, string code, string label) =>
        writer.Segment("OBR").Set(2, Composites.Ei(placer)).Set(4, code, label, "TLR_OBR_PROCEDURE");

    private static void Notes(Er7Writer writer, IReadOnlyList<string> notes, string type)
    {
        foreach (var note in notes) writer.Segment("NTE").Set(3, note).Set(4, type, null, "HL70364");
    }

    private static Er7Part[] Loinc(Code code) => [code.Value, null, "2.16.840.1.113883.6.1", "ISO"];

    private static void Product(ObxWriter set, AdministeredProduct product, int n)
    {
        const string Code = "PRODUIT_ADMINISTRE";
        const string Label = "Produit administré lors de l'examen d'imagerie";
        set.Begin("CE", Code, Label, Observation, $"{n}.1").Set(5, Composites.Ce(product.Type));
        set.End();
        // The table gives NM, which a lot with letters is not; the page sub-id gives TX.
        set.Begin(product.LotNumber.All(char.IsAsciiDigit) ? "NM" : "TX", Code, Label, Observation, $"{n}.2")
            .Set(5, product.LotNumber);
        set.End();
        if (product.Quantity is not { } quantity) return;
        set.Begin("NM", Code, Label, Observation, $"{n}.3").Set(5, quantity.Value).Set(6, quantity.Unit);
        set.End();
    }

    private static void Device(ObxWriter set, ImagingDevice device, int n)
    {
        const string Code = "APPAREIL_IMAGERIE";
        const string Label = "Appareil d'imagerie utilisé lors de l'examen";
        if (device.Identifier is { } identifier)
        {
            set.Begin("TX", Code, Label, Observation, $"{n}.1").Set(5, identifier);
            set.End();
        }

        if (device.Model is not { } model) return;
        set.Begin("TX", Code, Label, Observation, $"{n}.2").Set(5, model);
        set.End();
    }

    /// <summary>Numbers the OBX of an order and closes each with its status.</summary>
    private sealed class ObxWriter(Er7Writer writer, string status)
    {
        private int _count;

        public Er7Writer Begin(string type, string code, string label, string system, string? subId) =>
            writer.Segment("OBX")
                .Set(1, (++_count).ToString(CultureInfo.InvariantCulture))
                .Set(2, type)
                .Set(3, code, label, system)
                .Set(4, subId);

        public void End() => writer.Set(11, status);

        public void Modality(Code modality)
        {
            Begin("CE", "MODALITE_IMAGERIE", "Modalité d’imagerie utilisée ou prévue pour réaliser l’examen",
                Observation, null).Set(5, Composites.Ce(modality));
            End();
        }

        public void Region(AnatomicRegion region)
        {
            const string Code = "REGION_ANATOMIQUE";
            const string Label = "Localisation anatomique examinée dans le cadre de l’examen d’imagerie";
            Begin("CE", Code, Label, Observation, "1.1").Set(5, Composites.Ce(region.Region));
            End();
            if (region.Topography is not { } topography) return;
            Begin("CE", Code, Label, Observation, "1.2").Set(5, Composites.Ce(topography));
            End();
        }

        public void Measure(string code, string label, Measurement? measurement)
        {
            if (measurement is null) return;
            Begin("NM", code, label, "LN", null).Set(5, measurement.Value).Set(6, measurement.Unit);
            End();
        }
    }
}
