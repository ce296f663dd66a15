using System.Text.Json.Serialization;

namespace Drimbox.Core.Identity;

/// <summary>Information and opposition to the feeding of the DMP (PAM-FR, ZFA-9). A higher value is more protective.
/// </summary>
public enum DmpFeeding
{
    /// <summary>NA: not collected. That is no opposition.</summary>
    NotCollected,

    /// <summary>INO: informed, does not oppose.</summary>
    NotOpposed,

    /// <summary>IO: informed, opposes.</summary>
    Opposed,
}

/// <summary>Information and consent to the consultation of the DMP (PAM-FR, ZFA-11). A higher value is more
/// protective.</summary>
public enum DmpConsultation
{
    /// <summary>NA: not collected.</summary>
    NotCollected,

    /// <summary>IC: informed, consents.</summary>
    Consented,

    /// <summary>INC: informed, does not consent.</summary>
    Refused,
}

/// <summary>What one message says of a patient.</summary>
/// <param name="Reliability">The repetitions of PID-32.</param>
/// <param name="StatedAt">When it was made, UTC, yyyyMMddHHmmss (shorter where the message is less precise): of two
/// statements the later one counts.</param>
public sealed record PatientStatement(
    Patient Patient,
    IReadOnlyList<string> Reliability,
    DmpFeeding Feeding,
    DmpConsultation Consultation,
    string StatedAt)
{
    /// <summary>The treating physician, where the message names one.</summary>
    public Professional? TreatingPhysician { get; init; }

    /// <summary>The identifiers that the statement is filed under: the INS where it is qualified, and that of the
    /// site. A matricule of a doubtful identity names nobody.</summary>
    public IReadOnlyList<InstanceIdentifier> Keys => PatientKeys.Of(
        QualifiedIns.From(Patient, Reliability) is null ? Patient with { Ins = null } : Patient);
}

/// <summary>The identifiers of a patient, as keys of the local base.</summary>
public static class PatientKeys
{
    public static IReadOnlyList<InstanceIdentifier> Of(Patient patient)
    {
        var keys = new List<InstanceIdentifier>();
        if (patient.Ins is { } ins) keys.Add(ins);
        if (patient.LocalId is { } local)
        {
            var authority = local.IssuerOid.Length > 0 ? local.IssuerOid : local.IssuerName;
            if (InstanceIdentifier.TryCreate(authority, local.Value, out var key)) keys.Add(key);
        }

        return keys;
    }
}

/// <summary>What happened to the record of a patient.</summary>
[JsonDerivedType(typeof(PatientIdentityStated), nameof(PatientIdentityStated))]
[JsonDerivedType(typeof(DmpConsentStated), nameof(DmpConsentStated))]
[JsonDerivedType(typeof(TreatingPhysicianStated), nameof(TreatingPhysicianStated))]
public abstract record PatientEvent;

public sealed record PatientIdentityStated(Patient Patient, string StatedAt, DateTimeOffset RecordedAt) : PatientEvent;

public sealed record DmpConsentStated(
    DmpFeeding Feeding, DmpConsultation Consultation, string StatedAt, DateTimeOffset RecordedAt) : PatientEvent;

public sealed record TreatingPhysicianStated(Professional Physician, string StatedAt, DateTimeOffset RecordedAt)
    : PatientEvent;

/// <summary>A patient under one identifier, as the site's own systems state it.</summary>
/// <param name="FeedingStatedAt">When <paramref name="Feeding"/> was stated, as
/// <see cref="PatientStatement.StatedAt"/>.</param>
public sealed record PatientState(
    Patient? Identity,
    string IdentityStatedAt,
    DmpFeeding Feeding,
    string FeedingStatedAt,
    DmpConsultation Consultation,
    string ConsultationStatedAt)
{
    public static PatientState Empty { get; } =
        new(null, "", DmpFeeding.NotCollected, "", DmpConsultation.NotCollected, "");

    /// <summary>Null where no message has named one.</summary>
    public Professional? TreatingPhysician { get; init; }

    /// <summary>When that was stated, as <see cref="PatientStatement.StatedAt"/>.</summary>
    public string TreatingPhysicianStatedAt { get; init; } = "";
}

/// <param name="FeedingChanged">The reports of the patient must be looked at again.</param>
public sealed record PatientDecision(IReadOnlyList<PatientEvent> Events, bool FeedingChanged);

