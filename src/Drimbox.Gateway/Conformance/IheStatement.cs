using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Gateway.Configuration;
using Drimbox.Hl7.Profiles;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Teleradiology;

namespace Drimbox.Gateway.Conformance;

/// <summary>A transaction of a node in an integration profile.</summary>
/// <param name="Profile">As the IHE technical framework names it.</param>
/// <param name="Transaction">Number and name.</param>
/// <param name="Part">What the node does in it.</param>
internal sealed record IheTransaction(string Profile, string Actor, string Transaction, string Part);

/// <summary>The IHE integration statement of a configuration: the transactions of each node that is configured, by profile and
/// actor, and what it takes and sends over HL7. It says what is there; that an actor has all transactions of a profile is not
/// claimed.</summary>
internal static class IheStatement
{
    private const string Initiator = "initiator";
    private const string Responder = "responder";
    private const string Workflow = "Scheduled Workflow.b";
    private const string ObjectChange = "Imaging Object Change Management";
    private const string Documents = "Cross-Enterprise Document Sharing.b";
    private const string MetadataUpdate = "XDS Metadata Update";
    private const string ImageManager = "Image Manager / Image Archive";

    public static Statement Of(GatewayConfiguration configuration) => new(
        "IHE integration statement",
        $"""
        Product: {DicomStatement.Product}. Made by `drimbox conformance ihe` from the configuration that runs. It lists the
        transactions that are there; that a profile is complete is not claimed. The exchanges of DRIM-M that are no profile of IHE
        stand with the HL7 messages: docs/conformance/hl7.md.
        """,
        [.. Nodes(configuration).Where(node => node.Applies).Select((node, i) => node with { Number = $"{i + 1}" })]);

    private static IEnumerable<StatementSection> Nodes(GatewayConfiguration configuration)
    {
        if (configuration.Archive is { } archive)
        {
            yield return Node(
                "Archive", Archive(archive),
                archive.PatientUpdates is { } updates
                    ? [Listener($"{updates.Address}:{updates.Port}", updates.Tls, ArchiveDeclaration.Messages)]
                    : []);
        }

        if (configuration.Ris is { } ris)
        {
            yield return Node(
                "Ris", Ris(ris), [Listener(ris.Hl7, RisDeclaration.Messages), Sent(Destinations(ris))]);
        }

        if (configuration.Teleradiology is { } platform)
        {
            yield return Node(
                "Teleradiology", Teleradiology(platform),
                [
                    Listener(platform.Hl7, TeleradiologyDeclaration.Messages),
                    Sent([("Ris", platform.Ris!, [TeleradiologyProfiles.Flux3, CdaProfiles.Mdm21])]),
                ]);
        }

        if (configuration.Source is { } source)
            yield return Node("Source", Source(source), [Listener(source.Hl7, SourceDeclaration.Messages)]);
    }

    private static IEnumerable<IheTransaction> Archive(ArchiveSection archive)
    {
        yield return new(Workflow, ImageManager, "RAD-8 Modality Images Stored", Responder);
        yield return new(Workflow, ImageManager, "RAD-10 Storage Commitment", Responder);
        yield return new(Workflow, ImageManager, "RAD-14 Query Images", Responder);
        yield return new(Workflow, ImageManager, "RAD-16 Retrieve Images", Responder);
        if (archive.Completeness.Peers.Count > 0)
            yield return new(Workflow, ImageManager, "RAD-49 Instance Availability Notification", Initiator);
        if (archive.PatientUpdates is not null)
            yield return new(Workflow, ImageManager, "RAD-12 Patient Update", Responder);
        yield return new(ObjectChange, ImageManager, "RAD-66 Rejection Note Stored", Responder);
        if (archive.IocmListeners.Count > 0)
            yield return new(ObjectChange, ImageManager, "RAD-66 Rejection Note Stored", Initiator);
        if (archive.Web is null) yield break;
        yield return new("Web-based Image Access", "Imaging Document Source", "RAD-107 WADO-RS Retrieve", Responder);
        yield return new("Web-based Image Access", "Imaging Document Source", "RAD-129 QIDO-RS Query", Responder);
        yield return new("Web-based Image Capture", ImageManager, "RAD-108 Store Instances Over the Web", Responder);
    }

