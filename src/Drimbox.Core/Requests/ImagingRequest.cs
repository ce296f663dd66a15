using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>A number with its unit (NM and OBX-6).</summary>
/// <param name="Value">As written.</param>
public sealed record Measurement(string Value, string Unit);

/// <summary>One entry of the patient's history.</summary>
/// <param name="Relevance">SANS_IMPACT, PERTINENT, MAJEUR, or null.</param>
public sealed record MedicalHistory(string Text, string? Relevance);

/// <summary>A region with its laterality or other modifier.</summary>
/// <param name="Region">SNOMED CT (HL7 name SCT).</param>
/// <param name="Topography">SNOMED CT, or null.</param>
public sealed record AnatomicRegion(Code Region, Code? Topography);

/// <summary>A request for an examination, RIS to teleradiology platform. Source: CI-SIS teleradiology volet, flux 1
/// (ORM^O01, ORC-1 NW). Codes keep the system as HL7 names it (DCM, SCT, LN).</summary>
/// <param name="PlacerOrderNumber">ORC-2.</param>
/// <param name="RequestedAt">ORC-9, as written (TS).</param>
/// <param name="Verifier">ORC-11: the remote professional who will decide, if known.</param>
/// <param name="OrderingProvider">ORC-12: who is responsible on site.</param>
/// <param name="CallBackPhone">ORC-14, or null.</param>
/// <param name="Structure">ORC-21: the imaging structure; the report must be authenticated for it.</param>
/// <param name="Justification">OBR-13.</param>
/// <param name="Purposes">NTE of the order with NTE-4 FINALITE_EXAMEN.</param>
/// <param name="ModalityComments">NTE of the modality.</param>
/// <param name="Pregnant">82810-3, or null where not said.</param>
public sealed record ImagingRequest(
    InstanceIdentifier PlacerOrderNumber,
    StatedPatient Patient,
    PatientVisit Visit,
    string RequestedAt,
    Professional? Verifier,
    Professional OrderingProvider,
    string? CallBackPhone,
    Organization Structure,
    string Justification,
    IReadOnlyList<string> Purposes,
    Code Modality,
    IReadOnlyList<string> ModalityComments,
    AnatomicRegion Region,
    IReadOnlyList<MedicalHistory> History,
    Measurement? Height,
    Measurement? Weight,
    bool? Pregnant);

/// <summary>A request is taken back. Source: flux 2 (ORM^O01, ORC-1 CA).</summary>
/// <param name="CancelledAt">ORC-9, as written (TS).</param>
/// <param name="Reason">ORC-16: a code, or its text alone; null if none is given.</param>
public sealed record RequestCancellation(
    InstanceIdentifier PlacerOrderNumber,
    StatedPatient Patient,
    PatientVisit Visit,
    string CancelledAt,
    Professional? Verifier,
    Professional OrderingProvider,
    string? CallBackPhone,
    Organization Structure,
    Code? Reason);