/// <summary>
/// The rules of the local base of patients. Statements may arrive in any order: the latest made counts, of two made in
/// the same second the more protective one, so that the order of arrival does not matter. "Not collected" says nothing
/// and takes nothing back.
/// </summary>
public static class PatientDecider
{
    public static PatientDecision Decide(PatientState state, PatientStatement statement, DateTimeOffset now)
    {
        var events = new List<PatientEvent>();
        if (state.Identity != statement.Patient)
            events.Add(new PatientIdentityStated(statement.Patient, statement.StatedAt, now));
        if (statement.Feeding != DmpFeeding.NotCollected || statement.Consultation != DmpConsultation.NotCollected)
            events.Add(new DmpConsentStated(statement.Feeding, statement.Consultation, statement.StatedAt, now));
        if (statement.TreatingPhysician is { } physician && physician != state.TreatingPhysician)
            events.Add(new TreatingPhysicianStated(physician, statement.StatedAt, now));
        var after = events.Aggregate(state, Evolve);
        return new PatientDecision(events, after.Feeding != state.Feeding);
    }

    public static PatientState Evolve(PatientState state, PatientEvent e) => e switch
    {
        PatientIdentityStated stated => IsLater(stated.StatedAt, state.IdentityStatedAt)
            ? state with { Identity = stated.Patient, IdentityStatedAt = stated.StatedAt }
            : state,
        DmpConsentStated stated => Evolve(state, stated),
        TreatingPhysicianStated stated => IsLater(stated.StatedAt, state.TreatingPhysicianStatedAt)
            ? state with { TreatingPhysician = stated.Physician, TreatingPhysicianStatedAt = stated.StatedAt }
            : state,
        _ => throw Invariant.Unreachable(e),
    };

    private static PatientState Evolve(PatientState state, DmpConsentStated stated)
    {
        if (Replaces(stated.StatedAt, (int)stated.Feeding, state.FeedingStatedAt, (int)state.Feeding))
            state = state with { Feeding = stated.Feeding, FeedingStatedAt = stated.StatedAt };
        return Replaces(stated.StatedAt, (int)stated.Consultation, state.ConsultationStatedAt, (int)state.Consultation)
            ? state with { Consultation = stated.Consultation, ConsultationStatedAt = stated.StatedAt }
            : state;
    }

    // Zero is "not collected" of both enumerations.
    internal static bool Replaces(string statedAt, int value, string knownAt, int known)
    {
        if (value == 0) return false;
        var order = string.CompareOrdinal(statedAt, knownAt);
        return order > 0 || (order == 0 && value > known);
    }

    private static bool IsLater(string statedAt, string knownAt) => string.CompareOrdinal(statedAt, knownAt) >= 0;
}

/// <summary>What the local base says of the patient of a report, under all the identifiers that the report
/// names.</summary>
/// <param name="Identity">As stated for its INS; null where the INS is not known.</param>
/// <param name="IsKnown">One of the identifiers is known.</param>
/// <param name="Feeding">The latest statement.</param>
/// <param name="FeedingStatedAt">When it was made; empty where there is none.</param>
public sealed record PatientStanding(Patient? Identity, bool IsKnown, DmpFeeding Feeding, string FeedingStatedAt)
{
    public bool Opposes => Feeding == DmpFeeding.Opposed;

    /// <summary>The one that was named latest, or null.</summary>
    public Professional? TreatingPhysician { get; init; }

    public static PatientStanding Of(IReadOnlyList<(InstanceIdentifier Key, PatientState State)> records)
    {
        var standing = new PatientStanding(null, false, DmpFeeding.NotCollected, "")
        {
            TreatingPhysician = records.Select(r => r.State)
                .OrderBy(s => s.TreatingPhysicianStatedAt, StringComparer.Ordinal)
                .LastOrDefault(s => s.TreatingPhysician is not null)?.TreatingPhysician,
        };
        foreach (var (key, state) in records)
        {
            if (state.Identity is { } identity)
            {
                standing = standing with
                {
                    IsKnown = true,
                    Identity = NationalAuthorities.IsIns(key.Root) ? identity : standing.Identity,
                };
            }

            if (PatientDecider.Replaces(
                    state.FeedingStatedAt, (int)state.Feeding, standing.FeedingStatedAt, (int)standing.Feeding))
            {
                standing = standing with { Feeding = state.Feeding, FeedingStatedAt = state.FeedingStatedAt };
            }
        }

        return standing;
    }
}

/// <summary>Records of the local base that may be the same person (IEPS 8).</summary>
public static class PatientDuplicates
{
    /// <summary>Of records with the same five traits, those that the same authority knows under another identifier
    /// than <paramref name="keys"/>. The INS of all sorts have one authority.</summary>
    public static IReadOnlyList<InstanceIdentifier> Of(
        IReadOnlyList<InstanceIdentifier> keys, IEnumerable<InstanceIdentifier> sameTraits) =>
        [.. sameTraits.Where(other => !keys.Contains(other)
            && keys.Any(own => AuthorityOf(own) == AuthorityOf(other))).Distinct()];

    private static string AuthorityOf(InstanceIdentifier key) =>
        NationalAuthorities.IsIns(key.Root) ? NationalAuthorities.InsNir : key.Root;
}
