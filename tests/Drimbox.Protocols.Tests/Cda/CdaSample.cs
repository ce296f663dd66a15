using System.Text;
using System.Xml.Linq;

namespace Drimbox.Tests.Cda;

/// <summary>A synthetic level 1 report in the shape that RIS send: two orders, two studies, a screening event.</summary>
internal static class CdaSample
{
    public const string Xml = """
        <?xml version="1.0" encoding="utf-8"?>
        <ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20">
          <realmCode code="FR"/>
          <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
          <templateId root="2.16.840.1.113883.2.8.2.1"/>
          <templateId root="1.2.250.1.213.1.1.1.1"/>
          <templateId root="1.3.6.1.4.1.19376.1.2.20"/>
          <id root="1.2.250.1.999.1.1.7898" extension="CR-0002"/>
          <code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'imagerie médicale"/>
          <title>Scanner
            thoracique</title>
          <effectiveTime value="20240314101500+0100"/>
          <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
          <languageCode code="fr-FR"/>
          <setId root="1.2.250.1.999.1.1.7898" extension="CR-SET-1"/>
          <versionNumber value="2"/>
          <recordTarget>
            <patientRole>
              <id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
              <id root="1.2.250.1.999.1.5" extension="IPP101" assigningAuthorityName="HOPITAL-TEST"/>
              <addr nullFlavor="UNK"/>
              <telecom nullFlavor="UNK"/>
              <patient>
                <name>
                  <family qualifier="BR">PAT-TROIS</family>
                  <given>DOMINIQUE MARIE-LOUISE</given>
                  <given qualifier="BR">DOMINIQUE</given>
                  <family qualifier="CL">PAT-USAGE</family>
                  <given qualifier="CL">DOMI</given>
                </name>
                <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
                <birthTime value="19790328"/>
                <birthplace><place><addr><county>51215</county><city>DOMPREMY</city></addr></place></birthplace>
              </patient>
            </patientRole>
          </recordTarget>
          <author>
            <functionCode code="ATTPHYS" displayName="Référent" codeSystem="2.16.840.1.113883.5.88"/>
            <time value="20240314101000+0100"/>
            <assignedAuthor>
              <id root="1.2.250.1.71.4.2.1" extension="899900000001"/>
              <code code="G15_10/SM44" displayName="Médecin - Radio-diagnostic (SM)" codeSystem="1.2.250.1.213.1.1.4.5"/>
              <assignedPerson><name><prefix>M</prefix><given>Jacques</given><family>REDACTEUR</family></name></assignedPerson>
              <representedOrganization>
                <id root="1.2.250.1.71.4.2.2" extension="1750000001"/><name>Centre rédacteur</name>
              </representedOrganization>
            </assignedAuthor>
          </author>
          <custodian>
            <assignedCustodian>
              <representedCustodianOrganization>
                <id root="1.2.250.1.71.4.2.2" extension="1750000003"/><name>Centre gardien</name>
              </representedCustodianOrganization>
            </assignedCustodian>
          </custodian>
          <legalAuthenticator>
            <time value="20240314101400+0100"/>
            <signatureCode code="S"/>
            <assignedEntity>
              <id root="1.2.250.1.71.4.2.1" extension="899900000002"/>
              <assignedPerson><name><family qualifier="SP">SIGNATAIRE</family><given>Anne</given></name></assignedPerson>
              <representedOrganization>
                <id root="1.2.250.1.71.4.2.2" extension="1750000002"/><name>Centre signataire</name>
              </representedOrganization>
            </assignedEntity>
          </legalAuthenticator>
          <inFulfillmentOf>
            <order>
              <id root="1.2.250.1.999.1.10" extension="DEM-1"/>
              <ps3-20:accessionNumber root="1.2.250.1.999.1.11" extension="ACC-1"/>
            </order>
          </inFulfillmentOf>
          <inFulfillmentOf>
            <order>
              <id root="1.2.250.1.999.1.10" extension="DEM-2"/>
              <ps3-20:accessionNumber root="1.2.250.1.999.1.11" extension="ACC-2"/>
            </order>
          </inFulfillmentOf>
          <documentationOf>
            <serviceEvent classCode="ACT">
              <id root="1.2.250.1.999.2.1" extension="studyInstanceUID"/>
              <code code="24627-2" codeSystem="2.16.840.1.113883.6.1" displayName="CT Chest">
                <translation code="ZBQH001" codeSystem="1.2.250.1.215.300.1" displayName="Scanographie du thorax"/>
                <translation code="CT" codeSystem="1.2.840.10008.2.16.4" displayName="Tomodensitométrie">
                  <qualifier><name code="121139" codeSystem="1.2.840.10008.2.16.4"/></qualifier>
                </translation>
                <translation code="67734004" codeSystem="2.16.840.1.113883.6.96" displayName="thorax">
                  <qualifier><name code="39111-0" codeSystem="2.16.840.1.113883.6.1"/></qualifier>
                </translation>
              </code>
              <effectiveTime><low value="20240314093000+0100"/><high value="20240314094500+0100"/></effectiveTime>
              <performer typeCode="PRF">
                <assignedEntity>
                  <id nullFlavor="UNK"/>
                  <representedOrganization>
                    <id root="1.2.250.1.71.4.2.2" extension="1750000004"/><name>Centre exécutant</name>
                    <standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9" displayName="Ambulatoire"/>
                  </representedOrganization>
                </assignedEntity>
              </performer>
            </serviceEvent>
          </documentationOf>
          <documentationOf>
            <serviceEvent>
              <id root="1.2.250.1.999.2.2"/>
              <code code="69536005" codeSystem="1.2.250.1.213.2.5" displayName="Tete"/>
            </serviceEvent>
          </documentationOf>
          <documentationOf>
            <serviceEvent><code code="Z13.9" codeSystem="2.16.840.1.113883.6.3" displayName="Dépistage"/></serviceEvent>
          </documentationOf>
          <relatedDocument typeCode="APND"><parentDocument><id root="1.9.9"/></parentDocument></relatedDocument>
          <relatedDocument typeCode="RPLC">
            <parentDocument><id root="90E1C8EC-F951-4B26-A305-A34848818DD6"/></parentDocument>
          </relatedDocument>
          <componentOf>
            <encompassingEncounter>
              <effectiveTime><low value="20240314"/></effectiveTime>
              <location>
                <healthCareFacility><code code="SA08" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet de groupe"/></healthCareFacility>
              </location>
            </encompassingEncounter>
          </componentOf>
          <component>
            <nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0xLjQ=</text></nonXMLBody>
          </component>
        </ClinicalDocument>
        """;

    public static byte[] Bytes(string xml) => Encoding.UTF8.GetBytes(xml);

    /// <summary>The sample with one piece of text replaced, which must be there.</summary>
    public static byte[] With(string part, string replacement)
    {
        Assert.Contains(part, Xml, StringComparison.Ordinal);
        return Bytes(Xml.Replace(part, replacement, StringComparison.Ordinal));
    }

    /// <summary>The sample without the first element of that name, in document order.</summary>
    public static byte[] Without(string element)
    {
        var document = XDocument.Parse(Xml, LoadOptions.PreserveWhitespace);
        document.Descendants(XName.Get(element, "urn:hl7-org:v3")).First().Remove();
        return Bytes(document.ToString(SaveOptions.DisableFormatting));
    }
}
