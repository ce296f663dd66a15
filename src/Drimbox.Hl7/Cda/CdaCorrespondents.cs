using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>The treating physician and the referring professional in the header of a document. Source: CI-SIS
/// "Structuration minimale", participant; HL7 ParticipationFunction PCP.</summary>
internal static class CdaCorrespondents
{
    private const string ParticipationFunction = "2.16.840.1.113883.5.88";

    // <participant typeCode="INF"><functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88"/>
    //   <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
    //     <telecom value="mailto:hoda@test-ci-sis.mssante.fr"/><associatedPerson><name>…
    public static IReadOnlyList<Correspondent> Read(XElement clinicalDocument)
    {
        var found = new List<Correspondent>();
        foreach (var participant in clinicalDocument.Elements(V3 + "participant"))
        {
            if (RoleOf(participant) is not { } role) continue;
            var entity = participant.Element(V3 + "associatedEntity");
            var id = CdaReader.Identifiers(entity, "id").FirstOrDefault();
            if (id.IsEmpty) continue;
            var name = entity!.Element(V3 + "associatedPerson")?.Element(V3 + "name");
            found.Add(new Correspondent(
                role,
                new Professional(
                    id,
                    CdaPatient.Parts(name, "family").Select(part => part.Text).FirstOrDefault() ?? "",
                    CdaPatient.Parts(name, "given").Select(part => part.Text).FirstOrDefault() ?? ""),
                AddressOf(entity)));
        }

        return found;
    }

    private static CorrespondentRole? RoleOf(XElement participant)
    {
        if ((string?)participant.Attribute("typeCode") == "REF") return CorrespondentRole.ReferringProfessional;
        var function = participant.Element(V3 + "functionCode");
        return (string?)function?.Attribute("code") == "PCP"
            && (string?)function.Attribute("codeSystem") == ParticipationFunction
            ? CorrespondentRole.TreatingPhysician
            : null;
    }

    private static MailAddress? AddressOf(XElement entity)
    {
        foreach (var telecom in entity.Elements(V3 + "telecom"))
        {
            var value = ((string?)telecom.Attribute("value"))?.Trim() ?? "";
            if (value.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
                && MailAddress.TryParse(value["mailto:".Length..], null, out var address))
                return address;
        }

        return null;
    }
}
