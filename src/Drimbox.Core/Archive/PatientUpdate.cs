using Drimbox.Core.Identity;

namespace Drimbox.Core.Archive;

/// <summary>Who gives out patient ids: HD of HL7, (0010,0021) and (0010,0024) of DICOM. "" is absent.</summary>
/// <param name="Name">Namespace, CX-4.1.</param>
/// <param name="UniversalId">An OID in most cases, CX-4.2.</param>
public sealed record AssigningAuthority(string Name, string UniversalId)
{
    public static AssigningAuthority None { get; } = new("", "");

    public bool IsNone => Name.Length == 0 && UniversalId.Length == 0;

    /// <summary>By the universal ids where both have one, else by the names.</summary>
    public bool IsSameAs(AssigningAuthority other) =>
        UniversalId.Length > 0 && other.UniversalId.Length > 0
            ? UniversalId == other.UniversalId
            : Name.Equals(other.Name, StringComparison.OrdinalIgnoreCase) && IsNone == other.IsNone;
}

/// <summary>A patient id as a message states it: CX.</summary>
public sealed record PatientNumber(string Value, AssigningAuthority Authority);

/// <summary>What a message says of a patient whom an archive may have images of.</summary>
/// <param name="Kind">Correct or merge.</param>
/// <param name="Numbers">PID-3.</param>
/// <param name="Former">MRG-1: the ids that are given up; none in an update of attributes.</param>
/// <param name="Name">PN of PS3.5; null: not said.</param>
/// <param name="BirthDate">YYYYMMDD; null: not said.</param>
/// <param name="Sex">M, F or O; null: not said.</param>
public sealed record PatientUpdate(
    CorrectionKind Kind,
    IReadOnlyList<PatientNumber> Numbers,
    IReadOnlyList<PatientNumber> Former,
    string? Name,
    string? BirthDate,
    string? Sex);

/// <summary>Which corrections follow from what a message says (docs/adr/0019).</summary>
public static class PatientUpdateRules
{
    /// <param name="known">Whom the archive knows under the values of the ids that the message names, by whatever
    /// authority.</param>
    /// <param name="local">Whose ids the files without an issuer have; <see cref="AssigningAuthority.None"/>: nobody
    /// knows, and such a file is never meant.</param>
    /// <param name="actor">The application whose message it was.</param>
    /// <param name="reason">Without patient data.</param>
    /// <returns>None: there is nothing to correct. Or the reason why the message cannot be followed.</returns>
    public static (IReadOnlyList<CorrectionOrder> Orders, Refusal? Refusal) OrdersFor(
        PatientUpdate update,
        IReadOnlyCollection<PatientIdentity> known,
        AssigningAuthority local,
        string actor,
        string reason)
    {
        var orders = new List<CorrectionOrder>();
        if (update.Former.Count == 0)
        {
            foreach (var same in update.Numbers.SelectMany(n => Meant(n, known, local)).GroupBy(p => p.Key))
            {
                if (Changes(update, same) is { } change)
                    orders.Add(new CorrectionOrder(CorrectionKind.Correct, same.Key, default, change, actor, reason));
            }

            return (orders, null);
        }

        foreach (var former in update.Former)
        {
            if (update.Numbers.FirstOrDefault(n => n.Authority.IsSameAs(former.Authority)) is not { } now)
            {
                return ([], new Refusal(
                    RefusalReason.RequiredFieldMissing,
                    "No identifier of PID-3 is of the authority of the one that is given up.", "PID^1^3"));
            }

            if (now.Value == former.Value) continue;
            var spelt = Meant(now, known, local).FirstOrDefault();
            var to = new PatientChange(
                PatientId: now.Value, Name: Spelt(spelt?.Name, update.Name), BirthDate: update.BirthDate ?? spelt?.BirthDate,
                Sex: update.Sex ?? spelt?.Sex);
            foreach (var key in KeysOf(former, known, local))
            {
                orders.Add(new CorrectionOrder(update.Kind, key, default, to, actor, reason)
                {
                    // Files with the former id may still be on their way.
                    EvenIfUnknown = true,
                });
            }
        }

        return (orders, null);
    }

    /// <summary>Whom of the patients with this value an id of a message means.</summary>
    private static IEnumerable<PatientIdentity> Meant(
        PatientNumber number, IEnumerable<PatientIdentity> known, AssigningAuthority local) =>
        known.Where(p => p.PatientId == number.Value && IsOf(p.Key, number.Authority, local));

    private static bool IsOf(PatientKey key, AssigningAuthority authority, AssigningAuthority local)
    {
        if (key.Issuer.Length == 0 && key.IssuerEntity.Length == 0)
            return authority.IsNone || (!local.IsNone && authority.IsSameAs(local));
        if (key.IssuerEntity.Length > 0 && authority.UniversalId.Length > 0)
            return key.IssuerEntity == authority.UniversalId;
        // (0010,0021) is free text: some write the OID into it.
        return key.Issuer.Length > 0
            && (key.Issuer.Equals(authority.Name, StringComparison.OrdinalIgnoreCase)
                || key.Issuer == authority.UniversalId);
    }

    // As files are known to name it, and as they may yet.
    private static IEnumerable<PatientKey> KeysOf(
        PatientNumber number, IEnumerable<PatientIdentity> known, AssigningAuthority local)
    {
        var (name, oid) = (number.Authority.Name, number.Authority.UniversalId);
        var keys = Meant(number, known, local).Select(p => p.Key).ToList();
        if (IsOf(new PatientKey(number.Value, "", ""), number.Authority, local)) keys.Add(new(number.Value, "", ""));
        if (name.Length > 0) keys.Add(new(number.Value, name, ""));
        if (oid.Length > 0) keys.Add(new(number.Value, name, oid));
        return keys.Distinct();
    }

    // A name in other letters is the same name: to correct it would change what goes out for nothing.
    private static string? Spelt(string? known, string? stated) =>
        known is not null && stated is not null
            && NameFolding.FoldPersonName(known).Alphabetic == NameFolding.FoldPersonName(stated).Alphabetic
                ? known
                : stated ?? known;

    private static PatientChange? Changes(PatientUpdate update, IEnumerable<PatientIdentity> patients)
    {
        var name = patients.Any(p => Spelt(p.Name, update.Name) != p.Name) ? update.Name : null;
        var birthDate = patients.Any(p => (update.BirthDate ?? p.BirthDate) != p.BirthDate) ? update.BirthDate : null;
        var sex = patients.Any(p => (update.Sex ?? p.Sex) != p.Sex) ? update.Sex : null;
        return name is null && birthDate is null && sex is null
            ? null
            : new PatientChange(Name: name, BirthDate: birthDate, Sex: sex);
    }
}
