using Drimbox.Core.Identity;

namespace Drimbox.Core.Archive;

/// <summary>Whom a study is of, as far as an archive identifies and finds a patient: (0010,0020), (0010,0021), the
/// entity of (0010,0024) with its type, (0010,0010), (0010,0030), (0010,0040). "" is absent.</summary>
public sealed record PatientIdentity(
    string PatientId,
    string Issuer,
    string IssuerEntity,
    string IssuerEntityType,
    string Name,
    string BirthDate,
    string Sex)
{
    public PatientKey Key => new(PatientId, Issuer, IssuerEntity);
}

/// <summary>What a correction is.</summary>
public enum CorrectionKind
{
    /// <summary>Identifiers or attributes of a patient were wrong (HL7 ADT^A08, A47).</summary>
    Correct,

    /// <summary>A patient is another one as well: its studies are of that one (ADT^A40).</summary>
    Merge,

    /// <summary>One study is of another patient.</summary>
    Move,
}

/// <summary>What a correction sets; null: as it was.</summary>
public sealed record PatientChange(
    string? PatientId = null,
    string? Issuer = null,
    string? IssuerEntity = null,
    string? IssuerEntityType = null,
    string? Name = null,
    string? BirthDate = null,
    string? Sex = null)
{
    /// <summary>All of an identity.</summary>
    public static PatientChange To(PatientIdentity identity) => new(
        identity.PatientId, identity.Issuer, identity.IssuerEntity, identity.IssuerEntityType, identity.Name,
        identity.BirthDate, identity.Sex);

    public PatientIdentity ApplyTo(PatientIdentity identity) => new(
        PatientId ?? identity.PatientId, Issuer ?? identity.Issuer, IssuerEntity ?? identity.IssuerEntity,
        IssuerEntityType ?? identity.IssuerEntityType, Name ?? identity.Name, BirthDate ?? identity.BirthDate,
        Sex ?? identity.Sex);
}

/// <summary>A correction that is wanted (docs/adr/0019). The stored files stay what they are.</summary>
/// <param name="Patient">Who is corrected or merged; of a move: not looked at.</param>
/// <param name="Study">Of a move; else the default value.</param>
/// <param name="Actor">A user, or the application whose message it was.</param>
/// <param name="Reason">One sentence for the record, without patient data.</param>
public sealed record CorrectionOrder(
    CorrectionKind Kind, PatientKey Patient, Uid Study, PatientChange To, string Actor, string Reason)
{
    /// <summary>It is recorded although the archive has no study of the patient: what comes later is corrected as it
    /// comes. A message means that; a person has mistyped.</summary>
    public bool EvenIfUnknown { get; init; }
}

/// <summary>The one decision about a correction.</summary>
public static class CorrectionRules
{
    /// <param name="present">Whom the studies that it is about are of now, each once.</param>
    /// <returns>Null: it is recorded.</returns>
    public static Refusal? Refuse(CorrectionOrder order, IReadOnlyCollection<PatientIdentity> present)
    {
        if (present.Count == 0)
        {
            return order.EvenIfUnknown && order.Kind != CorrectionKind.Move
                ? null
                : new Refusal(RefusalReason.UnknownTarget, order.Kind == CorrectionKind.Move
                    ? "The archive has no such study."
                    : "The archive has no study of this patient.");
        }

        if (order.To.PatientId is "")
            return new Refusal(RefusalReason.WrongState, "A patient id cannot be corrected to none.");
        if (order.Kind == CorrectionKind.Merge && order.To.ApplyTo(present.First()).Key == order.Patient)
            return new Refusal(RefusalReason.WrongState, "A patient cannot be merged into itself.");
        return present.All(identity => order.To.ApplyTo(identity) == identity)
            ? new Refusal(RefusalReason.WrongState, "It is so already: there is nothing to correct.")
            : null;
    }
}
