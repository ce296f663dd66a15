using System.Xml.Linq;
using Drimbox.Core.Identity;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>recordTarget/patientRole as a <see cref="Patient"/>.</summary>
internal static class CdaPatient
{
    public static Patient Read(XElement patientRole)
    {
        var ids = CdaReader.Identifiers(patientRole, "id").Where(id => id.Extension is not null).ToList();
        var ins = ids.FirstOrDefault(id => NationalAuthorities.IsIns(id.Root));
        var local = ids.FirstOrDefault(id => !NationalAuthorities.IsIns(id.Root));

        // <name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE MARIE</given>
        //   <given qualifier="BR">DOMINIQUE</given><family qualifier="CL">PAT</family></name>
        var patient = patientRole.Element(V3 + "patient");
        var name = patient?.Element(V3 + "name");
        var families = Parts(name, "family");
        var givens = Parts(name, "given");
        var firstGiven = First(givens, "BR") ?? First(givens, "") ?? "";
        var allGivens = string.Join(' ', givens.Where(part => part.Qualifiers.Length == 0).Select(part => part.Text));

        return new Patient(
            ins.IsEmpty ? null : ins,
            local.IsEmpty ? null : new LocalPatientId(local.Extension!, local.Root, AuthorityName(patientRole, local)),
            // A used or married name never stands in for the birth name: without one the identity is incomplete.
            First(families, "BR") ?? First(families, "") ?? "",
            firstGiven,
            allGivens.Length > 0 ? allGivens : firstGiven,
            First(families, "CL") ?? First(families, "SP"),
            BirthDate((string?)patient?.Element(V3 + "birthTime")?.Attribute("value")),
            Sex((string?)patient?.Element(V3 + "administrativeGenderCode")?.Attribute("code")),
            CdaReader.Text(patient?.Element(V3 + "birthplace")?.Element(V3 + "place")?.Element(V3 + "addr")
                ?.Element(V3 + "county")));
    }

    /// <summary>The parts of that name with their qualifiers; empty and null-flavoured ones are no names.</summary>
    internal static List<NamePart> Parts(XElement? name, string part) =>
        (name?.Elements(V3 + part) ?? [])
        .Select(e => new NamePart(
            CdaReader.Text(e),
            ((string?)e.Attribute("qualifier") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        .Where(p => p.Text.Length > 0)
        .ToList();

    /// <summary>The first part with that qualifier, or without any for the empty one; null if there is none.</summary>
    internal static string? First(List<NamePart> parts, string qualifier) =>
        parts.FirstOrDefault(p => qualifier.Length == 0 ? p.Qualifiers.Length == 0 : p.Qualifiers.Contains(qualifier))
            ?.Text;

    private static string AuthorityName(XElement patientRole, InstanceIdentifier id) =>
        (string?)patientRole.Elements(V3 + "id")
            .First(e => ((string?)e.Attribute("root"))?.Trim() == id.Root)
            .Attribute("assigningAuthorityName") ?? "";

    /// <summary>Eight digits, whether a calendar has that day or not: civil registers hold others too.</summary>
    private static string BirthDate(string? value)
    {
        var text = value?.Trim() ?? "";
        return text.Length >= 8 && text.AsSpan(0, 8).IndexOfAnyExceptInRange('0', '9') < 0 ? text[..8] : "";
    }

    // JDV_J143: F, M, UN; PID-8 says U for the last.
    private static string Sex(string? code) => code switch
    {
        "M" or "F" or "O" => code,
        "UN" or "U" => "U",
        _ => "",
    };

    internal sealed record NamePart(string Text, string[] Qualifiers);
}
