using System.Globalization;
using System.Text;
using System.Xml;

namespace Drimbox.Core.Audit;

/// <summary>Writes the audit message of PS3.15 A.5.1.1 (the schema in RELAX NG compact form): elements in the order of
/// the schema, attributes without a namespace.</summary>
public static class AuditXml
{
    private const string Declaration = """<?xml version="1.0" encoding="UTF-8"?>""";

    /// <summary>Some 2 KB: each value and each list is bounded, and what came from others cannot break the
    /// XML.</summary>
    public static string Write(AuditEvent e, AuditSource source)
    {
        var text = new StringBuilder(Declaration, 2048);
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("AuditMessage");
            WriteEvent(xml, e);
            foreach (var participant in e.Participants.Take(Limits.AuditListMax)) WriteParticipant(xml, participant);
            xml.WriteStartElement("AuditSourceIdentification");
            Attribute(xml, "AuditEnterpriseSiteID", source.SiteId);
            Attribute(xml, "AuditSourceID", source.Id);
            xml.WriteStartElement("AuditSourceTypeCode");
            // PS3.15 A.5.1.2.1: an application server process.
            Attribute(xml, "csd-code", "4");
            xml.WriteEndElement();
            xml.WriteEndElement();
            foreach (var one in e.Objects.Take(Limits.AuditListMax)) WriteObject(xml, one);
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void WriteEvent(XmlWriter xml, AuditEvent e)
    {
        xml.WriteStartElement("EventIdentification");
        Attribute(xml, "EventActionCode", LetterOf(e.Action));
        Attribute(
            xml, "EventDateTime", e.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        Attribute(xml, "EventOutcomeIndicator", ((int)e.Outcome).ToString(CultureInfo.InvariantCulture));
        WriteCode(xml, "EventID", e.Id);
        if (e.Type is { } type) WriteCode(xml, "EventTypeCode", type);
        if (e.OutcomeDescription is { } description)
            xml.WriteElementString("EventOutcomeDescription", Plain(description));
        xml.WriteEndElement();
    }

    private static void WriteParticipant(XmlWriter xml, AuditParticipant participant)
    {
        xml.WriteStartElement("ActiveParticipant");
        Attribute(xml, "UserID", participant.UserId);
        Attribute(xml, "AlternativeUserID", participant.AlternativeUserId);
        Attribute(xml, "UserName", participant.UserName);
        Attribute(xml, "UserIsRequestor", participant.IsRequestor ? "true" : "false");
        if (participant.NetworkPoint is { } point)
        {
            Attribute(xml, "NetworkAccessPointID", point.Id);
            Attribute(xml, "NetworkAccessPointTypeCode", point.TypeCode.ToString(CultureInfo.InvariantCulture));
        }

        if (participant.Role is { } role) WriteCode(xml, "RoleIDCode", role);
        xml.WriteEndElement();
    }

    private static void WriteObject(XmlWriter xml, AuditObject one)
    {
        xml.WriteStartElement("ParticipantObjectIdentification");
        Attribute(xml, "ParticipantObjectID", one.Id);
        Attribute(xml, "ParticipantObjectTypeCode", one.TypeCode.ToString(CultureInfo.InvariantCulture));
        Attribute(xml, "ParticipantObjectTypeCodeRole", one.Role.ToString(CultureInfo.InvariantCulture));
        WriteCode(xml, "ParticipantObjectIDTypeCode", one.IdType);
        if (one.Query is { } query)
        {
            xml.WriteElementString(
                "ParticipantObjectQuery",
                Convert.ToBase64String(query.Span[..Math.Min(query.Length, Limits.AuditQueryBytesMax)]));
        }
        else
        {
            xml.WriteElementString("ParticipantObjectName", Plain(one.Name));
        }

        foreach (var detail in one.Details.Take(Limits.AuditListMax))
        {
            xml.WriteStartElement("ParticipantObjectDetail");
            Attribute(xml, "type", detail.Type);
            xml.WriteAttributeString(
                "value",
                Convert.ToBase64String(detail.Value.Span[..Math.Min(detail.Value.Length, Limits.AuditValueLengthMax)]));
            xml.WriteEndElement();
        }

        WriteDescription(xml, one);
        xml.WriteEndElement();
    }

    private static void WriteDescription(XmlWriter xml, AuditObject one)
    {
        if (one.Accessions.Count == 0 && one.SopClasses.Count == 0) return;
        xml.WriteStartElement("ParticipantObjectDescription");
        foreach (var accession in one.Accessions.Take(Limits.AuditListMax))
        {
            xml.WriteStartElement("Accession");
            Attribute(xml, "Number", accession);
            xml.WriteEndElement();
        }

        foreach (var (sopClass, instances) in one.SopClasses.Take(Limits.AuditListMax))
        {
            xml.WriteStartElement("SOPClass");
            Attribute(xml, "UID", sopClass.ToString());
            Attribute(xml, "NumberOfInstances", instances.ToString(CultureInfo.InvariantCulture));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteCode(XmlWriter xml, string element, AuditCode code)
    {
        xml.WriteStartElement(element);
        Attribute(xml, "csd-code", code.Value);
        Attribute(xml, "codeSystemName", code.System);
        Attribute(xml, "originalText", code.Meaning);
        xml.WriteEndElement();
    }

    private static void Attribute(XmlWriter xml, string name, string? value)
    {
        if (value is not null) xml.WriteAttributeString(name, Plain(value));
    }

    // XML 1.0 2.2: characters that no document may hold, whoever sent them; and a bound for each value.
    private static string Plain(string value)
    {
        var text = new StringBuilder(Math.Min(value.Length, Limits.AuditValueLengthMax));
        for (var i = 0; i < value.Length && text.Length < Limits.AuditValueLengthMax; i++)
        {
            var c = value[i];
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                text.Append(c).Append(value[++i]);
            else
                text.Append(XmlConvert.IsXmlChar(c) ? c : '\uFFFD');
        }

        return text.ToString();
    }

    private static string LetterOf(AuditAction action) => action switch
    {
        AuditAction.Create => "C",
        AuditAction.Read => "R",
        AuditAction.Update => "U",
        AuditAction.Delete => "D",
        AuditAction.Execute => "E",
        _ => throw Invariant.Unreachable(action),
    };
}
