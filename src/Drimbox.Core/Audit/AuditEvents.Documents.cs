using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;

namespace Drimbox.Core.Audit;

/// <summary>Where a message came from.</summary>
/// <param name="Application">MSH-3 and MSH-4: <c>RIS|SITE</c>.</param>
/// <param name="Peer">Its address.</param>
/// <param name="TypeAndEvent">MSH-9: <c>ORU^R01</c>.</param>
public sealed record MessageSender(string Application, string Peer, string TypeAndEvent);

/// <content>Messages that come, and manifests that go to the DMP.</content>
public static partial class AuditEvents
{
    /// <summary>A report has come from a RIS, or was refused. Source: DB.SO.43: as RAD-128 for ORU, as CARD-7 for MDM.
    /// </summary>
    /// <param name="message">Null for one that cannot be read.</param>
    /// <param name="refusal">Null: it was taken.</param>
    public static AuditEvent ReportReceived(
        AuditNode node, MessageSender sender, ReportMessage? message, Refusal? refusal, DateTimeOffset at)
    {
        var participants = new List<AuditParticipant>
        {
            new(sender.Application, message?.Sender is null)
            {
                Role = AuditCodes.Source, NetworkPoint = AuditNetworkPoint.Of(sender.Peer),
            },
            node.AsProcess(isRequestor: false, AuditCodes.Destination),
        };
        var objects = new List<AuditObject>();
        if (message is not null)
        {
            if (message.Sender is { } author) participants.Add(PersonOf(author, isRequestor: true));
            objects.Add(DocumentOf(message.DocumentId));
            if (IdOf(message.Patient) is { } patient) objects.Add(PatientOf(patient));
            objects.AddRange((message.Cda?.StudyInstanceUids ?? []).Select(StudyOf));
        }

        var outcome = OutcomeOf(refusal?.Detail, isOver: true);
        return new AuditEvent(AuditCodes.Import, ActionOf(message?.Action), at, outcome)
        {
            Type = sender.TypeAndEvent.StartsWith("MDM", StringComparison.Ordinal)
                ? AuditCodes.EncapsulatedReport
                : AuditCodes.SendImagingResult,
            OutcomeDescription = refusal?.Detail,
            Participants = participants,
            Objects = objects,
        };
    }

    /// <summary>A PACS has told that studies have changed, or was refused. Source: RAD TF-2 4.13, whose message it is;
    /// PS3.15 A.5.3.9.</summary>
    /// <param name="notices">None for a message that cannot be read.</param>
    /// <param name="refusal">Null: it was taken.</param>
    public static AuditEvent StudyChangeReceived(
        AuditNode node, MessageSender sender, IReadOnlyList<StudyChangeNotice> notices, Refusal? refusal,
        DateTimeOffset at) =>
        new(AuditCodes.ProcedureRecord, AuditAction.Update, at, OutcomeOf(refusal?.Detail, isOver: true))
        {
            Type = AuditCodes.ProcedureUpdate,
            OutcomeDescription = refusal?.Detail,
            Participants =
            [
                new AuditParticipant(sender.Application, IsRequestor: true)
                {
                    Role = AuditCodes.Source, NetworkPoint = AuditNetworkPoint.Of(sender.Peer),
                },
                node.AsProcess(isRequestor: false, AuditCodes.Destination),
            ],
            Objects =
            [
                .. notices.Select(notice => notice.StudyInstanceUid).Distinct().Select(StudyOf),
                .. notices.Select(notice => IdOf(notice.Patient.Identity)).OfType<InstanceIdentifier>().Distinct()
                    .Select(PatientOf),
            ],
        };

    /// <summary>A submission was sent to the DMP. Source: DB.SO.44, DB.SO.45; ITI TF-2 3.41.5.1.1 and 3.57.5.1.1, the
    /// message of who sends.</summary>
    /// <param name="to">Address of the registry or of the repository.</param>
    /// <param name="study">What the document is about; null where that is not one study.</param>
    /// <param name="detail">What the DMP answered, in codes and our own words.</param>
    public static AuditEvent Submitted(
        AuditNode node, Submission submission, Uri to, Uid? study, AuditOutcome outcome, string? detail,
        DateTimeOffset at)
    {
        var isProvided = submission.Kind is SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append;
        var objects = new List<AuditObject>
        {
            PatientOf(submission.PatientId),
            new(submission.SubmissionSetUniqueId.ToString(), AuditCodes.SubmissionSet, SystemObject, JobRole)
            {
                Keys = [new AuditKey(AuditKeyKind.Document, submission.SubmissionSetUniqueId.ToString())],
            },
        };
        if ((submission.Document?.Entry.UniqueId ?? submission.Target) is { } document)
            objects.Add(DocumentOf(document));
        if (study is { } one) objects.Add(StudyOf(one));
        return new AuditEvent(AuditCodes.Export, isProvided ? AuditAction.Read : AuditAction.Update, at, outcome)
        {
            Type = isProvided ? AuditCodes.ProvideAndRegister : AuditCodes.UpdateDocumentSet,
            OutcomeDescription = outcome == AuditOutcome.Success ? null : detail,
            Participants = ToDmp(node, submission.Author.Person, to),
            Objects = objects,
        };
    }

