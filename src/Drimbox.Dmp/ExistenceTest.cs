using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp;

/// <summary>What the DMP says about a patient.</summary>
public enum DmpExistence
{
    /// <summary>The patient has no DMP (queryResponseCode NF).</summary>
    None,

    /// <summary>Patient/statusCode active.</summary>
    Open,

    /// <summary>There is one, in another status than active.</summary>
    Closed,
}

/// <summary>The end of TD0.2.</summary>
/// <param name="Failure">How the exchange failed; null if the DMP answered.</param>
/// <param name="Existence">Null where <paramref name="Failure"/> is not.</param>
/// <param name="IsAuthorized">attentionLine AUTORISATION: whether the structure may use this DMP; null where the answer
/// does not say.</param>
public sealed record ExistenceAnswer(XdsAnswer? Failure, DmpExistence? Existence, bool? IsAuthorized);

/// <summary>
/// TD0.2, does the patient have a DMP: PRPA_IN201307UV02 and its answer PRPA_IN201308UV02. Source: facts document 3.1;
/// the message examples of the CNAM, v02.05.00; HL7 v3 Normative Edition 2009, Patient Registry Get Demographics.
/// </summary>
public static class ExistenceTest
{
    public const string Action = "urn:hl7-org:v3:PRPA_IN201307UV02";
    public const string ResponseAction = "urn:hl7-org:v3:PRPA_IN201308UV02";

    internal const string Reason = "TEST_EXST";
    internal const string ReasonSystem = "1.2.250.1.213.1.1.4.11";

    /// <summary>The device of the DMP.</summary>
    internal const string DmpDevice = "1.2.250.1.213.4.1.1.1";

    internal const string AuthorizationKey = "AUTORISATION";
    internal const string AuthorizationKeySystem = "1.2.250.1.213.4.1.2.6.1";
    internal const string AuthorizationSystem = "1.2.250.1.213.4.1.2.6.2";

    private const string Interactions = "2.16.840.1.113883.1.6";
    private static readonly XNamespace Xsi = "http://www.w3.org/2001/XMLSchema-instance";

    /// <param name="sender">OID of the asking system.</param>
    /// <param name="messageId">Of the HL7 message, unique under <paramref name="sender"/>.1.</param>
    public static XElement WriteRequest(
        Uid sender, string softwareName, string messageId, DateTimeOffset now, InstanceIdentifier patientId) =>
        new(Hl7V3 + "PRPA_IN201307UV02",
            new XAttribute("ITSVersion", "XML_1.0"),
            Transmission("PRPA_IN201307UV02", new InstanceIdentifierText(sender + ".1", messageId), now, "AL"),
            Device("receiver", "RCV", DmpDevice, "DMP"),
            Device("sender", "SND", sender.ToString(), softwareName),
            new XElement(Hl7V3 + "controlActProcess",
                new XAttribute("classCode", "CACT"), new XAttribute("moodCode", "EVN"),
                ReasonCode(),
                new XElement(Hl7V3 + "queryByParameter",
                    Id("queryId", new InstanceIdentifierText(sender + ".2", messageId)),
                    Code("statusCode", "new"),
                    new XElement(Hl7V3 + "parameterList",
                        new XElement(Hl7V3 + "patientIdentifier",
                            Id("value", new InstanceIdentifierText(patientId.Root, patientId.Extension)),
                            new XElement(Hl7V3 + "semanticsText", "Patient.id"))))));

    /// <summary>The patient that a request asks about, or null if it is no request of TD0.2.</summary>
    public static InstanceIdentifier? TryReadRequest(XElement request)
    {
        var act = request.Element(Hl7V3 + "controlActProcess");
        var value = act?.Element(Hl7V3 + "queryByParameter")?.Element(Hl7V3 + "parameterList")?
            .Element(Hl7V3 + "patientIdentifier")?.Element(Hl7V3 + "value");
        return request.Name == Hl7V3 + "PRPA_IN201307UV02"
            && (string?)act?.Element(Hl7V3 + "reasonCode")?.Attribute("code") == Reason
            && value is not null
            && InstanceIdentifier.TryCreate(
                (string?)value.Attribute("root") ?? "", (string?)value.Attribute("extension"), out var patientId)
            ? patientId
            : null;
    }

    /// <summary>The answer to <paramref name="request"/>, which <see cref="TryReadRequest"/> took.</summary>
    public static XElement WriteResponse(
        XElement request, string messageId, DateTimeOffset now, DmpExistence existence, bool isAuthorized)
    {
        var patientId = TryReadRequest(request) ?? throw Invariant.Unreachable(request.Name);
        var sender = request.Element(Hl7V3 + "sender")?.Element(Hl7V3 + "device");
        var query = request.Element(Hl7V3 + "controlActProcess")!.Element(Hl7V3 + "queryByParameter")!;
        return new XElement(Hl7V3 + "PRPA_IN201308UV02",
            new XAttribute("ITSVersion", "XML_1.0"),
            Transmission("PRPA_IN201308UV02", new InstanceIdentifierText(messageId, null), now, "NE"),
            Device("receiver", "RCV",
                (string?)sender?.Element(Hl7V3 + "id")?.Attribute("root") ?? "",
                (string?)sender?.Element(Hl7V3 + "softwareName") ?? ""),
            Device("sender", "SND", DmpDevice, "DMP"),
            existence == DmpExistence.Open && isAuthorized ? Authorization() : null,
            new XElement(Hl7V3 + "acknowledgement",
                new XAttribute("typeCode", "AA"),
                new XElement(Hl7V3 + "targetMessage", request.Element(Hl7V3 + "id"))),
            new XElement(Hl7V3 + "controlActProcess",
                new XAttribute("classCode", "CACT"), new XAttribute("moodCode", "EVN"),
                ReasonCode(),
                existence == DmpExistence.None ? null : Subject(patientId, existence),
                new XElement(Hl7V3 + "queryAck",
                    query.Element(Hl7V3 + "queryId"),
                    Code("queryResponseCode", existence == DmpExistence.None ? "NF" : "OK"))));
    }

