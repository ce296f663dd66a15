using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>Admissions and identities of IHE PAM with its national extension (PAM-FR 2.11), as far as the RIS uses
/// them: who the patient is, and the answer about the DMP (ZFA). Source: the published consent messages; the structures
/// of the events are those of HL7 v2.5 table 0354. The other segments and fields of PAM are not looked at.</summary>
public static class PamProfiles
{
    // ZFA|ACTIF|20240306111154|||||||INO|20240306111154|IC|20240306111154
    public static MessageProfile Admission { get; } = new(
        "PAM-FR-A01", "Venue du patient, avec son statut DMP", Hl7Volet.CdaTransmission,
        "ADT", ["A01", "A04", "A08"], "ADT_A01", "2.5", [new ProfileId("2.11", "IHE_FRANCE-2.11-PAM")], [], "ADT_A01",
        Group("ADT_A01", Usage.R, "1..1", Seg("MSH"), Seg("EVN"), Seg("PID"), Seg("ZFA", Usage.RE, "0..1")),
        [
            F("EVN-2", "recorded", form: ValueForm.Time),
            F("PID-3", "patient identifiers"), F("PID-3.1", "patient identifier"),
            F("PID-5", "patient name"), F("PID-5.1", "family name"),
            // IHE-FRANCE-ZFA-9 and -11, as the messages show them.
            V("ZFA-9.1", "information and opposition to the feeding of the DMP", "INO", "IO", "NA"),
            F("ZFA-10", "when that was collected", Usage.RE, ValueForm.Time),
            V("ZFA-11.1", "information and consent to the consultation of the DMP", "IC", "INC", "NA"),
            F("ZFA-12", "when that was collected", Usage.RE, ValueForm.Time),
        ],
        [],
        [],
        "PAM-FR 2.11, samples");

    public static MessageProfile Identity { get; } = Admission with
    {
        Id = "PAM-FR-A05",
        Title = "Préadmission ou identité du patient, avec son statut DMP",
        TriggerEvents = ["A05", "A28", "A31"],
        MessageStructure = "ADT_A05",
        OrderGroup = "ADT_A05",
        Structure = Admission.Structure with { Name = "ADT_A05" },
    };
}
