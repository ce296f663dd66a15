using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Dmp.Registry;

/// <summary>
/// The HL7 v2.5 data types that XDS writes inside slots: CX, CXi, XCN, XON and the PID fields of sourcePatientInfo.
/// Subcomponents stand between '&amp;'. Source: ITI TF-3 table 4.2.3.1.7-2; values of the facts document 2.2.
/// </summary>
internal static class HealthText
{
    public const string ReferenceIdAccession = "urn:ihe:iti:xds:2013:accession";
    public const string ReferenceIdOrder = "urn:ihe:iti:xds:2013:order";
    public const string ReferenceIdStudy = "urn:ihe:iti:xds:2016:studyInstanceUID";

    // ITI TF-3, CX: 279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH
    public static string FormatCx(InstanceIdentifier id, string typeCode) =>
        FormatCx(id.Extension ?? "", id.Root, typeCode);

    public static string FormatCx(string value, string authority, string typeCode) =>
        $"{Escape(value)}^^^&{Escape(authority)}&ISO^{typeCode}";

    public static InstanceIdentifier? TryParseCx(string text) =>
        TryParseCxParts(text) is { } parts && InstanceIdentifier.TryCreate(parts.Authority, parts.Value, out var id)
            ? id
            : null;

    /// <summary>CX-1 and CX-4.2; further components (CX-5 type, CX-7 date) are allowed and not read. A site's own
    /// identifier may hold any character.</summary>
    public static (string Value, string Authority)? TryParseCxParts(string text)
    {
        var components = text.Split('^');
        if (components.Length < 4 || components[0].Length == 0) return null;
        var authority = components[3].Split('&');
        if (authority.Length < 3 || authority[2] != "ISO" || !IsOid(authority[1])) return null;
        return (Unescape(components[0]), authority[1]);
    }

    /// <summary>The patient of an entry: the INS, or an identifier of a site.</summary>
    public static string FormatPatientId(InstanceIdentifier id) =>
        FormatCx(id, NationalAuthorities.IsIns(id.Root) ? "NH" : "PI");

    // XCN: 899900063480^NOM^Prénom^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS
    public static string FormatXcn(Professional person)
    {
        // JDV of identifier types: IDNPS for a person of the national register, EI and name type U for a system.
        var (nameType, idType) = person.Id.Root == NationalAuthorities.Persons ? ("D", "IDNPS") : ("U", "EI");
        return $"{Escape(person.Id.Extension ?? "")}^{Escape(person.FamilyName)}^{Escape(person.GivenName)}"
            + $"^^^^^^&{Escape(person.Id.Root)}&ISO^{nameType}^^^{idType}";
    }

    public static Professional? TryParseXcn(string text)
    {
        var components = text.Split('^');
        if (components.Length < 9) return null;
        var authority = components[8].Split('&');
        if (authority.Length < 3 || !IsOid(authority[1])) return null;
        return InstanceIdentifier.TryCreate(authority[1], Unescape(components[0]), out var id)
            ? new Professional(id, Unescape(components[1]), Unescape(components[2]))
            : null;
    }

    // XON: CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900063480001
    public static string FormatXon(Organization organization) =>
        $"{Escape(organization.Name)}^^^^^&{Escape(organization.Id.Root)}&ISO^{Escape(organization.IdentifierType)}"
        + $"^^^{Escape(organization.Id.Extension ?? "")}";

    public static Organization? TryParseXon(string text)
    {
        var components = text.Split('^');
        if (components.Length < 10 || components[9].Length == 0) return null;
        var authority = components[5].Split('&');
        if (authority.Length < 3 || !IsOid(authority[1])) return null;
        return InstanceIdentifier.TryCreate(authority[1], Unescape(components[9]), out var id)
            ? new Organization(id, Unescape(components[0]), Unescape(components[6]))
            : null;
    }

    // authorSpecialty of the CI-SIS: G15_10/SM26^Médecin - Qualifié en Médecine Générale (SM)^1.2.250.1.213.1.1.4.5
    public static string FormatSpecialty(Code code) =>
        $"{Escape(code.Value)}^{Escape(code.Display)}^{Escape(code.System)}";

    public static Code? TryParseSpecialty(string text)
    {
        var components = text.Split('^');
        return components.Length == 3
            ? new Code(Unescape(components[0]), Unescape(components[2]), Unescape(components[1]))
            : null;
    }

    // CXi: PON42^^^&1.2.250.1.213.1.1.9&ISO^urn:ihe:iti:xds:2013:order; a study UID has no assigning authority.
    public static string FormatReferenceId(ReferenceId reference)
    {
        var type = reference.Type switch
        {
            ReferenceIdType.Accession => ReferenceIdAccession,
            ReferenceIdType.Order => ReferenceIdOrder,
            ReferenceIdType.StudyInstanceUid => ReferenceIdStudy,
            _ => throw Core.Invariant.Unreachable(reference.Type),
        };
        return reference.Value.Extension is { } extension
            ? $"{Escape(extension)}^^^&{Escape(reference.Value.Root)}&ISO^{type}"
            : $"{Escape(reference.Value.Root)}^^^^{type}";
    }

