using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>The notice of a PACS to the DRIMbox that a study has changed: OMI^O23. No page of a guide describes it; the
/// shape is that of the message in the official test data (facts document 1.6), so that only what is used is asked for:
/// the study, and the patient's identifier.</summary>
public static class StudyChangeProfile
{
    // MSH|^~\&|PACS|…|OMI^O23^OMI_O23|…|P|2.5.1
    // ORC|NW|placer|filler||SC
    // IPC|accession|requested procedure|study|scheduled step|modality||||AE title
    public static MessageProfile Omi { get; } = new(
        "DRIM-OMI", "Modification d'un examen au PACS", Hl7Volet.Teleradiology,
        "OMI", ["O23"], "OMI_O23", "2.5.1", [], [], "ORDER",
        Group("OMI_O23", Usage.R, "1..1",
            Seg("MSH"), Any("SFT"), Any("NTE"),
            Group("PATIENT", Usage.R, "1..1",
                Seg("PID"), Opt("PD1"), Any("NTE"),
                Group("PATIENT_VISIT", Usage.O, "0..1", Seg("PV1"), Opt("PV2")),
                Group("INSURANCE", Usage.O, "0..*", Seg("IN1"), Opt("IN2"), Opt("IN3")),
                Opt("GT1"), Any("AL1")),
            Group("ORDER", Usage.R, "1..*",
                Seg("ORC"),
                Group("TIMING", Usage.O, "0..*", Seg("TQ1"), Any("TQ2")),
                Seg("OBR"), Any("NTE"), Opt("CTD"), Any("DG1"),
                Group("OBSERVATION", Usage.O, "0..*", Seg("OBX"), Any("NTE")),
                Seg("IPC", Usage.R, "1..*"))),
        [
            F("PID-3", "patient identifiers"), F("PID-3.1", "patient identifier"),
            F("ORC-1", "order control"),
            F("IPC-1", "accession identifier", Usage.RE),
            F("IPC-3", "Study Instance UID"), F("IPC-3.1", "Study Instance UID", form: ValueForm.Uid),
        ],
        [],
        [],
        "official DRIMbox test data");
}
