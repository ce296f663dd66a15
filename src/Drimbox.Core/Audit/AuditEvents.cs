using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Audit;

/// <summary>The events that a node tells of, each as its section of PS3.15 A.5.3 or of the ITI technical framework
/// wants it. The field tables of the DRIMbox specification (3.4.12) are not public: DB.SO.43 to 47 say which events
/// theirs are similar to, and that is what these are.</summary>
public static partial class AuditEvents
{
    private const int Person = 1;
    private const int SystemObject = 2;

    // ParticipantObjectTypeCodeRole, PS3.15 A.5.1.2.2.
    private const int PatientRole = 1;
    private const int ReportRole = 3;
    private const int SecurityResourceRole = 13;
    private const int JobRole = 20;
    private const int QueryRole = 24;

    /// <summary>Source: PS3.15 A.5.3.1.</summary>
    public static AuditEvent ApplicationStarted(AuditNode node, DateTimeOffset at) =>
        Activity(node, AuditCodes.ApplicationStart, at);

    /// <inheritdoc cref="ApplicationStarted"/>
    public static AuditEvent ApplicationStopped(AuditNode node, DateTimeOffset at) =>
        Activity(node, AuditCodes.ApplicationStop, at);

    /// <summary>Somebody reads the trail. Source: PS3.15 A.5.3.2.</summary>
    /// <param name="actor">Who, as the administration interface knows him.</param>
    /// <param name="uri">What of the trail: the path that was asked for.</param>
    public static AuditEvent LogUsed(AuditNode node, string actor, string uri, DateTimeOffset at) =>
        new(AuditCodes.AuditLogUsed, AuditAction.Read, at, AuditOutcome.Success)
        {
            Participants =
            [
                new AuditParticipant(actor, IsRequestor: true) { IsPerson = true },
                node.AsProcess(isRequestor: false, AuditCodes.Application),
            ],
            Objects =
            [
                new AuditObject(uri, AuditCodes.UriOf, SystemObject, SecurityResourceRole)
                {
                    Name = "Security Audit Log",
                },
            ],
        };

    /// <summary>A node is not who it must be. Source: PS3.15 A.5.3.11; attack A12.</summary>
    /// <param name="peer">Its address.</param>
    /// <param name="shown">What it showed: the name in its certificate; empty for nothing.</param>
    /// <param name="why">In our own words.</param>
    public static AuditEvent NodeRefused(AuditNode node, string peer, string shown, string why, DateTimeOffset at) =>
        new(AuditCodes.SecurityAlert, AuditAction.Execute, at, AuditOutcome.SeriousFailure)
        {
            Type = AuditCodes.NodeAuthentication,
            OutcomeDescription = why,
            Participants =
            [
                node.AsProcess(isRequestor: false, AuditCodes.Application),
                new AuditParticipant(shown.Length > 0 ? shown : peer, IsRequestor: false)
                {
                    NetworkPoint = AuditNetworkPoint.Of(peer),
                },
            ],
            Objects =
            [
                new AuditObject(peer, AuditCodes.NodeId, SystemObject, SecurityResourceRole)
                {
                    Details = [new AuditDetail("Alert Description", Encoding.UTF8.GetBytes(why))],
                },
            ],
        };

    /// <summary>A person is not let in. Source: PS3.15 A.5.3.12.</summary>
    /// <param name="user">Who it is or claims to be; empty where nobody can tell.</param>
    /// <param name="isOver">False: the same request may be repeated.</param>
    public static AuditEvent UserRefused(
        AuditNode node, string user, string peer, string why, bool isOver, DateTimeOffset at) =>
        new(AuditCodes.UserAuthentication, AuditAction.Execute, at,
            isOver ? AuditOutcome.SeriousFailure : AuditOutcome.MinorFailure)
        {
            Type = AuditCodes.Login,
            OutcomeDescription = why,
            Participants =
            [
                new AuditParticipant(user.Length > 0 ? user : "unknown", IsRequestor: true)
                {
                    NetworkPoint = AuditNetworkPoint.Of(peer), IsPerson = user.Length > 0,
                },
                node.AsProcess(isRequestor: false, AuditCodes.Application),
            ],
        };

    /// <summary>Source: PS3.15 A.5.2.2.</summary>
    internal static string TitlesOf(AeTitle title) => "AETITLES=" + title;

    private static AuditEvent Activity(AuditNode node, AuditCode type, DateTimeOffset at) =>
        new(AuditCodes.ApplicationActivity, AuditAction.Execute, at, AuditOutcome.Success)
        {
            Type = type, Participants = [node.AsEntity(isRequestor: false, AuditCodes.Application)],
        };

    private static AuditObject PatientOf(InstanceIdentifier patient) =>
        new(CxOf(patient), AuditCodes.PatientNumber, Person, PatientRole)
        {
            Keys =
            [
                new AuditKey(AuditKeyKind.Patient, patient.Extension ?? patient.Root),
                new AuditKey(AuditKeyKind.Patient, patient.ToString()),
            ],
        };

    private static AuditObject StudyOf(Uid study) =>
        new(study.ToString(), AuditCodes.StudyInstanceUid, SystemObject, ReportRole)
        {
            Keys = [new AuditKey(AuditKeyKind.Study, study.ToString())],
        };

    private static AuditObject DocumentOf(InstanceIdentifier document) =>
        new(document.ToString(), AuditCodes.ReportNumber, SystemObject, ReportRole)
        {
            Keys = [new AuditKey(AuditKeyKind.Document, document.ToString())],
        };

    private static AuditParticipant PersonOf(Professional person, bool isRequestor) =>
        PersonOf(person.Id.Extension ?? person.Id.Root, isRequestor);

    private static AuditParticipant PersonOf(string id, bool isRequestor) =>
        new(id, isRequestor) { IsPerson = true };

    // HL7 v2.5.1 CX: 123^^^&OID&ISO.
    private static string CxOf(InstanceIdentifier patient) => $"{patient.Extension}^^^&{patient.Root}&ISO";
}