    private static IEnumerable<IheTransaction> Ris(RisOptions ris)
    {
        if (ris.Dicom is { } dicom)
        {
            yield return new(Workflow, "Order Filler", "RAD-5 Query Modality Worklist", Responder);
            yield return new(Workflow, "Performed Procedure Step Manager", "RAD-6 Modality Procedure Step In Progress", Responder);
            yield return new(Workflow, "Performed Procedure Step Manager", "RAD-7 Modality Procedure Step Completed", Responder);
            if (dicom.Archive is not null)
                yield return new(Workflow, "Performed Procedure Step Manager", "RAD-49 Instance Availability Notification", Initiator);
        }

        yield return new("Patient Administration Management", "Patient Demographics Consumer", "ITI-30 Patient Identity Management", Responder);
        yield return new("Patient Administration Management", "Patient Encounter Consumer", "ITI-31 Patient Encounter Management", Responder);
        yield return new(Documents, "Document Source", "ITI-41 Provide and Register Document Set-b", Initiator);
        yield return new(Documents, "Document Consumer", "ITI-18 Registry Stored Query", Initiator);
        yield return new(MetadataUpdate, "Document Administrator", "ITI-57 Update Document Set", Initiator);
    }

    private static IEnumerable<IheTransaction> Teleradiology(TeleradiologyOptions platform)
    {
        if (platform.WebArchive is not null)
        {
            yield return new("Web-based Image Access", "Imaging Document Consumer", "RAD-107 WADO-RS Retrieve", Initiator);
            yield return new("Web-based Image Access", "Imaging Document Consumer", "RAD-129 QIDO-RS Query", Initiator);
        }
        else
        {
            yield return new(Workflow, "Image Display", "RAD-16 Retrieve Images", Initiator);
        }
    }

    private static IEnumerable<IheTransaction> Source(SourceOptions source)
    {
        const string Sharing = "Cross-Enterprise Document Sharing for Imaging.b";
        yield return new(Sharing, "Imaging Document Source", "RAD-68 Provide and Register Imaging Document Set – MTOM/XOP", Initiator);
        if (source.ImageAccess is not null)
            yield return new(Sharing, "Imaging Document Source", "RAD-107 WADO-RS Retrieve", Responder);
        yield return new(Documents, "Document Consumer", "ITI-18 Registry Stored Query", Initiator);
        yield return new(MetadataUpdate, "Document Administrator", "ITI-57 Update Document Set", Initiator);
        yield return new(Workflow, "Image Display", "RAD-14 Query Images", Initiator);
        if (source.ImageAccess is not null) yield return new(Workflow, "Image Display", "RAD-16 Retrieve Images", Initiator);
        yield return new(ObjectChange, ImageManager, "RAD-66 Rejection Note Stored", Responder);
        if (source.Audit.Forward.Count > 0)
            yield return new("Audit Trail and Node Authentication", "Secure Node", "ITI-20 Record Audit Event", Initiator);
        if (source.ImageAccess is not null)
            yield return new("Audit Trail and Node Authentication", "Secure Node", "ITI-19 Authenticate Node", Responder);
    }

    private static IEnumerable<(string, Hl7PeerOptions, MessageProfile[])> Destinations(RisOptions ris)
    {
        if (ris.Teleradiology is { } platform)
        {
            yield return ("Teleradiology", platform,
                [TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux4, CdaProfiles.Mdm21]);
        }

        if (ris.Source is { } source) yield return ("Source", source, [CdaProfiles.Oru21, CdaProfiles.Mdm21]);
        if (ris.Creator is { } creator)
        {
            yield return ("Creator", creator,
                [BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading]);
        }
    }

    private static StatementSection Node(
        string role, IEnumerable<IheTransaction> transactions, IEnumerable<StatementTable> messages) => new("", role)
    {
        Tables =
        [
            new("Transactions", ["Integration profile", "Actor", "Transaction", "Part"],
                [.. transactions.Select(t => (string[])[t.Profile, t.Actor, t.Transaction, t.Part])]),
            .. messages.Where(table => table.Rows.Count > 0),
        ],
    };

    private static StatementTable Listener(Hl7NodeOptions hl7, IEnumerable<MessageProfile> profiles) =>
        Listener($"{hl7.Address}:{hl7.Port}", hl7.Tls, profiles);

    private static StatementTable Listener(string place, DicomTlsOptions? tls, IEnumerable<MessageProfile> profiles) => new(
        $"HL7 messages taken over MLLP at `{place}`, {(tls is null ? "without TLS" : "TLS " + tls.Profile)}",
        ["Profile", "Message", "HL7", "Title"], [.. profiles.Select(Row)]);

    private static StatementTable Sent(IEnumerable<(string Key, Hl7PeerOptions Peer, MessageProfile[] Profiles)> peers) => new(
        "HL7 messages sent over MLLP", ["Peer", "Profile", "Message", "HL7", "Title"],
        [
            .. from peer in peers
               from profile in peer.Profiles
               select (string[])[$"{peer.Key} ({peer.Peer.Application}, {peer.Peer.Facility})", .. Row(profile)],
        ]);

    private static string[] Row(MessageProfile profile) =>
    [
        profile.Id, string.Join(", ", profile.TriggerEvents.Select(trigger => $"{profile.MessageType}^{trigger}")),
        profile.Version, profile.Title,
    ];
}
