using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>What an archive takes of the messages about patients: IHE RAD-12 Patient Update, and the events of PAM that
/// say the same (ITI-30). The structures are those of HL7 v2.5 table 0354; only what is used is asked for.</summary>
public static class PatientUpdateProfiles
{
    // IHE RAD-12 is HL7 2.3.1, its option and PAM are 2.5 and 2.5.1.
    private static readonly string[] _versions = ["2.3.1", "2.4", "2.5", "2.5.1"];

    /// <summary>The attributes of a patient.</summary>
    public static MessageProfile Update { get; } = Of(
        "PAM-UPDATE", "Traits d'un patient", ["A01", "A04", "A08"], "ADT_A01", [], Seg("PID"));

    public static MessageProfile Identity { get; } = Of(
        "PAM-IDENTITY", "Traits d'un patient, hors venue", ["A05", "A28", "A31"], "ADT_A05", [], Seg("PID"));

    /// <summary>MRG-1 is given up for PID-3.</summary>
    public static MessageProfile Merge { get; } = Of(
        "PAM-MERGE", "Fusion de deux patients", ["A40"], "ADT_A39", GivenUp,
        Group("PATIENT", Usage.R, "1..*", Seg("PID"), Opt("PD1"), Seg("MRG")));

    public static MessageProfile ChangeOfId { get; } = Of(
        "PAM-CHANGE-ID", "Changement d'identifiant d'un patient", ["A47"], "ADT_A30", GivenUp,
        Seg("PID"), Opt("PD1"), Seg("MRG"));

    /// <summary>In each version that is taken.</summary>
    public static IReadOnlyList<MessageProfile> All { get; } =
    [
        .. from profile in new[] { Update, Identity, Merge, ChangeOfId }
           from version in _versions
           select profile with { Version = version },
    ];

    private static FieldRule[] GivenUp =>
        [F("MRG-1", "identifiers that are given up"), F("MRG-1.1", "identifier")];

    private static MessageProfile Of(
        string id, string title, string[] events, string structure, FieldRule[] further,
        params StructureRule[] patient) => new(
        id, title, Hl7Volet.CdaTransmission,
        "ADT", events, structure, "2.5", [], [], structure,
        Group(structure, Usage.R, "1..1", [Seg("MSH"), Seg("EVN", Usage.RE, "0..1"), .. patient]),
        [
            F("PID-3", "patient identifiers"), F("PID-3.1", "patient identifier"),
            F("PID-5", "patient name", Usage.RE),
            F("PID-7", "birth date", Usage.RE, ValueForm.Time),
            .. further,
        ],
        [],
        [],
        "IHE RAD-12, IHE ITI-30");
}
