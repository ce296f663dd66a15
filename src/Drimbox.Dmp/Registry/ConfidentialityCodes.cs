using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Dmp.Registry;

/// <summary>confidentialityCode values of the DMP. Source: JDV_J08 (1.2.250.1.213.1.1.5.463); facts document
/// 3.4.</summary>
public static class ConfidentialityCodes
{
    /// <summary>HL7 v3 Confidentiality: N, R, V.</summary>
    public const string Hl7System = "2.16.840.1.113883.5.25";

    /// <summary>TRE_A07: the visibility codes of the DMP.</summary>
    public const string DmpSystem = "1.2.250.1.213.1.1.4.13";

    public static readonly Code Normal = new("N", Hl7System, "Normal");
    public static readonly Code MaskedFromProfessionals =
        new("MASQUE_PS", DmpSystem, "Masqué aux professionnels de santé");

    public static readonly Code InvisibleToPatient = new("INVISIBLE_PATIENT", DmpSystem, "Non visible par le patient");

    public static readonly Code InvisibleToLegalRepresentatives =
        new("INVISIBLE_REPRESENTANTS_LEGAUX", DmpSystem, "Non visible par les représentants légaux du patient");

    public static IEnumerable<Code> Format(Visibility visibility)
    {
        yield return Normal;
        if (visibility.HasFlag(Visibility.MaskedFromProfessionals)) yield return MaskedFromProfessionals;
        if (visibility.HasFlag(Visibility.InvisibleToPatient)) yield return InvisibleToPatient;
        if (visibility.HasFlag(Visibility.InvisibleToLegalRepresentatives))
            yield return InvisibleToLegalRepresentatives;
    }

    public static Visibility ToVisibility(IEnumerable<Code> codes)
    {
        var visibility = Visibility.Normal;
        foreach (var code in codes.Where(code => code.System == DmpSystem))
        {
            visibility |= code.Value switch
            {
                "MASQUE_PS" => Visibility.MaskedFromProfessionals,
                "INVISIBLE_PATIENT" => Visibility.InvisibleToPatient,
                "INVISIBLE_REPRESENTANTS_LEGAUX" => Visibility.InvisibleToLegalRepresentatives,
                _ => Visibility.Normal,
            };
        }

        return visibility;
    }
}
