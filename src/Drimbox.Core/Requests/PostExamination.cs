using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>A product given to the patient.</summary>
/// <param name="Type">ATC, V09 or V10.</param>
public sealed record AdministeredProduct(Code Type, string LotNumber, Measurement? Quantity);

/// <summary>The device that made the images; at least one of the two is known.</summary>
/// <param name="Identifier">Unique device identifier, as its carrier gives it.</param>
public sealed record ImagingDevice(string? Identifier, string? Model);

/// <summary>What is known after an examination. Source: flux 4 (OMI^O23, ORC-1 SR): one ORDER group.</summary>
/// <param name="ExaminedAt">TQ1-7, as written (TS).</param>
/// <param name="RetentionDays">TQ1-6.1: how long the images are kept.</param>
/// <param name="AccessionNumber">IPC-1.</param>
/// <param name="RequestedProcedure">IPC-2: LOINC.</param>
/// <param name="ScheduledProcedureStep">IPC-4: LOINC.</param>
/// <param name="PartialViewerUrl">The address of the study in the DRIMbox viewer; the id of the report is still to be
/// appended. Null where what was sent is not an http(s) address (the guide's own example).</param>
/// <param name="Act">CODE_ACTE_IMAGERIE: LOINC.</param>
public sealed record PostExamination(
    InstanceIdentifier PlacerOrderNumber,
    StatedPatient Patient,
    PatientVisit Visit,
    string ExaminedAt,
    int RetentionDays,
    InstanceIdentifier AccessionNumber,
    Code RequestedProcedure,
    Uid StudyInstanceUid,
    Code ScheduledProcedureStep,
    string? PartialViewerUrl,
    Code Act,
    AnatomicRegion? Region,
    Code? Modality,
    IReadOnlyList<AdministeredProduct> Products,
    IReadOnlyList<ImagingDevice> Devices);

/// <summary>A PACS tells the DRIMbox that a study has changed (OMI^O23 of the official test data). What changed is not
/// said: the PACS is asked.</summary>
/// <param name="AccessionNumber">IPC-1, or null.</param>
/// <param name="PlacerOrderNumber">ORC-2, or null.</param>
/// <param name="FillerOrderNumber">ORC-3, or null.</param>
/// <param name="Modality">IPC-5.1, or null.</param>
/// <param name="Station">IPC-9, or null.</param>
public sealed record StudyChangeNotice(
    Uid StudyInstanceUid,
    StatedPatient Patient,
    InstanceIdentifier? AccessionNumber,
    InstanceIdentifier? PlacerOrderNumber,
    InstanceIdentifier? FillerOrderNumber,
    string? Modality,
    AeTitle? Station);
