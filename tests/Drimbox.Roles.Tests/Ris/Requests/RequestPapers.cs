using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Ris.Requests;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>Documents that requesters write, in the shape of IMG-DA-IMG 2024.01: the order number in the service event,
/// an entry for each act.</summary>
internal static class RequestPapers
{
    public const string PlacerOrderNumber = "984375873";

    public static InstanceIdentifier Id(string name) => InstanceIdentifier.Create("1.2.250.1.999.7", name);

    /// <param name="acts">Modality (DCM) of each act that is asked for.</param>
    public static DocumentFile Demand(string name, params string[] acts) =>
        new(Cda(name, "55115-0", "Demande d'actes d'imagerie", order: PlacerOrderNumber, acts: acts),
            RequestDocumentRole.Request);

    public static DocumentFile Results(string name, string? replaces = null, string ins = "279035121518989") =>
        new(Cda(name, "11502-2", "CR d'examens biologiques", replaces, ins: ins), RequestDocumentRole.Supplement);

    public static DocumentFile Scan(RequestDocumentRole role, string? type = null) =>
        new("%PDF-1.4 a scan"u8.ToArray(), role, type, "Courrier");

    /// <summary>A request of the samples that the requester did not number.</summary>
    public static ImagingRequest Unnumbered(string modality = "CT") => Samples.Request("X") with
    {
        PlacerOrderNumber = default, Modality = new Code(modality, "DCM", modality),
    };

    private static byte[] Cda(
        string name, string code, string title, string? replaces = null, string? order = null,
        string ins = "279035121518989", params string[] acts) => Encoding.UTF8.GetBytes($"""
        <ClinicalDocument xmlns="urn:hl7-org:v3">
          <realmCode code="FR"/>
          <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
          <templateId root="2.16.840.1.113883.2.8.2.1"/>
          <id root="1.2.250.1.999.7" extension="{name}"/>
          <code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="{title}"/>
          <title>{title}</title>
          <effectiveTime value="20261101101500+0100"/>
          <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
          <languageCode code="fr-FR"/>
          <recordTarget><patientRole>
            <id root="1.2.250.1.213.1.4.10" extension="{ins}"/>
            <patient>
              <name>
                <family qualifier="BR">PAT-TROIS</family>
                <given>DOMINIQUE</given><given qualifier="BR">DOMINIQUE</given>
              </name>
              <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
              <birthTime value="19790328"/>
              <birthplace><place><addr><county>63220</county></addr></place></birthplace>
            </patient>
          </patientRole></recordTarget>
          <legalAuthenticator>
            <time value="20261101101500+0100"/><signatureCode code="S"/>
            <assignedEntity>
              <id root="1.2.250.1.71.4.2.1" extension="801234560801"/>
              <assignedPerson><name><family>MEDECIN</family><given>CLAIRE</given></name></assignedPerson>
              <representedOrganization>
                <id root="1.2.250.1.71.4.2.2" extension="1120456789"/><name>Cabinet de ville</name>
              </representedOrganization>
            </assignedEntity>
          </legalAuthenticator>
          {(order is null ? "" : Event(order))}
          {(replaces is null ? "" : Related(replaces))}
          <component><structuredBody><component><section>
            <code code="18776-5" codeSystem="2.16.840.1.113883.6.1"/>
            {string.Concat(acts.Select(Act))}
          </section></component></structuredBody></component>
        </ClinicalDocument>
        """);

    private static string Event(string order) => "<documentationOf><serviceEvent>"
        + $"<id root=\"1.2.250.1.748.1\" extension=\"{order}\"/></serviceEvent></documentationOf>";

    private static string Related(string replaces) => "<relatedDocument typeCode=\"RPLC\"><parentDocument>"
        + $"<id root=\"1.2.250.1.999.7\" extension=\"{replaces}\"/></parentDocument></relatedDocument>";

    private static string Act(string modality) => $"""
        <entry><observation classCode="OBS" moodCode="INT">
          <templateId root="1.2.250.1.213.1.1.3.27.3"/>
          <code code="{modality}" codeSystem="1.2.840.10008.2.16.4" displayName="{modality}"/>
          <targetSiteCode code="361291001" codeSystem="2.16.840.1.113883.6.96" displayName="région entière du genou">
            <qualifier>
              <name code="106233006" codeSystem="2.16.840.1.113883.6.96"/>
              <value code="7771000" codeSystem="2.16.840.1.113883.6.96" displayName="gauche"/>
            </qualifier>
          </targetSiteCode>
        </observation></entry>
        """;
}
