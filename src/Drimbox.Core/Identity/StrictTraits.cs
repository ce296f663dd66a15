namespace Drimbox.Core.Identity;

/// <summary>One of the five strict traits of an identity. Source: référentiel national d'identitovigilance.</summary>
public enum StrictTrait
{
    BirthName,
    GivenNames,
    BirthDate,
    Sex,
    BirthPlace,
}

/// <summary>Compares the five strict traits of identities.</summary>
public static class StrictTraits
{
    /// <summary>The first trait that the two state differently, or null. A trait that only one of them states is no
    /// difference, nor are case and outer spaces.</summary>
    public static StrictTrait? FirstDifference(Patient a, Patient b)
    {
        if (Differ(a.BirthName, b.BirthName)) return StrictTrait.BirthName;
        if (Differ(a.FirstGivenName, b.FirstGivenName)) return StrictTrait.GivenNames;
        // Many messages state the first given name alone: the list counts where both have one.
        if (IsList(a.GivenNames) && IsList(b.GivenNames) && Differ(a.GivenNames, b.GivenNames))
            return StrictTrait.GivenNames;
        if (Differ(a.BirthDate, b.BirthDate)) return StrictTrait.BirthDate;
        if (Differ(a.Sex, b.Sex)) return StrictTrait.Sex;
        return Differ(a.BirthPlace, b.BirthPlace) ? StrictTrait.BirthPlace : null;
    }

    /// <summary>The field of PID that states a trait, in the notation of ERR-2.</summary>
    public static string LocationOf(StrictTrait trait) => trait switch
    {
        StrictTrait.BirthName or StrictTrait.GivenNames => "PID^1^5",
        StrictTrait.BirthDate => "PID^1^7",
        StrictTrait.Sex => "PID^1^8",
        StrictTrait.BirthPlace => "PID^1^11",
        _ => throw Invariant.Unreachable(trait),
    };

    /// <summary>All five traits as one text in which case and accents do not count, or null where one is not
    /// stated: what two records of one person have in common.</summary>
    public static string? Fold(Patient patient)
    {
        var given = patient.FirstGivenName.Length > 0 ? patient.FirstGivenName : patient.GivenNames;
        string[] traits = [patient.BirthName, given, patient.BirthDate, patient.Sex, patient.BirthPlace];
        return traits.Any(t => string.IsNullOrWhiteSpace(t))
            ? null
            : string.Join('|', traits.Select(t => NameFolding.Fold(t.Trim())));
    }

    private static bool IsList(string names) => names.Trim().Contains(' ');

    private static bool Differ(string a, string b) =>
        a.Length > 0 && b.Length > 0 && !a.Trim().Equals(b.Trim(), StringComparison.OrdinalIgnoreCase);
}
