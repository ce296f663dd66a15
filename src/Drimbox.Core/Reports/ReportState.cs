using System.Collections.Immutable;
using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>A report in the RIS: every version, the deletions, the choices of the RIS user, and its publication.</summary>
/// <param name="Head">The last document of the lineage, or null while only deletions are known.</param>
/// <param name="ChosenVisibility">What a RIS user chose; null: the choices of the head count.</param>
/// <param name="MergedInto">The report that this one ended in.</param>
public sealed record ReportState(
    ImmutableList<ReportVersion> Versions,
    ImmutableList<LineageNode> Deletions,
    InstanceIdentifier? Head,
    Visibility? ChosenVisibility,
    PublicationState Publication,
    ReportId? MergedInto)
{
    /// <summary>All masks of a document.</summary>
    public const Visibility EveryMask = Visibility.MaskedFromProfessionals | Visibility.InvisibleToPatient
        | Visibility.InvisibleToLegalRepresentatives;

    public static ReportState Empty { get; } = new([], [], null, null, PublicationState.Empty, null);

    /// <summary>The masks that <see cref="ChosenVisibility"/> speaks about; the others are those of the head's
    /// message.</summary>
    public Visibility DecidedMasks { get; init; } = EveryMask;

    /// <summary>What a professional decided about sending it to the DMP; null: the head's message counts.</summary>
    public bool? ChosenToDmp { get; init; }

    /// <summary>The decisions about its publication, the oldest first.</summary>
    public ImmutableList<PublicationDecided> Decisions { get; init; } = [];

    /// <summary>The patient opposes the feeding of the DMP.</summary>
    public bool FeedingIsOpposed { get; init; }

    /// <summary>What people set right in the metadata of refused publications, the oldest first.</summary>
    public ImmutableList<MetadataCorrected> Corrections { get; init; } = [];

    /// <summary>What the DMP and the mail systems answered through an intermediary, the oldest first.</summary>
    public ImmutableList<BusinessAckReceived> BusinessAcks { get; init; } = [];

    /// <summary>The mails of all versions, in the order of their decision.</summary>
    public ImmutableList<MailSending> Mails { get; init; } = [];

    /// <summary>What users changed about the recipients, the oldest first.</summary>
    public ImmutableList<MailRecipientsChanged> MailChanges { get; init; } = [];

    public bool IsNew => Versions.IsEmpty && Deletions.IsEmpty;

    public ReportVersion? HeadVersion => Head is { } head ? Find(head) : null;

    public IReadOnlySet<InstanceIdentifier> Withdrawn => Lineage.Withdrawn(Nodes, Deletions);

    public bool HeadIsWithdrawn => Head is { } head && Withdrawn.Contains(head);

    public InstanceIdentifier? SetId => Versions.Find(v => v.Header.SetId is not null)?.Header.SetId;

    public IReadOnlyList<LineageNode> Nodes => Versions.ConvertAll(NodeOf);

    /// <summary>Who sees the report: the RIS user's choice, else that of the head's message.</summary>
    public Visibility Visibility
    {
        get
        {
            var asked = HeadVersion?.Choices.Visibility ?? Visibility.Normal;
            return ChosenVisibility is { } chosen ? (chosen & DecidedMasks) | (asked & ~DecidedMasks) : asked;
        }
    }

    /// <summary>The patient's opposition keeps this report out of the DMP. One that is there stays, and its
    /// corrections go there: a version that is known to be wrong must not stand in their place.</summary>
    public bool IsHeldBack => FeedingIsOpposed && !Publication.Approved.Any();

    /// <summary>The report is meant for the DMP, and so are the images of its studies.</summary>
    public bool ToDmp => (ChosenToDmp ?? HeadVersion?.Choices.ToDmp ?? true) && !IsHeldBack;

    /// <summary>What the registry should hold: the head, unless it is withdrawn, not meant for the DMP, or of a
    /// patient who opposes or has no qualified INS (DB.SO.11).</summary>
    public WantedDocument? Wanted =>
        HeadVersion is { InsQualified: true } head && ToDmp && !HeadIsWithdrawn
            ? new WantedDocument(head.DocumentId, Visibility)
            : null;

    public ReportVersion? Find(InstanceIdentifier documentId) => Versions.Find(v => v.DocumentId == documentId);

    /// <summary>The spelling under which a document is known here, or <paramref name="id"/> itself: TXA-12 may write
    /// root and extension as one (<see cref="DocumentKey"/>).</summary>
    public InstanceIdentifier AsKnown(InstanceIdentifier id)
    {
        var key = DocumentKey.Of(id);
        foreach (var version in Versions)
        {
            if (DocumentKey.Of(version.DocumentId) == key) return version.DocumentId;
            if (version.Parent is { } parent && DocumentKey.Of(parent) == key) return parent;
        }

        return Deletions.Find(d => DocumentKey.Of(d.Id) == key)?.Id ?? id;
    }

    /// <summary>True if a known document says that it replaced <paramref name="documentId"/>, or a deletion names
    /// it: a document that arrives late and only fills a gap.</summary>
    public bool IsAwaited(InstanceIdentifier documentId) =>
        Versions.Exists(v => v.Parent == documentId)
        || Deletions.Exists(d => d.Id == documentId || d.Parent == documentId);

    /// <summary>True for a first publication that must not leave any more: it was decided, and since then the report
    /// was withheld, withdrawn or hidden.</summary>
    public bool Revokes(PublicationStep step) =>
        step is { Kind: SubmissionKind.Publish, Document: { } document }
        && (Wanted is not { } wanted || (wanted.UniqueId == document && wanted.Visibility != step.Visibility));

    public static LineageNode NodeOf(ReportVersion version) =>
        new(version.DocumentId, version.Parent, version.Header.VersionNumber, version.Sequence);
}