    /// <summary>One of the three reference types of JDV_J231; another type is refused.</summary>
    public static ReferenceId? TryParseReferenceId(string text)
    {
        var components = text.Split('^');
        if (components.Length < 5 || components[0].Length == 0) return null;
        ReferenceIdType? type = components[4] switch
        {
            ReferenceIdAccession => ReferenceIdType.Accession,
            ReferenceIdOrder => ReferenceIdType.Order,
            ReferenceIdStudy => ReferenceIdType.StudyInstanceUid,
            _ => null,
        };
        if (type is null) return null;
        var authority = components[3].Split('&');
        var hasAuthority = authority.Length == 3 && authority[1].Length > 0;
        if (!hasAuthority && type != ReferenceIdType.StudyInstanceUid) return null;

        // A study UID is the whole identifier, with or without an authority beside it.
        var created = type == ReferenceIdType.StudyInstanceUid
            ? InstanceIdentifier.TryCreate(Unescape(components[0]), null, out var id)
            : InstanceIdentifier.TryCreate(authority[1], Unescape(components[0]), out id);
        return created ? new ReferenceId(type.Value, id) : null;
    }

    /// <summary>sourcePatientInfo: PID-5 (L, and D where there is one), PID-7, PID-8. ITI TF-3 4.2.3.2.23.</summary>
    public static IEnumerable<string> FormatSourcePatientInfo(Patient patient)
    {
        yield return $"PID-5|{Escape(patient.BirthName)}^{Escape(patient.FirstGivenName)}^^^^^L";
        if (!string.IsNullOrEmpty(patient.UsedName))
            yield return $"PID-5|{Escape(patient.UsedName)}^{Escape(patient.FirstGivenName)}^^^^^D";
        if (patient.BirthDate.Length > 0) yield return $"PID-7|{patient.BirthDate}";
        if (patient.Sex.Length > 0) yield return $"PID-8|{patient.Sex}";
    }

    public static Patient ParseSourcePatient(
        InstanceIdentifier patientId, string? sourcePatientId, IReadOnlyList<string> info)
    {
        var (birthName, given, used, birthDate, sex) = ("", "", (string?)null, "", "");
        foreach (var line in info)
        {
            var bar = line.IndexOf('|', StringComparison.Ordinal);
            if (bar < 0) continue;
            var value = line[(bar + 1)..];
            switch (line[..bar])
            {
                case "PID-5":
                    var name = value.Split('^');
                    if (name.Length > 6 && name[6] == "D")
                    {
                        used = Unescape(name[0]);
                        break;
                    }

                    birthName = Unescape(name[0]);
                    given = name.Length > 1 ? Unescape(name[1]) : "";
                    break;
                case "PID-7":
                    birthDate = value;
                    break;
                case "PID-8":
                    sex = value;
                    break;
            }
        }

        var local = sourcePatientId is null ? null : TryParseCxParts(sourcePatientId);
        var localId = local is { } id && !NationalAuthorities.IsIns(id.Authority)
            ? new LocalPatientId(id.Value, id.Authority, "")
            : null;
        return new Patient(patientId, localId, birthName, given, "", used, birthDate, sex, "");
    }

    /// <summary>Digits and dots: an OID in the loose sense that real messages use.</summary>
    public static bool IsOid(string text) =>
        text.Length is > 2 and <= 128 && text.All(c => c is (>= '0' and <= '9') or '.')
        && text[0] != '.' && text[^1] != '.' && !text.Contains("..", StringComparison.Ordinal);

    // HL7 v2.5 2.7.1: the separators inside a value are written as escape sequences.
    private static string Escape(string value) =>
        value.AsSpan().IndexOfAny(@"\|^&~") < 0
            ? value
            : value.Replace(@"\", @"\E\", StringComparison.Ordinal).Replace("|", @"\F\", StringComparison.Ordinal)
                .Replace("^", @"\S\", StringComparison.Ordinal).Replace("&", @"\T\", StringComparison.Ordinal)
                .Replace("~", @"\R\", StringComparison.Ordinal);

    // In one pass: \E\F\E\ is the text \F\, not a bar between two letters.
    private static string Unescape(string value)
    {
        if (!value.Contains('\\', StringComparison.Ordinal)) return value;
        var text = new System.Text.StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 2 < value.Length && value[i + 2] == '\\'
                && "EFSTR".IndexOf(value[i + 1], StringComparison.Ordinal) is >= 0 and var which)
            {
                text.Append(@"\|^&~"[which]);
                i += 2;
            }
            else
            {
                text.Append(value[i]);
            }
        }

        return text.ToString();
    }
}
