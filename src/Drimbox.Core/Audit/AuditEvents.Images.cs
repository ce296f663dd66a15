using Drimbox.Core.Identity;

namespace Drimbox.Core.Audit;

/// <summary>Who asks for images, and through whom.</summary>
/// <param name="Node">Who sends for him: the DRIMbox of the white list.</param>
/// <param name="Peer">Its address.</param>
/// <param name="Professional">National identifier; empty where nobody could tell.</param>
/// <param name="Url">Where it asked.</param>
public sealed record ImageCaller(string Node, string Peer, string Professional, string Url);

/// <summary>What was asked for.</summary>
/// <param name="Manifest">SOP Instance UID of the KOS, or null.</param>
/// <param name="Patient">Null where the study is not known here.</param>
public sealed record ImageSubject(Uid Study, Uid? Manifest, InstanceIdentifier? Patient);

/// <content>Images: from the PACS, and to other DRIMboxes.</content>
public static partial class AuditEvents
{
    /// <summary>Images are about to go to another DRIMbox. Source: PS3.15 A.5.3.3.</summary>
    public static AuditEvent BeginTransferring(
        AuditNode node, ImageCaller caller, ImageSubject subject, DateTimeOffset at) =>
        new(AuditCodes.BeginTransferring, AuditAction.Execute, at, AuditOutcome.Success)
        {
            Type = AuditCodes.RetrieveDocumentSet,
            Participants = Of(node, caller),
            Objects = Of(subject, []),
        };

    /// <summary>A request for images has ended. Source: DB.SO.46, DB.SO.47; ITI TF-2 3.43.5.1.2, the message of the
    /// repository.</summary>
    /// <param name="sent">Instances that went out whole, by their class.</param>
    /// <param name="failure">In our own words; null: all of the series went out.</param>
    /// <param name="isOver">False: the same request may succeed when it is made again.</param>
    public static AuditEvent ImagesExported(
        AuditNode node, ImageCaller caller, ImageSubject subject, IReadOnlyList<AuditSopClass> sent, string? failure,
        bool isOver, DateTimeOffset at) =>
        new(AuditCodes.Export, AuditAction.Read, at, OutcomeOf(failure, isOver))
        {
            Type = AuditCodes.RetrieveDocumentSet,
            OutcomeDescription = failure,
            Participants = Of(node, caller),
            Objects = Of(subject, sent),
        };

    /// <summary>A PACS was asked about a study. Source: PS3.15 A.5.3.10.</summary>
    /// <param name="model">SOP class of the query.</param>
    /// <param name="identifier">Its data set, in the syntax of <paramref name="syntax"/>.</param>
    /// <param name="failure">In our own words; null: it answered.</param>
    public static AuditEvent PacsQueried(
        AuditNode node, AeTitle pacs, string host, Uid model, ReadOnlyMemory<byte> identifier, Uid syntax, Uid study,
        string? failure, DateTimeOffset at) =>
        new(AuditCodes.Query, AuditAction.Execute, at, OutcomeOf(failure, isOver: false))
        {
            OutcomeDescription = failure,
            Participants =
            [
                node.AsEntity(isRequestor: true, AuditCodes.Source),
                PacsOf(pacs, host, AuditCodes.Destination),
            ],
            Objects =
            [
                new AuditObject(model.ToString(), AuditCodes.SopClassUid, SystemObject, ReportRole)
                {
                    Query = identifier,
                    Details =
                    [
                        new AuditDetail("TransferSyntax", System.Text.Encoding.ASCII.GetBytes(syntax.ToString())),
                    ],
                    Keys = [new AuditKey(AuditKeyKind.Study, study.ToString())],
                },
            ],
        };

    /// <summary>A PACS has sent what it was asked for by C-MOVE. Source: PS3.15 A.5.3.7.</summary>
    /// <param name="failure">In our own words; null: all of it.</param>
    public static AuditEvent InstancesTransferred(
        AuditNode node, AeTitle pacs, string host, ImageSubject subject, IReadOnlyList<AuditSopClass> received,
        string? failure, DateTimeOffset at) =>
        new(AuditCodes.InstancesTransferred, AuditAction.Create, at, OutcomeOf(failure, isOver: false))
        {
            OutcomeDescription = failure,
            Participants =
            [
                PacsOf(pacs, host, AuditCodes.Source),
                node.AsEntity(isRequestor: true, AuditCodes.Destination),
            ],
            Objects = Of(subject, received),
        };

    private static AuditOutcome OutcomeOf(string? failure, bool isOver) => failure is null ? AuditOutcome.Success
        : isOver ? AuditOutcome.SeriousFailure
        : AuditOutcome.MinorFailure;

    private static AuditParticipant PacsOf(AeTitle pacs, string host, AuditCode role) =>
        new(host, IsRequestor: false)
        {
            AlternativeUserId = TitlesOf(pacs), Role = role, NetworkPoint = AuditNetworkPoint.Of(host),
        };

    // PS3.15 A.5.2: one requestor, and the person is who asks.
    private static List<AuditParticipant> Of(AuditNode node, ImageCaller caller)
    {
        var hasPerson = caller.Professional.Length > 0;
        var participants = new List<AuditParticipant>
        {
            node.AsProcess(isRequestor: false, AuditCodes.Source) with { UserId = caller.Url },
            new(caller.Node, !hasPerson)
            {
                Role = AuditCodes.Destination, NetworkPoint = AuditNetworkPoint.Of(caller.Peer),
            },
        };
        if (hasPerson) participants.Add(PersonOf(caller.Professional, isRequestor: true));
        return participants;
    }

    private static List<AuditObject> Of(ImageSubject subject, IReadOnlyList<AuditSopClass> instances)
    {
        var objects = new List<AuditObject> { StudyOf(subject.Study) with { SopClasses = instances } };
        if (subject.Manifest is { } manifest)
            objects.Add(DocumentOf(InstanceIdentifier.Create(manifest.ToString(), null)));
        if (subject.Patient is { } patient) objects.Add(PatientOf(patient));
        return objects;
    }
}