    /// <summary>A manifest is wanted and is not sent. Source: DB.SO.45, as the ITI-41 that does not take
    /// place.</summary>
    /// <param name="why">In our own words.</param>
    public static AuditEvent ManifestWithheld(
        AuditNode node, Uid study, InstanceIdentifier? patient, string why, DateTimeOffset at) =>
        new(AuditCodes.Export, AuditAction.Read, at, AuditOutcome.SeriousFailure)
        {
            Type = AuditCodes.ProvideAndRegister,
            OutcomeDescription = why,
            Participants = [node.AsProcess(isRequestor: true, AuditCodes.Source)],
            Objects = patient is { } known ? [StudyOf(study), PatientOf(known)] : [StudyOf(study)],
        };

    /// <summary>What is needed to feed the DMP is away: no manifest is sent until it is back. Source: DB.SO.45, as the
    /// ITI-41 that do not take place.</summary>
    /// <param name="why">In our own words.</param>
    public static AuditEvent FeedingInterrupted(AuditNode node, string why, DateTimeOffset at) =>
        new(AuditCodes.Export, AuditAction.Read, at, AuditOutcome.MinorFailure)
        {
            Type = AuditCodes.ProvideAndRegister,
            OutcomeDescription = why,
            Participants = [node.AsProcess(isRequestor: true, AuditCodes.Source)],
        };

    /// <summary>The registry was asked. Source: ITI TF-2 3.18.5.1.1, the message of the consumer.</summary>
    /// <param name="queryId">Of the stored query.</param>
    /// <param name="query">AdhocQueryRequest, XML in UTF-8.</param>
    /// <param name="document">What it was asked about.</param>
    public static AuditEvent RegistryQueried(
        AuditNode node, Professional person, InstanceIdentifier patient, Uri to, string queryId,
        ReadOnlyMemory<byte> query, InstanceIdentifier document, AuditOutcome outcome, string? detail,
        DateTimeOffset at) =>
        new(AuditCodes.Query, AuditAction.Execute, at, outcome)
        {
            Type = AuditCodes.StoredQuery,
            OutcomeDescription = outcome == AuditOutcome.Success ? null : detail,
            Participants = ToDmp(node, person, to),
            Objects =
            [
                PatientOf(patient),
                new AuditObject(queryId, AuditCodes.StoredQuery, SystemObject, QueryRole)
                {
                    Query = query,
                    Details = [new AuditDetail("QueryEncoding", "UTF-8"u8.ToArray())],
                    Keys = [new AuditKey(AuditKeyKind.Document, document.ToString())],
                },
            ],
        };

    private static AuditParticipant[] ToDmp(AuditNode node, Professional person, Uri to) =>
    [
        node.AsProcess(isRequestor: false, AuditCodes.Source),
        PersonOf(person, isRequestor: true),
        new(to.ToString(), IsRequestor: false)
        {
            Role = AuditCodes.Destination, NetworkPoint = AuditNetworkPoint.Of(to.Host),
        },
    ];

    private static AuditAction ActionOf(ReportAction? action) => action switch
    {
        null or ReportAction.Initial => AuditAction.Create,
        ReportAction.Replace => AuditAction.Update,
        ReportAction.Delete => AuditAction.Delete,
        _ => throw Invariant.Unreachable(action),
    };

    private static InstanceIdentifier? IdOf(Patient patient) => patient.Ins
        ?? (patient.LocalId is { Value.Length: > 0 } local
            && InstanceIdentifier.TryCreate(
                local.IssuerOid.Length > 0 ? local.IssuerOid : local.IssuerName, local.Value, out var id)
            ? id
            : null);
}
