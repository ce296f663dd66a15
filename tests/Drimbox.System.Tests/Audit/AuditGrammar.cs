namespace Drimbox.Tests.Audit;

/// <summary>The schema of PS3.15 A.5.1.1 (2025e), which is there in the compact form of RELAX NG, in the form that xmllint
/// reads. Attributes and elements, their order and their values are those of the standard.</summary>
internal static class AuditGrammar
{
    public const string RelaxNg = """
        <grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
          <start>
            <element name="AuditMessage">
              <element name="EventIdentification">
                <optional><attribute name="EventActionCode">
                  <choice><value>C</value><value>R</value><value>U</value><value>D</value><value>E</value></choice>
                </attribute></optional>
                <attribute name="EventDateTime"><data type="dateTime" /></attribute>
                <attribute name="EventOutcomeIndicator">
                  <choice><value>0</value><value>4</value><value>8</value><value>12</value></choice>
                </attribute>
                <element name="EventID"><ref name="CodedValueType" /></element>
                <zeroOrMore><element name="EventTypeCode"><ref name="CodedValueType" /></element></zeroOrMore>
                <optional><element name="EventOutcomeDescription"><text /></element></optional>
              </element>
              <oneOrMore>
                <element name="ActiveParticipant">
                  <attribute name="UserID" />
                  <optional><attribute name="AlternativeUserID" /></optional>
                  <optional><attribute name="UserName" /></optional>
                  <attribute name="UserIsRequestor"><data type="boolean" /></attribute>
                  <optional><attribute name="NetworkAccessPointID"><data type="token" /></attribute></optional>
                  <optional><attribute name="NetworkAccessPointTypeCode">
                    <choice><value>1</value><value>2</value><value>3</value><value>4</value><value>5</value></choice>
                  </attribute></optional>
                  <zeroOrMore><element name="RoleIDCode"><ref name="CodedValueType" /></element></zeroOrMore>
                  <optional><element name="MediaIdentifier">
                    <element name="MediaType"><ref name="CodedValueType" /></element>
                  </element></optional>
                </element>
              </oneOrMore>
              <element name="AuditSourceIdentification">
                <optional><attribute name="AuditEnterpriseSiteID"><data type="token" /></attribute></optional>
                <attribute name="AuditSourceID"><data type="token" /></attribute>
                <zeroOrMore><element name="AuditSourceTypeCode">
                  <choice>
                    <attribute name="csd-code">
                      <choice>
                        <value>1</value><value>2</value><value>3</value><value>4</value><value>5</value>
                        <value>6</value><value>7</value><value>8</value><value>9</value>
                      </choice>
                    </attribute>
                    <ref name="CodedValueType" />
                  </choice>
                </element></zeroOrMore>
              </element>
              <zeroOrMore>
                <element name="ParticipantObjectIdentification">
                  <attribute name="ParticipantObjectID"><data type="token" /></attribute>
                  <optional><attribute name="ParticipantObjectTypeCode">
                    <choice><value>1</value><value>2</value><value>3</value><value>4</value></choice>
                  </attribute></optional>
                  <optional><attribute name="ParticipantObjectTypeCodeRole">
                    <data type="integer">
                      <param name="minInclusive">1</param><param name="maxInclusive">26</param>
                    </data>
                  </attribute></optional>
                  <optional><attribute name="ParticipantObjectDataLifeCycle">
                    <data type="integer">
                      <param name="minInclusive">1</param><param name="maxInclusive">15</param>
                    </data>
                  </attribute></optional>
                  <optional><attribute name="ParticipantObjectSensitivity"><data type="token" /></attribute></optional>
                  <element name="ParticipantObjectIDTypeCode"><ref name="CodedValueType" /></element>
                  <choice>
                    <element name="ParticipantObjectName"><data type="token" /></element>
                    <element name="ParticipantObjectQuery"><data type="base64Binary" /></element>
                  </choice>
                  <zeroOrMore><element name="ParticipantObjectDetail">
                    <attribute name="type"><data type="token" /></attribute>
                    <attribute name="value"><data type="base64Binary" /></attribute>
                  </element></zeroOrMore>
                  <zeroOrMore><element name="ParticipantObjectDescription">
                    <zeroOrMore><element name="MPPS"><ref name="Uid" /></element></zeroOrMore>
                    <zeroOrMore><element name="Accession">
                      <attribute name="Number"><data type="token" /></attribute>
                    </element></zeroOrMore>
                    <zeroOrMore><element name="SOPClass">
                      <optional><ref name="Uid" /></optional>
                      <attribute name="NumberOfInstances"><data type="integer" /></attribute>
                      <zeroOrMore><element name="Instance"><ref name="Uid" /></element></zeroOrMore>
                    </element></zeroOrMore>
                    <optional><element name="ParticipantObjectContainsStudy">
                      <zeroOrMore><element name="StudyIDs"><ref name="Uid" /></element></zeroOrMore>
                    </element></optional>
                    <optional><element name="Encrypted"><data type="boolean" /></element></optional>
                    <optional><element name="Anonymized"><data type="boolean" /></element></optional>
                  </element></zeroOrMore>
                </element>
              </zeroOrMore>
            </element>
          </start>
          <define name="CodedValueType">
            <attribute name="csd-code"><data type="token" /></attribute>
            <attribute name="codeSystemName"><data type="token" /></attribute>
            <optional><attribute name="displayName"><data type="token" /></attribute></optional>
            <attribute name="originalText"><data type="token" /></attribute>
          </define>
          <define name="Uid">
            <attribute name="UID"><data type="token"><param name="pattern">[0-2]((\.0)|(\.[1-9][0-9]*))*</param></data></attribute>
          </define>
        </grammar>
        """;
}
