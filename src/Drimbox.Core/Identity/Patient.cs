namespace Drimbox.Core.Identity;

/// <summary>The object identifiers under which the INS and professionals are known. Source: drimbox facts 5.2;
/// CI-SIS annex "INS dans les volets".</summary>
public static class NationalAuthorities
{
    public const string InsNir = "1.2.250.1.213.1.4.8";
    public const string InsNia = "1.2.250.1.213.1.4.9";
    public const string InsNirTest = "1.2.250.1.213.1.4.10";
    public const string InsNirDemo = "1.2.250.1.213.1.4.11";

    /// <summary>Persons (PS_IdNat).</summary>
    public const string Persons = "1.2.250.1.71.4.2.1";

    /// <summary>Organisations (Struct_IdNat).</summary>
    public const string Organizations = "1.2.250.1.71.4.2.2";

    /// <summary>The authorities of the INS.</summary>
    public static IReadOnlyList<string> InsOids { get; } = [InsNir, InsNia, InsNirTest, InsNirDemo];

    public static bool IsIns(string? oid) => oid is InsNir or InsNia or InsNirTest or InsNirDemo;
}

/// <summary>A patient identifier of a site (IPP, CX type PI) and the authority that assigned it.</summary>
/// <param name="Value">CX-1, (0010,0020).</param>
/// <param name="IssuerOid">CX-4.2; empty where the site has none.</param>
/// <param name="IssuerName">CX-4.1, (0010,0021); empty where unknown.</param>
public sealed record LocalPatientId(string Value, string IssuerOid, string IssuerName);

/// <summary>The identity of a patient as one message or document states it: five strict traits and identifiers.</summary>
/// <param name="Ins">Matricule INS (root = OID of the INS) or null.</param>
/// <param name="LocalId">The site's identifier or null.</param>
/// <param name="BirthName">PID-5 type L, component 1 (family).</param>
/// <param name="FirstGivenName">PID-5 type L, component 2.</param>
/// <param name="GivenNames">PID-5 type L, component 3: all given names, separated by spaces.</param>
/// <param name="UsedName">PID-5 type D family, or null.</param>
/// <param name="BirthDate">PID-7, yyyyMMdd; empty where unknown.</param>
/// <param name="Sex">PID-8: M, F, U, O.</param>
/// <param name="BirthPlace">PID-11 type BDL component 9: INSEE code; empty where unknown.</param>
public sealed record Patient(
    InstanceIdentifier? Ins,
    LocalPatientId? LocalId,
    string BirthName,
    string FirstGivenName,
    string GivenNames,
    string? UsedName,
    string BirthDate,
    string Sex,
    string BirthPlace)
{
    /// <summary>True if the INS comes with its five strict traits (the rule behind error 905).</summary>
    public bool InsIsComplete =>
        Ins is not null && BirthName.Length > 0 && FirstGivenName.Length > 0
        && BirthDate.Length == 8 && Sex.Length > 0 && BirthPlace.Length > 0;
}

/// <summary>A patient whose INS may be used: matricule, traits and a validated identity (PID-32).</summary>
public sealed record QualifiedIns
{
    private QualifiedIns(Patient patient, InstanceIdentifier matricule)
    {
        Patient = patient;
        Matricule = matricule;
    }

    public Patient Patient { get; }

    /// <summary>Root: the OID of the INS; extension: the matricule.</summary>
    public InstanceIdentifier Matricule { get; }

    /// <summary>The qualified INS of <paramref name="patient"/>, or null. <paramref name="reliability"/> are the
    /// repetitions of PID-32 (HL7 0445, French extension): one of VALI, QUAL, and none of FICT, DOUT, ANOM, CACH.</summary>
    public static QualifiedIns? From(Patient patient, IReadOnlyCollection<string> reliability)
    {
        if (patient.Ins is not { } matricule || !patient.InsIsComplete) return null;
        if (!NationalAuthorities.IsIns(matricule.Root)) return null;
        if (reliability.Any(code => code is "FICT" or "DOUT" or "ANOM" or "CACH")) return null;
        return reliability.Any(code => code is "VALI" or "QUAL") ? new QualifiedIns(patient, matricule) : null;
    }
}