    /// <summary>Reads an answer, or null if it is none or a refusal (acknowledgement AE or AR).</summary>
    public static ExistenceAnswer? TryReadResponse(XElement response, InstanceIdentifier asked)
    {
        if (response.Name != Hl7V3 + "PRPA_IN201308UV02"
            || (string?)response.Element(Hl7V3 + "acknowledgement")?.Attribute("typeCode") is not ("AA" or "CA"))
            return null;
        var act = response.Element(Hl7V3 + "controlActProcess");
        var code = (string?)act?.Element(Hl7V3 + "queryAck")?.Element(Hl7V3 + "queryResponseCode")?.Attribute("code");
        var authorization = response.Elements(Hl7V3 + "attentionLine")
            .FirstOrDefault(line => (string?)line.Element(Hl7V3 + "keyWordText")?.Attribute("code") == AuthorizationKey);
        bool? isAuthorized = authorization is null
            ? null
            : (string?)authorization.Element(Hl7V3 + "value")?.Attribute("code") == "VALIDE";
        if (code == "NF") return new ExistenceAnswer(null, DmpExistence.None, isAuthorized);
        var patient = act?.Element(Hl7V3 + "subject")?.Element(Hl7V3 + "registrationEvent")?
            .Element(Hl7V3 + "subject1")?.Element(Hl7V3 + "patient");
        if (code != "OK" || patient is null) return null;

        // An answer about another patient is no answer: an identifier of the same authority must be the asked one.
        var isAnother = patient.Elements(Hl7V3 + "id").Any(id => (string?)id.Attribute("root") == asked.Root
            && (string?)id.Attribute("extension") != asked.Extension);
        if (isAnother) return null;
        var status = (string?)patient.Element(Hl7V3 + "statusCode")?.Attribute("code");
        return new ExistenceAnswer(
            null, status == "active" ? DmpExistence.Open : DmpExistence.Closed, isAuthorized);
    }

    private sealed record InstanceIdentifierText(string Root, string? Extension);

    private static IEnumerable<XElement> Transmission(
        string interaction, InstanceIdentifierText id, DateTimeOffset now, string acceptAck) =>
    [
        Id("id", id),
        new XElement(Hl7V3 + "creationTime", new XAttribute(
            "value", now.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture))),
        Id("interactionId", new InstanceIdentifierText(Interactions, interaction)),
        Code("processingCode", "P"),
        Code("processingModeCode", "T"),
        Code("acceptAckCode", acceptAck),
    ];

    private static XElement Id(string name, InstanceIdentifierText id) =>
        new(Hl7V3 + name, new XAttribute("root", id.Root),
            id.Extension is null ? null : new XAttribute("extension", id.Extension));

    private static XElement Code(string name, string code) => new(Hl7V3 + name, new XAttribute("code", code));

    private static XElement Device(string role, string typeCode, string oid, string softwareName) =>
        new(Hl7V3 + role, new XAttribute("typeCode", typeCode),
            new XElement(Hl7V3 + "device",
                new XAttribute("classCode", "DEV"), new XAttribute("determinerCode", "INSTANCE"),
                new XElement(Hl7V3 + "id", new XAttribute("root", oid)),
                new XElement(Hl7V3 + "softwareName", softwareName)));

    private static XElement ReasonCode() =>
        new(Hl7V3 + "reasonCode", new XAttribute("code", Reason), new XAttribute("codeSystem", ReasonSystem),
            new XAttribute("displayName", "Test d'existence de dossier"));

    private static XElement Authorization() =>
        new(Hl7V3 + "attentionLine",
            new XElement(Hl7V3 + "keyWordText",
                new XAttribute("code", AuthorizationKey), new XAttribute("codeSystem", AuthorizationKeySystem)),
            new XElement(Hl7V3 + "value",
                new XAttribute(XNamespace.Xmlns + "xsi", Xsi), new XAttribute(Xsi + "type", "CV"),
                new XAttribute("code", "VALIDE"), new XAttribute("codeSystem", AuthorizationSystem)));

    // terminated: the status of a role that has ended (HL7 v3 RoleStatus); the DMP examples show active alone.
    private static XElement Subject(InstanceIdentifier patientId, DmpExistence existence) =>
        new(Hl7V3 + "subject",
            new XAttribute("typeCode", "SUBJ"), new XAttribute("contextConductionInd", "false"),
            new XElement(Hl7V3 + "registrationEvent",
                new XAttribute("classCode", "REG"), new XAttribute("moodCode", "EVN"),
                Code("statusCode", "completed"),
                new XElement(Hl7V3 + "subject1", new XAttribute("typeCode", "SBJ"),
                    new XElement(Hl7V3 + "patient", new XAttribute("classCode", "PAT"),
                        Id("id", new InstanceIdentifierText(patientId.Root, patientId.Extension)),
                        Code("statusCode", existence == DmpExistence.Open ? "active" : "terminated"),
                        new XElement(Hl7V3 + "patientPerson",
                            new XAttribute("classCode", "PSN"), new XAttribute("determinerCode", "INSTANCE"),
                            new XElement(Hl7V3 + "name", new XAttribute("nullFlavor", "NI"))))),
                new XElement(Hl7V3 + "custodian", new XAttribute("typeCode", "CST"),
                    new XElement(Hl7V3 + "assignedEntity", new XAttribute("classCode", "ASSIGNED"),
                        new XElement(Hl7V3 + "id", new XAttribute("root", DmpDevice))))));
}
